"""Figure 11: what the caption says of the time of training, and smoke data that are drawn."""

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.validate.shipped_results import shipped_result
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.trained import training_time
from tests.figures.drawn import is_see_through, is_thin, labels, line_of


def test_history_ends_with_the_trained_network(smoke_of):
    data = smoke_of("training-time").sel(data="digits", samples=16)
    result = shipped_result("digits-unet").sel(samples=16)
    assert int(data["images"][-1]) == 64_000
    excess = result["memorisation"] - result["memorisation_baseline"]
    assert float(data["excess"][-1]) == pytest.approx(float(excess.mean()))
    error = result["test_error"].sel(sigma=1.0).mean("side")
    assert float(data["test_error"][-1]) == pytest.approx(float(error.mean()))
    assert float(data["test_error_stderr"][-1]) == pytest.approx(
        float(error.std("seed", ddof=1) / np.sqrt(3.0))
    )


def test_onsets_are_those_of_the_law():
    data = load_record(shipped("training-time"), "training-time").sel(data="digits")
    onset = data["onset"].sel(model="unet", samples=[4, 16, 64]).values
    for n, images in zip((4, 16, 64), onset, strict=True):
        one = data["excess"].sel(samples=n)
        # A tenth of the way from the baseline to 1, which is 0.3 to 0.6 here.
        assert 0.02 < np.interp(images, one["images"], one.values) < 0.1
    # In proportion to n, but for the cosine.
    assert 16.0 <= float(onset[2] / onset[0]) < 18.0
    assert np.isnan(data["onset"].sel(model="unet", samples=768))


def test_the_law_of_four_and_sixteen_points_predicts_sixty_four():
    """Of a network that does not reach its onset the law says so within its interval."""
    data = load_record(shipped("training-time"), "training-time").sel(samples=64)
    time, law = data["memorisation_time"], data["law_time"]
    assert time.isnull().values.tolist() == [[False, False], [False, True]]
    assert np.abs(np.log(law / time)).max() < np.log(1.5)
    inside = (data["law_time_low"] < time) & (time < data["law_time_high"])
    assert inside.where(time.notnull(), True).all()
    field = data.sel(data="field8", model="unet")
    assert field["law_time_high"] > field["budget"]


def test_small_sets_turn_to_copying_sooner():
    data = load_record(shipped("training-time"), "training-time")
    for name in data["data"].values:
        one = data.sel(data=name).dropna("samples", how="all", subset=["excess"])
        error = one["test_error"].transpose("samples", "images").values
        # Images seen when the error is 5 % above its lowest again: the grid hides less.
        turned = [_turned(row, one["images"].values) for row in error[:3]]
        assert turned[0] < turned[1] < turned[2] <= 64_000
        # Large sets go on getting better, or stay at their best to within 2 %.
        assert np.all(error[3:, -1] < 1.02 * error[3:].min(axis=1))
        large = one["fraction_memorised"].sel(samples=one["samples"] >= 256)
        assert float(large.max()) < 0.01
        assert float(one["fraction_memorised"].isel(images=0).max()) < 0.01
    end = data.isel(images=-1).sel(samples=16)
    assert float(end["fraction_memorised"].sel(data="digits")) > 0.95
    assert float(end["fraction_memorised"].sel(data="field8")) == pytest.approx(0.25, abs=0.05)
    last = data.isel(images=-1).sel(data="digits", samples=768)
    assert float(last["test_error"]) < 0.85 * float(last["true_error"])


def _turned(error, images):
    lowest = int(np.argmin(error))
    return images[lowest:][error[lowest:] > 1.05 * error[lowest]][0]


def test_smoke_draws_every_history(smoke_of):
    data = smoke_of("training-time")
    figure = training_time.draw(data)
    assert len(figure.axes) == 4 * data.sizes["data"]
    assert all(len(axes.containers) == 2 for axes in figure.axes)


IMAGES, SIZES = [100, 1000, 64_000], [4, 16, 64]


