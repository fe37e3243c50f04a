"""The frame of all pages."""

import re
from pathlib import Path

import numpy as np

import convergen.figures.pages.frame as frame

# WCAG asks for 4.5 of words and 3 of marks.
LEAST = {"ink": 12.0, "soft": 5.5, "plain": 4.0, "doubt": 4.5, "bad": 4.5}


def _contrast(first, second):
    """WCAG 2.2, relative luminance."""

    def light(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    bright, dark = sorted((light(first), light(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_colours_can_be_told_apart_by_day_and_by_night():
    text = Path(frame.__file__).with_name("frame.html").read_text(encoding="utf-8")
    schemes = [dict(re.findall("--([a-z]+): (#[0-9a-f]{6})", block))
               for block in re.findall(":root {(.*?)}", text, flags=re.S)]  # fmt: skip
    assert len(schemes) == 3
    for scheme in schemes:
        colours = schemes[0] | scheme if scheme is schemes[2] else scheme
        for name, least in LEAST.items():
            assert _contrast(colours[name], colours["paper"]) >= least, (name, colours)
