import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.measure import fit_measure
from convergen.theory.pilot.population import _below, _spectrum, estimate_population
from convergen.theory.pilot.sample import PilotSample

POWER = theory.Spectrum.power_law(600, 1.2)
STEEP = theory.Spectrum.power_law(1500, 1.5)


def draw(spectrum, count, seed, amplitude=None):
    rng = np.random.default_rng(seed)
    values = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    data = rng.standard_normal((count, spectrum.dim)) * np.sqrt(values)
    if amplitude is not None:
        data *= np.sqrt(rng.gamma(amplitude, 1.0 / amplitude, (count, 1)))
    return data


def sizes(spectrum):
    return [float(theory.samples_for(spectrum, convergence=q)) for q in (0.5, 0.9)]


LAWS = {
    "isotropic": (theory.Spectrum.isotropic(300), None),
    "spiked": (theory.Spectrum.spiked(300, [20.0, 5.0]), None),
    "power law": (POWER, None),
    "elliptical": (POWER, 1.5),
}


@pytest.mark.parametrize("law", LAWS)
def test_sample_sizes_of_the_population_from_140_points(law):
    spectrum, amplitude = LAWS[law]
    truth = np.log(sizes(spectrum))
    errors, plugged = [], []
    for seed in range(5):
        data = draw(spectrum, 140, seed, amplitude)
        errors.append(np.log(sizes(estimate_population(data).spectrum)) - truth)
        plugged.append(np.log(sizes(theory.Spectrum.from_data(data))) - truth)
    median = np.median(np.abs(errors), axis=0)
    assert np.all(median < np.log([1.25, 1.2]))
    # What the sample spectrum itself would promise for q = 0.9.
    assert np.median(np.abs(plugged), axis=0)[1] > 4.0 * median[1]


def test_a_mean_over_likely_curves_is_nearer_than_one_fit():
    """One fit to few points of a steep law has few atoms, and what places them is chance."""
    truth, errors = np.log(sizes(STEEP)[1]), []
    for seed in range(8):
        found = estimate_population(draw(STEEP, 40, seed))
        nodes, weights, _ = fit_measure(found._given)
        kept = weights > 0.0
        single = theory.Spectrum.from_eigenvalues(nodes[kept], weights[kept])
        errors.append(np.log([sizes(found.spectrum)[1], sizes(single)[1]]) - truth)
    mean, single = np.sqrt(np.mean(np.square(errors), axis=0))
    assert mean < 0.25
    assert mean < 0.75 * single


def test_intervals_hold_the_truth_and_say_what_dominates():
    truth = np.array(sizes(POWER))
    inside = []
    for seed in range(12):
        found = estimate_population(draw(POWER, 100, seed)).interval(sizes)
        assert np.all(found.low < found.value)
        assert np.all(found.value < found.high)
        inside.append((found.low <= truth) & (truth <= found.high))
    assert np.all(np.mean(inside, axis=0) >= 0.75)
    # q = 0.5 needs fewer points than the pilot has; q = 0.9 many more.
    assert truth[0] < 100.0 < truth[1]
    assert found.sampling[0] > found.unseen[0]
    assert found.unseen[1] > found.unseen[0]


def test_more_points_narrow_the_interval():
    widths = []
    for count in (60, 240, 960):
        found = estimate_population(draw(POWER, count, 0)).interval(sizes)
        widths.append(np.log(found.high / found.low))
    assert np.all(np.diff(widths, axis=0) < 0.0)


def test_sampling_errors_are_halved_by_four_times_the_points():
    data = np.random.default_rng(11).standard_normal((60, 5))
    found = estimate_population(data)
    trace = found.interval(lambda spectrum: spectrum.trace)

    def halved(sampling, unseen):
        parts = np.asarray(sampling), np.asarray(unseen)
        given = Interval(trace.value, trace.low, trace.high, *parts)
        return found.points_to_halve(lambda spectrum: spectrum.trace, given)

    assert halved(0.4, 0.0) == 240.0
    assert halved(0.0, 0.0) == 120.0
    # Larger pilots see all of a trace: what is left of 0.5 is 0.4 over the root of 4.
    assert halved(0.4, 0.3) == 240.0


