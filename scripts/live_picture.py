"""The picture of a live training run, for book/how_to_use.md.

python scripts/live_picture.py
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import screens
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "book" / "_static" / "live_training.webp"
PORT = 8297
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "AELIB_PROGRESS": "0"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "aelib.trackers", "--port", str(PORT)]
        server = subprocess.Popen(
            words, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        )
        try:
            print(server.stdout.readline(), end="")
            example = str(ROOT / "examples" / "live_training.py")
            words = [sys.executable, example, "--port", str(PORT)]
            subprocess.run(words, cwd=folder, env=ENVIRONMENT, check=True)
            taken().convert("RGB").save(OUT, quality=80, method=6)
        finally:
            server.kill()
            server.communicate()
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes")


def taken() -> Image.Image:
    """The page, without its head."""
    with sync_playwright() as playwright:
        browser = screens.launch(playwright)
        page = browser.new_page(viewport={"width": 1240, "height": 1240})
        page.goto(f"http://127.0.0.1:{PORT}/env/digits")
        page.wait_for_selector(".gl-container canvas", state="attached")
        page.wait_for_timeout(5000)
        picture = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    return picture.crop((0, 50, picture.width, picture.height))


if __name__ == "__main__":
    main()
