"""Units that differ by a plain map are recognised, mended and said; others are refused."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.units import UNITS, one_unit
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws


def named(rows, name="points"):
    return Points(name, np.asarray(rows), np.shape(rows)[1:])


@pytest.fixture(scope="module")
def halves():
    images = laws.colour(160, np.random.default_rng(0))
    return images[:80], images[80:]


@pytest.mark.parametrize("source", UNITS)
@pytest.mark.parametrize("target", UNITS)
def test_every_pair_of_units(halves, source, target):
    def to(x, name):
        low, high = UNITS[name]
        return low + (high - low) * x

    (found,), notes = one_unit(
        named(to(halves[0], target)), [named(to(halves[1], source), "samples")]
    )
    expected = to(halves[1], target)
    np.testing.assert_allclose(found.rows, expected, atol=1e-9 * np.ptp(expected))
    if source == target:
        assert notes == []
    else:
        assert f"from {source} to {target}" in notes[0]


@pytest.mark.parametrize(
    ("dress", "words"),
    [
        (dresses.standardised, "mean and scale ("),
        (dresses.standardised_by_channel, "in each channel"),
        (lambda x, rng, t: (x - t.mean(axis=0)) / t.std(axis=0), "in each coordinate"),
    ],
)
def test_standardised_samples_are_brought_back(halves, dress, words):
    training, samples = halves
    (found,), notes = one_unit(named(training), [named(dress(samples, None, training))])
    np.testing.assert_allclose(found.flat(), samples.reshape(len(samples), -1), atol=1e-12)
    assert words in notes[0]


@pytest.mark.parametrize(
    "dress",
    [dresses.plain, dresses.brighter, dresses.darker, dresses.blurred, dresses.less_varied,
     dresses.inverted],
)  # fmt: skip
def test_what_samples_are_like_is_no_unit(halves, dress):
    """Bright, pale or blurred samples keep their values."""
    training, samples = halves
    given = named(dress(samples, None, training))
    (found,), notes = one_unit(named(training), [given])
    assert found.rows is given.rows
    assert notes == []


def test_a_few_outliers_are_no_unit():
    rng = np.random.default_rng(1)
    training, samples = rng.standard_normal((2, 90, 30))
    samples[:2] *= 40.0
    given = named(samples)
    assert one_unit(named(training), [given])[0][0].rows is given.rows


def test_what_fits_nothing_is_refused_with_both_ranges(halves):
    training, samples = halves
    odd = named(dresses.unknown_units(samples, None, training), "odd.npy")
    with pytest.raises(InputError, match=r"odd.npy span \[911, 9.*, those of .* \[0, 1\]"):
        one_unit(named(training), [odd])
    (found,), notes = one_unit(named(training), [odd], mend=False)
    assert found is odd
    assert notes == ["Units were left as given."]
