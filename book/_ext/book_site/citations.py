"""Links to each work of the bibliography, and back to the places that cite it.

A work is cited by a role, {cite:t}`key`, or by an ordinary link, which can be read
everywhere: [Author, year](../book/bibliography.md#ref-key).
"""

from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PREFIX = "ref-"


class Place(NamedTuple):
    """Where a work is cited."""

    docname: str
    id: str


def mark_links(app: Sphinx, doctree: nodes.document) -> None:
    """Give every link to a work an id, for the way back."""
    for number, node in enumerate(_links(doctree), start=1):
        node["ids"].append(f"cites-{number}")


def name_entries(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Tell the parser of links that the bibliography has the places ref-KEY."""
    for citation in env.get_domain("cite").citations:
        document = citation.bibliography_key.docname
        slugs = env.metadata[document].setdefault("myst_slugs", {})
        name = PREFIX + citation.key
        slugs[name] = (0, name, citation.formatted_entry.label)
    return []


def add_back_links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    domain = app.env.domains.get("cite")
    if domain is None:
        return
    keys = {c.citation_id: c.key for c in domain.citations}
    entries = list(doctree.findall(nodes.citation))
    places = _places(app.env, domain) if entries else {}
    for node in entries:
        key = next((keys[i] for i in node["ids"] if i in keys), None)
        if key is not None:
            node["ids"].append(PREFIX + key)
        if key in places:
            node += _paragraph(app, docname, places[key])


def _links(doctree: nodes.document) -> list[addnodes.pending_xref]:
    return [
        node
        for node in doctree.findall(addnodes.pending_xref)
        if (node.get("reftargetid") or "").startswith(PREFIX)
    ]


def _places(env: BuildEnvironment, domain) -> dict[str, list[Place]]:
    """For every key the places that cite it, in the order of the documents."""
    found: dict[str, list[Place]] = {}
    for document in sorted(env.found_docs):
        for ref in domain.citation_refs:
            if ref.docname == document:
                for target in ref.targets:
                    place = Place(document, ref.citation_ref_id)
                    found.setdefault(target.key, []).append(place)
        for node in _links(env.get_doctree(document)):
            key = node["reftargetid"].removeprefix(PREFIX)
            found.setdefault(key, []).append(Place(document, node["ids"][-1]))
    return found


def _paragraph(app: Sphinx, docname: str, places: list[Place]) -> nodes.paragraph:
    """ "Cited in Linear Autoencoder (1, 2)", each number a link."""
    paragraph = nodes.paragraph(classes=["cited-in"])
    paragraph += nodes.Text("Cited in ")
    documents = list(dict.fromkeys(place.docname for place in places))
    for i, document in enumerate(documents):
        if i:
            paragraph += nodes.Text("; ")
        paragraph += nodes.Text(app.env.titles[document].astext())
        here = [place for place in places if place.docname == document]
        for number, place in enumerate(here, start=1):
            uri = app.builder.get_relative_uri(docname, document)
            uri = f"{uri}#{place.id}"
            paragraph += nodes.Text(" " if number == 1 else ", ")
            title = f"place {number}"
            paragraph += nodes.reference(
                "", str(number), internal=True, refuri=uri, reftitle=title
            )
    return paragraph
