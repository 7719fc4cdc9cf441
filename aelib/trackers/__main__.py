"""A visdom server for this machine alone, which needs no network.

    python -m aelib.trackers                    # then open http://127.0.0.1:8097
    python -m aelib.trackers --port 8200 --folder runs/visdom
    python -m aelib.trackers --install          # bring the files of its page (npm)

The page is built with an old jQuery and an old Bootstrap: it is for this machine, and
listens on the loopback address only.
"""

import argparse
import socket
import sys
from pathlib import Path

from aelib.trackers import browser_files
from aelib.trackers.dashboard import PORT

HOST = "127.0.0.1"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m aelib.trackers", description="A visdom server for this machine."
    )
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/visdom"), help="where pages are kept"
    )
    parser.add_argument(
        "--install", action="store_true", help="bring the files of its page, and end"
    )
    asked = parser.parse_args()
    try:
        if asked.install:
            print(f"visdom: {browser_files.install()} files of its page were brought")
            return 0
        serve(asked.port, asked.folder)
    except ModuleNotFoundError:
        return said('visdom needs Python 3.12: pip install "aelib[live]"')
    except (OSError, RuntimeError, ValueError) as error:
        return said(str(error))
    except KeyboardInterrupt:
        pass
    return 0


def said(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


def serve(port: int, folder: Path) -> None:
    """Serve until interrupted.

    Raises:
        ModuleNotFoundError: visdom is not installed.
        OSError: the port is taken, or the files of the page are not there.
    """
    static = browser_files.static_folder()
    if files := browser_files.missing(static):
        raise FileNotFoundError(
            f"{len(files)} files of visdom's page are missing in {static}, such as"
            f" {files[0].target}: run python -m aelib.trackers --install"
        )
    expect_free(port)
    folder.mkdir(parents=True, exist_ok=True)
    from visdom.server.run_server import start_server

    start_server(
        port=port,
        base_url="",  # as its own command line makes of "/"
        env_path=f"{folder}/",
        bind_local=True,
        print_func=lambda found: announce(port, found),
    )


def announce(port: int, found: int) -> None:
    """Raises OSError where visdom took another port, as it does without a word."""
    if found != port:
        raise taken(port)
    print(f"visdom: http://{HOST}:{port}", flush=True)


def expect_free(port: int) -> None:
    """Raises OSError where somebody listens; before visdom is imported, for seconds."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise taken(port) from error


def taken(port: int) -> OSError:
    return OSError(
        f"port {port} of {HOST} must be free, and is not: try another --port"
    )


if __name__ == "__main__":
    sys.exit(main())
