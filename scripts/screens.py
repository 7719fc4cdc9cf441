"""Pictures of every page of the built site: desktop and phone, light and dark.

    python scripts/screens.py [--pages PATTERN] [--out FOLDER]

Writes PAGE.DEVICE.SCHEME.png, the whole page each, to _build/screens. The browser tests
(tests/site) use the same browser, devices and schemes.
"""

import argparse
import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
DEVICES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
NO_BROWSER = "no Chromium or Chrome found; on Debian: apt-get install chromium"
# A page is as wide as its fonts make it, and formulas are scaled to the text around
# them: every machine takes the fonts that come with matplotlib, and none of its own.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>{fonts}</dir><cachedir>{cache}</cachedir>
<match target="pattern">
  <edit name="antialias" mode="assign"><bool>true</bool></edit>
  <edit name="hintstyle" mode="assign"><const>hintslight</const></edit>
</match>
<alias><family>serif</family>
  <prefer><family>STIXGeneral</family></prefer></alias>
<alias><family>sans-serif</family>
  <prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>monospace</family>
  <prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", default="", help="only pages whose path holds this")
    parser.add_argument("--site", type=Path, default=SITE)
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "screens")
    arguments = parser.parse_args()
    if find_browser() is None:
        sys.exit(NO_BROWSER)
    arguments.out.mkdir(parents=True, exist_ok=True)
    pages = [p for p in site_pages(arguments.site) if arguments.pages in str(p)]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for device in DEVICES:
            for scheme in SCHEMES:
                context = new_context(browser, device, scheme)
                for path in pages:
                    page = context.new_page()
                    open_page(page, path.as_uri())
                    name = f"{path.stem}.{device}.{scheme}.png"
                    page.screenshot(path=arguments.out / name, full_page=True)
                    page.close()
                context.close()
        browser.close()
    print(f"{4 * len(pages)} pictures of {len(pages)} pages in {arguments.out}")
    return 0 if pages else 1


def site_pages(site: Path) -> list[Path]:
    """The pages that a reader comes to, and the search page."""
    found = [*(site / "book").glob("*.html"), *(site / "notebooks").glob("*.html")]
    return [*sorted(found), site / "search.html"]


def find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def launch(playwright) -> Browser:
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
    return playwright.chromium.launch(
        executable_path=find_browser(),
        args=arguments,
        env={**os.environ, "FONTCONFIG_FILE": str(fonts_file())},
    )


def fonts_file() -> Path:
    """The configuration of FONTS, in a folder that goes with this process."""
    (package,) = importlib.util.find_spec("matplotlib").submodule_search_locations
    fonts = Path(package) / "mpl-data" / "fonts" / "ttf"
    folder = Path(tempfile.mkdtemp(prefix="fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "fonts.conf"
    file.write_text(FONTS.format(fonts=fonts, cache=folder))
    return file


def new_context(browser: Browser, device: str, scheme: str) -> BrowserContext:
    width, height = DEVICES[device]
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        is_mobile=device == "phone",
        has_touch=device == "phone",
    )


def open_page(page: Page, address: str) -> None:
    """Go there and wait until formulas are typeset (book.js sets the mark)."""
    page.goto(address)
    page.wait_for_selector("html[data-ready=yes]", state="attached", timeout=30_000)


if __name__ == "__main__":
    sys.exit(main())
