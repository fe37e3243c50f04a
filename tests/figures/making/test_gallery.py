"""The gallery in the documentation shows every figure, with the caption of its module."""

from pathlib import Path

import pytest

from convergen.figures.making import registry

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", list(registry.figures()))
def test_gallery_shows_the_figure(name):
    module = registry.load(name)
    text = " ".join((DOCS / "gallery.md").read_text(encoding="utf-8").split())
    assert f"## {module.NUMBER}. {module.TITLE} " in text
    assert f"![{module.TITLE}](gallery/{name}.png)" in text
    assert module.CAPTION in text
    assert f"`convergen figures make {name}`" in text
    assert (DOCS / "gallery" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
