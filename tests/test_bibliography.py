"""Links to works of the bibliography lead to them, and back."""

import re
import sys

import pytest
import small_book
from chapters import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))

from book_site import citations

BIB = """\
@article{kingma2015adam, title={Adam}, author={Kingma, Diederik P. and Ba, Jimmy},
  journal={ICLR}, year={2015}}
@article{oja1982simplified, title={Simplified}, author={Oja, Erkki}, journal={J},
  year={1982}}
"""
CONF = """
extensions = ["myst_parser", "sphinxcontrib.bibtex"]
bibtex_bibfiles = ["references.bib"]
"""


def prepare(app) -> None:
    app.connect("doctree-read", citations.mark_links)
    app.connect("env-updated", citations.name_entries, priority=900)
    app.connect("doctree-resolved", citations.add_back_links)


def build(folder, index: str) -> tuple[dict[str, str], str]:
    """Pages of a small book, and what Sphinx warned of."""
    texts = {
        "conf.py": CONF,
        "references.bib": BIB,
        "index.md": f"# Index\n\n{index}\n\n```{{toctree}}\nbibliography\n```\n",
        "bibliography.md": "# Bibliography\n\n```{bibliography}\n:all:\n```\n",
    }
    return small_book.build(folder, texts, prepare)


ADAM = "[Kingma and Ba, 2015](bibliography.md#ref-kingma2015adam)"


def test_a_link_leads_to_the_work_and_back(tmp_path):
    index = f"See {ADAM} and {ADAM}, and {{cite:t}}`oja1982simplified`."
    pages, complaints = build(tmp_path, index)
    assert complaints == ""
    links = re.findall(
        r'href="bibliography.html#ref-(\w+)" id="([\w-]+)"', pages["index"]
    )
    assert links == [("kingma2015adam", "cites-1"), ("kingma2015adam", "cites-2")]
    adam, oja = re.findall(
        r'id="ref-(\w+)".*?Cited in Index (.*?)</p>', pages["bibliography"], flags=re.S
    )
    assert adam[0] == "kingma2015adam" and oja[0] == "oja1982simplified"
    assert re.findall(r'href="index.html#([\w-]+)"', adam[1]) == ["cites-1", "cites-2"]
    assert len(re.findall(r'href="index.html#id\d+"', oja[1])) == 1


def test_a_work_that_nobody_knows_is_a_warning(tmp_path):
    _, complaints = build(tmp_path, ADAM.replace("adam", "eve"))
    assert "local id not found" in complaints


@pytest.mark.parametrize("name", ["mark_links", "name_entries", "add_back_links"])
def test_the_extension_connects_it(name):
    source = (ROOT / "book" / "_ext" / "book_site" / "__init__.py").read_text()
    assert re.search(rf'app\.connect\("[\w-]+", citations\.{name}\b', source)
