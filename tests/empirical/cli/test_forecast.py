"""The sub-command `forecast`, and `predict --network`: what they print and write."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from convergen.cli import build
from convergen.empirical import results
from convergen.theory.common.checks import InputError
from convergen.theory.files.netcdf_files import load_dataset
from tests.commands import defaults, hidden, limits

RUN = str(Path(results.__path__[0]) / "digits-mlp.nc")
CHEAP = ["--samples", "4,16", "--images", "1600"]


def typed(*words):
    done = CliRunner().invoke(build(), words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """JSON on the screen, and a file of each kind."""
    folder = tmp_path_factory.mktemp("forecast")
    names = {"out": folder / "f.nc", "plot": folder / "f.png", "html": folder / "f.html"}
    options = [part for name, path in names.items() for part in (f"--{name}", str(path))]
    return json.loads(typed("forecast", RUN, *CHEAP, "--json", *options)), names


def test_screen_and_file_hold_the_same_numbers(written):
    said, files = written
    kept = load_dataset(files["out"])
    np.testing.assert_allclose(said["convergence"], kept["convergence"])
    assert said["samples"] == [4, 16]
    assert kept.attrs["images"] == pytest.approx(1600, rel=0.05)
    assert said["calibration"]["theory"] == "kernel-regime"


def test_picture_and_page_are_written(written):
    _, files = written
    assert files["plot"].read_bytes().startswith(b"\x89PNG")
    page = files["html"].read_text()
    assert "single training points" in page
    assert "It fails on patches" in page


def test_a_table_is_what_the_screen_shows():
    text = typed("forecast", RUN, *CHEAP)
    assert "\nmlp on digits, forecast" in text
    assert text.count("images until") == 1


def test_a_network_that_was_not_trained(written):
    """The same theory on the same data: the numbers of the run, but for its splits and seeds."""
    text = typed("predict", "digits", "--network", "mlp", *CHEAP)
    assert "mlp on digits, forecast without training" in text
    assert "32 noised copies" in " ".join(text.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["forecast", RUN, "--samples", "4;16"], "write whole numbers like 4,16,64"),
        (["forecast", RUN, "--plot", "f.doc"], "f.doc"),
        (["forecast", "nowhere"], "nowhere"),
        (["predict", "digits", "--network", "unett"], "did you mean"),
    ],
)
def test_bad_input(words, said):
    with pytest.raises(InputError, match=said):
        typed(*words)


def test_what_is_done_where_nothing_is_said_and_what_is_too_little():
    assert defaults("forecast") == {}
    assert limits("forecast") == {"images": (None, 1)}
    assert hidden("forecast") == []
