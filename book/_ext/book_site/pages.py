"""What is done to every finished page of HTML."""

import base64
import hashlib

from bs4 import BeautifulSoup, Tag

from book_site import facts, icons

# Scripts that a page gets without having asked for them.
NEVER = ("fontawesome.js", "sphinx-thebe.js", "sphinx-thebe.css")
SEARCH_ONLY = ("searchtools.js", "language_data.js", "searchindex.js")
STYLE = "style-src 'self' 'unsafe-inline'"  # MathJax writes its styles into the page
POLICY = (
    "default-src 'none'; script-src {scripts}; " + STYLE + "; img-src 'self' data:;"
    " font-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'"
)
# ids that extensions give to more than one element of a page
REPEATED_IDS = ("exercise-content", "solution-content", "proof-content", "proof")


# The theme's own line leaves the mode empty, which its script complains of, and the
# page without colours until that script has run.
THEME_SCRIPT = """
const page = document.documentElement.dataset;
page.mode = localStorage.getItem("mode") || "auto";
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
page.theme = page.mode === "auto" ? (dark ? "dark" : "light") : page.mode;
"""


def finish(text: str, pagename: str, page: dict | None) -> str:
    """The page as the reader gets it; `page` is what the extension knows about it."""
    soup = BeautifulSoup(text, "html.parser")
    page = page or {}
    drop_scripts(soup, pagename)
    set_theme_early(soup)
    draw_icons(soup)
    tidy(soup)
    name_landmarks(soup)
    if page.get("has_code"):
        add_head(soup, page)
    retitle_exercises(soup)
    add_policy(soup)
    return str(soup)


def drop_scripts(soup: BeautifulSoup, pagename: str) -> None:
    """Remove scripts and styles that this page has no use for."""
    unwanted = list(NEVER)
    if pagename != "search":
        unwanted += SEARCH_ONLY
    if soup.select_one(".math") is None:
        unwanted += ["tex-mml-chtml.js"]
    if soup.select_one(".sd-tab-set") is None:
        unwanted += ["design-tabs.js"]
    if soup.select_one(".highlight") is None:
        unwanted += ["clipboard.min.js", "copybutton.js"]
    inline = set()
    for node in soup.find_all(["script", "link"]):
        address = node.get("src") or node.get("href") or ""
        code = node.string or ""
        has_math = "tex-mml-chtml.js" not in unwanted
        if (
            any(name in address for name in unwanted)
            or "THEBE_JS_URL" in code
            or ("window.MathJax" in code and not has_math)
            or (node.name == "script" and code and code in inline)
        ):
            node.decompose()
        elif node.name == "script" and code:
            inline.add(code)


def set_theme_early(soup: BeautifulSoup) -> None:
    soup.html["data-theme"] = "light"  # for readers without scripts
    for node in soup.select("script[data-cfasync]"):
        node.attrs.clear()
        node.string = THEME_SCRIPT


def draw_icons(soup: BeautifulSoup) -> None:
    """Replace the elements that fontawesome.js would have filled."""
    for node in soup.select("i[class*=fa-], span[class*=fa-]"):
        names = [c[3:] for c in node["class"] if c.startswith("fa-")]
        name = next((n for n in names if n in icons.PATHS), None)
        if name is None:
            raise ValueError(
                f"no icon is drawn for {node['class']}: add it to icons.py"
            )
        kept = [c for c in node["class"] if not c.startswith("fa")]
        drawn = BeautifulSoup(icons.svg(name, " ".join(kept)), "html.parser").svg
        for key in ("data-mode",):
            if node.get(key):
                drawn[key] = node[key]
        node.replace_with(drawn)


