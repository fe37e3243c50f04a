from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from convergen import theory
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.finite_size import simulate
from convergen.theory.finite_size.measure_pair import Fit, Population, measure_pair
from convergen.theory.finite_size.simulate import measurable
from convergen.theory.quantities.scores import normal_score
from tests.options import unsaid
from tests.simulation import expanded as every_direction

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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_what_is_done_where_nothing_is_said():
    expected = {"factors": 3, "ridge": 0, "repeats": 20, "seed": 0, "workers": 1}
    assert unsaid(theory.simulate) == unsaid(simulate.simulated) == expected
    assert unsaid(measurable) == {"by_noise": True}


def test_what_is_measured():
    every = ["convergence", "memorisation", "latent_recovery", "distances"]
    assert sorted(measurable()) == sorted([*every, "denoising"])
    assert sorted(measurable(by_noise=False)) == sorted(every)
    assert sorted(measurable(slow=True, by_noise=False)) == sorted([*every, "leading_distances"])


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200, 8e307])
def test_the_error_of_a_mean_in_any_units(scale):
    deviation = np.array([[1.0, -0.5, 0.0], [-2.0, 0.25, 0.0], [1.0, 0.25, 0.0], [0.0, 0.0, 0.0]])
    expected = np.sqrt([6.0, 0.375, 0.0]) / np.sqrt(3.0 * 4.0)
    found = simulate._standard_error(scale * deviation)
    np.testing.assert_allclose(found / scale, expected, rtol=1e-14)
    assert np.all(simulate._standard_error(np.zeros((2, 3))) == 0.0)
    with_infinite = simulate._standard_error(np.array([[np.inf, 2.0], [0.0, -2.0]]))
    assert with_infinite.tolist() == [np.inf, 2.0]


def cells(spectrum, n, repeats, seed, **options):
    """Measurements of each repeat, from the stream of its own."""
    lam = every_direction(spectrum)[: spectrum.rank]
    for repeat in range(repeats):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n, repeat)))
        both = rng.standard_normal((2 * n, lam.size)) * np.sqrt(lam)
        yield measure_pair(both[:n], both[n:], Population(lam, spectrum.dim), rng=rng, **options)


def test_results_are_means_and_ratios_of_means_with_their_errors():
    spectrum = theory.Spectrum.from_eigenvalues([3.0, 1.0, 0.5, 0.0], [1, 2, 3, 2])
    options = {"factors": 2, "ridge": 0.1, "sigma": np.array([0.5, 2.0])}
    names = ["convergence", "memorisation", "denoising"]
    found = theory.simulate(spectrum, [4, 9], repeats=3, seed=11, quantities=names, **options)
    z = normal_score(
        *(found[f"convergence{end}"].values for end in ("", "_predicted", "_stderr")), 3, 0.0
    )
    np.testing.assert_allclose(found["convergence_z"], z, rtol=1e-12)
    for n in (4, 9):
        drawn = list(cells(spectrum, n, 3, 11, quantities=names, **options))
        one = found.sel(samples=n)
        for name in ("memorisation", "test_error", "denoiser_variance"):
            values = np.array([cell[name] for cell in drawn])
            np.testing.assert_allclose(one[name], values.mean(axis=0), rtol=1e-12)
            error = values.std(axis=0, ddof=1) / np.sqrt(3.0)
            np.testing.assert_allclose(one[f"{name}_stderr"], error, rtol=1e-11)
        for name, power in (
            ("convergence", 1.0),
            ("convergence_to_truth", 0.5),
            ("agreement", 1.0),
        ):
            values, norms = (
                np.array([cell[key] for cell in drawn]) for key in (name, name + "_norm")
            )
            scale = norms.mean(axis=0) ** power * spectrum.trace ** (1.0 - power)
            ratio = values.mean(axis=0) / scale
            np.testing.assert_allclose(one[name], ratio, rtol=1e-12)
            # Both vary: d(X/N^p) = dX/N^p − p X/N^p dN/N.
            moved = values / scale - power * ratio * norms / norms.mean(axis=0)
            error = moved.std(axis=0, ddof=1) / np.sqrt(3.0)
            np.testing.assert_allclose(one[f"{name}_stderr"], error, rtol=1e-10)


def test_progress_counts_every_pair(monkeypatch):
    said, done = [], []

    @contextmanager
    def phase(*given):
        said.append(given)
        yield done.append

    monkeypatch.setattr(simulate, "phase", phase)
    options = {"quantities": ["convergence"], "repeats": 4}
    theory.simulate(theory.Spectrum.isotropic(3), [2, 5], **options)
    assert said == [("measuring finite models", 8, "pair")]
    assert done == [1] * 8


def test_more_repeats_than_are_kept_are_refused(monkeypatch):
    monkeypatch.setattr(simulate, "_MOST_REPEATS", 3)
    options = {"quantities": ["convergence"]}
    found = theory.simulate(theory.Spectrum.isotropic(3), [2], repeats=3, **options)
    assert found.attrs["population"] == "unlimited"
    with pytest.raises(theory.InputError) as caught:
        theory.simulate(theory.Spectrum.isotropic(3), [2], repeats=4, **options)
    assert str(caught.value) == (
        "repeats = 4 pairs of training sets are more than the 3 that are kept: give fewer."
    )


def test_the_label_of_the_data():
    data = np.random.default_rng(0).standard_normal((10, 3))
    for label, said in ((None, "data"), ("mine", "mine")):
        found = theory.simulate(data, [5], repeats=2, quantities=["convergence"], source=label)
        assert found.attrs["source"] == said
