from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from convergen import theory
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.finite_size import simulate
from convergen.theory.finite_size.measure_pair import Fit
from convergen.theory.finite_size.simulate import measurable

SPECTRA = {
    "isotropic": theory.Spectrum.isotropic(120),
    "spiked": theory.Spectrum.spiked(120, [10.0, 4.0]),
    "power-law-0.5": theory.Spectrum.power_law(120, 0.5),
    "power-law-1": theory.Spectrum.power_law(120, 1.0),
    "power-law-1.5": theory.Spectrum.power_law(120, 1.5),
    "blocks": theory.Spectrum.from_eigenvalues([5.0, 1.0, 0.2], [20, 40, 60]),
}
REPEATS = 8
# One spectrum whose leading factors stand out and one whose do not: their distances take long.
SLOW = ("spiked", "power-law-1")


def normal_scores(result):
    """Finite z-scores of every quantity, by its name."""
    scores = {}
    for name in result.data_vars:
        if f"{name}_z" in result:
            z = result[f"{name}_z"].values
            scores[name] = np.abs(z[np.isfinite(z)])
    return scores


@pytest.mark.parametrize(
    "name",
    [pytest.param(x, marks=pytest.mark.slow) if x == "power-law-1" else x for x in SPECTRA],
)
def test_every_order_parameter_is_predicted(name):
    # Bias and spread of these statistics both fall like 1/d, so that the number of repeats
    # decides which one shows: with 8 the bias is below the error bar.
    result = theory.simulate(
        SPECTRA[name], [30, 120, 480], quantities=measurable(slow=name in SLOW), repeats=REPEATS,
        seed=1,
    )  # fmt: skip
    scores = normal_scores(result)
    assert len(scores) == (13 if name in SLOW else 11)
    for quantity, score in scores.items():
        assert np.all(score < 4.0), (quantity, score)


def test_finite_size_bias_of_convergence_falls_like_one_over_d():
    load, biases, errors = 1.0, [], []
    for d, repeats in ((8, 20_000), (32, 1500)):
        rng = np.random.default_rng(d)
        n, values = int(load * d), np.empty(repeats)
        for i in range(repeats):
            fits = [Fit.of(rng.standard_normal((n, d))) for _ in range(2)]
            overlap = (fits[0].vectors.T @ fits[1].vectors) ** 2
            values[i] = np.sqrt(fits[0].values) @ overlap @ np.sqrt(fits[1].values) / d
        predicted = float(theory.convergence(theory.Spectrum.isotropic(d), n))
        biases.append(values.mean() - predicted)
        errors.append(values.std() / np.sqrt(repeats))
    order = np.log(biases[0] / biases[1]) / np.log(4.0)
    uncertainty = np.hypot(errors[0] / biases[0], errors[1] / biases[1]) / np.log(4.0)
    assert uncertainty < 0.3
    assert abs(order - 1.0) < 4.0 * uncertainty


def test_digits_disagreement_within_ten_per_cent():
    result = theory.simulate(
        load_digits(), [64, 128, 256, 512], quantities=["convergence"], repeats=20, seed=0
    )
    ratio = (1.0 - result["convergence"]) / (1.0 - result["convergence_predicted"])
    assert np.all(np.abs(ratio - 1.0) < 0.1)


def test_subsets_of_a_finite_population_need_the_correction():
    data = np.random.default_rng(0).standard_normal((400, 40)) * np.sqrt(1.0 / np.arange(1, 41))
    options = {"quantities": ["convergence"], "repeats": 60, "seed": 0}
    subsets = theory.simulate(data, [150], **options)
    gaussian = theory.simulate(theory.Spectrum.from_data(data), [150], **options)
    # 1 − q* is proportional to the variance of Σ̂, and so to 1 − n/N = 0.625. Comparing with
    # unlimited Gaussian data takes the finite-size bias, common to both, out of the ratio.
    measured, predicted = (
        (1.0 - subsets[name].item()) / (1.0 - gaussian[name].item())
        for name in ("convergence_to_truth", "convergence_to_truth_predicted")
    )
    error = (
        measured
        * np.hypot(
            subsets["convergence_to_truth_stderr"].item() / (1.0 - subsets["convergence_to_truth"]),
            gaussian["convergence_to_truth_stderr"].item()
            / (1.0 - gaussian["convergence_to_truth"]),
        ).item()
    )
    assert predicted == pytest.approx(0.625, rel=0.02)
    assert abs(measured - predicted) < 4.0 * error
    assert error < 0.03


