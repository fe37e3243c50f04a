import numpy as np
import pytest
import scipy.stats
import xarray as xr
from scipy.stats import norm

from convergen.empirical.measure import intervals
from convergen.empirical.measure.intervals import (
    average,
    bootstrap,
    over_axis,
    over_seeds,
    ratio,
    wilson,
)
from convergen.theory.common.checks import InputError

REPEATS = 400


def first(means):
    """The statistic of a plain average."""
    return means[..., 0]


def coverage(draw, statistic, truth, **options):
    """Share of intervals that hold the truth, out of `REPEATS` independent experiments."""
    inside = 0
    for seed in range(REPEATS):
        rng = np.random.default_rng([7, seed])
        found = bootstrap(draw(rng), statistic, rng, resamples=300, **options)
        assert found.low <= found.high
        inside += found.low <= truth <= found.high
    return inside / REPEATS


# -------------------------------------------------------------------------------- bootstrap


def test_intervals_of_a_skewed_mean_cover_as_often_as_they_say():
    """Exponential law, 80 draws: 95 % is aimed at; 1.1 % is the error of this count."""
    share = coverage(lambda rng: rng.exponential(size=(80, 1)), first, 1.0)
    assert 0.905 < share < 0.98


def test_the_level_is_the_coverage():
    share = coverage(lambda rng: rng.standard_normal((80, 1)), first, 0.0, level=0.6)
    assert abs(share - 0.6) < 4.0 * np.sqrt(0.6 * 0.4 / REPEATS)


def test_intervals_of_an_overlap_cover_the_known_one():
    """q of correlated Gaussian draws is their correlation, whatever their scales."""

    def draws(rng):
        x, z = rng.standard_normal((2, 100))
        y = 3.0 * (0.8 * x + 0.6 * z)
        return np.stack([x * y, x * x, y * y], axis=1)

    assert 0.9 < coverage(draws, ratio, 0.8) < 0.985


def test_the_standard_error_of_a_mean_and_its_seed():
    values = np.random.default_rng(0).exponential(size=(60, 1))
    found = bootstrap(values, first, np.random.default_rng(1), resamples=20_000)
    assert found.stderr == pytest.approx(values.std() / np.sqrt(60), rel=0.03)
    assert found.value == pytest.approx(values.mean())
    again = bootstrap(values, first, np.random.default_rng(1), resamples=20_000)
    assert again == found
    assert bootstrap(values, first, np.random.default_rng(2), resamples=20_000) != found


@pytest.mark.parametrize("shape", [(5,), (0, 2), (1, 2), (2, 3, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match=r"give \(draws, K\)"):
        bootstrap(np.ones(shape), first, np.random.default_rng(0))


def test_an_overlap_with_nothing_is_zero():
    assert ratio(np.array([0.0, 0.0, 2.0])) == 0.0
    found = ratio(np.array([[0.1, 0.2, 0.3], [1.0, 4.0, 0.0]]))
    np.testing.assert_allclose(found, [0.1 / np.sqrt(0.06), 0.0])


def test_an_average_has_the_textbook_error():
    values = np.random.default_rng(0).exponential(size=200)
    found = average(values)
    assert found.value == pytest.approx(values.mean())
    assert found.stderr == pytest.approx(values.std(ddof=1) / np.sqrt(200))
    assert found.high - found.value == pytest.approx(1.959964 * found.stderr)
    assert found.value - found.low == pytest.approx(1.959964 * found.stderr)


# ----------------------------------------------------------------------------------- Wilson


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("hits", "total"), [(0, 1), (0, 30), (1, 7), (50, 256), (256, 256)])
def test_the_ends_of_wilson_are_where_the_score_test_rejects(hits, total, level):
    found, z = wilson(hits, total, level), norm.isf(0.5 * (1.0 - level))
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.value == hits / total
    for end, certain in ((found.low, hits == 0), (found.high, hits == total)):
        if certain:
            assert end in (0.0, 1.0)
        else:
            distance = (found.value - end) ** 2
            assert distance == pytest.approx(z**2 * end * (1.0 - end) / total, rel=1e-9)
    assert found.stderr == pytest.approx((found.high - found.low) / (2.0 * z))
    wider = wilson(hits, total, 0.5 * (1.0 + level))
    assert wider.low <= found.low
    assert wider.high >= found.high
    assert found.as_dict() == {"value": found.value, "low": found.low, "high": found.high}


def test_impossible_counts_are_refused():
    with pytest.raises(InputError, match="hits = 4 exceed total = 3"):
        wilson(4, 3)
    with pytest.raises(InputError, match="total must be a whole number of at least 1"):
        wilson(0, 0)
    with pytest.raises(InputError, match="hits must be a whole number of at least 0"):
        wilson(-1, 3)


# ----------------------------------------------------------------------- independent repeats


def test_repeats_that_are_missing_are_left_out():
    values = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan], [6.0, 7.0, np.nan]])
    mean, stderr = over_axis(values)
    np.testing.assert_allclose(mean, [3.0, 6.0, np.nan])
    expected = [values[:, 0].std(ddof=1) / np.sqrt(3), np.std([5.0, 7.0], ddof=1) / np.sqrt(2)]
    np.testing.assert_allclose(stderr, [*expected, np.nan])
    for found, other in zip(over_axis(values.T, 1), (mean, stderr), strict=True):
        np.testing.assert_array_equal(found, other)


