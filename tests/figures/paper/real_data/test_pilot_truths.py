"""The truths that pilots are held against."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.paper.real_data import pilot_truths
from convergen.figures.paper.real_data.pilot_truths import TRUTHS


def test_the_truth_of_data_is_what_disjoint_subsets_show():
    law = TRUTHS[0].load(2, 5)
    found = theory.simulate(
        law.draw(1797, np.random.default_rng(0)), [60], quantities=("convergence",), repeats=12
    )
    assert float(law.convergence(np.array([60.0]))[0]) == pytest.approx(
        float(found["convergence"][0]), abs=0.01
    )
    needed = law.samples_for(0.9)
    assert float(law.convergence(np.array([needed]))[0]) == pytest.approx(0.9, abs=1e-3)


@pytest.fixture
def measured(monkeypatch):
    """A law of which 1 − q = 1/(1 + n/50), but for one n at which q falls short; what was asked."""
    asked = []

    def simulate(rows, samples, quantities, seed, repeats):
        (n,) = samples
        asked.append((len(rows), n, quantities, seed, repeats))
        q = n / (50.0 + n)
        return {"convergence": np.array(0.5 * q if 6 < n < 8 else q)}

    monkeypatch.setattr(theory, "simulate", simulate)
    rows = np.arange(900.0).reshape(300, 3)
    return pilot_truths._measured(rows, 4000)(5, 7), asked, rows


def test_few_points_are_measured_more_often(measured):
    _, asked, _ = measured
    sizes = [n for _, n, *_ in asked]
    np.testing.assert_array_equal(sizes, np.unique(np.round(np.geomspace(4, 4000, 14))))
    assert {(count, quantities, seed) for count, _, quantities, seed, _ in asked} == {
        (300, ("convergence",), 7)
    }
    for _, n, _, _, repeats in asked:
        assert repeats == 5 * max(1, int(200 / n))


def test_between_the_sizes_the_odds_are_interpolated(measured):
    law, asked, _ = measured
    n = np.array([4.0, 30.0, 777.0, 4000.0])
    np.testing.assert_allclose(law.convergence(n), n / (50.0 + n), rtol=2e-3)
    for level in (0.3, 0.9):
        assert law.samples_for(level) == pytest.approx(50.0 * level / (1.0 - level), rel=5e-3)
    assert (law.first, law.last) == (4.0, 4000.0)
    # q cannot fall with n: what falls short by chance stays at the largest before.
    short = next(n for _, n, *_ in asked if 6 < n < 8)
    assert law.convergence(np.array([short]))[0] == pytest.approx(4.0 / 54.0)


def test_pilots_are_rows_without_repetition(measured):
    law, _, rows = measured
    pilot = law.draw(120, np.random.default_rng(0))
    assert pilot.shape == (120, 3)
    assert len(np.unique(pilot[:, 0])) == 120
    assert np.isin(pilot, rows).all()
    assert not np.array_equal(pilot, law.draw(120, np.random.default_rng(1)))


def test_the_power_law_is_known_exactly():
    law = TRUTHS[1].load(0, 0)
    spectrum = theory.Spectrum.power_law(3072, 1.0)
    n = np.array([10.0, 1000.0])
    np.testing.assert_array_equal(law.convergence(n), theory.convergence(spectrum, n))
    assert law.samples_for(0.5) == float(theory.samples_for(spectrum, convergence=0.5))
    assert (law.first, law.last) == (4.0, 1e5)
    drawn = law.draw(400, np.random.default_rng(0))
    assert drawn.shape == (400, 3072)
    variance = (drawn**2).mean(axis=0)[[0, 1, 9]]
    np.testing.assert_allclose(variance, [1.0, 0.5, 0.1], rtol=5.0 * np.sqrt(2.0 / 400))


def test_data_sets_are_measured_up_to_less_than_half_of_them(monkeypatch):
    seen = []

    def watch(rows, last):
        seen.append((rows.shape, last))
        return lambda repeats, seed: (repeats, seed)

    monkeypatch.setattr(pilot_truths, "_measured", watch)
    assert [TRUTHS[place].load(2, 3) for place in (0, 2)] == [(2, 3)] * 2
    assert seen[0] == ((1797, 64), 800)
    assert seen[1][0][1] == 64
    assert all(2 * last <= shape[0] for shape, last in seen)
