"""What is taken along: the link, the command, the figure."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from bokeh.events import ButtonClick

from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving import export as module
from convergen.figures.explorer.serving.export import Export, figure_file
from convergen.theory.forecast.predict import dense_grid
from convergen.theory.forecast.subject import Subject


def test_the_command_is_shown_as_words_and_copied_as_it_is():
    export = Export(lambda: None)
    export.tell("convergen predict 'a<b>.npy'")
    assert export.text.value == "convergen predict 'a<b>.npy'"
    shown = "<pre class='command'>convergen predict &#x27;a&lt;b&gt;.npy&#x27;</pre>"
    assert export.shown.text == shown
    assert not any(part.visible for part in (export.link, export.text, export.file))
    assert {part.name for part in (export.link, export.text, export.file, export.all)} == {
        "link", "command", "file", "export",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_each_button_brings_its_format(monkeypatch, kind):
    seen = []
    monkeypatch.setattr(
        module, "figure_file", lambda *given: seen.append(given) or f"a {given[2]}".encode()
    )
    export = Export(lambda: ("subject", "request"))
    (button,) = [each for each in export.all.children[2].children if each.name == kind]
    assert button.label == f"Figure as {kind.upper()}"
    button._trigger_event(ButtonClick(button))
    assert seen == [("subject", "request", kind)]
    file = json.loads(export.file.value)
    assert file["name"] == f"prediction.{kind}"
    assert file["type"] == {"pdf": "application/pdf", "png": "image/png"}[kind]
    assert base64.b64decode(file["data"]) == f"a {kind}".encode()


def test_the_figure_is_that_of_the_command(monkeypatch):
    """The prediction on a dense grid between both ends of the page."""
    from convergen.figures.plots import curves

    names = ["convergence", "latent_recovery"]
    monkeypatch.setattr(module, "main_names", lambda: names)
    drawn = []
    draw = curves.draw
    monkeypatch.setattr(curves, "draw", lambda *data: drawn.append(data) or draw(*data))
    subject = Subject.of(State.from_query({"source": "spiked", "dim": "6", "spikes": "9"}).open())
    request = subject.request(np.array([3.0, 30.0]), factors=1)
    data = figure_file(subject, request, "png")
    assert data.startswith(b"\x89PNG")
    ((shown, points),) = drawn
    assert points is None
    assert shown["samples"].values.tolist() == dense_grid(np.array([3.0, 30.0])).tolist()
    expected, _ = subject.forecast(replace(request, samples=shown["samples"].values), names)
    np.testing.assert_array_equal(shown["convergence"], expected["convergence"])
