"""Jinja, with every finished page passed through `pages.finish`."""

from sphinx.jinja2glue import BuiltinTemplateLoader

from book_site import pages


class Bridge(BuiltinTemplateLoader):
    def render(self, template: str, context: dict) -> str:
        text = super().render(template, context)
        if "<html" not in text[:500]:
            return text
        return pages.finish(text, context.get("pagename", ""), context.get("book_page"))
