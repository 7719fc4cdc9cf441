"""The map of the family, drawn as SVG from one table, for wide and for narrow screens.

`{family-map}` puts it on a page; every chapter carries it with itself marked. A chapter
that is built is a link, any other is grey and dashed. Colours come from CSS.
"""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

# chapter: (name in the map, file); the files of chapters to come are names only
CHAPTERS = {
    "01": ("Linear, PCA", "01_linear_autoencoder"),
    "02": ("Deep", "02_autoencoder"),
    "03": ("Convolutional", "03_convolutional_autoencoder"),
    "04": ("Losses", "04_reconstruction_losses"),
    "05": ("Denoising", "05_denoising_autoencoder"),
    "06": ("Regularised", "06_regularized_autoencoder"),
    "07": ("KL divergence", "07_kl_divergence"),
    "08": ("The bound", "08_evidence_lower_bound"),
    "09": ("Variational", "09_variational_autoencoder"),
    "10": ("Look, retrieve", "10_visualization_and_retrieval"),
    "11": ("Detect", "11_anomaly_detection"),
    "12": ("Compress", "12_compression"),
    "13": ("Restore", "13_image_restoration"),
    "14": ("Recommend", "14_recommender_systems"),
    "15": ("Swap style", "15_content_and_style"),
    "16": ("Text", "16_text_autoencoder"),
    "17": ("Collapse", "17_posterior_collapse"),
    "18": ("Evaluation", "18_evaluating_vaes"),
    "19": ("Adversarial", "19_adversarial_autoencoder"),
    "20": ("Bug museum", "20_bug_museum"),
    "21": ("What is kept", "21_what_a_code_keeps"),
    "22": ("VQ, FSQ", "22_vector_quantization"),
    "23": ("Better priors", "23_prior_for_codes"),
    "24": ("Masked", "24_masked_autoencoder"),
    "25": ("Sparse features", "25_sparse_autoencoder"),
    "26": ("Practice", "26_practice"),
}


class Group(NamedTuple):
    """Chapters that limit the code in the same way; `glyph` is a 40 x 24 drawing.

    A group has one column of nodes, or rows of five; "" leaves a place free.
    """

    title: str
    columns: tuple[tuple[str, ...], ...]
    glyph: str


GROUPS = (
    Group(
        "a narrow code", (("01", "02", "03"),), "M2 2l16 8v4L2 22zM38 2L22 10v4l16 8z"
    ),
    Group(
        "noise on the input",
        (("05",),),
        "M3 20h.01M7 9h.01M11 15h.01M14 5h.01M18 12h.01M21 20h.01M24 8h.01M28 16h.01"
        "M31 5h.01M34 12h.01M37 20h.01M9 21h.01M27 2h.01",
    ),
    Group(
        "a penalty",
        (("06", "25"),),
        "M3 21C9 21 12 20 15 15S20 3 20 3s2 7 5 12 6 6 12 6",
    ),
    Group(
        "a distribution on the code",
        (("07", "08", "09", "17", "18"), ("19", "21", "", "", "23")),
        "M2 21C11 21 13 4 20 4s9 17 18 17M20 4v17",
    ),
    Group(
        "a hidden input", (("24",),), "M4 2h32v20H4zM4 9h10V2M22 2v7h14M14 22v-7h8v7"
    ),
    Group(
        "a discrete code",
        (("22",),),
        "M5 3h6v6H5zM17 3h6v6h-6zM29 3h6v6h-6zM5 15h6v6H5zM17 15h6v6h-6zM29 15h6v6h-6z",
    ),
)
STRIPS = (
    ("uses", ("10", "11", "12", "13", "14", "15", "16")),
    ("across everything", ("04", "20", "26")),
)
TITLE = "Map of the autoencoder family"
DESCRIPTION = (
    "An encoder turns x into a code, a decoder the code into a reconstruction. Six"
    " families differ in what limits the code. Below them stand their uses, and what"
    " concerns all of them. Chapters that exist are links; planned ones are dashed."
)
# the wide map: five columns of nodes in 796, and the rows where nodes begin
WIDTH, PITCH, NODE_WIDTH, NODE_HEIGHT, ROW = 796, 159, 143, 30, 41
TOP, SECOND = 162, 344
HEIGHT = SECOND + 2 * ROW + 40 + 37 * 3 + 36 + 12


