"""The gallery of the documentation, written from the figures themselves: ``make gallery``."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from convergen.figures.making import registry

_WIDTH = 118


def entries() -> list[str]:
    """Title, picture, caption and command of every figure.

    Returns
    -------
    list of str
        Markdown, in the order of the figures' numbers.
    """
    return [
        f"## {figure.NUMBER}. {figure.TITLE}\n\n"
        f"![{figure.TITLE}](gallery/{name}.png)\n\n"
        f"{textwrap.fill(figure.CAPTION, _WIDTH, break_on_hyphens=False)}\n\n"
        f"`convergen figures make {name}`\n"
        for name, figure in registry.figures().items()
    ]


def write(docs: Path) -> None:
    """Write the entries below the head of gallery.md, and draw the pictures of shipped data.

    Parameters
    ----------
    docs : Path
        Folder of the documentation.
    """
    from convergen.figures.looks.style import save
    from convergen.figures.making.data_files import load_record, shipped

    page = docs / "gallery.md"
    head = page.read_text(encoding="utf-8").split("## ")[0]
    page.write_text(head + "\n".join(entries()), encoding="utf-8")
    for name, figure in registry.figures().items():
        data = shipped(name)
        if data is not None:
            save(figure.draw(load_record(data, name)), docs / "gallery" / f"{name}.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
