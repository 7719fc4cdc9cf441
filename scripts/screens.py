"""Pictures of every page of the built site: desktop and phone, light and dark.

    python scripts/screens.py [--pages PATTERN] [--out FOLDER]

Writes PAGE.DEVICE.SCHEME.png, the whole page each, to _build/screens.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
DEVICES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", default="", help="only pages whose path holds this")
    parser.add_argument("--site", type=Path, default=SITE)
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "screens")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pages = [p for p in site_pages(arguments.site) if arguments.pages in str(p)]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for page in pages:
            for device in DEVICES:
                for scheme in SCHEMES:
                    shoot(browser, page, device, scheme, arguments.out)
        browser.close()
    print(f"{4 * len(pages)} pictures of {len(pages)} pages in {arguments.out}")
    return 0 if pages else 1


def site_pages(site: Path) -> list[Path]:
    """The pages a reader comes to, without Sphinx' indices and copies of sources."""
    found = [*(site / "book").glob("*.html"), *(site / "notebooks").glob("*.html")]
    return sorted(found)


def find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def launch(playwright) -> Browser:
    path = find_browser()
    if path is None:
        sys.exit("no Chromium or Chrome found; on Debian: apt-get install chromium")
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
    return playwright.chromium.launch(executable_path=path, args=arguments)


def shoot(browser: Browser, path: Path, device: str, scheme: str, out: Path) -> None:
    width, height = DEVICES[device]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        is_mobile=device == "phone",
        has_touch=device == "phone",
    )
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_load_state("load")
    page.wait_for_timeout(1200)  # MathJax typesets after the page has loaded
    page.screenshot(path=out / f"{path.stem}.{device}.{scheme}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
