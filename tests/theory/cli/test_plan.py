"""`plan` from the command line: what it hands on, and what it refuses before it computes."""

import json

import numpy as np
import pytest
import typer

from convergen import theory
from convergen.theory.cli import plan
from convergen.theory.files.atomic_files import write_beside
from tests.commands import defaults

LAW = ("plan", "power-law", "--dim", "8")


def test_a_known_law_is_planned_from_the_samples_at_hand(convergen):
    code, said, _ = convergen(*LAW, "--have", "20", "--want", "convergence=0.9", "--json")
    found = json.loads(said)
    assert code == 0
    spectrum = theory.Spectrum.power_law(8, 1.0)
    np.testing.assert_allclose(found["samples"], [20.0, 40.0, 80.0, 200.0])
    expected = theory.convergence(spectrum, found["samples"])
    np.testing.assert_allclose(found["convergence"], expected)
    needed = float(theory.samples_for(spectrum, convergence=0.9))
    assert found["wishes"][0]["wish_samples"] == pytest.approx(needed, rel=2e-3)
    # As far as ten leading factors show: all eight.
    recovered = theory.latent_recovery(spectrum, found["samples"], 8, finite_size=True)
    np.testing.assert_allclose(found["recovered_factors"], recovered.sum(axis=1))


def test_a_budget_pays_for_samples_at_their_cost(convergen):
    for cost, last in ((), 50.0), (("--cost-per-sample", "2"), 35.0):
        _, said, _ = convergen(*LAW, "--have", "20", "--budget", "30", *cost, "--json")
        assert max(json.loads(said)["samples"]) == last


def test_without_json_a_text_is_printed(convergen):
    code, said, _ = convergen(*LAW, "--have", "20")
    assert code == 0
    assert "power law" in said
    assert not said.startswith("{")


def test_points_are_a_pilot_of_the_law_behind_them(convergen, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((30, 4)))
    _, said, _ = convergen("plan", "x.npy", "--factors", "1", "--json")
    found = json.loads(said)
    assert found["samples"][0] == 30.0
    assert found["convergence_low"][0] < found["convergence"][0] < found["convergence_high"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "has no sample to start from: give the samples at hand as --have"),
        (("--have", "9", "--cost-per-sample", "2"), "--cost-per-sample prices a --budget or"),
        (("--have", "9", "--factors", "0"), "--factors"),
        (("--have", "9", "--want", "luck=1"), "unknown wish 'luck'"),
    ],
)
def test_what_cannot_be_planned_is_refused(convergen, options, words):
    code, said, errors = convergen(*LAW, *options)
    assert (code, said) == (2, "")
    assert words in " ".join(errors.split())


def test_a_cost_needs_a_budget_or_a_wish(convergen):
    for priced in (("--budget", "30"), ("--want", "convergence=0.9")):
        assert convergen(*LAW, "--have", "9", "--cost-per-sample", "2", *priced)[0] == 0


def test_what_is_done_where_nothing_is_said():
    assert defaults("plan") == {"factors": 10}


@pytest.mark.parametrize(
    ("flags", "made"),
    [
        ((), []), (("--plot", "x.png"), ["curves", "drawn"]),
        (("--html", "x.html"), ["curves", "page"]),
        (("--plot", "x.png", "--html", "x.html"), ["curves", "drawn", "page"]),
    ],
)  # fmt: skip
def test_curves_are_computed_for_a_figure_or_a_page(monkeypatch, tmp_path, flags, made):
    from convergen.theory.forecast.planning import plan as planning

    found, smooth = [], planning.smooth_curves
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        planning, "smooth_curves", lambda request: found.append("curves") or smooth(request)
    )

    def draw(curves, points, path):
        found.append("drawn")
        assert curves.sizes["samples"] > points.sizes["samples"] == 4
        return write_beside(path, lambda file: file.write_text("picture"))

    app = typer.Typer()
    plan.register(app, draw, lambda *given: found.append("page") or "words")
    typer.main.get_command(app)([*LAW[1:], "--have", "20", *flags], standalone_mode=False)
    assert found == made
