"""Formulas as MathML, which browsers draw by themselves: pages need no script and no network."""

from __future__ import annotations

import re
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING, Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

# What LaTeX knows of spaces and the converter does not: thin ones about functions, none after a
# sign, and bars that open and close.
_FUNCTION = "<mi>(?:arg|cos|exp|log|sin|tanh)</mi>"
_SPACED = (
    rf"(</m(?:i|n|row|sub|sup|subsup|frac|sqrt)>|&#x00029;</mo>)(?={_FUNCTION})",
    rf"({_FUNCTION})(?=<m(?:i|n|sub|sup|subsup|frac|o mov))",
)
_SIGN = re.compile(r"(?<=(?:&#x00028;|&#x0003D;)</mo>)<mo>(?=&#x02212;)")
_BAR, _FORMS = '<mo stretchy="false">&#x0007C;</mo>', ("prefix", "postfix")


def _drawn(latex: str, display: str) -> str:
    """MathML of a formula, spaced as LaTeX would."""
    markup = convert(latex, display=display)
    for place in _SPACED:
        markup = re.sub(place, r'\1<mspace width="0.167em" />', markup)
    markup = _SIGN.sub('<mo form="prefix">', markup)
    parts = markup.split(_BAR)
    if len(parts) % 2:
        forms = cycle(f'<mo stretchy="false" form="{form}">&#x0007C;</mo>' for form in _FORMS)
        markup = parts[0] + "".join(bar + part for bar, part in zip(forms, parts[1:], strict=False))
    return markup


class Unbroken(SphinxPostTransform):
    """No line ends between a formula and the bracket before or the full stop after it."""

    default_priority = 900
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Put both into one span."""
        for formula in list(self.document.findall(nodes.math)):
            around = formula.parent
            place = around.index(formula)
            before, after = around[:place], around[place + 1 :]
            opening = closing = ""
            if before and isinstance(before[-1], nodes.Text) and before[-1][-1:] in ("(", "["):
                opening = before[-1][-1]
                around[place - 1] = nodes.Text(before[-1][:-1])
            if after and isinstance(after[0], nodes.Text):
                closing = re.match(r"[.,;:)\]’]*", after[0])[0]  # type: ignore[index]
                around[place + 1] = nodes.Text(after[0][len(closing) :])
            if opening or closing:
                around[place] = nodes.inline(
                    "", "", nodes.Text(opening), formula, nodes.Text(closing), classes=["unbroken"]
                )


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(_drawn(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    label = escape(str(node["ids"][0])) if node.get("ids") else ""
    self.body.append(f'<div class="formula"{f" id={label!r}" if label else ""}>')
    self.body.append(_drawn(node.astext(), "block"))
    self.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.add_post_transform(Unbroken)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
