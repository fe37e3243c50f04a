"""What is taken along: the link, the command, the figure."""

from tests.figures.explorer.serving.opened import SPIKED, opened


def test_a_figure_comes_as_a_file(clock, quick):
    import base64
    import json

    page = opened(clock, {**SPIKED, "dim": "6", "spikes": "9", "n": "3"})
    page.export._draw("png")
    file = json.loads(page.export.file.value)
    assert file["name"] == "prediction.png"
    assert base64.b64decode(file["data"]).startswith(b"\x89PNG")
