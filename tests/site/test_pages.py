"""Every page in a real browser: desktop and phone, light and dark, from file://.

Two visits a page: a light desktop with a keyboard, which turns dark, and a dark phone.
"""

import functools
import http.server
import re
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
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
# axe would fetch the style sheets once more, which the policy forbids. In its second
# theme a page differs from the first in colours alone, and on a phone in all but them.
AXE = {"resultTypes": ["violations"], "preload": False}
COLOURS = ["color-contrast", "link-in-text-block"]
AXE_COLOURS = {**AXE, "runOnly": COLOURS}
AXE_SHAPES = {**AXE, "rules": {name: {"enabled": False} for name in COLOURS}}


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


THEME = "document.documentElement.dataset.theme"
SETTLED = "() => Promise.all(document.getAnimations().map(a => a.finished))"
UNSET = """() => [...document.querySelectorAll('.bd-article .math')]
  .filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"""
TOO_WIDE = """() => [...document.querySelectorAll(
    'article pre, article div.math, article .results-table')]
  .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.scrollWidth + ': ' + e.textContent.trim().slice(0, 60))"""
CUT = """() => [...document.querySelectorAll('article div.math')]
  .filter(e => e.querySelector('mjx-math, svg').getBoundingClientRect().left
    < e.getBoundingClientRect().left - 1)
  .map(e => e.textContent.slice(0, 60))"""


def check_layout(page: Page, device: str) -> None:
    unset = page.evaluate(UNSET)
    assert not unset, f"formulas that were not typeset: {unset[:3]}"
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    # not innerWidth: a phone zooms out to show a page that is too wide
    view = screens.DEVICES[device][0]
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= view, f"the page is {wide} pixels wide on a screen of {view}"
    if device == "desktop":
        wide = page.evaluate(TOO_WIDE)
        assert not wide, f"code, outputs, formulas or tables do not fit: {wide}"
    else:
        cut = page.evaluate(CUT)
        assert not cut, f"wide formulas do not show their beginning: {cut}"


# Three quarters of a chapter's elements are coloured words of code and parts of
# formulas, and most of the library's page are words of signatures. In them axe can find
# fault with colours alone, which are tested below, once for the book: they become plain
# text, and formulas boxes of their size, but for odd ones and the first signatures.
FLATTEN = r"""() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const odd = e => [...e.attributes].some(a =>
    /^(role|tabindex|href|id|lang|title|alt|aria-|on)/.test(a.name)
    || /color|background/.test(a.name + a.value) && a.name !== 'class');
  const plain = box => ![...box.querySelectorAll('*')].some(odd);
  const formulas = all('mjx-math').filter(plain)
    .map(box => [box, box.getBoundingClientRect()]);
  for (const [box, {width, height}] of formulas) {
    box.replaceChildren();
    Object.assign(box.style,
      {display: 'inline-block', width: `${width}px`, height: `${height}px`});
  }
  const words = [...all('.highlight pre, mjx-assistive-mml'),
    ...all('em.sig-param').slice(10)].filter(plain);
  for (const box of words) box.textContent = box.textContent;
}"""


def check_access(page: Page, options: dict) -> None:
    findings = Axe().run(page, options=options).response["violations"]
    bad = [
        (v["id"], v["impact"], [n["target"] for n in v["nodes"]][:3])
        for v in findings
        if v["impact"] in ("serious", "critical") or v["id"] == "region"
    ]
    assert not bad, bad


