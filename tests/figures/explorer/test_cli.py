"""The command that opens the page."""

import pytest

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
    import sys

    monkeypatch.setitem(sys.modules, "bokeh", None)
    code, out, err = convergen("explore", "--no-browser")
    assert (code, out) == (2, "")
    assert "explore needs the package 'bokeh': install it with pip install '.[explore]'" in err
