from dataclasses import replace

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError
from convergen.theory.pilot import population
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.measure import fit_measure
from convergen.theory.pilot.population import (
    OtherSample,
    _below,
    _spectrum,
    estimate_population,
)
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.spectra.principal_components import principal_components

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
    for seed in range(8):
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


@pytest.fixture(scope="module")
def small():
    return estimate_population(draw(theory.Spectrum.power_law(12, 1.0), 9, 4), seed=7)


def of_trace(trace):
    return theory.Spectrum.from_eigenvalues([0.75 * trace, 0.25 * trace])


@pytest.mark.parametrize(
    ("options", "deviate", "used"),
    [({}, 1.644854, [3.0, 6.0, 2.5]), ({"level": 0.95}, 1.959964, [3.0, 6.0, 2.5]),
     ({"draws": 2}, 1.644854, [3.0, 6.0]),
     ({"drawn": lambda other: 8.0 * np.exp(other.wider)}, 1.644854, 8.0 * np.exp([1.0, 2.0, 3.0]))],
)  # fmt: skip
def test_an_interval_combines_other_samples_and_allowed_spectra(small, options, deviate, used):
    """Each is as wide as the draws scatter about the estimate, and 0.7 of the way to extremes."""
    resampled = tuple(
        OtherSample(of_trace(trace), wider) for trace, wider in ((3.0, 1.0), (6.0, 2.0), (2.5, 3.0))
    )
    pilot = replace(small, spectrum=of_trace(4.0), resampled=resampled)
    pilot.__dict__["allowed"] = [of_trace(2.0), of_trace(5.0)]
    found = pilot.interval(lambda spectrum: spectrum.trace, **options)
    spread = np.sqrt(np.mean(np.log(np.array(used) / 4.0) ** 2))
    sampling = np.hypot(deviate * spread, 3e-3)
    fewest, most = 0.7 * np.log(2.0), 0.7 * np.log(5.0 / 4.0)
    assert found.value == pytest.approx(4.0)
    assert found.sampling == pytest.approx(sampling, rel=1e-6)
    assert found.unseen == pytest.approx(fewest)
    assert np.log(4.0 / found.low) == pytest.approx(np.hypot(sampling, fewest), rel=1e-6)
    assert np.log(found.high / 4.0) == pytest.approx(np.hypot(sampling, most), rel=1e-6)


def test_an_interval_of_several_numbers_holds_the_estimate_where_extremes_do_not(small):
    pilot = replace(small, spectrum=of_trace(4.0), resampled=(OtherSample(of_trace(4.0), 0.0),) * 3)
    for allowed in ([of_trace(5.0), of_trace(6.0)], []):
        pilot.__dict__["allowed"] = allowed
        found = pilot.interval(lambda law: [[law.trace, np.inf], [1.0, 0.0]])
        top = 6.0 if allowed else 4.0
        np.testing.assert_allclose(found.value, [[4.0, np.inf], [1.0, 0.0]])
        np.testing.assert_allclose(found.unseen[:, 0], [0.7 * np.log(top / 4.0), 0.0], atol=1e-15)
        np.testing.assert_allclose(found.sampling[:, 0], 3e-3)
        assert np.log(found.low[0, 0] / 4.0) == pytest.approx(-3e-3)


@pytest.mark.parametrize(("misfit", "tolerance"), [(0.0, 3e-3), (1.4e-3, 3e-3), (0.01, 0.02)])
def test_spectra_are_allowed_that_agree_within_twice_the_misfit(
    small, misfit, tolerance, monkeypatch
):
    """They are extreme at a tenth of the last κ that is visible, and have the same factors."""
    asked = []
    nodes = np.array([2.0, 1.0, 0.1])

    def extremes(*given):
        asked.append(given)
        return [(nodes, np.array([1.0, 2.0, 3.0])), (nodes, np.array([0.0, 1.0, 1.0]))]

    monkeypatch.setattr(population, "extreme_measures", extremes)
    lead = np.array([3.0, 2.5])
    pilot = replace(small, _misfit=misfit, factors=replace(small.factors, eigenvalues=lead))
    found = pilot.allowed
    assert asked == [(small._given, tolerance, 0.1 * small.curve.kappa[-1])]
    # The first two of each measure stand for the factors.
    lasting = [
        _spectrum(nodes, np.array(each), lead, small._sample, "data")
        for each in ([0, 1, 3], [0, 0, 0])
    ]
    for one, other in zip(found, lasting, strict=True):
        assert one.source == small.spectrum.source == "data"
        np.testing.assert_allclose(one.eigenvalues, other.eigenvalues)
        np.testing.assert_allclose(one.multiplicities, other.multiplicities)