def change_theme(page: Page, scheme: str) -> None:
    """As the reader's system does at dusk, while the page is open."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_selector(f"html[data-theme={scheme}]", state="attached")
    page.evaluate(SETTLED)


@EVERY_PAGE
@pytest.mark.parametrize("device", list(screens.DEVICES))
def test_page(site: Path, contexts, name: str, device: str):
    scheme = "light" if device == "desktop" else "dark"
    with visit(contexts[device, scheme], (site / name).as_uri()) as found:
        page = found.page
        assert page.evaluate(THEME) == scheme
        check_layout(page, device)
        if device == "phone":
            page.evaluate(FLATTEN)
            check_access(page, AXE_SHAPES)
        else:
            check_keyboard(page)
            page.evaluate(FLATTEN)
            check_access(page, AXE)
            change_theme(page, "dark")
            check_access(page, AXE_COLOURS)
        assert not found.foreign, f"requests to others: {found.foreign}"
        assert not found.complaints, found.complaints


def test_a_whole_chapter_is_accessible(site: Path, contexts):
    """Once with its code and formulas; their colours in both themes: below."""
    with visit(contexts["desktop", "light"], (site / CHAPTER).as_uri()) as found:
        assert found.page.locator(".highlight pre span, mjx-math *").count() > 1000
        check_access(found.page, AXE)


INKS = """classes => {
  const solid = e => {
    const colour = getComputedStyle(e).backgroundColor;
    return e === document.documentElement || !/, 0\\)$/.test(colour) ? colour
      : solid(e.parentElement);
  };
  const pre = document.querySelector('div.cell_input .highlight pre');
  const inks = classes.map(name => {
    const word = document.createElement('span');
    word.className = name;
    pre.append(word);
    return [name, getComputedStyle(word).color, solid(word)];
  });
  const formulas = [...document.querySelectorAll('mjx-math')].map(e => [
    'formula', getComputedStyle(e).color,
    getComputedStyle(e.closest('.math').parentElement).color]);
  return {inks, formulas};
}"""


def contrast(*colours: str) -> float:
    """The ratio of WCAG 2 between two colours written as "rgb(1, 2, 3)"."""
    light = []
    for colour in colours:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)]
        assert len(parts) == 3, f"an opaque colour is expected, got {colour}"
        r, g, b = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        light.append(0.2126 * r + 0.7152 * g + 0.0722 * b)
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)") == pytest.approx(
        4.54, abs=0.01
    )


@pytest.mark.parametrize("scheme", screens.SCHEMES)
def test_every_colour_of_code_and_formulas_can_be_read(site: Path, contexts, scheme):
    """All kinds of words that the style sheet knows, whether a page has them or not."""
    styles = (site / "_static" / "pygments.css").read_text()
    kinds = sorted(set(re.findall(r"\.highlight \.([a-z]\w*)", styles)) - {"hll"})
    assert len(kinds) > 50
    with visit(contexts["desktop", scheme], (site / CHAPTER).as_uri()) as found:
        assert found.page.evaluate(THEME) == scheme
        colours = found.page.evaluate(INKS, kinds)
    ratios = {name: contrast(ink, ground) for name, ink, ground in colours["inks"]}
    assert not {name: r for name, r in ratios.items() if r < 4.5}
    assert len(set(ratios.values())) > 5  # the style sheet was at work
    assert len(colours["formulas"]) > 50
    assert all(ink == around for _, ink, around in colours["formulas"])


# What has the focus is noted when the next key goes down: the page has scrolled to it.
WATCH = """() => {
  document.querySelectorAll('*').forEach((e, i) => { e.inOrder = i; });
  window.stops = [];
  const focused = () => {
    let e = document.activeElement;
    if (e === document.body || e === document.documentElement) return null;
    if (e.matches('.sd-tab-set > input')) e = e.nextElementSibling;  // its label shows
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    return {
      id: e.id, kind: e.className.baseVal ?? e.className, tag: e.tagName,
      outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
      area: box.width * box.height, opacity: parseFloat(style.opacity),
      inside: box.right > 0 && box.left < innerWidth
        && box.bottom > 0 && box.top < innerHeight,
      place: e.inOrder,
    };
  };
  addEventListener('keydown', () => window.stops.push(focused()), true);
}"""
PRESSES = 20  # between two looks at what was noted


def tab_stops(page: Page) -> list[dict]:
    """What Tab leads to, from the top of the page until it comes round."""
    page.evaluate(WATCH)
    for _ in range(600 // PRESSES):
        for _ in range(PRESSES):
            page.keyboard.press("Tab")
        _, *noted = page.evaluate("window.stops")
        places = [stop and stop["place"] for stop in noted]
        for i, place in enumerate(places):
            if place is None or place in places[:1] * i:
                return noted[:i]
    pytest.fail("600 stops and no end")


def check_keyboard(page: Page) -> None:
    """Tab goes through the page in its order, and one sees where it is."""
    stops = tab_stops(page)
    assert stops[0]["tag"] == "A" and stops[0]["inside"], "first the skip link"
    places = [stop["place"] for stop in stops]
    assert places == sorted(places), "the keyboard jumps back and forth"
    for stop in stops:
        assert stop["outline"] >= 2, f"no visible focus: {stop}"
        assert stop["inside"] and stop["area"] > 0, f"focus out of sight: {stop}"
        assert stop["opacity"] > 0.5, f"focus on something invisible: {stop}"
    kinds = " ".join(stop["kind"] for stop in stops)
    for toggle in ("primary-toggle", "theme-switch-button", "search-button"):
        assert toggle in kinds, f"{toggle} cannot be reached"
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")


def test_skip_link_leads_to_the_text(site: Path, contexts):
    with visit(contexts["desktop", "light"], (site / CHAPTER).as_uri()) as found:
        found.page.keyboard.press("Tab")
        found.page.keyboard.press("Enter")
        assert found.page.url.endswith("#main-content")


def test_theme_button_changes_the_theme(site: Path, contexts):
    with visit(contexts["desktop", "light"], (site / CHAPTER).as_uri()) as found:
        seen = set()
        for _ in range(3):
            found.page.click(".theme-switch-button")
            seen.add(found.page.evaluate(THEME))
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
        cell = found.page.locator("div.cell_input:visible").first
        cell.hover()
        cell.locator(".copybtn").click()
        assert "success" in cell.locator(".copybtn").get_attribute("class")


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