def test_a_single_repeat_has_no_error():
    mean, stderr = over_axis(np.array([[2.0]]))
    assert mean[0] == 2.0
    assert np.isnan(stderr[0])


def test_the_sides_of_a_seed_are_taken_together():
    values = xr.DataArray(
        [[[1.0, 4.0, 0.0], [3.0, 6.0, 0.0]]],
        dims=("samples", "side", "seed"), coords={"samples": [8], "seed": [0, 1, 2]},
    )  # fmt: skip
    mean, stderr = over_seeds(values)
    assert mean.dims == ("samples",)
    assert mean.sel(samples=8).item() == pytest.approx(7.0 / 3.0)
    assert stderr.item() == pytest.approx(np.std([2.0, 5.0, 0.0], ddof=1) / np.sqrt(3.0))


def test_two_draws_have_an_error_and_one_has_none():
    """Of 1 and 3: mean 2, standard error √2/√2 = 1."""
    assert average([1.0, 3.0]).stderr == pytest.approx(1.0)
    for values in ([1.0], []):
        with pytest.raises(InputError, match=f"an average of {len(values)} draws has no error"):
            average(values)
    assert average([1.0, 3.0], level=0.5).high == pytest.approx(2.0 + norm.isf(0.25))


def test_a_table_has_columns_and_two_rows_and_two_resamples():
    with pytest.raises(InputError, match=r"values have shape \(5, 0\): give \(draws, K\)"):
        bootstrap(np.ones((5, 0)), first, np.random.default_rng(0))
    with pytest.raises(InputError, match="resamples"):
        bootstrap(np.ones((5, 1)), first, np.random.default_rng(0), resamples=1)
    least = bootstrap([[1.0], [3.0]], first, np.random.default_rng(0), resamples=2)
    assert least.value == 2.0
    found = bootstrap([[1.0], [3.0]], first, np.random.default_rng(0), resamples=200)
    assert (found.value, found.low, found.high) == (2.0, 1.0, 3.0)


def test_results_of_one_seed_have_no_error_but_a_mean():
    values = xr.DataArray([[2.0, 4.0]], dims=("seed", "side"), coords={"seed": [5]})
    mean, stderr = over_seeds(values)
    assert mean.item() == 3.0
    assert np.isnan(stderr.item())
    assert "seed" not in mean.coords


@pytest.mark.parametrize(("numbers", "batch"), [(2**23, 2**23 // 60), (59, 1), (120, 2)])
def test_a_thousand_resamples_are_taken_in_batches_that_fit_into_memory(
    monkeypatch, numbers, batch
):
    assert intervals._WEIGHTS * 8 == 64 * 1024**2  # bytes
    monkeypatch.setattr(intervals, "_WEIGHTS", numbers)
    asked, plain = {}, scipy.stats.bootstrap
    monkeypatch.setattr(
        scipy.stats, "bootstrap", lambda *given, **how: asked.update(how) or plain(*given, **how)
    )
    values = np.random.default_rng(0).random((60, 1))
    bootstrap(values, first, np.random.default_rng(0))
    assert (asked["batch"], asked["n_resamples"]) == (batch, 1000)
    assert asked["confidence_level"] == 0.95
