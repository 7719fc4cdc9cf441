"""The site's extension, function by function, without building anything."""

import base64
import hashlib
import re
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from chapters import CHAPTERS, NOTEBOOKS, ROOT, UNNUMBERED

sys.path.insert(0, str(ROOT / "book" / "_ext"))

from book_site import api, facts, family, launch, pages

COPY = "01_linear_autoencoder.ipynb"


def links(address: str, copy: str | None = COPY, published: bool = True) -> dict:
    return dict(launch.links(address, copy, published=published))


def test_no_address_no_buttons():
    assert links("") == links("", None) == {}


def test_an_address_makes_buttons_appear_that_lead_to_the_copy():
    found = links("https://github.com/some-one/a.book")
    assert list(found) == ["Repository", "Colab", "Kaggle", "Binder"]
    assert found["Repository"] == "https://github.com/some-one/a.book"
    blob = "some-one/a.book/blob/copies/" + COPY
    assert found["Colab"] == "https://colab.research.google.com/github/" + blob
    kaggle = urlsplit(found["Kaggle"])
    assert kaggle[:3] == ("https", "kaggle.com", "/kernels/welcome")
    assert parse_qs(kaggle.query) == {"src": ["https://github.com/" + blob]}
    binder = urlsplit(found["Binder"])
    assert binder[:3] == ("https", "mybinder.org", "/v2/gh/some-one/a.book/copies")
    assert parse_qs(binder.query) == {"urlpath": ["lab/tree/" + COPY]}


def test_pages_without_code_link_to_the_repository_alone():
    assert list(links("https://github.com/a/b", None)) == ["Repository"]


def test_a_copy_is_opened_alone_only_where_it_can_install_the_library():
    found = links("https://github.com/a/b", published=False)
    assert list(found) == ["Repository", "Binder"]


def test_gitlab_has_no_colab():
    found = links("https://gitlab.com/a/b/")
    assert list(found) == ["Repository", "Binder"]
    assert urlsplit(found["Binder"]).path == "/v2/gl/a%2Fb/copies"


@pytest.mark.parametrize(
    "address", ["http://github.com/a/b", "github.com/a/b", "https://github.com/a", "x"]
)
def test_other_addresses_are_refused(address):
    with pytest.raises(ValueError, match="book_repository"):
        links(address)


def test_map_has_every_chapter_once_in_each_drawing():
    drawn = BeautifulSoup(family.draw({}), "html.parser")
    for kind in ("wide", "narrow"):
        numbers = [n.get_text()[:2] for n in drawn.select(f"svg.{kind} .node")]
        assert sorted(numbers) == sorted(family.CHAPTERS)
    assert not drawn.select("a")


def test_map_links_what_is_built_and_marks_where_one_is():
    drawn = BeautifulSoup(
        family.draw({"01": "#", "02": "two.html"}, "01"), "html.parser"
    )
    assert {a["href"] for a in drawn.select("a.built")} == {"two.html"}
    assert len(drawn.select(".here[aria-current=page]")) == 2
    assert len(drawn.select("svg.wide .planned")) == 24


def test_map_nodes_lie_inside_and_apart():
    drawn = BeautifulSoup(family.draw({}), "html.parser")
    for kind in ("wide", "narrow"):
        drawing = drawn.select_one(f"svg.{kind}")
        width, height = map(float, drawing["viewbox"].split()[2:])
        boxes = [
            [float(r[k]) for k in ("x", "y", "width", "height")]
            for r in drawing.select(".node rect")
        ]
        for i, (x, y, w, h) in enumerate(boxes):
            assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
            for u, v, p, q in boxes[:i]:
                assert x + w <= u or u + p <= x or y + h <= v or v + q <= y


def test_a_chapter_has_a_number_and_no_other_page():
    for path in NOTEBOOKS:
        number = None if path.stem in UNNUMBERED else path.stem.partition("_")[0]
        assert family.number_of(f"notebooks/{path.stem}") == number
    assert family.number_of("book/01_linear_autoencoder") is None


def test_words_are_those_of_the_prose():
    soup = BeautifulSoup(
        "<article><h1>One two</h1><p>three <span class='math'>x y</span> four</p>"
        "<pre>not this</pre><div class='solution'><p>nor this</p></div></article>",
        "html.parser",
    )
    assert facts.count_words(soup.article) == 4


