"""The screenshots of README.md, taken from the built site, in .github/pictures.

    python scripts/readme_pictures.py

Small on purpose: together at most 300 kB, which tests/site checks.
"""

import io
import sys
from pathlib import Path

import screens
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / ".github" / "pictures"
CHAPTER = "notebooks/01_linear_autoencoder.html"
# file: (page, scheme, what to scroll to the top)
SHOTS = {
    "map.webp": ("book/index.html", "light", "#the-family"),
    "chapter.webp": (CHAPTER, "light", "#what-if-it-starts-elsewhere"),
    "dark.webp": (CHAPTER, "dark", "#fig-linear-staircase"),
}


def main() -> int:
    if screens.find_browser() is None:
        sys.exit(screens.NO_BROWSER)
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = screens.launch(playwright)
        for name, (page_name, scheme, target) in SHOTS.items():
            context = screens.new_context(browser, "desktop", scheme)
            page = context.new_page()
            screens.open_page(page, (screens.SITE / page_name).as_uri())
            page.locator(target).evaluate("e => e.scrollIntoView()")
            page.wait_for_timeout(300)
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.convert("RGB").save(OUT / name, quality=72, method=6)
            context.close()
        browser.close()
    for path in sorted(OUT.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