@pytest.fixture(scope="module")
def made_up():
    """Histories and onsets whose numbers all differ; on the second data set none begins at 64."""
    rng = np.random.default_rng(0)
    coordinates = {"data": ["digits", "field8"], "images": IMAGES, "samples": SIZES,
                   "model": ["mlp", "unet"]}  # fmt: skip
    found = xr.Dataset(coords=coordinates, attrs={"sigma": 1.0})
    for name in ("excess", "fraction_memorised", "test_error"):
        values = rng.uniform(0.1, 0.9, (2, 3, 3)) * np.array([1.0, 2.0])[:, None, None]
        found[name] = ("data", "images", "samples"), values
        found[f"{name}_stderr"] = ("data", "images", "samples"), np.full((2, 3, 3), 0.03)
    found["true_error"] = "data", [0.4, 0.6]
    dims = ("data", "model", "samples")
    onset = np.geomspace(300.0, 9e4, 12).reshape(2, 2, 3)
    onset[1, 1, 2] = np.nan
    for name, shift in (("onset", 1.0), ("memorisation_time", 1.1), ("law_time", 0.9)):
        found[name] = dims, onset * shift
        for end, factor in (("_low", 0.7), ("_high", 1.4)):
            found[f"{name}{end}"] = dims, onset * shift * factor
    found["budget"] = ("data", "model"), np.full((2, 2), 5e4)
    return found


@pytest.fixture(scope="module")
def grid(made_up):
    figure = training_time.draw(made_up)
    return np.reshape(figure.axes, (4, 2)), figure


def test_histories_are_points_with_a_dotted_guide(made_up, grid):
    for row, name in zip(grid[0], ("excess", "fraction_memorised", "test_error"), strict=False):
        for axes, data in zip(row, made_up["data"].values, strict=True):
            one = made_up.sel(data=data)
            assert len(axes.containers) == 3
            for place, container in enumerate(axes.containers):
                assert container.get_label() == str(SIZES[place])
                points = container.lines[0]
                np.testing.assert_array_equal(points.get_xdata(), IMAGES)
                np.testing.assert_array_equal(points.get_ydata(), one[name][:, place])
                ends = np.array(container.lines[2][0].get_segments())
                np.testing.assert_allclose(np.ptp(ends[..., 1], axis=1), 4 * 0.03)
                guides = [line for line in axes.lines if line.get_color() == points.get_color()]
                guides = [line for line in guides if len(line.get_xdata()) == 3]
                (guide,) = [line for line in guides if line.get_linestyle() == ":"]
                np.testing.assert_array_equal(guide.get_ydata(), one[name][:, place])
                assert is_thin(guide)
            assert axes.get_xscale() == "log"
        assert row[0].get_ylim() == row[1].get_ylim()


def test_onsets_of_the_law_are_bars_at_the_foot_of_the_first_row(made_up, grid):
    for axes, data in zip(grid[0][0], made_up["data"].values, strict=True):
        bars = [line for line in axes.lines if list(line.get_ydata()) == [0.0, 0.16]]
        onset = made_up["onset"].sel(data=data, model="unet").dropna("samples")
        assert [line.get_xdata()[0] for line in bars] == onset.values.tolist()
        assert all(2.0 < bar.get_linewidth() < 3.0 for bar in bars)
        assert len(bars) >= 2
        for bar, container in zip(bars, axes.containers, strict=False):
            assert bar.get_color() == container.lines[0].get_color()
    for axes in grid[0][1:3].flat:
        assert not [line for line in axes.lines if list(line.get_ydata()) == [0.0, 0.16]]


def test_the_best_linear_denoiser_is_a_level(made_up, grid):
    for axes, error in zip(grid[0][2], (0.4, 0.6), strict=True):
        line = line_of(axes, "best linear denoiser")
        assert list(line.get_xdata()) == [100, 64_000]
        assert list(line.get_ydata()) == [error, error]
        assert labels(axes) == ["best linear denoiser"]
        assert axes.get_xlabel() == "images seen in training"