def test_parts_and_fourth_moments_have_random_numbers_of_their_own(small, monkeypatch):
    asked = []
    monkeypatch.setattr(population, "compare_halves", lambda sample, rng: asked.append(rng))
    monkeypatch.setattr(population, "far_end", lambda sample, dim, rng: asked.append((dim, rng)))
    pilot = replace(small, seed=5)
    assert pilot.halves is pilot.far_end is None
    first, (dim, second) = asked
    assert dim == small.spectrum.positive
    drawn = [rng.random() for rng in (first, second, np.random.default_rng(5))]
    assert len(set(drawn)) == 3
    # Results of a seed are for ever the same.
    assert drawn[:2] == [np.random.default_rng([5, own]).random() for own in (2, 3)]


@pytest.mark.parametrize(
    ("sampling", "unseen", "end", "times"),
    [(0.5, 0.0, 1.0, 4), (0.5, 0.01, 1.35, 8), (0.0, 0.4, 1.33, 2), (0.0, 0.4, 1.34, np.inf),
     (0.3, 0.4, 1.0, 2), (0.3, 0.4, 1.3, 4), (0.3, 0.4, 1.42, 64), (0.3, 0.4, 1.4285, 512),
     (0.3, 0.4, 1.4287, 1024), (0.3, 0.4, 1.429, np.inf)],
)  # fmt: skip
def test_points_to_halve_an_interval(small, sampling, unseen, end, times, monkeypatch):
    """Sampling falls by √2 a doubling, the rest by what a larger pilot of the estimate sees."""
    one = np.array([1.0])
    ends = [(one, one), (end * one, one)]
    monkeypatch.setattr(population, "extreme_measures", lambda *given: ends)
    sample = replace(small._sample, dim=1)
    pilot = replace(small, spectrum=theory.Spectrum.from_eigenvalues([1.0]), _sample=sample)
    given = Interval(*map(np.array, (1.0, 0.5, 2.0, sampling, unseen)))
    found = pilot.points_to_halve(lambda spectrum: spectrum.trace, given)
    wanted = 0.5 * np.hypot(sampling, unseen)
    step = 0.7 * abs(np.log(end))
    expected = [
        2**k for k in range(1, 11)
        if np.hypot(sampling * 2.0 ** (-k / 2), min(step, unseen)) <= wanted
    ]  # fmt: skip
    assert found == 9 * times
    assert times == (expected[0] if expected else np.inf)


def test_a_larger_pilot_is_that_of_the_estimate(monkeypatch):
    """Its visible curve goes on to κ₀ of its size, but to no less than 1e-3 of that of this one."""
    small = estimate_population(draw(theory.Spectrum.power_law(30, 1.0), 9, 4))
    asked = []
    monkeypatch.setattr(population, "extreme_measures", lambda *given: asked.append(given) or [])
    given = Interval(*map(np.array, (1.0, 0.5, 2.0, 0.1, 10.0)))
    small.points_to_halve(lambda spectrum: spectrum.trace, given)
    assert len(asked) == 1  # nothing is unseen where no measure was found
    monkeypatch.setattr(
        population, "extreme_measures",
        lambda *given: asked.append(given) or [(np.array([1e9]), np.array([1.0]))],
    )  # fmt: skip
    asked.clear()
    assert small.points_to_halve(lambda spectrum: spectrum.trace, given) == np.inf
    assert len(asked) == 10
    last = small.curve.kappa[-1]
    for doublings, (shown, tolerance, probe) in enumerate(asked, start=1):
        base = float(theory.renormalised_noise(small.spectrum, 9.0 * 2**doublings).kappa)
        lowest = max(base, 1e-3 * last)
        assert (lowest == base) == (doublings < 2)
        steps = np.exp(np.linspace(np.log(small.curve.kappa[0]), np.log(lowest), 48))
        np.testing.assert_allclose(shown.kappa, steps)
        np.testing.assert_allclose(shown.df1, theory.df1(small.spectrum, steps))
        assert (shown.trace, shown.error is small._given.error) == (small._given.trace, True)
        assert (tolerance, probe) == (3e-3, pytest.approx(0.1 * lowest))


@pytest.mark.parametrize(
    ("rows", "repeats", "message"),
    [(7, 0, "a pilot of 7 points says nothing of the law behind it: give at least 8."),
     (7, 3, "a pilot of 10 points with 7 different ones says nothing of the law behind it: give at "
            "least 8 different ones.")],
)  # fmt: skip
def test_a_pilot_has_eight_different_points(rows, repeats, message):
    data = np.random.default_rng(0).standard_normal((8, 4))
    with pytest.raises(InputError) as raised:
        estimate_population(np.concatenate([data[:rows], data[:repeats]]))
    assert str(raised.value) == message
    found = estimate_population(np.concatenate([data, data[:1]]))
    assert (found.points, found.repeated, found.nearly_repeated) == (9, 1, 0)


