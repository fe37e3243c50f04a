"""Sentences of the reports: what is printed, and what is left out because it says nothing."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.prediction_words import (
    first_words,
    memorisation_lines,
    recovery_lines,
    threshold_lines,
)
from convergen.theory.cli.reports.report import prediction_text
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
