"""Every page in a real browser: desktop and phone, light and dark, from file://."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from scripts import screens

pytestmark = pytest.mark.site

PAGES = [str(p.relative_to(screens.SITE)) for p in screens.site_pages(screens.SITE)]
CHAPTER = "notebooks/01_linear_autoencoder.html"
EVERY_VIEW = pytest.mark.parametrize(
    ("device", "scheme"), [(d, s) for d in screens.DEVICES for s in screens.SCHEMES]
)
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
# axe would fetch the style sheets once more, which the policy forbids. The dark pages
# differ from the light ones in colours alone.
AXE = {"resultTypes": ["violations"], "preload": False}
AXE_DARK = {**AXE, "runOnly": ["color-contrast", "link-in-text-block"]}


class Visit:
    """A page that was opened, with what it asked for and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.failures: list[str | None] = []
        page.on("request", self._note_request)
        page.on("requestfailed", self._note_failure)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note_console)

    def _note_request(self, request) -> None:
        if not request.url.startswith(("file:", "data:", "http://127.0.0.1:")):
            self.foreign.append(request.url)

    def _note_failure(self, request) -> None:
        self.failures.append(f"{request.failure} {request.url}")
        self.complaints.append(f"failed: {request.url}")

    def _note_console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@contextmanager
def visit(context: BrowserContext, address: str) -> Iterator[Visit]:
    page = context.new_page()
    try:
        found = Visit(page)
        screens.open_page(page, address)
        yield found
    finally:
        page.close()


@EVERY_PAGE
@EVERY_VIEW
def test_page(site: Path, contexts, name: str, device: str, scheme: str):
    with visit(contexts[device, scheme], (site / name).as_uri()) as found:
        page = found.page
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        unset = page.evaluate(
            """() => [...document.querySelectorAll('.bd-article .math')]
            .filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"""
        )
        assert not unset, f"formulas that were not typeset: {unset[:3]}"
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
        # not innerWidth: a phone zooms out to show a page that is too wide
        view = screens.DEVICES[device][0]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= view, f"the page is {wide} pixels wide on a screen of {view}"
        options = AXE if scheme == "light" else AXE_DARK
        findings = Axe().run(page, options=options).response["violations"]
        bad = [
            (v["id"], v["impact"], [n["target"] for n in v["nodes"]][:3])
            for v in findings
            if v["impact"] in ("serious", "critical") or v["id"] == "region"
        ]
        assert not bad, bad
        assert not found.foreign, f"requests to others: {found.foreign}"
        assert not found.complaints, found.complaints


FOCUSED = """() => {
  let e = document.activeElement;
  if (e === document.body || e === document.documentElement) return null;
  if (e.matches('.sd-tab-set > input')) e = e.nextElementSibling;  // its label is seen
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    id: e.id, kind: e.className.baseVal ?? e.className, tag: e.tagName,
    outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    area: box.width * box.height, opacity: parseFloat(style.opacity),
    inside: box.right > 0 && box.left < innerWidth
      && box.bottom > 0 && box.top < innerHeight,
    place: [...document.querySelectorAll('*')].indexOf(e),
  };
}"""


@EVERY_PAGE
@pytest.mark.parametrize("device", list(screens.DEVICES))
def test_keyboard(site: Path, contexts, name: str, device: str):
    """Tab goes through the page in its order, and one sees where it is."""
    with visit(contexts[device, "light"], (site / name).as_uri()) as found:
        stops = []
        for _ in range(600):
            found.page.keyboard.press("Tab")
            stop = found.page.evaluate(FOCUSED)
            if stop is None or (stops and stop["place"] == stops[0]["place"]):
                break
            stops.append(stop)
        else:
            pytest.fail("600 stops and no end")
        assert stops[0]["tag"] == "A" and stops[0]["inside"], "first the skip link"
        places = [stop["place"] for stop in stops]
        assert places == sorted(places), "the keyboard jumps back and forth"
        for stop in stops:
            assert stop["outline"] >= 2, f"no visible focus: {stop}"
            assert stop["inside"] and stop["area"] > 0, f"focus out of sight: {stop}"
            assert stop["opacity"] > 0.5, f"focus on something invisible: {stop}"
        kinds = " ".join(stop["kind"] for stop in stops)
        for toggle in ("primary-toggle", "theme-switch-button"):
            assert toggle in kinds, f"{toggle} cannot be reached"
        assert "search-button" in kinds


def test_skip_link_leads_to_the_text(site: Path, contexts):
    with visit(contexts["desktop", "light"], (site / CHAPTER).as_uri()) as found:
        found.page.keyboard.press("Tab")
        found.page.keyboard.press("Enter")
        assert found.page.url.endswith("#main-content")


