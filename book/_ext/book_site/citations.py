"""Links from each work of the bibliography back to the places that cite it."""

from docutils import nodes
from sphinx.application import Sphinx


def add_back_links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    domain = app.env.domains.get("cite")
    if domain is None:
        return
    keys = {c.citation_id: c.key for c in domain.citations}
    for node in doctree.findall(nodes.citation):
        key = next((keys[i] for i in node["ids"] if i in keys), None)
        places = [
            ref
            for ref in domain.citation_refs
            if any(key == target.key for target in ref.targets)
        ]
        if key is not None and places:
            node += _paragraph(app, docname, places)


def _paragraph(app: Sphinx, docname: str, places: list) -> nodes.paragraph:
    """ "Cited in Linear Autoencoder (1, 2)", each number a link."""
    paragraph = nodes.paragraph(classes=["cited-in"])
    paragraph += nodes.Text("Cited in ")
    documents = list(dict.fromkeys(ref.docname for ref in places))
    for i, document in enumerate(documents):
        if i:
            paragraph += nodes.Text("; ")
        paragraph += nodes.Text(app.env.titles[document].astext())
        here = [ref for ref in places if ref.docname == document]
        for number, ref in enumerate(here, start=1):
            uri = app.builder.get_relative_uri(docname, document)
            uri = f"{uri}#{ref.citation_ref_id}"
            paragraph += nodes.Text(" " if number == 1 else ", ")
            paragraph += nodes.reference(
                "", str(number), internal=True, refuri=uri,
                reftitle=f"place {number}",
            )  # fmt: skip
    return paragraph
