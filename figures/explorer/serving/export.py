"""What can be taken along: the link, the command, and the figure that the command draws."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path

from bokeh.layouts import column, row
from bokeh.models import Button, CustomJS, Div, TextInput

from convergen.figures.explorer.drawing.sheets import TEXT, WIDGETS
from convergen.theory.forecast.predict import Request, dense_grid, main_names
from convergen.theory.forecast.subject import Subject

_TYPES = {"pdf": "application/pdf", "png": "image/png"}
_SAVE = """
const file = JSON.parse(cb_obj.value);
const bytes = Uint8Array.from(atob(file.data), c => c.charCodeAt(0));
const link = document.createElement('a');
link.href = URL.createObjectURL(new Blob([bytes], {type: file.type}));
link.download = file.name;
link.click();
"""


class Export:
    """Buttons and the command.

    Parameters
    ----------
    current : callable
        Gives what is shown.
    """

    def __init__(self, current: Callable[[], tuple[Subject, Request]]) -> None:
        self.current = current
        wide = {"sizing_mode": "stretch_width", "stylesheets": [WIDGETS, TEXT]}
        self.link = TextInput(name="link", visible=False)
        self.link.js_on_change(
            "value", CustomJS(code="history.replaceState(null, '', cb_obj.value)")
        )
        self.text = TextInput(name="command", visible=False)
        self.file = TextInput(name="file", visible=False)
        self.file.js_on_change("value", CustomJS(code=_SAVE))
        self.shown = Div(name="shown_command", **wide)
        copy = Button(label="Copy the command", **wide)
        copy.js_on_click(
            CustomJS(args={"t": self.text}, code="navigator.clipboard.writeText(t.value)")
        )
        share = Button(label="Copy the link", **wide)
        share.js_on_click(CustomJS(code="navigator.clipboard.writeText(location.href)"))
        figures = [Button(label=f"Figure as {kind.upper()}", name=kind, **wide) for kind in _TYPES]
        for kind, button in zip(_TYPES, figures, strict=True):
            button.on_click(partial(self._draw, kind))
        self.all = column(
            self.shown, row(copy, share, sizing_mode="stretch_width"),
            row(*figures, sizing_mode="stretch_width"),
            self.link, self.text, self.file, name="export", sizing_mode="stretch_width",
        )  # fmt: skip

    def tell(self, command: str) -> None:
        """Show a command.

        Parameters
        ----------
        command : str
            As a shell takes it.
        """
        self.text.value = command
        self.shown.text = f"<pre class='command'>{escape(command)}</pre>"

    def _draw(self, kind: str) -> None:
        data = figure_file(*self.current(), kind)
        self.file.value = json.dumps(
            {
                "name": f"prediction.{kind}",
                "type": _TYPES[kind],
                "data": base64.b64encode(data).decode("ascii"),
            }
        )


def figure_file(subject: Subject, request: Request, kind: str) -> bytes:
    """The figure that ``convergen predict --plot`` draws, as a file.

    Parameters
    ----------
    subject : Subject
        What is predicted.
    request : Request
        The samples of the page.
    kind : {'pdf', 'png'}
        Its format.

    Returns
    -------
    bytes
    """
    from convergen.figures.looks.style import save
    from convergen.figures.plots.curves import draw

    smooth = replace(request, samples=dense_grid(request.samples))
    curves, _ = subject.forecast(smooth, main_names())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"prediction.{kind}"
        save(draw(curves.dataset(), None), path)
        return path.read_bytes()