def test_units_and_order_change_nothing():
    data = draw(POWER, 80, 1)
    first = estimate_population(data).interval(sizes)
    second = estimate_population(1e3 * data[:, ::-1] + 7.0).interval(sizes)
    np.testing.assert_allclose(second.value, first.value, rtol=1e-6)
    np.testing.assert_allclose(second.low, first.low, rtol=1e-6)
    np.testing.assert_allclose(second.high, first.high, rtol=1e-6)


def test_many_points_agree_with_the_sample_spectrum():
    spectrum = theory.Spectrum.power_law(20, 0.7)
    for count in (400, 6400):
        data = draw(spectrum, count, 2)
        found = np.array(sizes(estimate_population(data).spectrum))
        plug = np.array(sizes(theory.Spectrum.from_data(data)))
        assert np.all(np.abs(np.log(found / plug)) < 3.0 * 20.0 / count + 3e-3)


def test_the_estimate_keeps_dimension_trace_and_seed():
    data = draw(POWER, 90, 3)
    found = estimate_population(data, seed=5, source="mine")
    assert found.spectrum.dim == 600
    assert found.spectrum.source == "mine"
    assert found.points == 90
    assert found.spectrum.trace == pytest.approx(np.var(data, axis=0, ddof=1).sum(), rel=0.05)
    again = estimate_population(data, seed=5)
    assert (
        found.resampled[3].spectrum.eigenvalues.tolist()
        == again.resampled[3].spectrum.eigenvalues.tolist()
    )
    other = estimate_population(data, seed=6)
    assert (
        found.resampled[3].spectrum.eigenvalues.tolist()
        != other.resampled[3].spectrum.eigenvalues.tolist()
    )


def test_a_handful_of_points_is_refused():
    with pytest.raises(InputError, match="at least 8"):
        estimate_population(np.random.default_rng(0).standard_normal((7, 4)))


def pilot_of(*eigenvalues, dim=10):
    values = np.array(eigenvalues)
    return PilotSample(values, np.zeros((4, values.size)), 3, 4, dim)


@pytest.mark.parametrize(
    ("eigenvalues", "top"), [((6.0, 4.0, 3.0), 2.0), ((6.0, 4.0, 1.5), 1.5), ((6.0, 4.0, 2.0), 2.0)]
)
def test_a_measure_stays_below_the_least_factor_and_the_next_eigenvalue(eigenvalues, top):
    nodes, weights = np.array([8.0, 1.8, 0.5]), np.array([1.0, 2.0, 3.0])
    found = _spectrum(nodes, weights, np.array([5.0, 2.0]), pilot_of(*eigenvalues), "x")
    assert found.dim == 10
    expected = {5.0: 1.0, 2.0: 1.0, top: 1.0, min(1.8, top): 2.0, 0.5: 3.0, 0.0: 2.0}
    for value in (5.0, 0.5, 0.0):
        near = np.isclose(found.eigenvalues, value, atol=1e-6)
        assert found.multiplicities[near].sum() == pytest.approx(expected[value])
    assert found.trace == pytest.approx(5.0 + 2.0 + top + 2.0 * min(1.8, top) + 1.5, abs=1e-4)


def test_weights_that_exceed_the_dimension_are_shared_out():
    found = _spectrum(np.array([3.0, 1.0]), np.array([6.0, 6.0]), np.empty(0), pilot_of(3.0), "x")
    np.testing.assert_allclose(found.multiplicities, [5.0, 5.0])
    assert found.rank == 10


@pytest.mark.parametrize(
    ("known", "left"), [(0, [1.0, 2.0, 4.0]), (1, [0.0, 2.0, 4.0]), (2, [0.0, 1.0, 4.0]),
                        (5, [0.0, 0.0, 2.0]), (9, [0.0, 0.0, 0.0])],
)  # fmt: skip
def test_known_factors_replace_the_upper_end_of_a_measure(known, left):
    np.testing.assert_allclose(_below(np.array([1.0, 2.0, 4.0]), known), left)