class family_map(nodes.General, nodes.Element):
    """Stands for the map until it is known which chapters exist."""


class FamilyMap(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [family_map()]


def visit_html(translator, node: family_map) -> None:
    app = translator.builder.app
    translator.body.append(render(app, translator.builder.current_docname))
    raise nodes.SkipNode


def skip(translator, node: family_map) -> None:
    raise nodes.SkipNode


def number_of(pagename: str) -> str | None:
    """Number of the chapter that a page is; None: it is no chapter."""
    pairs = ((f"notebooks/{slug}", n) for n, (_, slug) in CHAPTERS.items())
    return next((n for document, n in pairs if pagename == document), None)


def render(app: Sphinx, pagename: str) -> str:
    """Both drawings as HTML for a page; CSS shows one of them."""
    hrefs = {}
    for number, (_, slug) in CHAPTERS.items():
        document = f"notebooks/{slug}"
        if document in app.env.found_docs:
            hrefs[number] = app.builder.get_relative_uri(pagename, document) or "#"
    here = number_of(pagename)
    return draw(hrefs, here)


def draw(hrefs: dict[str, str], here: str | None = None) -> str:
    """`hrefs` maps the numbers of existing chapters to their pages."""
    wide = "".join([*_head(), *_wide_groups(hrefs, here), *_wide_strips(hrefs, here)])
    narrow, height = _narrow(hrefs, here)
    return (
        '<div class="family-map">'
        + _svg("wide", WIDTH, HEIGHT, wide)
        + _svg("narrow", 360, height, narrow)
        + "</div>"
    )


def _svg(kind: str, width: int, height: int, body: str) -> str:
    # a group, not an image: the links inside an image would not exist for some readers
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="group"'
        f' aria-labelledby="map-{kind}-title" aria-describedby="map-{kind}-desc">'
        f'<title id="map-{kind}-title">{TITLE}</title>'
        f'<desc id="map-{kind}-desc">{DESCRIPTION}</desc>{body}</svg>'
    )


def _node(number: str, x: float, y: float, width: float, hrefs: dict, here) -> str:
    name = CHAPTERS[number][0]
    middle = y + NODE_HEIGHT / 2 + 4.5
    shape = (
        f'<rect x="{x}" y="{y}" width="{width}" height="{NODE_HEIGHT}" rx="7"/>'
        f'<text x="{x + 9}" y="{middle}"><tspan class="number">{number}</tspan>'
        f' <tspan dx="3">{escape(name)}</tspan></text>'
    )
    if number == here:
        return f'<g class="node here" aria-current="page">{shape}</g>'
    if number in hrefs:
        return f'<a class="node built" href="{escape(hrefs[number])}">{shape}</a>'
    return f'<g class="node planned">{shape}</g>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "middle") -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(text)}</text>'


def _arrow(path: str, tip: tuple[float, float], direction: str) -> str:
    x, y = tip
    heads = {
        "down": f"M{x - 4} {y - 6}L{x} {y}L{x + 4} {y - 6}",
        "up": f"M{x - 4} {y + 6}L{x} {y}L{x + 4} {y + 6}",
        "left": f"M{x + 6} {y - 4}L{x} {y}L{x + 6} {y + 4}",
        "right": f"M{x - 6} {y - 4}L{x} {y}L{x - 6} {y + 4}",
    }
    return f'<path class="edge" d="{path}{heads[direction]}"/>'


def _head() -> Iterator[str]:
    """x, encoder, what limits the code, decoder, x_hat."""
    yield _text(30, 53, "x", "letter")
    yield _arrow("M54 46H100", (100, 46), "right")
    yield '<path class="machine" d="M110 8L260 30V62L110 84Z"/>'
    yield _text(182, 51, "encoder", "word")
    yield '<rect class="question" x="272" y="22" width="250" height="48" rx="24"/>'
    yield _text(397, 51, "what limits the code?", "word")
    yield '<path class="machine" d="M684 8L534 30V62L684 84Z"/>'
    yield _text(612, 51, "decoder", "word")
    yield _arrow("M694 46H740", (740, 46), "right")
    yield _text(764, 53, "x̂", "letter")


