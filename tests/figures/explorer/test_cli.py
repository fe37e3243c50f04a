"""The command that opens the page."""

import sys
import webbrowser
from types import SimpleNamespace

import pytest

from convergen.figures.explorer.serving import server

REFUSED = {
    "missing path": (["./nowhere.npy"], "nowhere.npy"),
    "dimension": (["spiked", "--dim", "0"], "--dim must be a whole number, at least 1, not 0"),
    "too large": (["isotropic", "--dim", "20001"], "is more than the explorer moves"),
    "ridge": (["--ridge", "-1"], "ridge must be a number, at least 0"),
    "population": (
        ["isotropic", "--population"],
        "population does not apply to 'isotropic'",
    ),
    "too many spikes": (["spiked", "--dim", "2"], "2 spikes do not fit beside a bulk"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_one_sentence(convergen, arguments, words):
    code, out, err = convergen("explore", "--no-browser", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("convergen: error: ")
    assert err.count("\n") == 1
    assert words in err


def test_without_bokeh_a_sentence_says_how_to_install_it(convergen, monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    code, out, err = convergen("explore", "--no-browser")
    assert (code, out) == (2, "")
    assert "explore needs the package 'bokeh': install it with pip install '.[explore]'" in err


@pytest.fixture
def served(monkeypatch):
    """What the command does with its server, which an interrupt ends at once."""
    done = []

    def interrupted():
        done.append("runs")
        raise KeyboardInterrupt

    def later(seconds, act, *arguments):
        done.append((seconds, act, *arguments))

    def make_server(port):
        done.append(port)
        loop = SimpleNamespace(call_later=later, start=interrupted)
        return SimpleNamespace(
            port=port or 4321, io_loop=loop, start=lambda: done.append("starts"),
            stop=lambda: done.append("stops"),
        )  # fmt: skip

    monkeypatch.setattr(server, "make_server", make_server)
    return done


def test_the_address_holds_the_state_and_an_interrupt_is_the_way_to_end(convergen, served):
    arguments = ("explore", "spiked", "--dim", "30", "--spike", "9", "--ridge", "0.5")
    code, out, err = convergen(*arguments, "--port", "0")
    assert (code, err) == (0, "")
    address, words = out.splitlines()
    assert address == "http://127.0.0.1:4321/?source=spiked&dim=30&spikes=9&ridge=0.5"
    assert words == "Shown on this computer only; end with Ctrl-C."
    assert served == [0, "starts", (0.0, webbrowser.open, address), "runs", "stops"]


def test_no_browser_is_opened_where_none_is_wanted(convergen, served):
    code, out, _ = convergen("explore", "--no-browser")
    assert code == 0
    assert out.startswith("http://127.0.0.1:5006/?source=spiked&")
    assert served == [5006, "starts", "runs", "stops"]


def test_data_may_be_all_there_is(convergen, served):
    _, out, _ = convergen("explore", "digits", "--population", "--no-browser")
    assert "source=digits&population=1" in out


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_ports_are_those_there_are(convergen, served, port):
    code, out, err = convergen("explore", "--port", port)
    assert (code, out, served) == (2, "", [])
    assert "0<=x<=65535" in err
