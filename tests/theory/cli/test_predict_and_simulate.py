"""What `predict` and `simulate` hand on."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import typer

from convergen.theory.cli import predict_and_simulate
from convergen.theory.files.atomic_files import write_beside
from convergen.theory.forecast.predict import LEVELS
from convergen.theory.forecast.subject import Subject
from tests.commands import defaults


def test_only_an_address_brings_a_scheduler_in(convergen, monkeypatch):
    asked = []

    class Executor(ThreadPoolExecutor):
        def map(self, *arguments):
            asked.append("used")
            return super().map(*arguments)

    def found(address):
        asked.append(address)
        return Executor(1)

    monkeypatch.setattr(predict_and_simulate, "_dask", found)
    command = ("simulate", "isotropic", "--dim", "6", "--samples", "4", "--repeats", "2", "--json")
    code, alone, _ = convergen(*command)
    assert (code, asked) == (0, [])
    code, spread, _ = convergen(*command, "--scheduler", "tcp://there:1")
    assert (code, asked) == (0, ["tcp://there:1", "used"])
    assert spread == alone


def test_no_scheduler_is_one_line(convergen):
    pytest.importorskip("distributed")
    code, said, errors = convergen(
        "simulate", "isotropic", "--dim", "6", "--samples", "4", "--scheduler", "nonsense://x"
    )
    assert (code, said) == (2, "")
    assert "no Dask scheduler answers at 'nonsense://x'" in errors


@pytest.mark.parametrize(("flags", "levels"), [(("--level", "0.3"), (0.3,)), ((), LEVELS)])
def test_levels_that_are_given_replace_the_usual_ones(convergen, flags, levels):
    _, said, _ = convergen("predict", "isotropic", "--dim", "6", "--samples", "4", "--json", *flags)
    found = json.loads(said)["thresholds"]["convergence"]
    assert list(found) == [f"{level:g}" for level in levels]


def test_what_is_done_where_nothing_is_said():
    assert defaults("predict") == {"factors": 3}
    assert defaults("simulate") == {"factors": 3, "repeats": 20, "workers": 1}


@pytest.fixture
def front(monkeypatch, tmp_path):
    """Both commands with what draws and forecasts handed in; what that was called with."""
    found = []
    monkeypatch.chdir(tmp_path)

    def draw(curves, points, path):
        found.append(("drawn", curves, points))
        return write_beside(path, lambda file: file.write_text("picture"))

    def page(findings, curves):
        found.append(("page", findings, curves))
        return "words"

    app = typer.Typer()
    predict_and_simulate.register(app, draw, page, lambda *given: found.append(("network", *given)))
    command = typer.main.get_command(app)
    return lambda *words: command(list(words), standalone_mode=False) or found


LAW = ("isotropic", "--dim", "6", "--samples", "4,9")


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ((), [False]), (("--json",), [True]), (("--out", "x.nc"), [True]),
        (("--plot", "x.png"), [True, False]), (("--html", "x.html"), [True, False]),
    ],
)  # fmt: skip
def test_files_have_the_gaussian_law_beside_that_of_the_data(front, monkeypatch, flags, kept):
    asked, forecast = [], Subject.forecast
    monkeypatch.setattr(
        Subject, "forecast",
        lambda self, *given, gaussian: asked.append(gaussian) or forecast(
            self, *given, gaussian=gaussian
        ),
    )  # fmt: skip
    found = front("predict", *LAW, *flags)
    assert asked == kept
    assert [each[0] for each in found] == [
        word for flag, word in (("--plot", "drawn"), ("--html", "page")) if flag in flags
    ]
    if "--plot" in flags:
        (_, curves, points) = found[0]
        assert points is None
        assert curves.sizes["samples"] > 2


def test_a_network_is_forecast_by_whoever_knows_of_networks(front):
    (found,) = front("predict", *LAW, "--network", "unet", "--images", "1", "--seed", "7")
    name, data, network, images, samples, seed, json_, _ = found
    assert (name, network, images, samples, seed, json_) == ("network", "unet", 1, "4,9", 7, False)
    assert data["dim"] == 6


def test_samples_that_are_not_given_are_the_usual_ones(convergen):
    law = ("isotropic", "--dim", "2", "--json")
    found = [
        json.loads(convergen(command, *law)[1])["samples"] for command in ("predict", "simulate")
    ]
    assert found == [[1, 2, 8, 32, 128], [1, 2, 4]]


def test_a_figure_of_measurements_has_the_law_of_subsets_of_these_data(front, monkeypatch):
    from convergen.theory.finite_size import predict_subsets

    asked, original = [], predict_subsets.forecast_subsets
    monkeypatch.setattr(
        predict_subsets, "forecast_subsets",
        lambda *given: asked.append(given[1:]) or original(*given),
    )  # fmt: skip
    found = front("simulate", *LAW, "--repeats", "2", "--plot", "x.png")
    np.save("mine.npy", np.random.default_rng(0).standard_normal((40, 3)))
    front("simulate", "mine.npy", "--samples", "4", "--repeats", "2", "--plot", "y.png")
    (_, curves, points), _ = found
    assert curves.sizes["samples"] > points.sizes["samples"] == 2
    assert asked[0][0] is asked[0][2] is None
    assert asked[1][0] == 40
    assert asked[1][2] is not None


def test_slow_quantities_are_measured_where_all_are_asked_for(convergen):
    law = ("simulate", "isotropic", "--dim", "3", "--samples", "5", "--repeats", "2", "--json")
    few, full = (
        set(json.loads(convergen(*law, *flags)[1])["quantities"]) for flags in ((), ("--full",))
    )
    assert few < full
    assert "test_error" in full - few
