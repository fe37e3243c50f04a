"""The pages as a browser lays them out: on a phone, a tablet and a desk, in one go."""

import json
import re
import shutil
import subprocess
from html import escape

import pytest

WIDTHS = (360, 420, 768, 1280)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
# Every page in a frame of each width; asks each, once it is laid out, what fits and what works.
QUESTION = """<script>addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, all = chosen => [...page.querySelectorAll(chosen)];
    const sortable = page.querySelector("table.sortable"), said = {};
    if (sortable) {
      const cells = () => [...sortable.tBodies[0].rows].filter(row => !row.hidden)
        .map(row => row.cells[0].textContent);
      sortable.querySelector("th button").click();
      said.sorted = cells();
      const filter = page.querySelector("input");
      filter.value = "no such row";
      filter.dispatchEvent(new Event("input"));
      said.filtered = cells();
    }
    return {...said, name: frame.title, width: frame.clientWidth,
      page: page.documentElement.scrollWidth,
      cut: all(".scroll").filter(each => each.scrollWidth > each.clientWidth)
        .map(each => each.getAttribute("aria-label")),
      pictures: all("img").map(each => each.complete && each.naturalWidth > 0
        && each.getBoundingClientRect().width >= 40),
      letters: Math.min(...all("p, td, th, dd, small, figcaption")
        .map(each => parseFloat(frame.contentWindow.getComputedStyle(each).fontSize)))};
  });
  document.title = JSON.stringify(found);
});</script>"""


@pytest.fixture(scope="module")
def laid_out(pages, tmp_path_factory):
    """What the browser says of each page at each width."""
    assert BROWSER is not None
    folder = tmp_path_factory.mktemp("browser")
    frames = "".join(
        f'<iframe width="{width}" height="800" style="border:0" title="{escape(name)}" '
        f'srcdoc="{escape(text)}"></iframe>'
        for name, text in pages.items()
        for width in WIDTHS
    )
    outer = folder / "all.html"
    outer.write_text(f'<meta charset="utf-8">{frames}{QUESTION}', encoding="utf-8")
    shown = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900",
            "--virtual-time-budget=5000", "--dump-dom", outer.as_uri(),
        ],
        capture_output=True, text=True, timeout=300, check=True,
    ).stdout  # fmt: skip
    return json.loads(re.search("<title>(.*?)</title>", shown, flags=re.S)[1])


def test_nothing_is_wider_than_the_window_and_no_table_is_cut(laid_out, pages):
    assert len(laid_out) == len(WIDTHS) * len(pages)
    for each in laid_out:
        assert each["width"] in WIDTHS
        assert each["page"] <= each["width"], each
        assert each["cut"] == [], each
        assert each["letters"] >= 12.0, each


def test_pictures_are_there_and_lists_sort_and_filter(laid_out):
    for each in laid_out:
        assert each["pictures"]
        assert all(each["pictures"])
        if each["name"] == "measure":
            shown = list(map(int, each["sorted"]))
            assert shown == sorted(shown)
            assert len(shown) >= 8
            assert each["filtered"] == []