def tidy(soup: BeautifulSoup) -> None:
    """One viewport, no repeated ids, no handlers in attributes, no advertising slot."""
    for extra in soup.select('meta[name="viewport"]')[1:]:
        extra.decompose()
    for name in REPEATED_IDS:
        for node in soup.select(f"section#{name}, div.proof#{name}"):
            del node["id"]
    for node in soup.select("#ethical-ad-placement, #jb-print-docs-body"):
        node.decompose()
    for node in soup.select(".sidebar-primary-item"):
        if not node.find(True):
            node.decompose()
    for node in soup.select(".primary-toggle, .secondary-toggle"):
        node["aria-label"] = (
            "Show or hide the chapters"
            if "primary-toggle" in node["class"]
            else "Show or hide the contents of this page"
        )
        node["title"] = node["aria-label"]
    for node in soup.select(".citation-list, .citation"):
        del node["role"]  # a deprecated one
    for node in soup.select("dt.sig > dl"):  # parameters, one a line, without names
        for line in node.find_all("dd", recursive=False):
            line.name = "div"
        node.name, node["class"] = "div", ["sig-lines"]
    for node in soup.select("details.admonition.hide"):
        node["class"] = ["code-fold"]
        node.summary.attrs.clear()
        node.summary.string = "Show the code"


def name_landmarks(soup: BeautifulSoup) -> None:
    """Everything lies inside a landmark, and landmarks of one kind have names."""
    if bar := soup.select_one("#pst-primary-sidebar"):
        bar["role"], bar["aria-label"] = "complementary", "Book"
    if bar := soup.select_one("#pst-secondary-sidebar"):
        bar["role"], bar["aria-label"] = "complementary", "This page"
    header = soup.select_one("header#pst-header")
    if header is not None and not header.get_text(strip=True):
        header["hidden"] = ""  # empty, but the theme measures it
    if link := soup.select_one("#pst-skip-link"):
        link.name, link["aria-label"] = "nav", "Skip"
    if button := soup.select_one("#pst-back-to-top"):
        soup.select_one("main").append(button.extract())
    for footer in soup.select("main footer"):
        footer.name = "div"


def add_head(soup: BeautifulSoup, page: dict) -> None:
    """Below the title: how long the page takes, and where a chapter stands."""
    article, title = (
        soup.select_one("article.bd-article"),
        soup.select_one("article h1"),
    )
    words = facts.count_words(article)
    head = f'<p class="chapter-facts">{facts.sentence(words, page["facts"])}</p>'
    if page["map"]:
        head += (
            '<details class="where"><summary>Where this chapter stands</summary>'
            f"{page['map']}</details>"
        )
    title.insert_after(BeautifulSoup(head, "html.parser"))


def retitle_exercises(soup: BeautifulSoup) -> None:
    """ "Exercise 1.1 (E1 (20 minutes, ●●○, proof): tied weights)" in readable parts."""
    for title in soup.select(".exercise > .admonition-title"):
        number = title.select_one(".caption-number")
        if number is None:
            continue
        number = number.extract()
        text = title.get_text().strip()
        text = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        head, _, name = text.partition("): ")
        kind = head.partition("(")[2].replace(", ", " · ") if name else ""
        title.clear()
        title.append(number)
        name = name or text
        title.append(f" {name[:1].upper()}{name[1:]}")
        if kind:
            label = soup.new_tag("span", attrs={"class": "exercise-kind"})
            label.string = kind
            title.append(label)
    for title in soup.select(".solution > .admonition-title a"):
        text = title.get_text().strip()
        title.string = " " + text.partition(" (")[0]


def inline_hashes(soup: BeautifulSoup) -> list[str]:
    """CSP sources of the scripts that stand in the page itself."""
    found = []
    for node in soup.find_all("script"):
        if not node.get("src") and _is_code(node):
            digest = hashlib.sha256((node.string or "").encode()).digest()
            found.append(f"'sha256-{base64.b64encode(digest).decode()}'")
    return sorted(set(found))


def _is_code(node: Tag) -> bool:
    return node.get("type", "text/javascript") in ("text/javascript", "module")


def add_policy(soup: BeautifulSoup) -> None:
    sources = " ".join(["'self'", *inline_hashes(soup)])
    meta = soup.new_tag(
        "meta",
        attrs={
            "http-equiv": "Content-Security-Policy",
            "content": POLICY.format(scripts=sources),
        },
    )
    soup.head.find("meta", charset=True).insert_after(meta)