def test_an_estimate_of_nothing_but_data():
    """Means are subtracted, 50 other samples drawn with seed 0, and known components serve."""
    data = draw(theory.Spectrum.power_law(6, 1.0), 9, 5) + 3.0
    found, same = estimate_population(data), estimate_population(data, center=True, seed=0)
    assert (found.seed, len(found.resampled), found.spectrum.source) == (0, 50, "data")
    assert repr(found) == f"Population(behind 9 points: {found.spectrum!r})"
    assert found.resampled[4].wider == same.resampled[4].wider
    np.testing.assert_allclose(found.spectrum.mean, data.mean(axis=0))
    parts = principal_components(data, center=False)
    about = estimate_population(data, center=False)
    given = estimate_population(data, center=False, components=parts)
    np.testing.assert_array_equal(about.spectrum.mean, 0.0)
    np.testing.assert_allclose(given.spectrum.eigenvalues, about.spectrum.eigenvalues)
    assert about._sample.trace == pytest.approx(np.sum(data**2) / 9.0)
    assert (found.curve.points, found._sample.freedom, about._sample.freedom) == (9, 8, 9)
    with pytest.raises(InputError, match="seed"):
        estimate_population(data, seed=-1)


@pytest.mark.parametrize(("count", "goes_on"), [(9, True), (12, True), (13, False), (14, False)])
def test_curves_go_on_below_what_fewer_points_than_dimensions_show(count, goes_on, monkeypatch):
    """What a sample says goes into the fits: errors of the curve, trace, and λ̂₁."""
    asked, fitted = [], []
    fit, go_on = population.fit_measure, population.continuation
    monkeypatch.setattr(
        population, "continuation",
        lambda given, covariance: asked.append(covariance) or go_on(given, covariance),
    )  # fmt: skip
    monkeypatch.setattr(
        population, "fit_measure",
        lambda given, likely=None: fitted.append((given, likely)) or fit(given, likely),
    )  # fmt: skip
    monkeypatch.setattr(population, "_DRAWS", 2)
    data = draw(theory.Spectrum.power_law(12, 1.0), count, 5)
    found = estimate_population(data, seed=3)
    assert bool(asked) == goes_on
    given, _ = fitted[0]
    covariance = found.curve.covariance
    np.testing.assert_allclose(given.error, np.sqrt(np.diag(covariance))[:48])
    assert given.largest == found._sample.eigenvalues[0]
    assert (given.trace, given.dim) == (found._sample.trace, 12)
    rng = np.random.default_rng(3)
    for (moved, likely), other in zip(fitted[1:], found.resampled, strict=True):
        counts = found.curve.another_sample(rng)
        assert (likely is not None) == goes_on
        assert moved.trace == pytest.approx(
            given.trace * np.exp(found.curve.log_trace_influence @ counts)
        )
        np.testing.assert_allclose(moved.df1, found.curve.moved(counts)[1])
        np.testing.assert_allclose(moved.kappa, found.curve.moved(counts)[0])
        lead = found.factors.moved(counts)
        np.testing.assert_allclose(other.spectrum.eigenvalues[: lead.size], lead)


def test_slices_of_less_than_a_millionth_count_for_nothing():
    nodes, weights = np.array([3.0, 2.0, 1.0]), np.array([1e-6, 2.0, 1.1e-6])
    found = _spectrum(nodes, weights, np.empty(0), pilot_of(3.0), "x")
    np.testing.assert_allclose(found.eigenvalues, [2.0, 1.0, 0.0])
    np.testing.assert_allclose(found.multiplicities, [2.0, 1.1e-6, 8.0 - 1.1e-6], rtol=1e-9)
    # Missing dimensions of no more are shared out.
    for missing, rank in ((1e-6, 10.0), (1e-5, 10.0 - 1e-5)):
        found = _spectrum(nodes[:1], np.array([10.0 - missing]), np.empty(0), pilot_of(3.0), "x")
        assert found.multiplicities[0] == pytest.approx(rank, rel=1e-12)
    near = _spectrum(np.array([5.0]), np.array([3.0]), np.array([2.0]), pilot_of(6.0, 4.0), "x")
    np.testing.assert_allclose(near.eigenvalues, [2.0, 2.0 * (1.0 - 1e-6), 0.0], rtol=1e-12)