def test_theme_button_changes_the_theme(site: Path, contexts):
    with visit(contexts["desktop", "light"], (site / CHAPTER).as_uri()) as found:
        theme = "document.documentElement.dataset.theme"
        seen = set()
        for _ in range(3):
            found.page.click(".theme-switch-button")
            seen.add(found.page.evaluate(theme))
        assert seen == {"light", "dark"}
        found.page.evaluate("localStorage.clear()")


def test_solutions_open_and_links_into_them_work(site: Path, contexts):
    with visit(contexts["phone", "light"], (site / CHAPTER).as_uri()) as found:
        solution = found.page.locator(".solution").first
        text = solution.locator("p:not(.admonition-title)").first
        assert not text.is_visible()
        solution.locator(".toggle-button").click()
        assert text.is_visible()


def test_a_dark_page_prints_dark_on_light_and_whole(site: Path, contexts):
    with visit(contexts["desktop", "dark"], (site / CHAPTER).as_uri()) as found:
        page = found.page
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("h1").is_visible()
        assert page.locator(".solution p:not(.admonition-title)").first.is_visible()
        assert not page.locator(".bd-header-article").is_visible()
        inks = page.evaluate(
            """() => [...new Set([...document.querySelectorAll(
              '.bd-article p, .cell_input pre, .cell_input pre span')]
            .map(e => getComputedStyle(e).color))]"""
        )
        assert set(inks) <= {"rgb(0, 0, 0)", "rgb(51, 51, 51)"}, inks


def test_menu_opens_on_a_phone(site: Path, contexts):
    with visit(contexts["phone", "light"], (site / CHAPTER).as_uri()) as found:
        link = found.page.get_by_role("link", name="Glossary").first
        assert not link.is_visible()
        found.page.click(".primary-toggle")
        link.wait_for(state="visible")


def test_code_can_be_copied(site: Path, contexts):
    with visit(contexts["desktop", "light"], (site / CHAPTER).as_uri()) as found:
        cell = found.page.locator("div.cell_input").first
        cell.hover()
        cell.locator(".copybtn").click()
        assert "success" in cell.locator(".copybtn").get_attribute("class")


@EVERY_PAGE
def test_code_outputs_formulae_and_tables_fit_on_a_desktop(
    site: Path, contexts, name: str
):
    with visit(contexts["desktop", "light"], (site / name).as_uri()) as found:
        wide = found.page.evaluate(
            """() => [...document.querySelectorAll(
                'article pre, article div.math, article .results-table')]
            .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
            .map(e => e.scrollWidth + ': ' + e.textContent.trim().slice(0, 60))"""
        )
        assert not wide


@EVERY_PAGE
def test_wide_formulae_show_their_beginning_on_a_phone(site: Path, contexts, name: str):
    with visit(contexts["phone", "light"], (site / name).as_uri()) as found:
        cut = found.page.evaluate(
            """() => [...document.querySelectorAll('article div.math')]
            .filter(e => e.querySelector('mjx-math, svg').getBoundingClientRect().left
              < e.getBoundingClientRect().left - 1)
            .map(e => e.textContent.slice(0, 60))"""
        )
        assert not cut


def test_search_finds_from_a_disk_and_from_a_server(site: Path, contexts):
    quiet = type(
        "Quiet",
        (http.server.SimpleHTTPRequestHandler,),
        {"log_message": lambda *args: None},
    )
    handler = functools.partial(quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        context = contexts["desktop", "light"]
        context.set_offline(False)
        try:
            for base in (site.as_uri(), f"http://127.0.0.1:{port}"):
                with visit(context, f"{base}/search.html?q=eigenvalue") as found:
                    results = found.page.locator("#search-results li a")
                    results.first.wait_for()
                    addresses = [a.get_attribute("href") for a in results.all()]
                    assert any("01_linear" in a for a in addresses), addresses
                    assert not found.complaints and not found.foreign
        finally:
            context.set_offline(True)
            server.shutdown()


def test_the_policy_forbids_what_is_not_the_site(site: Path, contexts):
    context = contexts["desktop", "light"]
    with visit(context, (site / "book/index.html").as_uri()) as found:
        refused = found.page.evaluate(
            """() => new Promise(resolve => {
              const seen = [];
              document.addEventListener('securitypolicyviolation', event => {
                seen.push(event.effectiveDirective);
                if (seen.length === 2) resolve(seen.sort());
              });
              const image = new Image();
              image.src = 'https://example.org/pixel.png';
              const script = document.createElement('script');
              script.textContent = 'window.injected = true';
              document.head.append(image, script);
              setTimeout(() => resolve(seen.sort()), 3000);
            })"""
        )
        assert refused == ["img-src", "script-src-elem"]
        assert found.page.evaluate("window.injected") is None
        refusals = [text for text in found.failures if "example.org" in text]
        assert refusals == ["csp https://example.org/pixel.png"], found.failures
