"""The files of the built site: links, leaks of errors, sizes, what they load."""

import functools
import gzip
import json
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup
from chapters import UNNUMBERED

from scripts import screens

pytestmark = pytest.mark.site

SITE = screens.SITE
PAGES = sorted(
    str(p.relative_to(SITE)) for p in SITE.rglob("*.html") if "_static" not in p.parts
)
READ = [str(p.relative_to(SITE)) for p in screens.site_pages(SITE)]
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
EVERY_READ_PAGE = pytest.mark.parametrize("name", READ)
MEGABYTE = 1_000_000


@functools.cache
def parse(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(path: Path) -> set[str]:
    return {str(node["id"]) for node in parse(path).find_all(id=True)} | {
        str(node["name"]) for node in parse(path).find_all("a", attrs={"name": True})
    }


def is_foreign(address: str) -> bool:
    return bool(urlsplit(address).scheme or address.startswith("//"))


def test_there_are_pages(site: Path):
    assert len(READ) >= 12 and len(PAGES) > len(READ)


@EVERY_PAGE
def test_internal_links(site: Path, name: str):
    page = site / name
    broken = []
    for node in parse(page).find_all(["a", "link", "img", "script"]):
        address = node.get("href") or node.get("src")
        if not address or is_foreign(address):
            continue
        target, anchor = urldefrag(address)
        path = urlsplit(target).path
        file = (page.parent / unquote(path)).resolve() if path else page
        if file.is_dir():
            file = file / "index.html"
        is_place = anchor and file.suffix == ".html"
        if not file.exists() or (is_place and unquote(anchor) not in anchors(file)):
            broken.append(address)
    assert not broken, broken


@EVERY_PAGE
def test_nothing_is_loaded_from_elsewhere(site: Path, name: str):
    soup = parse(site / name)
    for node in soup.find_all(["script", "img", "iframe", "source", "video", "audio"]):
        assert not is_foreign((node.get("src") or "data").replace("data", "", 1)), node
    for node in soup.find_all("link"):
        if node.get("rel") == ["canonical"]:
            continue  # the page's own public address, of which nothing is loaded
        assert not is_foreign(node.get("href") or ""), node
    for node in soup.find_all("form"):
        assert not is_foreign(node.get("action") or ""), node


def test_styles_load_nothing_from_elsewhere(site: Path):
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", text)
        for address in found:
            assert not is_foreign(address) or address.startswith("data:"), address


@EVERY_PAGE
def test_policy(site: Path, name: str):
    if name == "index.html":
        return  # a redirect, without script or style
    found = parse(site / name).select('meta[http-equiv="Content-Security-Policy"]')
    assert len(found) == 1
    policy = found[0]["content"]
    script = re.search(r"script-src ([^;]*)", policy)[1]
    assert "default-src 'none'" in policy and "connect-src 'none'" in policy
    assert "unsafe" not in script and "http" not in policy


LEAKS = {
    "traceback": r"Traceback \(most recent call last\)",
    "warning": r"\w*Warning: ",
    "address": r"<[^<>\n]+ at 0x[0-9a-f]+>",
    "role": r"\{(?:ref|doc|term|eq|numref|cite\S*|glue\S*|prf:\w+)\}",
    "unset name": r"Project name not set|%\(\w+\)s",
}


@EVERY_READ_PAGE
def test_nothing_leaks_into_the_text(site: Path, name: str):
    soup = parse(site / name)
    assert not soup.select(".stderr, .system-message, .problematic")
    text = soup.select_one("article, main").get_text()
    for what, pattern in LEAKS.items():
        assert not re.search(pattern, text), what
    prose = BeautifulSoup(str(soup.select_one("main")), "html.parser")
    for node in prose.select("code, pre:not(.cell_output pre), script, svg, .math"):
        node.decompose()
    assert not re.search(r"\bnan\b", prose.get_text())  # as Python prints it
    assert not re.search(r"\bnp\.(?:int|float|bool)\w*\(", prose.get_text())


@EVERY_PAGE
def test_pictures_have_alternative_texts(site: Path, name: str):
    for image in parse(site / name).find_all("img"):
        alt = image.get("alt", "")
        assert len(alt) > 15 and not alt.endswith((".png", ".svg")), image
    for drawing in parse(site / name).find_all("svg"):
        named = drawing.get("aria-labelledby") and drawing.find("title")
        assert drawing.get("aria-hidden") == "true" or named, str(drawing)[:200]


@EVERY_READ_PAGE
def test_ids_are_unique(site: Path, name: str):
    found = [node["id"] for node in parse(site / name).find_all(id=True)]
    assert len(found) == len(set(found)), {i for i in found if found.count(i) > 1}


@EVERY_READ_PAGE
def test_own_content_is_small(site: Path, name: str):
    page = site / name
    files = {page} | {
        (page.parent / unquote(image["src"])).resolve()
        for image in parse(page).find_all("img")
        if not image["src"].startswith("data:")
    }
    size = sum(file.stat().st_size for file in files)
    assert size <= 1.5 * MEGABYTE, f"{size} bytes"


def test_shared_scripts_are_small(site: Path):
    scripts = {
        (site / name).parent.joinpath(urlsplit(node["src"]).path).resolve()
        for name in PAGES
        for node in parse(site / name).find_all("script", src=True)
    }
    assert len(scripts) > 5
    size = sum(len(gzip.compress(path.read_bytes())) for path in scripts)
    assert size <= 1.0 * MEGABYTE, f"{size} bytes"
    left_over = [p.name for p in site.rglob("*") if "fontawesome" in p.name.lower()]
    assert not left_over, left_over


def pages_with_code(site: Path) -> list[Path]:
    return sorted((site / "notebooks").glob("*.html"))


def chapters(site: Path) -> list[Path]:
    return [page for page in pages_with_code(site) if page.stem not in UNNUMBERED]


def test_pages_with_code_say_how_long_they_take_and_can_be_downloaded(site: Path):
    assert chapters(site)
    assert len(pages_with_code(site)) == len(chapters(site)) + len(UNNUMBERED)
    for page in pages_with_code(site):
        soup = parse(page)
        facts = soup.select_one("h1 + .chapter-facts").get_text()
        assert re.search(r"\d+ minutes? to read .* · \d+ seconds? to run", facts), facts
        (link,) = soup.select("a.book-button[download]")
        notebook = json.loads((page.parent / link["href"]).resolve().read_text())
        assert "%pip install" in "".join(notebook["cells"][0]["source"])
        marked = soup.select_one("details.where .node.here") is not None
        assert marked == (page in chapters(site)), page.stem


def test_figures_equations_exercises_and_proofs_are_numbered(site: Path):
    for page in pages_with_code(site):
        soup = parse(page)
        number = "" if page.stem in UNNUMBERED else f"{int(page.stem[:2])}."
        before = re.escape(number)  # "2." in Fig. 2.1
        for i, figure in enumerate(soup.select("figure"), start=1):
            text = figure.select_one(".caption-number").get_text()
            assert text == f"Fig. {number}{i} ", text
        for kind in ("exercise", "theorem"):
            for node in soup.select(f"div.{kind}"):
                text = node.select_one(".caption-number").get_text()
                assert re.fullmatch(rf"{kind.title()} {before}\d+ ", text), text
        for node in soup.select(".eqno"):
            assert re.match(rf"\({before}\d+\)", node.get_text()), node


def test_the_front_page_shows_the_chapter_s_own_pictures(site: Path):
    front = parse(site / "book/index.html")
    shown = [image["src"] for image in front.select("figure.from-chapter img")]
    text = "".join(path.read_text() for path in chapters(site))
    assert len(shown) == 5 and all(src in text for src in shown)


def test_the_map_links_to_chapters_that_exist_and_only_to_them(site: Path):
    there = {p.stem[:2] for p in chapters(site)}
    for kind in ("wide", "narrow"):
        drawing = parse(site / "book/index.html").select_one(f".family-map svg.{kind}")
        linked = {n.get_text()[:2] for n in drawing.select("a.node.built")}
        planned = {n.get_text()[:2] for n in drawing.select("g.node.planned")}
        assert linked == there
        assert linked | planned == {f"{i:02d}" for i in range(1, 27)}


def test_bibliography_leads_back(site: Path):
    entries = parse(site / "book/bibliography.html").select("div.citation")
    assert entries
    for entry in entries:
        assert entry.select(".cited-in a[href*='#']"), entry.get_text()


def test_terms_are_linked_at_their_first_use_in_a_chapter(site: Path):
    for page in chapters(site):
        assert len(parse(page).select("a[href*='glossary.html#term-']")) >= 5
