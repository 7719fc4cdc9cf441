"""The site's own Sphinx extension: what makes the pages of this book this book's.

- `bridge`: every page passes through `pages.finish`: icons drawn in place, scripts that
  the page does not need dropped, a Content-Security-Policy, ids made unique.
- `family`: the map of the family, drawn from one table; `{family-map}` in a page.
- `figures`: `{chapter-figure}` shows a figure of a chapter on another page.
- `citations`: links to the works of the bibliography, and back to where they are cited.
- `launch`: repository, Colab, Binder and Kaggle links, once an address is set.
- `environment`: what the kernels need to know, so that plain `jupyter-book build .`
  gives the same site as `make book`.
- `copies`: each page with code as a notebook that reads and runs wherever it is opened.
- `api`: docstrings of aelib, written as plain text, made safe as reStructuredText.
"""

import shutil
import warnings
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from book_site import (
    api,
    citations,
    copies,
    environment,
    facts,
    family,
    figures,
    launch,
)

HERE = Path(__file__).parent


def setup(app: Sphinx) -> dict:
    environment.prepare(Path(app.srcdir))
    # importing torch while Sphinx' toc reader walks the garbage collector's objects
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch")
    warnings.filterwarnings(
        "ignore", category=FutureWarning, module="sphinx_external_toc"
    )
    app.add_config_value("book_repository", "", "html", str)
    app.connect("config-inited", _configure, priority=900)
    app.connect("html-page-context", _page_context, priority=900)
    app.connect("doctree-read", citations.mark_links)
    app.connect("env-updated", citations.name_entries, priority=900)  # after bibtex
    app.connect("doctree-resolved", citations.add_back_links)
    app.connect("autodoc-process-docstring", api.make_safe, priority=400)
    app.add_directive("family-map", family.FamilyMap)
    app.add_directive("chapter-figure", figures.ChapterFigure)
    app.add_node(
        family.family_map,
        html=(family.visit_html, None),
        latex=(family.skip, None),
        text=(family.skip, None),
    )
    app.add_node(figures.chapter_figure)
    app.connect("doctree-resolved", figures.resolve, priority=100)
    app.connect("build-finished", _remove_unused)
    app.connect("build-finished", copies.write_all)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}


def _configure(app: Sphinx, config: Config) -> None:
    config.template_bridge = "book_site.bridge.Bridge"
    config.templates_path = [str(HERE / "templates"), *config.templates_path]
    static = Path(app.srcdir) / "book" / "_static"
    if static.is_dir():
        config.html_static_path = [*config.html_static_path, str(static)]
        app.add_css_file("book.css", priority=900)
        app.add_js_file("book.js", priority=900)


def _page_context(app: Sphinx, pagename: str, template: str, context: dict, doctree):
    name = f"{pagename}.ipynb"
    has_code = (Path(app.srcdir) / name).exists()
    copy = Path(name).name if has_code else None
    address, site = app.config.book_repository, app.config.html_baseurl
    context["book_repository"] = address
    context["book_links"] = launch.links(address, copy, published=bool(site))
    context["book_notebook"] = copy and context["pathto"](f"copies/{copy}", 1)
    is_chapter = family.number_of(pagename) is not None
    context["book_page"] = {
        "facts": facts.run_seconds(app, pagename) if has_code else None,
        "map": family.render(app, pagename) if is_chapter else None,
        "has_code": has_code,
    }


# files of the themes that no page loads: fontawesome alone is 5 MB
UNUSED = (
    "_static/scripts/fontawesome.js*",
    "_static/scripts/*.map",
    "_static/styles/*.map",
    "_static/vendor/fontawesome",
    "_static/sphinx-thebe.*",
    "_static/webpack-macros.html",
    "_static/sbt-webpack-macros.html",
)


def _remove_unused(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for pattern in UNUSED:
            for path in Path(app.outdir).glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