def test_time_is_left_out_where_none_was_measured():
    assert facts.sentence(1500, None) == "10 minutes to read (1,500 words)"
    assert facts.sentence(100, 12.4).endswith(
        "· 12 seconds to run, when this page was built"
    )


PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"/>
<script src="_static/scripts/fontawesome.js"></script>
<script src="_static/sphinx-thebe.js"></script><script>const THEBE_JS_URL = "https://x"</script>
<script src="searchindex.js"></script><script src="mathjax/tex-mml-chtml.js"></script>
<script>let a = 1;</script><script>let a = 1;</script></head>
<body><i class="fa-solid fa-bars"></i><main>%s</main></body></html>"""


def test_pages_lose_the_scripts_that_they_do_not_need():
    plain = pages.finish(PAGE % "text", "book/x", None)
    assert "<script src" not in plain and "THEBE" not in plain
    assert plain.count("let a = 1;") == 1
    with_math = pages.finish(PAGE % "<span class='math'>x</span>", "book/x", None)
    assert "tex-mml-chtml.js" in with_math and "searchindex.js" not in with_math
    assert "searchindex.js" in pages.finish(PAGE % "", "search", None)


def test_the_policy_names_the_scripts_of_the_page():
    page = pages.finish(PAGE % "text", "book/x", None)
    digest = base64.b64encode(hashlib.sha256(b"let a = 1;").digest()).decode()
    policy = re.search(r'content="(default-src[^"]*)"', page)[1]
    assert f"'sha256-{digest}'" in policy and policy.count("sha256-") == 1


def test_icons_are_drawn_in_place_and_unknown_ones_refused():
    assert "<svg" in pages.finish(PAGE % "text", "book/x", None)
    with pytest.raises(ValueError, match=r"icons\.py"):
        pages.finish(PAGE % '<i class="fa-solid fa-dragon"></i>', "book/x", None)


def test_exercise_titles_are_taken_apart():
    soup = BeautifulSoup(
        '<div class="exercise"><p class="admonition-title">'
        '<span class="caption-number">Exercise 1.1 </span>'
        " (E1 (20 minutes, ●●○, proof): tied weights)</p></div>",
        "html.parser",
    )
    pages.retitle_exercises(soup)
    assert soup.p.get_text() == "Exercise 1.1  Tied weights20 minutes · ●●○ · proof"


def test_a_page_with_code_has_its_seconds_and_a_chapter_its_place():
    text = PAGE % '<article class="bd-article"><h1>One</h1><p>two</p></article>'
    for where in ("<svg></svg>", None):
        page = {"has_code": True, "facts": 3.0, "map": where}
        soup = BeautifulSoup(pages.finish(text, "notebooks/x", page), "html.parser")
        assert "3 seconds" in soup.select_one("h1 + .chapter-facts").get_text()
        assert bool(soup.select("details.where")) == bool(where)
    assert "chapter-facts" not in pages.finish(text, "book/x", {"has_code": False})


def test_docstrings_become_safe():
    lines = ["gamma(|W|^2 + |V|^2) and a* of `x_*`, log_", "  two"]
    api.make_safe(None, "function", "f", None, None, lines)
    assert lines == [r"gamma(\|W\|^2 + \|V\|^2) and a\* of `x_*`, log\_", "  two"]
    lines = ["model: on one device", "AELIB_DEVICE   cpu"]
    api.make_safe(None, "module", "m", None, None, lines)
    assert lines == [":model: on one device", ":AELIB_DEVICE: cpu"]


def test_readme_names_every_chapter_with_its_time_and_shows_pictures_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in (path.name for path in CHAPTERS):
        copy = re.escape(f"](../{launch.BRANCH}/{name})")
        row = rf"^\| \[{name[:2]} [^]]*{copy} \|.*\| \d+ s \|$"
        assert re.search(row, text, re.MULTILINE), name
    linked = re.findall(r"\]\(([^)]*\.ipynb)\)", text)
    assert sorted(linked) == [f"../{launch.BRANCH}/{path.name}" for path in NOTEBOOKS]
    shown = [ROOT / path for path in re.findall(r"!\[[^]]{20,}\]\(([^)]+)\)", text)]
    assert len(shown) == text.count("![") == 3
    assert set(shown) == set((ROOT / ".github" / "pictures").iterdir())
    assert sum(path.stat().st_size for path in shown) <= 300_000