def _wide_groups(hrefs: dict, here) -> Iterator[str]:
    place: dict[str, tuple[float, float]] = {}
    small = [group for group in GROUPS if len(group.columns) == 1]
    for i, group in enumerate(small):
        left = i * PITCH
        yield f'<g class="glyph" transform="translate({left} 104)">'
        yield f'<path d="{group.glyph}"/></g>'
        yield _text(left, 150, group.title, "group", "start")
        for j, number in enumerate(group.columns[0]):
            place[number] = (left, TOP + j * ROW)
    (large,) = (group for group in GROUPS if len(group.columns) > 1)
    yield f'<g class="glyph" transform="translate(0 {SECOND - 38})">'
    yield f'<path d="{large.glyph}"/></g>'
    yield _text(52, SECOND - 20, large.title, "group", "start")
    for j, row in enumerate(large.columns):
        for i, number in enumerate(row):
            if number:
                place[number] = (i * PITCH, SECOND + j * ROW)
    for number, (x, y) in place.items():
        yield _node(number, x, y, NODE_WIDTH, hrefs, here)
    yield from _edges(place)


def _edges(place: dict[str, tuple[float, float]]) -> Iterator[str]:
    """What leads to what: noise gives the score, and discrete codes want a prior."""
    half = NODE_HEIGHT / 2
    x, y = place["25"][0] + NODE_WIDTH / 2, place["25"][1] - 2
    yield _arrow(f"M{x} {place['06'][1] + NODE_HEIGHT}V{y}", (x, y), "down")
    for before, after in (("07", "08"), ("08", "09")):
        x, y = place[after][0] - 2, place[after][1] + half
        yield _arrow(f"M{place[before][0] + NODE_WIDTH} {y}H{x}", (x, y), "right")
    x23, y23 = place["23"][0], place["23"][1] + half
    x05, y05 = place["05"][0] + NODE_WIDTH / 2, place["05"][1] + NODE_HEIGHT
    gap, level = 3 * PITCH - (PITCH - NODE_WIDTH) / 2, TOP + 3 * ROW + 2
    yield _arrow(
        f"M{x05} {y05}V{level - 8}Q{x05} {level} {x05 + 8} {level}H{gap - 8}"
        f"Q{gap} {level} {gap} {level + 8}V{y23 - 8}"
        f"Q{gap} {y23} {gap + 8} {y23}H{x23 - 2}",
        (x23 - 2, y23),
        "right",
    )
    yield _text((x05 + gap) / 2, level - 6, "the score", "edge-label")
    right, start, end = place["22"][0] + NODE_WIDTH, place["22"][1] + half, y23
    yield _arrow(
        f"M{right} {start}H{right + 8}Q{right + 14} {start} {right + 14} {start + 6}"
        f"V{end - 6}Q{right + 14} {end} {right + 8} {end}H{right + 2}",
        (right + 2, end),
        "left",
    )


def _wide_strips(hrefs: dict, here) -> Iterator[str]:
    y = SECOND + 2 * ROW + 40
    width = (WIDTH - 3 * 12) / 4
    for title, numbers in STRIPS:
        yield _text(0, y, title, "group", "start")
        for i, number in enumerate(numbers):
            left, top = (i % 4) * (width + 12), y + 12 + (i // 4) * 37
            yield _node(number, left, top, width, hrefs, here)
        y += 37 * ((len(numbers) + 3) // 4) + 36


def _narrow(hrefs: dict, here) -> tuple[str, int]:
    """The same in one column of 360, two nodes side by side; returns its height too."""
    parts = [
        _text(180, 20, "x → encoder → code → decoder → x̂", "word"),
        _text(180, 46, "What limits the code?", "word question-text"),
    ]
    y = 66
    blocks = [
        (g.title, [n for c in g.columns for n in c if n], g.glyph) for g in GROUPS
    ]
    blocks += [(title, numbers, None) for title, numbers in STRIPS]
    for title, numbers, glyph in blocks:
        if glyph:
            parts.append(f'<g class="glyph" transform="translate(0 {y})">')
            parts.append(f'<path d="{glyph}"/></g>')
        parts.append(_text(52 if glyph else 0, y + 17, title, "group", "start"))
        y += 34
        for i, number in enumerate(numbers):
            x, row = (i % 2) * 184, y + (i // 2) * 37
            parts.append(_node(number, x, row, 176, hrefs, here))
        y += 37 * ((len(numbers) + 1) // 2) + 14
    return "".join(parts), y
