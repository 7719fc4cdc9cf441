"""What is prose, and what in it is a number."""

import pytest
from lesson_text import paragraphs, prose, quoted

NUMBERS = {
    "an error of 19.3 and 60,000 images": "19.3 60000",
    "$60\\,000$ and $9.35$ and $28\\,\\%$": "60000 9.35 28",
    "from -3 to −2.5e-3": "-3 -0.0025",
    "10-20, 10–20": "10 20 10 20",
    "60 000 images; 17.5±0.2 of 1/784": "60000 17.5 0.2 1 784",
    "1.5 million; 290 thousand": "1500000 290000",
    ".0119 and 28 %": "0.0119 28",
    "3x faster in 45s": "3 45",
    "ends with 12. And 13, too; (14) “15”": "12 13 14 15",
    "28 × 28 pixels": "28 28",
    "twelve of sixty thousand": "12 60000",
    "a hundred, two hundred and fifty, a dozen": "100 250 12",
    "twenty-four; ten to twenty times": "24 20",
    "2000 images, 2,010 images": "2000 2010",
}
NO_NUMBERS = [
    "one of ten, three hundreds of them, twice, half, a third",
    "the twelfth, the 28th, the 1st",
    "PCA-16, the 16-number code, float16, 64x64, 48×8×8, E3, 5-NN",
    "2D, 3-D, 784-128-64-32-16, sixteen-number code",
    "in 2006, in the 1980s, (1999)",
    "chapters 4, 7 and 9; Chapter 12; chapters 3 to 5",
    "[Hinton and Salakhutdinov, 2006](x.md#a1) and [chapter 4](04_x.ipynb)",
    "`n = 12` and $x_{12} = 12$ and {eq}`eq-12` and {ref}`12 <ex-12>`",
    "$$\n12\n$$",
    "```python\nn = 12\n```",
    "```{math}\n:label: eq-a\n12\n```",
    "| 12 | 13 |\n|---|---|\n| 14 | 15 |",
    "1. first\n2. second",
    "(ch-12)=",
    "Python 3.11, CC BY 4.0, Apache-2.0, https://a.org/12, arXiv:1412.6980",
    "```{exercise-start} E1 (10 minutes, ●○○, proof): why\n:label: ex-12\n```",
    "<svg><text>12</text></svg><!-- 12 -->",
    "\\begin{align}\n12\n\\end{align}",
]


def values(text: str) -> list[float]:
    return [number.value for p in paragraphs(text) for number in p.numbers]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text):
    assert values(text) == [float(number) for number in NUMBERS[text].split()]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number(text):
    assert values(text) == []


PROSE = {
    "dropdown": ("```{dropdown} Proof of 13\nwith 14\n```\nand 15", "13 14 15"),
    "nested": ("````{note}\n```{math}\n12\n```\nwith 13\n````", "13"),
    "after code": ("```{note}\n12\n```\n13\n\n```python\n14\n```\n15", "12 13 15"),
    "colons": (":::{tip} 12\n13\n:::\n14", "12 13 14"),
    "drawing": ("![a drawing of 12](a13.svg)", "12"),
    "figure": ("```{figure} 11.svg\n:alt: shows 12\n:width: 99\nof 13\n```", "12 13"),
    "html": ('<img src="11.svg" alt="shows 12" width="99">', "12"),
    "heading": ("## The 12 rules\ntext 13", "12 13"),
    "exercise": ("```{exercise-start} E1 (10 minutes): to 17\n:label: a\n```", "17"),
    "list": ("- 12\n- of *13*\n  and 14", "12 13 14"),
    "term": ("{term}`12 codes <code>`", "12"),
}


@pytest.mark.parametrize("name", PROSE)
def test_prose(name):
    text, numbers = PROSE[name]
    assert values(text) == [float(number) for number in numbers.split()]


@pytest.mark.parametrize(
    ("text", "half", "scale"),
    [
        ("19", 0.5, 1),
        ("9.35", 0.005, 1),
        ("-2.5e-3", 0.00005, 1),
        ("1.5 million", 50_000, 1e6),
        ("60,000", 0.5, 1),
        ("sixty thousand", 0, 1e3),
        ("a hundred", 0, 100),
    ],
)
def test_what_the_last_digit_can_hide(text, half, scale):
    ((number,),) = (p.numbers for p in paragraphs(text))
    assert number.half == pytest.approx(half) and number.scale == scale
    assert number.text == text


def test_a_paragraph_as_it_is_read():
    text = "The *price* **costs**\nalmost [nothing](x) in `code`, $x^2$, a_b, 3 * 4."
    (found,) = paragraphs(text)
    assert found.text == "The price costs almost nothing in `code`, $x^2$, a_b, 3 * 4."
    assert found.text == quoted("The price costs almost nothing in `code`, $x^2$,") + (
        " a_b, 3 * 4."
    )
    assert found.n_words == 12  # without code and formula


def test_captions_and_texts_of_figures_are_prose():
    from chapters import Cell

    metadata = {"mystnb": {"figure": {"caption": "of 12"}, "image": {"alt": "of 13"}}}
    cells = [
        Cell(0, "code", "x = 14", metadata, "a"),
        Cell(1, "markdown", "15", {}, "b"),
    ]
    found = [(p.cell, n.value) for p in prose(cells) for n in p.numbers]
    assert found == [("a", 12), ("a", 13), ("b", 15)]
