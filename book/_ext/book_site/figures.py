"""A figure of a chapter shown on another page, from the very run that built the book.

```{chapter-figure} notebooks/01_linear_autoencoder fig-linear-staircase
A caption.
```
"""

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)


class chapter_figure(nodes.General, nodes.Element):
    """Stands for the picture until every page has been read."""


class shown_figure(nodes.figure):
    """A figure that Sphinx, which asks for the very class, does not number.

    Counted, it would move the numbers of the pages whose figures have no chapter's.
    """


class ChapterFigure(SphinxDirective):
    required_arguments = 2
    has_content = True

    def run(self) -> list[nodes.Node]:
        document, name = self.arguments
        self.env.note_dependency(self.env.doc2path(document))
        figure = shown_figure(classes=["from-chapter"])
        figure += chapter_figure(document=document, name=name)
        caption = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, caption)
        if caption.children:
            legend = nodes.caption("", "", *caption.children[0].children)
            figure += legend
        return [figure]


def resolve(app, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(chapter_figure)):
        source = app.env.get_doctree(node["document"])
        image = next(
            (
                image
                for figure in source.findall(nodes.figure)
                if node["name"] in figure["names"] + figure["ids"]
                for image in figure.findall(nodes.image)
            ),
            None,
        )
        if image is None:
            LOGGER.warning(
                "no figure %s in %s", node["name"], node["document"], location=node
            )
            node.parent.remove(node)
        else:
            node.replace_self(image.deepcopy())
