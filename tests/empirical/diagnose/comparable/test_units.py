"""Units that differ by a plain map are recognised, mended and said; others are refused."""

import json

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.units import (
    NORMALISATIONS,
    UNITS,
    Values,
    _by_group,
    _comparable,
    _moments,
    one_unit,
)
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


@pytest.mark.parametrize("owner", NORMALISATIONS)
@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_means_and_scales_of_other_data_are_known(halves, owner, scale):
    training, samples = halves
    mean, deviation = (np.reshape(each, (3, 1, 1)) for each in NORMALISATIONS[owner])
    (found,), notes = one_unit(named(scale * training), [named((samples - mean) / deviation)])
    np.testing.assert_allclose(
        found.flat(), scale * samples.reshape(len(samples), -1), atol=1e-12 * scale
    )
    assert f"mean and scale of {owner}" in notes[0]


def test_one_value_is_no_unit():
    """A generator that gives black images gives no standardised ones."""
    digits = laws.digits(200, np.random.default_rng(0))
    given = named(np.zeros_like(digits))
    assert one_unit(named(digits), [given]) == ([given], [])


def test_dark_images_in_one_unit_stay():
    """Of very few images the middle of all values says little."""
    rng = np.random.default_rng(2)
    dark = 0.02 * rng.random((2, 3, 8, 8))
    dark[0, 0, 0, 0] = 1.0
    bright = rng.random((40, 3, 8, 8))
    given = named(bright)
    assert one_unit(named(dark), [given]) == ([given], [])


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


def values(low=0.0, high=1.0, quantiles=(0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0), mean=0.5, scale=0.1):
    ends = np.full(4, mean), np.full(4, scale)
    return Values(np.zeros((2, 4)), low, high, *ends, np.array(quantiles), 0.25)


@pytest.mark.parametrize(
    ("low", "high", "first", "last", "inside"),
    [
        (0.0, 1.0, 0.0, 1.0, True), (-0.49, 1.49, -0.09, 1.09, True),
        (0.0, 1.0, -0.11, 1.0, False), (0.0, 1.0, 0.0, 1.11, False),
        (-0.51, 1.0, 0.0, 1.0, False), (0.0, 1.51, 0.0, 1.0, False),
        (0.0, 1.0, 0.3, 0.61, True), (0.0, 1.0, 0.3, 0.59, False),
    ],
)  # fmt: skip
def test_numbers_fill_a_unit_and_hardly_leave_it(low, high, first, last, inside):
    between = np.linspace(first + 0.02, last - 0.02, 5)
    assert values(low, high, (first, *between, last)).in_unit("[0, 1]") == inside
    stretched = values(*(255.0 * x for x in (low, high)), 255.0 * np.array([first, *between, last]))
    assert stretched.in_unit("[0, 255]") == inside


def test_the_distance_adds_quantiles_means_and_scales_in_spreads():
    one, other = values(), values(quantiles=np.linspace(0.1, 1.1, 7), mean=0.75, scale=0.15)
    apart = np.abs(one.quantiles - other.quantiles).mean() + 0.25 + 0.05
    assert one.distance(other) == pytest.approx(apart / 0.25)


def test_values_are_those_of_the_middle_nine_tenths():
    rows = np.random.default_rng(0).standard_normal((400, 6)) * [1.0, 2, 1, 1, 1, 1] + 3.0
    found = Values.of(named(rows))
    low, high = np.quantile(rows, [0.05, 0.95])
    middle = np.clip(rows, low, high)
    np.testing.assert_allclose(found.mean, middle.mean(axis=0))
    np.testing.assert_allclose(found.scale, middle.std(axis=0))
    assert found.spread == pytest.approx(middle.std())
    assert (found.low, found.high) == (rows.min(), rows.max())
    assert found.words == f"[{rows.min():.4g}, {rows.max():.4g}]"
    moved = found.mapped(2.0, 1.0)
    np.testing.assert_allclose(moved.quantiles, 2.0 * found.quantiles + 1.0)
    assert (moved.low, moved.high) == (2.0 * found.low + 1.0, 2.0 * found.high + 1.0)
    # Of many points some hundred are looked at, evenly.
    for count, seen in ((999, 500), (1001, 334)):
        assert len(Values.of(named(np.zeros((count, 2)))).rows) == seen
    flat = Values.of(named(np.r_[np.zeros((97, 2)), np.full((3, 2), 5.0)]))
    assert flat.spread > 0.0


@pytest.mark.parametrize(
    ("gain", "offset", "fits"),
    [(7.9, 0.0, True), (8.1, 0.0, False), (1 / 7.9, 0.0, True), (1 / 8.1, 0.0, False),
     (1.0, 11.9, True), (1.0, 12.1, False), (1.0, -12.1, False)],
)  # fmt: skip
def test_sets_can_be_compared_up_to_eight_spreads_and_twelve_of_offset(gain, offset, fits):
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((300, 20))
    truth = Values.of(named(rows))
    assert _comparable(truth.mapped(gain, offset * truth.spread), truth) == fits
    flat = Values.of(named(np.ones((5, 20))))
    assert _comparable(flat, truth)
    assert _comparable(truth, flat)


def test_means_and_scales_are_those_of_each_group_of_coordinates():
    rows = np.random.default_rng(2).standard_normal((50, 6)) + np.arange(6.0)
    mean, square = _moments(named(rows))
    np.testing.assert_allclose(mean, rows.mean(axis=0))
    np.testing.assert_allclose(square, (rows**2).mean(axis=0))
    group = np.array([0, 0, 0, 1, 1, 1])
    centre, scale = _by_group(mean, square, group)
    for part in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(centre[part], rows[:, part].mean())
        np.testing.assert_allclose(scale[part], rows[:, part].std())


def test_normalisations_are_those_that_are_published():
    """torchvision's ImageNet; OpenAI's CLIP. All are means and scales of pixels in [0, 1]."""
    assert NORMALISATIONS["ImageNet"] == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert NORMALISATIONS["CLIP"] == (
        (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711),
    )  # fmt: skip


def test_numbers_in_a_unit_are_brought_to_a_range_that_is_none():
    """Training values between 3 and 9 fill no unit; samples in [0, 1] are mapped to them."""
    rng = np.random.default_rng(5)
    training, samples = 3.0 + 6.0 * rng.beta(0.5, 0.5, (60, 8)), rng.beta(0.5, 0.5, (60, 8))
    training[0, 0], training[1, 0] = 3.0, 9.0
    (found,), notes = one_unit(named(training), [named(samples, "samples")])
    assert "from [0, 1] to the range of the training set" in notes[0]
    np.testing.assert_allclose(found.flat(), 3.0 + 6.0 * samples)


def test_a_unit_is_the_range_in_its_name():
    assert {name: tuple(json.loads(name)) for name in UNITS} == UNITS
    assert len(UNITS) == 6


@pytest.mark.parametrize(("counts", "most"), [((97, 2, 1), 2.0), ((92, 4, 4), 1.0)])
def test_of_numbers_that_are_mostly_one_the_range_is_the_middle(counts, most):
    """Where the middle nine tenths are one number all count, else what lies within them."""
    rows = np.repeat([0.0, 1.0, 2.0], counts)[:, None]
    assert Values.of(named(rows)).mean == pytest.approx(np.minimum(rows, most).mean())
