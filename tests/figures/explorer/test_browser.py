"""The page in a headless Chromium: load, move a slider, read changed numbers, restore a link."""

import os
import signal
import subprocess
import sys

import pytest

from benchmarks.browser import Browser, find_chromium

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium here: the page is not opened"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
MODEL = "Bokeh.documents[0].get_model_by_name"
SETTLED = f"Bokeh.documents.length && /data-exact=.true/.test({MODEL}('numbers').text)"
CONVERGENCE = (
    f"Number({MODEL}('numbers').text.match(/data-key=.convergence. data-value=.([0-9.e-]+)/)[1])"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Address of a server that runs as the command runs it."""
    arguments = ["-m", "convergen", "explore", "spiked", "--dim", "30", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, *arguments, "--no-browser"], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONWARNINGS": "default"},
    )  # fmt: skip
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err, err


@pytest.mark.slow
def test_the_page_moves_and_its_link_restores_it(address):
    with Browser() as browser:
        browser.open(address)
        browser.wait(SETTLED, 60)
        elsewhere = "performance.getEntriesByType('resource').map(each => each.name)"
        assert all(name.startswith(address[:22]) for name in browser.run(elsewhere))
        first = browser.run(CONVERGENCE)
        browser.run(f"{MODEL}('ridge').value = 0.5")
        moved = browser.wait(f"Math.abs({CONVERGENCE} - {first}) > 1e-3 && {CONVERGENCE}")
        slider = f"{MODEL}('samples')"
        browser.run(f"{slider}.value = {slider}.value + 6")
        later = browser.wait(f"{CONVERGENCE} > {moved} + 1e-3 && {CONVERGENCE}")
        browser.wait(f"{SETTLED} && /ridge/.test(location.search) && /n=/.test(location.search)")
        link = browser.run("location.href")
        shown = browser.run(CONVERGENCE)
        assert abs(shown - later) < 1e-9
        command = browser.run(f"{MODEL}('command').value")
        assert command.startswith("convergen predict spiked --dim 30 --spike 10,4 --ridge ")
        browser.open("about:blank")
        browser.open(link)
        browser.wait(SETTLED, 60)
        assert browser.run(CONVERGENCE) == shown
        assert browser.run("location.href") == link
        browser.open(f"{address.split('?')[0]}?dim=-1")
        browser.wait(SETTLED, 60)
        words = browser.run(f"{MODEL}('message').text")
        assert "This link cannot be shown: dim must be a whole number" in words
