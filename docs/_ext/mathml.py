"""Formulas as MathML, which browsers draw by themselves: pages need no script and no network."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from latex2mathml.converter import convert

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

_FUNCTION = "<mi>(?:arg|cos|exp|log|sin|tanh)</mi>"
_BEFORE = re.compile(rf"(</m(?:i|n|row|sub|sup|subsup|frac|sqrt)>|&#x00029;</mo>)(?={_FUNCTION})")
_AFTER = re.compile(rf"({_FUNCTION})(?=<m(?:i|n|sub|sup|subsup|frac|o mov))")
_THIN = r'\1<mspace width="0.167em" />'
# Between a formula and a sign that belongs to it no line ends.
_JOINER = "&#8288;"


def _drawn(latex: str, display: str) -> str:
    """MathML with the thin spaces about functions that LaTeX sets."""
    return _AFTER.sub(_THIN, _BEFORE.sub(_THIN, convert(latex, display=display)))


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    from docutils import nodes as kinds

    around = node.parent.children
    place = around.index(node)
    if place and around[place - 1].astext().endswith(("(", "[")):
        self.body.append(_JOINER)
    self.body.append(_drawn(node.astext(), "inline"))
    if around[place + 1 :] and around[place + 1].astext().startswith(tuple(".,;:)]")):
        self.body.append(_JOINER)
    raise kinds.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    from docutils import nodes as kinds

    label = escape(str(node["ids"][0])) if node.get("ids") else ""
    self.body.append(f'<div class="formula"{f" id={label!r}" if label else ""}>')
    self.body.append(_drawn(node.astext(), "block"))
    self.body.append("</div>")
    raise kinds.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
