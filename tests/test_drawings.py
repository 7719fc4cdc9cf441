"""The drawings of the pages: one style, a text instead of each, none left over."""

import importlib.util
import re
import xml.etree.ElementTree as ET

import pytest
from chapters import NOTEBOOKS, PAGES, ROOT, markdown

spec = importlib.util.spec_from_file_location("drawings", ROOT / "scripts/drawings.py")
drawings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawings)

FILES = sorted(drawings.FOLDER.glob("*.svg"))
LINK = re.compile(r"!\[([^\]]*)\]\((?:\.\./book/)?_static/drawings/(\w+\.svg)\)")


def test_every_drawing_is_made_by_the_script_and_shown_by_a_page():
    pages = [*NOTEBOOKS, *PAGES]
    shown = {name for path in pages for _, name in LINK.findall(markdown(path))}
    assert shown == {path.name for path in FILES}
    assert shown == {f"{slug}.svg" for slug in drawings.DRAWINGS}
    for path in pages:
        for text, _ in LINK.findall(markdown(path)):
            assert len(text) > 40, path.stem


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_drawing_is_what_the_script_draws_in_the_one_style(path):
    text = path.read_text(encoding="utf-8")
    assert text == drawings.DRAWINGS[path.stem]()
    assert text.count(f"<style>{drawings.STYLE}</style>") == 1
    root = ET.fromstring(text)
    styled = re.findall(r"^(?:\w+)?\.(\w+) \{", drawings.STYLE, flags=re.M)
    for node in root.iter():
        kind = node.get("class")
        assert kind is None or kind in {*styled, "word"}, kind
        assert not {"fill", "stroke", "style", "font-size"} & set(node.attrib)
        assert "http" not in node.get("href", ""), "a drawing loads nothing"