def test_mixtures_are_drawn_from_and_follow_the_law_of_their_covariance():
    means = np.zeros((2, 120))
    means[:, 0] = [3.0, -3.0]
    mixture = theory.GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    result = theory.simulate(mixture, [60, 240], repeats=REPEATS, seed=2)
    for quantity, score in normal_scores(result).items():
        assert np.all(score < 4.0), (quantity, score)
    np.testing.assert_allclose(result["eigenvalue"][0], 10.0)


def test_results_depend_on_seed_but_not_on_workers_or_other_n(monkeypatch):
    spectrum = SPECTRA["power-law-1"]
    options = {"quantities": ["convergence", "memorisation"], "repeats": 3}
    one = theory.simulate(spectrum, [20, 50], seed=5, **options)
    pools = []
    monkeypatch.setattr(
        simulate, "ThreadPoolExecutor", lambda n: pools.append(n) or ThreadPoolExecutor(n)
    )
    two = theory.simulate(spectrum, [50], seed=5, workers=2, **options)
    other = theory.simulate(spectrum, [50], seed=6, **options)
    for name in ("convergence", "memorisation"):
        assert one[name].sel(samples=50).item() == two[name].item()
        assert two[name].item() != other[name].item()
    assert pools == [2]  # one worker needs no thread of its own
    assert one.attrs["seed"] == 5
    assert one.attrs["repeats"] == 3


def test_half_of_the_rows_is_the_largest_set():
    data = np.random.default_rng(0).standard_normal((10, 3))
    found = theory.simulate(data, [5], repeats=2, quantities=["convergence"])
    assert found.attrs["population"] == "10 samples"


def test_dask_executor_gives_the_same_numbers():
    distributed = pytest.importorskip("distributed")
    spectrum = theory.Spectrum.isotropic(10)
    options = {"quantities": ["convergence"], "repeats": 2, "seed": 0}
    here = theory.simulate(spectrum, [5], **options)
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as client:
        there = theory.simulate(spectrum, [5], executor=client.get_executor(), **options)
    assert here["convergence"].item() == there["convergence"].item()


@pytest.mark.parametrize(
    "spectrum", [theory.Spectrum.power_law(10, 60.0), theory.Spectrum.spiked(5, [1e200])]
)
def test_extreme_spectra_are_measured_without_a_warning(spectrum):
    """Sample eigenvalues that are rounding of the largest have no direction of their own."""
    found = theory.simulate(spectrum, [2, 20], repeats=3, quantities=measurable(slow=True))
    for name in ("convergence", "test_error", "operator_norm", "denoiser_variance"):
        assert np.all(np.isfinite(found[name])), name
        assert np.all(np.isfinite(found[f"{name}_stderr"])), name
    assert np.all(np.abs(found["convergence_z"]) < 4.0)


@pytest.mark.parametrize(
    ("population", "samples", "options", "message"),
    [
        (theory.Spectrum.isotropic(4), [2.5], {}, "whole numbers"),
        (theory.Spectrum.isotropic(4), [2], {"repeats": 1}, "repeats"),
        (theory.Spectrum.isotropic(4), [2], {"repeats": 10**9}, "more than the 1000000"),
        (theory.Spectrum.isotropic(4), [2], {"workers": 0}, "workers"),
        (theory.Spectrum.isotropic(4), [2], {"seed": -1}, "seed"),
        (theory.Spectrum.isotropic(4), [2], {"quantities": ["beauty"]}, "beauty"),
        (np.random.default_rng(0).standard_normal((10, 3)), [6], {}, "at most 5"),
    ],
)
def test_bad_input(population, samples, options, message):
    with pytest.raises(theory.InputError, match=message):
        theory.simulate(population, samples, **options)
