"""What must hold for any pilot, whatever its law."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convergen import theory
from convergen.theory.forecast.laws.beyond_gaussian import DataLaw, gaussian_odds

ALPHA, SEED = st.floats(0.0, 1.6), st.integers(0, 99)
SHAPE = st.sampled_from([None, 1.0, 4.0])
LAWS = st.tuples(ALPHA, st.integers(10, 60), SHAPE, SEED)
FEW = settings(max_examples=4, deadline=None, derandomize=True)


def draw(law, count, more=0):
    alpha, dim, shape, seed = law
    rng = np.random.default_rng([seed, more])
    data = rng.standard_normal((count, dim)) * np.arange(1.0, dim + 1.0) ** (-0.5 * alpha)
    return data if shape is None else data * np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))


@FEW
@given(LAWS, st.integers(16, 60))
def test_nothing_is_claimed_above_what_disjoint_parts_show(law, count):
    pilot = theory.estimate_population(draw(law, count))
    parts = pilot.halves
    for spectrum in (pilot.spectrum, *pilot.allowed):
        odds = DataLaw(pilot, parts.freedom).odds(spectrum)[0]
        np.testing.assert_allclose(odds / (1.0 + odds), parts.gap, rtol=1e-6)


@FEW
@given(LAWS, st.floats(1e-9, 1e9), st.floats(-1e3, 1e3))
def test_units_and_origin_change_nothing(law, unit, origin):
    data, n = draw(law, 30), np.array([10.0, 200.0])
    first, second = map(theory.estimate_population, (data, (data + origin) * unit))
    odds = [DataLaw(each, n).odds(each.spectrum) for each in (first, second)]
    np.testing.assert_allclose(odds[0], odds[1], rtol=1e-5)
    found = [
        each.interval(lambda law: gaussian_odds(law, n, 0.0), draws=8) for each in (first, second)
    ]
    for name in ("value", "low", "high"):
        np.testing.assert_allclose(getattr(found[1], name), getattr(found[0], name), rtol=1e-4)


@settings(FEW, max_examples=3)
@given(LAWS, st.integers(12, 40))
def test_more_points_narrow_the_interval_in_the_mean(law, count):
    n = np.array([0.5, 4.0]) * count
    widths = np.empty((2, 3, 2))
    for row, points in enumerate((count, 4 * count)):
        for more in range(3):
            pilot = theory.estimate_population(draw(law, points, more))
            found = pilot.interval(lambda law: gaussian_odds(law, n, 0.0)[0], draws=12)
            widths[row, more] = np.log(found.high / found.low)
    few, many = widths.mean(axis=1)
    assert np.all(many < few)


@FEW
@given(st.tuples(ALPHA, st.integers(2, 12), SHAPE, SEED), st.integers(20, 120))
def test_many_points_agree_with_the_sample_to_one_over_n(law, points_per_dimension):
    dim = law[1]
    count = dim * points_per_dimension
    data = draw(law, count)
    n = np.array([2.0, 10.0, 50.0]) * dim
    pair = theory.estimate_population(data).spectrum, theory.Spectrum.from_data(data)
    found, sample = (gaussian_odds(spectrum, n, 0.0)[0] for spectrum in pair)
    # Nodes of the estimated measure are 9 % apart: its own error.
    assert np.all(np.abs(np.log(found / sample)) < 4.0 / points_per_dimension + 3e-3)


@FEW
@given(LAWS, st.integers(10, 60), st.lists(st.floats(1.0, 1e5), min_size=1, max_size=3))
def test_ends_rise_with_n_and_say_one_thing_whatever_is_asked(law, count, more):
    pilot, levels = theory.estimate_population(draw(law, count)), (0.2, 0.5, 0.9, 0.99)

    def asked(samples):
        return theory.predict(pilot, samples, levels=levels, quantities=["convergence"])

    n = np.geomspace(2.0, 1e5, 24)
    found, other = asked(n), asked(np.sort([*more, n[3], n[20]]))
    for key in ("convergence", "convergence_to_truth"):
        low, value, high = (found[key + end].values for end in ("_low", "", "_high"))
        assert np.all((low <= value) & (value <= high))
        # They are held at the n of an inner grid, 30 % apart, and may turn a little between them.
        assert np.all(np.diff(low) > -1e-3)
        assert np.all(np.diff(high) > -1e-3)
        for at in (n[3], n[20]):
            again = [each.sel(samples=at, method="nearest") for each in (found, other)]
            for end in ("_low", "_high"):
                one, two = (float(each[key + end].values.ravel()[0]) for each in again)
                assert abs(one - two) < 1e-9
