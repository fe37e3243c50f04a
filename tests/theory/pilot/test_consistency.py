"""What must hold for any pilot, whatever its law."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convergen import theory
from convergen.theory.forecast.beyond_gaussian import DataLaw

LAWS = st.tuples(
    st.floats(0.0, 1.6), st.integers(10, 60), st.sampled_from([None, 1.0, 4.0]), st.integers(0, 99)
)


def draw(law, count):
    alpha, dim, shape, seed = law
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((count, dim)) * np.arange(1.0, dim + 1.0) ** (-0.5 * alpha)
    return data if shape is None else data * np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))


@settings(max_examples=4, deadline=None, derandomize=True)
@given(LAWS, st.integers(16, 60))
def test_nothing_is_claimed_above_what_disjoint_parts_show(law, count):
    pilot = theory.estimate_population(draw(law, count))
    parts = pilot.halves
    for spectrum in (pilot.spectrum, *pilot.allowed):
        odds = DataLaw(pilot, parts.freedom).odds(spectrum)[0]
        np.testing.assert_allclose(odds / (1.0 + odds), parts.gap, rtol=1e-6)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(LAWS, st.integers(-30, 30))
def test_units_change_nothing(law, power):
    data, n = draw(law, 30), np.array([10.0, 200.0])
    first, second = map(theory.estimate_population, (data, data * 2.0**power))
    odds = [DataLaw(each, n).odds(each.spectrum) for each in (first, second)]
    np.testing.assert_allclose(odds[0], odds[1], rtol=1e-5)
