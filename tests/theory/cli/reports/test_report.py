"""Sentences of the reports: what is printed, and what is left out because it says nothing."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.prediction_words import (
    first_words,
    memorisation_lines,
    recovery_lines,
    threshold_lines,
)
from convergen.theory.cli.reports.report import (
    heading,
    prediction_columns,
    prediction_json,
    prediction_text,
)
from convergen.theory.cli.reports.simulation_report import simulation_text
from convergen.theory.finite_size.simulate import simulated
from convergen.theory.forecast.predict import Request, forecast, main_names
from convergen.theory.quantities.labelled import Labelled


def predicted(spectrum, samples=(10,), **options):
    return prediction_text(
        spectrum, forecast(Request.of(spectrum, samples, **options), main_names())
    )


def test_columns_are_load_and_order_parameters():
    text = predicted(theory.Spectrum.spiked(40, [9.0]), [10], factors=1)
    head, row = text.splitlines()[6:8]
    assert head.split() == ["n", "n/d", "q", "q*", "m", "m", "fresh", "Q1"]
    assert row.split()[:2] == ["10", "0.25"]


def test_factors_that_chance_recovers_are_not_shown():
    text = predicted(theory.Spectrum.spiked(40, [9.0]), factors=3)
    assert "Q2" not in text
    assert "Factors 2–3: equal variance in 39 of 40 directions, nothing to recover." in text
    assert "factor 1 from n = 1 on." in text
    flat = predicted(theory.Spectrum.isotropic(20))
    assert "Qk" not in flat
    assert "Recovered" not in flat


def test_small_eigenspaces_are_shown_with_their_chance():
    text = predicted(theory.Spectrum.from_eigenvalues([9.0, 1.0], [2, 38]), factors=2)
    assert "Q1–2: overlap with an eigenspace of dimension 2; chance is 0.05." in text
    assert "Q2" in text.splitlines()[6]


def test_no_factor_starts_below_one_sample():
    limit, words = recovery_lines({1: 0.48, 2: 20.2, 4: np.inf})
    assert " ".join(limit.split()) == (
        "Recovered in the limit of large d: factor 1 from n = 1 on, factor 2 from n = 20 on, "
        "factor 4 at no n."
    )
    assert "smooth" in words


def test_agreement_allows_for_the_number_of_comparisons():
    found = simulated(theory.Spectrum.isotropic(6), [4, 8], repeats=3, factors=1)
    scores = [key for key in found.variables if key.endswith("_z")]
    for key in scores:
        found[key][...] = 0.0
    found["convergence_z"][1] = 2.4  # once in sixty, among a dozen or more
    assert len(scores) > 4
    first = " ".join(simulation_text(theory.Spectrum.isotropic(6), found).split("\n\n")[0].split())
    assert first.startswith("Prediction and measurement agree: of ")
    assert "z = +2.4 (q at n = 8)" in first
    found["memorisation_z"][0] = -4.0
    first = " ".join(simulation_text(theory.Spectrum.isotropic(6), found).split("\n\n")[0].split())
    assert first.startswith("Prediction and measurement differ")
    measured, law = (found[key][0] for key in ("memorisation", "memorisation_predicted"))
    assert f"z = -4.0 (m at n = 4: {measured:.5g} measured, {law:.5g} predicted)" in first
    assert "The law is that of large d, and d is 6 here." in first


def test_factors_that_chance_recovers_are_not_compared():
    spectrum = theory.Spectrum.spiked(12, [9.0])
    text = simulation_text(spectrum, simulated(spectrum, [8], repeats=2))
    labels = {line.split()[0] for line in text.splitlines() if line.split()}
    assert "Q1" in labels
    assert "Q2" not in labels
    assert "Factors 2–3: equal variance in 11 of 12 directions, nothing to recover." in text
    found = simulated(theory.Spectrum.isotropic(6), [8], repeats=2)
    found["latent_recovery_z"][...] = 9.0
    text = simulation_text(theory.Spectrum.isotropic(6), found)
    assert text.startswith("Prediction and measurement agree")


def test_infinite_measurements_get_a_word():
    # Two coordinates that are constant but for a row each: where both rows are missing, collinear.
    data = np.random.default_rng(0).standard_normal((60, 5))
    data[:, 3:] = 0.0
    data[[0, 1], [3, 4]] = 1.0
    found = simulated(data, [12], repeats=3)
    assert np.isinf(found["kullback_leibler"]).all()
    assert np.isfinite(found["kullback_leibler_predicted"]).all()
    text = simulation_text(theory.Spectrum.from_data(data), found)
    assert "KL is infinite at n = 12: some training set has no variance" in text


def test_scores_are_named_with_their_degrees_of_freedom():
    spectrum = theory.Spectrum.isotropic(6)
    found = simulated(spectrum, [8], repeats=2)
    text = simulation_text(spectrum, found)
    assert "Student's t with 1 degree of freedom." in " ".join(text.split())
    gaps = [1.0 - found[name][0] for name in ("convergence", "convergence_predicted")]
    assert f"1 − q, measured / predicted: {gaps[0] / gaps[1]:.3f} (n = 8)." in text
    row = text.split("\n\n")[3].splitlines()[0].split()
    assert row[:2] == ["q", "8"]
    assert row[2:] == [
        f"{found['convergence_predicted'][0]:.5g}", f"{found['convergence'][0]:.5g}",
        f"{found['convergence_stderr'][0]:.2g}", f"{found['convergence_z'][0]:+.1f}",
    ]  # fmt: skip


@pytest.mark.parametrize(("samples", "words"), [
    ([4, 4096], "from n = 4096 on"), ([4], "At n = 4 samples are still nearer to the training set"),
    ([4096], "at every n listed"),
])  # fmt: skip
def test_memorisation_is_judged_against_its_baseline(samples, words):
    assert words in " ".join(predicted(theory.Spectrum.power_law(12, 1.0), samples).split())


def test_dimensions_without_variance_are_named():
    assert predicted(theory.Spectrum.from_eigenvalues([2.0, 0.0], [3, 2])).split("\n\n")[1] == (
        "eigenvalues: 5 dimensions (3 with variance), effective dimension 3"
    )
    assert "with variance" not in predicted(theory.Spectrum.isotropic(5))


def test_mixtures_have_their_means():
    means = np.zeros((2, 6))
    means[:, 0] = [2.0, -2.0]
    known = theory.GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    found = forecast(Request.of(known, [60]), main_names())
    text = prediction_text(theory.Spectrum.isotropic(6), found)
    row = text.split("Bayes-optimal\n")[1].splitlines()[0].split()
    keys = ("mean_recovery_linear", "mean_recovery_bayes")
    assert row == ["60", *(f"{found[key][0]:.4f}" for key in keys)]
    # Unequal components have no law for their means.
    other = theory.GaussianMixture([0.3, 0.7], means, [1.0, 1.0])
    text = prediction_text(
        theory.Spectrum.isotropic(6), forecast(Request.of(other, [60]), main_names())
    )
    assert "Components appear at noise" in text
    assert "Bayes" not in text


def test_five_per_cent_are_of_the_baseline():
    found = Labelled()
    found.mark("samples", "samples", [10, 20])
    found.add("memorisation_baseline", [0.5, 0.5])
    for first, words in ((0.53, "from n = 20 on"), (0.52, "at every n listed")):
        found.add("memorisation", [first, 0.51])
        (line,) = memorisation_lines(found)
        assert words in " ".join(line.split())


def test_the_first_sentence_and_the_levels_that_were_asked_for():
    found = Labelled()
    found.mark("level", "level", [0.5, 0.95, 1.0])
    found.add("convergence_samples", [0.2, 81.4, np.inf])
    assert first_words(found, None).startswith(
        "It takes about 81 training samples until two linear"
    )
    assert "to q = 0.95" in first_words(found, None)
    (line,) = threshold_lines(found)
    assert line == (
        "In training samples, q = 0.5 takes 1, q = 0.95 takes 81, q = 1 is reached at no finite n."
    )
    found.mark("level", "level", [1.0])
    found.add("convergence_samples", [np.inf])
    assert "never reach q = 1." in first_words(found, None)


KEYS = ("convergence", "latent_recovery_finite_size", "convergence_samples", "recovery_threshold")


def made(ends=False, visible=2):
    """Two sample sizes and three factors with numbers that are easy to tell apart."""
    found = Labelled(attributes={"dimension": 8, "seed": np.int64(3)})
    found.mark("samples", "samples", [10.0, 2e6])
    found.mark("load", "samples", [1.25, 2.5e5])
    found.mark("level", "level", [0.5, 0.9])
    found.mark("factor", "factor", [1, 2, 3])
    found.mark("eigenvalue", "factor", [5.0, 3.0, 1.0])
    found.mark("multiplicity", "factor", [1, 1, 6])
    found.add("convergence", np.array([0.125, 0.87654]))
    found.add("memorisation", np.array([0.25, 0.5]))
    found.add("memorisation_baseline", np.array([0.5, 0.5]))
    found.add("memorisation_stderr", np.zeros(2))
    found.add("latent_recovery_finite_size", np.array([[0.0625, 0.5, 0.75], [0.3, 0.98765, 0.25]]))
    found.add("convergence_samples", np.array([20.0, np.inf]))
    found.add("recovery_threshold", np.array([4.0, np.inf, 9.0]))
    if ends:
        found.attributes |= {
            "visible_factors": visible, "participation_ratio_low": 2.345,
            "participation_ratio_high": 3.456,
        }  # fmt: skip
        for key in KEYS:
            dims, values, _ = found.variables[key]
            for end, factor in (("low", 0.5), ("high", 2.0)):
                found.variables[f"{key}_{end}"] = dims, values * factor, {}
    return found


def test_numbers_of_a_known_law_have_four_digits_and_factors_three():
    columns, factors, legend = prediction_columns(made())
    shown = dict(columns + factors[1:])
    assert shown["n"] == ["10", "2e+06"]
    assert shown["n/d"] == ["1.25", "2.5e+05"]
    assert shown["q"] == ["0.1250", "0.8765"]
    assert factors == [
        ("n", ["10", "2e+06"]), ("Q1", ["0.062", "0.300"]), ("Q2", ["0.500", "0.988"]),
    ]  # fmt: skip
    assert "Qk" in legend


def test_intervals_stand_beside_numbers_in_three_digits():
    columns, factors, _ = prediction_columns(made(ends=True, visible=1))
    place = [title for title, _ in columns].index("q")
    assert columns[place : place + 2] == [
        ("q", ["0.125", "0.877"]), ("", ["(0.062–0.250)", "(0.438–1.753)"]),
    ]  # fmt: skip
    assert factors[1:] == [
        ("Q1", ["0.062", "0.300"]), ("", ["(0.031–0.125)", "(0.150–0.600)"]),
    ]  # fmt: skip
    assert len(prediction_columns(made(ends=True, visible=0))[1]) == 1


@pytest.mark.parametrize(("visible", "tables"), [(0, 1), (1, 2)])
def test_factors_of_a_pilot_have_a_table_of_their_own_if_there_are_any(visible, tables):
    nothing = np.zeros(0)
    answer = SimpleNamespace(
        points=30, more=np.inf, repeated=0, nearly_repeated=0, by_amplitudes=1.0,
        today=SimpleNamespace(value=0.25, low=0.125, high=0.5), excess=np.ones(3),
        factors=SimpleNamespace(value=nothing, low=nothing, high=nothing),
        needed=SimpleNamespace(
            value=np.array([20.0, np.inf]), low=np.array([10.0, np.inf]),
            high=np.array([40.0, np.inf]), sampling=np.array([0.1, 0.2]), unseen=np.zeros(2),
        ),
    )  # fmt: skip
    text = prediction_text(SPIKED, made(ends=True, visible=visible), answer)
    parts = text.split("\n\n")
    assert parts[1] == f"{heading(SPIKED)} (2.35 to 3.46)"
    assert sum(part.split()[0] == "n" for part in parts) == tables
    words = " ".join(text.split())
    assert words.startswith("30 points like these are too few")
    assert "q = 0.5 takes 20 (10 to 40), q = 0.9 is reached at no finite n." in words
    assert "So few points show no leading factor" in words
    assert "The 30 points were read as a sample" in words


SPIKED = theory.Spectrum.spiked(8, [4.0, 2.0])


def test_json_has_all_that_depends_on_n_and_thresholds_by_level():
    found = prediction_json("mine", SPIKED, made(ends=True))
    assert json.loads(json.dumps(found)) == found
    assert (found["source"], found["dimension"], found["samples"]) == ("mine", 8, [10, 2_000_000])
    assert found["convergence"] == [0.125, 0.87654]
    assert found["convergence_high"] == [0.25, 1.75308]
    assert found["latent_recovery_finite_size"] == [[0.0625, 0.5, 0.75], [0.3, 0.98765, 0.25]]
    assert "convergence_samples" not in found
    assert found["thresholds"] == {
        "convergence": {"0.5": 20, "0.9": None},
        "convergence_low": {"0.5": 10, "0.9": None},
        "convergence_high": {"0.5": 40, "0.9": None},
        "latent_recovery": [4, None, 9],
        "latent_recovery_low": [2, None, 4.5],
        "latent_recovery_high": [8, None, 18],
    }
    assert found["attributes"]["seed"] == 3
    assert set(prediction_json("mine", SPIKED, made())["thresholds"]) == {
        "convergence", "latent_recovery",
    }  # fmt: skip
