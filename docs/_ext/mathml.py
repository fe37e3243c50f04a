"""Formulas as MathML, which browsers draw by themselves: pages need no script and no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from latex2mathml.converter import convert

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    from docutils import nodes as kinds

    self.body.append(convert(node.astext()))
    raise kinds.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    from docutils import nodes as kinds

    label = escape(str(node["ids"][0])) if node.get("ids") else ""
    self.body.append(f'<div class="formula"{f" id={label!r}" if label else ""}>')
    self.body.append(convert(node.astext(), display="block"))
    self.body.append("</div>")
    raise kinds.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
