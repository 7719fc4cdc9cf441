"""Command line: python -m aelib.data list | fetch NAME | check NAME."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from aelib.data import store, verify
from aelib.data.registry import REGISTRY, DataSet
from aelib.data.verify import DataError


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if all is well, 1 if data are not, 2 if the call is wrong."""
    arguments = _parser().parse_args(argv)
    name = getattr(arguments, "name", None)
    if name is not None and name not in REGISTRY:
        return _complain(f"NAME must be one of {', '.join(REGISTRY)}, got {name!r}", 2)
    try:
        return _COMMANDS[arguments.command](arguments)
    except DataError as error:
        return _complain(error, 1)
    except ValueError as error:
        return _complain(error, 2)
    except KeyboardInterrupt:
        return _complain("interrupted; the next fetch goes on from here", 130)


def _complain(error: object, code: int) -> int:
    print(f"aelib.data: {error}".replace("\n", " "), file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aelib.data", description="List, fetch and check data sets."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is, and what is here")
    for name, text in (
        ("fetch", "bring a full set here, every byte verified"),
        ("check", "verify what is here: 0 good, 1 damaged or missing"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("name", metavar="NAME", help=", ".join(REGISTRY))
        command.add_argument("--root", type=Path, help="cache folder (AELIB_DATA)")
    commands.choices["fetch"].add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="folder to fetch from instead: https://, file:///, http://127.0.0.1;"
        " may be repeated",
    )
    return parser


def _list(_: argparse.Namespace) -> int:
    row = "{:14} {:31} {:24} {:13} {}"
    print(row.format("name", "embedded (fast)", "full", "licence", "state of full"))
    for entry in REGISTRY.values():
        full = f"{entry.full}, {_size(entry)}" if entry.files else entry.full
        state = _state(entry)
        print(row.format(entry.name, entry.embedded, full, entry.licence, state))
    return 0


def _size(entry: DataSet) -> str:
    return f"{sum(file.n_bytes for file in entry.files) / 1e6:.0f} MB"


def _state(entry: DataSet) -> str:
    if not entry.files:
        verify.load_embedded(entry)
        return "embedded, verified"
    if store.system_copy(entry) is not None:
        return f"verified in {entry.system}"
    folder = store.folder_of(entry)
    reasons = list(store.problems(entry, folder).values())
    if not reasons:
        return f"verified in {folder}"
    if _absent(reasons):
        return "not fetched"
    return f"{reasons[0]} (+ {len(reasons) - 1} more)" if reasons[1:] else reasons[0]


def _absent(reasons: list[str]) -> bool:
    return all(reason.endswith("missing") for reason in reasons)


def _fetch(arguments: argparse.Namespace) -> int:
    entry = REGISTRY[arguments.name]
    verify.load_embedded(entry)
    if not entry.files:
        print(f"{entry.name}: whole in the package, verified; nothing to fetch")
        return 0
    asked = arguments.root or arguments.mirror
    if not asked and store.system_copy(entry) is not None:
        print(f"{entry.name}: verified in {entry.system}; nothing to fetch")
        return 0
    print(f"{entry.name}: {_size(entry)} once unpacked", flush=True)
    folder = store.fetch(entry, root=arguments.root, mirrors=arguments.mirror)
    print(f"{entry.name}: {len(entry.files)} files verified in {folder}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    entry = REGISTRY[arguments.name]
    verify.load_embedded(entry)
    print(f"{verify.embedded_path(entry)}: good")
    if not entry.files:
        return 0
    folder = store.folder_of(entry, arguments.root)
    bad = store.problems(entry, folder)
    unused = arguments.root is None and len(bad) == len(entry.files)
    if unused and _absent(list(bad.values())) and store.system_copy(entry) is not None:
        print(f"{entry.system}: good")
        return 0
    for file in entry.files:
        if file not in bad:
            print(f"{folder / file.name}: good")
    for reason in bad.values():
        _complain(f"{reason}; run: python -m aelib.data fetch {entry.name}", 1)
    return 1 if bad else 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "fetch": _fetch,
    "check": _check,
}

if __name__ == "__main__":
    sys.exit(main())
