"""The prose of a lesson as a reader meets it, and the numbers in it.

Prose is everything that is read as sentences: paragraphs, lists, headings, exercises,
dropdowns, captions and alternative texts. Formulas, code, tables, links and roles are
not; they keep their place in a paragraph, so that words around them can be quoted, but
their characters are moved into a private plane where no number is looked for.

What counts as a number:

- digits, with sign, thousands (`60,000`), decimals and exponent, also alone between
  dollars (`$9.35$`); words from eleven up (`sixty thousand`, `a hundred`, `a dozen`);
- not ordinals (`28th`, `twelfth`), nor numbers of list items, chapters, versions and
  licences, nor the head of an exercise;
- not years: four digits from 1900 to 2099, except 2000; write a count as `2,010`;
- not names: a number tied to letters by a hyphen or inside a word, as in PCA-16, the
  16-number code, float16, 64x64, 2D, 784-128-16. But `3x`, `45s` and `10k` are numbers.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chapters import Cell

CODE = 0xF0000  # formulas, code, references: neither words nor numbers
NAME = 0x100000  # links, years, names: words, but not numbers

# Directives whose first line holds words of the author; all others hold an address.
TITLED = {
    *("admonition", "dropdown", "note", "tip", "warning", "important", "hint"),
    *("exercise-start", "exercise", "table", "card", "tab-item", "topic", "sidebar"),
    *("prf:theorem", "prf:lemma", "prf:proof", "prf:definition", "prf:example"),
}
VERBATIM = {"math", "code-cell", "code-block", "code", "list-table", "csv-table"}
SHOWN_ROLES = {"term", "abbr", "sub", "sup"}


def _hide(text: str, plane: int) -> str:
    return "".join(
        chr(plane + ord(c)) if not c.isspace() and ord(c) < 0xFFFE else c for c in text
    )


def _plain(text: str) -> str:
    return "".join(
        chr(ord(c) - (NAME if ord(c) >= NAME else CODE)) if ord(c) >= CODE else c
        for c in text
    )


class Paragraph:
    """One paragraph: `text` as it is read, and what of it may hold numbers."""

    def __init__(self, marked: str, cell: str = "") -> None:
        self._marked = " ".join(marked.split())
        self.text = _plain(self._marked)
        self.cell = cell  # id of the cell it stands in

    @property
    def n_words(self) -> int:
        """Words, without code and formulas."""
        kept = (" " if CODE <= ord(c) < NAME else c for c in self._marked)
        return len("".join(kept).split())

    @property
    def numbers(self) -> list["Number"]:
        return numbers_in("".join(c if ord(c) < CODE else "\0" for c in self._marked))


def paragraphs(source: str, cell: str = "") -> list[Paragraph]:
    """The paragraphs of a Markdown text, in order."""
    text = _inline(_blocks(source))
    heading = re.compile(r"^\s*#{1,6} +(.*)$", re.M)
    text = heading.sub(r"\n\n\1\n\n", text)
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.) )", text)
    parts = [re.sub(r"^\s*(?:[-*+>]|\d+\.) +", "", part) for part in parts]
    found = [Paragraph(_names(_unmarked(part)), cell) for part in parts]
    return [paragraph for paragraph in found if paragraph.text]


def prose(found: list[Cell]) -> list[Paragraph]:
    """The paragraphs of these cells, captions and alternative texts included."""
    result = []
    for cell in found:
        if cell.kind == "markdown":
            result += paragraphs(cell.source, cell.id)
        else:
            for text in (cell.figure.get("caption", ""), cell.alt):
                result += paragraphs(text, cell.id)
    return result


def quoted(quotation: str) -> str:
    """A quotation in the same plain form as `Paragraph.text`."""
    return " ".join(p.text for p in paragraphs(quotation))


def _blocks(text: str) -> str:
    """Without formulas, code and tables that stand alone, and lines for the machine."""
    text = re.sub(r"<!--.*?-->|<svg.*?</svg>", " ", text, flags=re.S)
    text = without_fences(text)
    text = re.sub(r"\$\$.*?\$\$", _hidden, text, flags=re.S)
    text = re.sub(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", _hidden, text, flags=re.S)
    text = re.sub(r"^ *:alt: *(.*)$", r"\n\n\1\n\n", text, flags=re.M)
    text = re.sub(r"^ *:[\w-]+:.*$", "", text, flags=re.M)
    text = re.sub(r"^\([\w-]+\)=$|^%.*$|^ *\|.*$", "", text, flags=re.M)
    text = re.sub(r"<img [^>]*alt=\"([^\"]*)\"[^>]*>", r"\n\n\1\n\n", text)
    return re.sub(r"</?[a-zA-Z][^<>]*>", " ", text)


def without_fences(text: str) -> str:
    """Code, formulas and tables between fences go; of directives the text stays."""
    kept, open_fences = [], []  # of each: its characters, and whether its text goes
    for line in text.splitlines():
        fence = re.match(r" *([`~:]{3,})(.*)$", line)
        shut = bool(open_fences) and open_fences[-1][1]
        if not fence:
            kept.append("" if shut else line)
            continue
        marks, rest = fence[1], fence[2].strip()
        if open_fences and not rest and marks.startswith(open_fences[-1][0]):
            open_fences.pop()
        elif not shut:
            name = re.match(r"\{([\w:-]+)\} *(.*)$", rest)
            open_fences.append((marks, name is None or name[1] in VERBATIM))
            kept.append(_title(*name.groups()) if name else "")
            continue
        kept.append("")
    return "\n".join(kept)


def _hidden(match: re.Match) -> str:
    return _hide(match[0], CODE)


def _title(name: str, words: str) -> str:
    if name not in TITLED:
        return "\n"
    head = re.match(r"E\d \([^)]*\)", words)  # "E1 (10 minutes, ●○○, proof)"
    if head:
        words = _hide(head[0], NAME) + words[head.end() :]
    return f"\n\n{words}\n\n"


def _inline(text: str) -> str:
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\n\n\1\n\n", text)
    text = re.sub(r"\{([\w:+-]+)\}(`+)(.*?)\2", _role, text, flags=re.S)
    text = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", _hidden, text, flags=re.S)
    text = re.sub(r"(?<!\\)\$([^$]+)\$", _formula, text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", lambda m: _hide(m[1], NAME), text)
    return re.sub(r"https?://\S+|arXiv:\S+", lambda m: _hide(m[0], NAME), text)


def _role(match: re.Match) -> str:
    if match[1] not in SHOWN_ROLES:
        return _hide(match[3], CODE)
    return re.sub(r"\s*<[^<>]*>$", "", match[3])


def _formula(match: re.Match) -> str:
    """A number alone between dollars is prose, with any mark between thousands."""
    inside = re.sub(r"\\,|\{,\}", ",", match[1]).replace(r"\%", " %").strip()
    if re.fullmatch(r"[-+−]?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?(?: %)?", inside):
        return inside
    return _hide(match[0], CODE)


def _unmarked(text: str) -> str:
    """Without emphasis and escapes; a lone asterisk between spaces stays."""
    text = re.sub(r"\\([^\w\s])", r"\1", text)
    text = re.sub(r"(?<=\S)\*+|\*+(?=\S)", "", text)
    return re.sub(r"(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)", "", text)


NAMES = re.compile(
    r"\b[Cc]hapters? \d+(?:(?:,? and |, | to |–)\d+)*"
    r"|\b(?:19\d\d|20(?!00)\d\d)s?\b(?![.,]?\d)"  # years
    r"|\b(?:Python|PyTorch|CUDA|version) \d+(?:\.\d+)*"
    r"|\bCC BY(?:-\w+)* \d\.\d|\bApache(?:-| licence )2\.0"
    r"|(?<![\w.-])\d+(?:-\d+){2,}(?![\w-])"  # the widths of a network
    r"|\b[123]-?D\b"
)


def _names(text: str) -> str:
    text = " ".join(text.split())
    return NAMES.sub(lambda m: _hide(m[0], NAME), text)


class Number(NamedTuple):
    """A number in a text: its place, its value, and how far the truth may lie from it.

    `scale` is that of a word behind it, such as thousand: its value may be given with
    or without it.
    """

    start: int
    end: int
    text: str
    value: float
    half: float  # half a unit of the last printed digit; 0 for words
    scale: float


_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SCALES = {"hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9}
WORDS = {word: i for i, word in enumerate(_ONES.split(), start=1)}
WORDS |= {word: 10 * i for i, word in enumerate(_TENS.split(), start=2)}
WORDS["dozen"] = 12

_SCALE = "|".join(SCALES)
_EXPONENT = r"(?:[eE][-+−]?\d+)?"
_DIGITS = re.compile(
    r"[-+−]?(?:\d{1,3}(?:,\d{3})+(?!\d)"  # 60,000
    r"|\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)"  # 60 000
    rf"|\d+)(?:\.\d+)?{_EXPONENT}"
    rf"|[-+−]?(?<![\w.])\.\d+{_EXPONENT}"  # .5
)
_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_SPELLED = re.compile(
    rf"(?<![\w-])(?:(?:{_WORD})(?:[ -](?:{_WORD}|{_SCALE}))*|an? (?:{_SCALE}|dozen))"
    rf"(?: (?:{_SCALE}))*(?:(?<=hundred|housand) and (?:{_WORD})(?:-(?:{_WORD}))?)?"
    r"(?!\w|-\w)",
    re.I,
)


def numbers_in(text: str) -> list[Number]:
    """Numbers of a plain text, in order; the head of this module says what counts."""
    return sorted([*_digits(text), *_spelled(text)], key=lambda number: number.start)


def _digits(text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        if text[start] in "-+−" and re.search(r"[\w.,)\]%]$", text[:start]):
            start += 1  # a hyphen or a range, not a sign
        if _is_name(text, match.start(), start, end):
            continue
        shown = text[start:end]
        digits = re.sub(r"[,\s]", "", shown).replace("−", "-")
        mantissa, _, exponent = digits.lower().partition("e")
        decimals = len(mantissa.partition(".")[2])
        half = 0.5 * 10.0 ** (int(exponent or 0) - decimals)
        scale = 1.0
        if word := re.match(rf"[ -]({_SCALE})(?![\w-])", text[end:]):
            scale, end = SCALES[word[1]], end + word.end()
        value = float(digits) * scale
        yield Number(start, end, text[start:end], value, half * scale, scale)


def _is_name(text: str, sign: int, start: int, end: int) -> bool:
    before, after = text[:sign], text[end:]
    if re.search(r"[^\W\d]$|[^\W\d][\d.]*-$", before if sign < start else text[:start]):
        return True  # PCA-16, float16, 64x64
    if re.search(r"\d[×x]$", text[:start]) or re.match(r"[×x]\d", after):
        return True
    return bool(re.match(r"(?:st|nd|rd|th)\b|-[^\W\d]", after)) and not re.match(
        rf"-(?:{_SCALE})\b", after
    )


def _spelled(text: str) -> Iterator[Number]:
    for match in _SPELLED.finditer(text):
        parts = re.findall(r"\w+", match[0].lower())
        value, scale = _value_of(parts)
        if value >= 11:
            yield Number(*match.span(), match[0], value, 0.0, scale)


def _value_of(parts: list[str]) -> tuple[float, float]:
    """Value of number words in their order, and the scale that stands last."""
    total, current = 0.0, 0.0
    for part in parts:
        if part == "dozen":
            current = max(current, 1) * 12
        elif part in WORDS:
            current += WORDS[part]
        elif part == "hundred":
            current = max(current, 1) * 100
        elif part in SCALES:
            total, current = total + max(current, 1) * SCALES[part], 0.0
    return total + current, float(SCALES.get(parts[-1], 1))
