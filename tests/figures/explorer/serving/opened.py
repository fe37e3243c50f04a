"""A page that was opened at a link, and the numbers that it shows."""

import re

from bokeh.document import Document

from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving.page import Page


def opened(clock, link):
    page = Page(Document(), State.from_query(link))
    page._start()
    clock.tick()
    return page


def numbers(page):
    found = re.findall(r'data-key="(.*?)" data-value="(.*?)"', page.view.numbers.text)
    return {key: float(value) for key, value in found}


SPIKED = {"source": "spiked", "dim": "20", "spikes": "9,4", "n": "20"}