def test_the_law_stands_beside_the_onsets_of_both_networks(made_up, grid):
    for axes, data in zip(grid[0][3], made_up["data"].values, strict=True):
        for place, (model, shift) in enumerate((("mlp", 0.95), ("unet", 1.05))):
            one = made_up.sel(data=data, model=model)
            container = axes.containers[place]
            x, y = np.array(container.lines[0].get_data(), dtype=float)
            np.testing.assert_allclose(x, np.array(SIZES) * shift)
            np.testing.assert_array_equal(y, one["memorisation_time"])
            known = np.isfinite(y)
            segments = container.lines[2][0].get_segments()
            ends = np.array([each for each in segments if np.isfinite(np.sum(each)) and len(each)])
            for side, end in ((0, "low"), (1, "high")):
                expected = one[f"memorisation_time_{end}"].values[known]
                np.testing.assert_allclose(ends[:, side, 1], expected)
            (law,) = [
                line for line in axes.lines
                if np.array_equal(
                    np.array(line.get_ydata(), float), one["law_time"], equal_nan=True
                )
            ]  # fmt: skip
            assert law.get_color() == container.lines[0].get_color()
            band = axes.collections[[len(each.get_paths()) for each in axes.collections].index(1)]
            assert is_see_through(band)
        assert any(list(line.get_ydata()) == [5e4, 5e4] for line in axes.lines)
        assert axes.get_xlim() == pytest.approx((4 / 1.5, 64 * 1.5))
        assert axes.get_ylim() == (200.0, 1.5e5)
        assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "16", "64"]


def test_panels_are_named_in_order_and_the_legend_below_says_the_law(grid):
    axes, figure = grid
    titles = [each.get_title(loc="left") for each in axes.flat]
    words = ("digits", "Gaussian field, 8 × 8")
    assert titles == [f"({letter}) {words[k % 2]}" for k, letter in enumerate("abcdefgh")]
    assert axes[2, 0].get_ylabel() == "test error at σ = 1\n(data units², summed)"
    (legend,) = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert said == [
        "MLP", "U-Net", r"lines: law $\kappa n$ fitted to $n$ = 4, 16",
        "bars (a, b): the same law, U-Net", "end of training",
    ]  # fmt: skip
    assert axes[0, 0].get_legend().get_title().get_text() == "training samples $n$"
    shown = [tick.label1.get_visible() for tick in axes[0, 0].xaxis.get_major_ticks()]
    assert not any(shown)


def test_a_history_ends_with_the_result_and_is_averaged_over_seeds():
    found = xr.Dataset(coords={"seed": [0, 1], "images": [10, 20], "samples": [4]})
    names = ("memorisation", "memorisation_baseline", "fraction_memorised", "test_error")
    for place, name in enumerate(names):
        last = np.array([[0.5], [0.7]]) + 0.1 * place
        about = {"units": "1", "long_name": name}
        found[name] = ("seed", "samples"), last, about
        history = np.stack([last - 0.2, last - 0.1], axis=1)
        found[f"history_{name}"] = ("seed", "images", "samples"), history
    found["true_error"] = ("seed", "samples"), [[1.0], [2.0]], {"units": "1"}
    part = training_time._history(found, 64)
    assert part["images"].values.tolist() == [10, 20, 64]
    np.testing.assert_allclose(part["fraction_memorised"][:, 0], [0.6, 0.7, 0.8])
    np.testing.assert_allclose(part["fraction_memorised_stderr"][:, 0], 0.1)
    np.testing.assert_allclose(part["excess"], -0.1)
    np.testing.assert_allclose(part["true_error"], 1.5)


@pytest.mark.parametrize(
    ("quality", "samples"), [("smoke", [4, 16]), ("draft", [4, 16, 64, 256, 768])]
)
def test_a_finite_data_set_ends_with_its_largest_n(monkeypatch, quality, samples):
    """The digits have no 4096."""
    n = [4, 16, 64, 256, 768]
    result = xr.Dataset({"x": ("samples", n)}, {"samples": n, "sigma": 1.0}).expand_dims("sigma")
    monkeypatch.setattr(
        training_time, "results", lambda data, models: {"digits": dict.fromkeys(models, result)}
    )
    law = xr.Dataset({"law_time": ("samples", np.array(n, float))}, {"samples": n})
    monkeypatch.setattr(training_time, "_law", lambda name, found: law)
    monkeypatch.setattr(training_time, "_history", lambda part, end: part.assign(end=((), end)))
    found = training_time.compute(quality, 0)
    assert found["samples"].values.tolist() == samples
    assert found["law_time"].dims == ("data", "model", "samples")
    assert int(found["end"].sel(data="digits")) == 64_000
    assert found.attrs["sigma"] == 1.0
