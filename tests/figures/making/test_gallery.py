"""The gallery in the documentation shows every figure, with the caption of its module."""

import shutil
from pathlib import Path

from convergen.figures.making import gallery, registry

DOCS = Path(__file__).parents[3] / "docs"


def test_gallery_is_what_make_gallery_writes():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    head, *rest = text.split("## ")
    assert "figures/data/" in head
    assert [f"## {part}".rstrip() for part in rest] == [one.rstrip() for one in gallery.entries()]
    for name in registry.figures():
        assert (DOCS / "gallery" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_writing_it_again_changes_nothing(tmp_path, monkeypatch):
    one = registry.load("disjoint-training")
    docs = tmp_path / "docs"
    (docs / "gallery").mkdir(parents=True)
    shutil.copy(DOCS / "gallery.md", docs)
    every = gallery.entries()
    with monkeypatch.context() as patched:
        patched.setattr(gallery, "entries", lambda: every)
        patched.setattr(registry, "figures", lambda: {one.NAME: one})
        gallery.write(docs)
    assert (docs / "gallery.md").read_text("utf-8") == (DOCS / "gallery.md").read_text("utf-8")
    assert (docs / "gallery" / f"{one.NAME}.png").stat().st_size > 10_000
