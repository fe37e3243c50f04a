"""Figure 13: what its caption says, of the shipped data."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

from convergen import theory
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.real_data import pilot
from convergen.figures.paper.real_data.pilot_truths import Law, Truth
from tests.figures.drawn import band_of, is_see_through


@pytest.fixture(scope="module")
def data():
    return load_record(shipped(pilot.NAME), pilot.NAME)


def test_the_truth_of_the_power_law_is_exact(data):
    one = data.isel(data=1)
    spectrum = theory.Spectrum.power_law(3072, 1.0)
    np.testing.assert_allclose(one["truth"], theory.convergence(spectrum, one["n"]), rtol=1e-9)
    needed = float(theory.samples_for(spectrum, convergence=pilot.LEVEL))
    assert float(one["needed_truth"]) == pytest.approx(needed, rel=1e-9)


def test_estimates_follow_the_truth_and_sample_spectra_promise_too_much(data):
    truth = data["needed_truth"]
    estimate, plug_in = (np.log(data[f"needed_{name}"] / truth) for name in ("estimate", "plug_in"))
    for name in data["data"].values:
        for points in pilot.SIZES:
            one = estimate.sel(data=name, points=points)
            assert abs(float(one.median())) < np.log(1.5 if points == 50 else 1.3), (name, points)
    for column in (1, 2):
        assert bool((plug_in.isel(data=column) < np.log(0.5)).all())
    # Errors of the digits are small, but of one sign.
    assert bool((plug_in.isel(data=0).sel(points=50) < 0.0).all())
    inside = (data["needed_low"] <= truth) & (truth <= data["needed_high"])
    assert float(inside.mean()) > 0.75


def test_curves_lie_in_their_bands(data):
    assert bool((data["q_low"] <= data["q_estimate"]).all())
    assert bool((data["q_estimate"] <= data["q_high"]).all())
    width = (data["q_high"] - data["q_low"]).max("place")
    assert bool((width.sel(points=500) < width.sel(points=50)).all())


@pytest.mark.slow
def test_smoke_data_are_computed_and_drawn(smoke_of):
    found = smoke_of(pilot.NAME)
    assert dict(found.sizes) == {"data": 3, "points": 3, "place": 9, "pilot": 2}
    figure = pilot.draw(found)
    assert len(figure.axes) == 6
    (truth,) = [line for line in figure.axes[1].lines if line.get_color() == "black"]
    np.testing.assert_array_equal(truth.get_ydata(), found["truth"].isel(data=1))


@pytest.fixture(scope="module")
def made_up():
    """Numbers of three laws, three sizes of the pilot, four pilots and five sizes; all differ."""
    rng = np.random.default_rng(0)
    found = xr.Dataset(coords={"data": ["a", "b", "c"], "points": list(pilot.SIZES)})
    found["n"] = ("data", "place"), np.tile(np.geomspace(4, 400, 5), (3, 1))
    found["truth"] = ("data", "place"), np.sort(rng.uniform(size=(3, 5)))
    found["needed_truth"] = "data", [50.0, 100.0, 200.0]
    for place, name in enumerate(("low", "estimate", "high", "plug_in")):
        for kind, dim, size in (("q", "place", 5), ("needed", "pilot", 4)):
            values = 0.2 * place + 0.1 * rng.uniform(size=(3, 3, size))
            scale = 1.0 if kind == "q" else 100.0
            found[f"{kind}_{name}"] = ("data", "points", dim), scale * (values + 0.1)
    return found


@pytest.fixture(scope="module")
def grid(made_up):
    return np.reshape(pilot.draw(made_up).axes, (2, 3))


def test_curves_of_each_pilot_stand_beside_the_truth(made_up, grid):
    for column, axes in enumerate(grid[0]):
        one = made_up.isel(data=column)
        lines = {tuple(np.asarray(line.get_ydata())): line for line in axes.lines}
        truth = lines[tuple(one["truth"].values)]
        assert truth.get_color() == "black"
        for i in range(3):
            estimate, plug_in = (
                lines[tuple(one[f"q_{k}"].values[i])] for k in ("estimate", "plug_in")
            )
            assert estimate.get_color() == plug_in.get_color()
            assert estimate.get_linestyle() == "-" != plug_in.get_linestyle()
            assert 0.0 < plug_in.get_linewidth() <= estimate.get_linewidth() < truth.get_linewidth()
            x, low, high = band_of(axes.collections[i])
            np.testing.assert_allclose(x, one["n"])
            np.testing.assert_allclose(low, one["q_low"][i])
            np.testing.assert_allclose(high, one["q_high"][i])
            assert is_see_through(axes.collections[i])
        assert truth.get_zorder() > 3
        assert list(axes.lines[-1].get_ydata()) == [0.9, 0.9]
        assert axes.get_xlim() == (4.0, 400.0)
        assert axes.get_ylim() == (0.0, 1.02)
        assert axes.get_xscale() == "log"
        assert axes.get_title(loc="left") == f"({'abc'[column]}) {'abc'[column]}"


def test_samples_that_pilots_ask_for_are_over_the_true_ones(made_up, grid):
    for column, axes in enumerate(grid[1]):
        one = made_up.isel(data=column)
        truth = float(one["needed_truth"])
        assert list(axes.lines[0].get_ydata()) == [1.0, 1.0]
        crosses = [line for line in axes.lines if line.get_marker() == "x"]
        assert len(crosses) == 3
        for i, (container, cross) in enumerate(zip(axes.containers, crosses, strict=True)):
            container.set_label("pilots")
            x, value, low, high = bars_of_one(container)
            np.testing.assert_allclose(x, i + np.array([-0.3, -0.1, 0.1, 0.3]))
            for found, name in ((value, "estimate"), (low, "low"), (high, "high")):
                np.testing.assert_allclose(found, one[f"needed_{name}"][i] / truth)
            np.testing.assert_allclose(cross.get_ydata(), one["needed_plug_in"][i] / truth)
            np.testing.assert_allclose(cross.get_xdata(), x)
            assert cross.get_color() == container.lines[0].get_color()
        ticks = [label.get_text() for label in axes.get_xticklabels()]
        assert ticks == ["$N$ = 50", "$N$ = 140", "$N$ = 500"]
        assert axes.get_yscale() == "log"
        assert list(axes.yaxis.get_major_locator()()) == [0.03, 0.1, 0.3, 1.0, 3.0]
        assert axes.yaxis.get_major_formatter()(0.3, 0) == "0.3"
        assert axes.get_title(loc="left") == f"({'def'[column]}) samples for $q$ = 0.9"


def bars_of_one(container):
    ends = np.array(container.lines[2][0].get_segments())
    x, y = container.lines[0].get_data()
    return np.array(x), np.array(y), ends[:, 0, 1], ends[:, 1, 1]


def test_the_legend_names_what_is_drawn_and_large_pilots_are_darkest(grid):
    (legend,) = [axes.get_legend() for axes in grid.flat if axes.get_legend() is not None]
    words = [text.get_text() for text in legend.get_texts()]
    assert words == [
        "truth", "estimated from 50 points", "estimated from 140 points",
        "estimated from 500 points", "their own spectrum",
    ]  # fmt: skip
    drawn = {line.get_color() for line in grid[0, 0].lines}
    assert {handle.get_color() for handle in legend.get_lines()} <= drawn
    shades = [sum(to_rgb(handle.get_color())) for handle in legend.get_lines()[1:4]]
    assert shades == sorted(shades, reverse=True)
    assert grid[0, 0].get_ylabel() == "convergence $q$"
    assert grid[1, 0].get_ylabel() == "predicted / true samples"


def test_each_pilot_is_drawn_once_and_asked_for_curve_and_size(monkeypatch):
    """Only the first of each size has a curve; the truth is asked for at the same n."""
    spectrum = theory.Spectrum.spiked(5, [9.0])
    roots = np.sqrt(spectrum.leading(5))
    law = Law(
        lambda count, rng: rng.standard_normal((count, 5)) * roots,
        lambda n: theory.convergence(spectrum, n),
        lambda level: float(theory.samples_for(spectrum, convergence=level)),
        4.0, 400.0,
    )  # fmt: skip
    monkeypatch.setattr(pilot, "SIZES", (12, 30))
    found = pilot._of_law(law, 2, 3, 7)
    n = np.geomspace(4.0, 400.0, 3)
    np.testing.assert_allclose(found["n"], n)
    np.testing.assert_array_equal(found["truth"], theory.convergence(spectrum, n))
    assert float(found["needed_truth"]) == law.samples_for(0.9)
    for i, size in enumerate((12, 30)):
        for k in range(2):
            points = law.draw(size, np.random.default_rng([7, size, k]))
            own = theory.Spectrum.from_data(points)
            needed = float(theory.samples_for(own, convergence=0.9))
            assert float(found["needed_plug_in"][i, k]) == needed
            if k == 0:
                np.testing.assert_array_equal(found["q_plug_in"][i], theory.convergence(own, n))
                answer = theory.predict(
                    theory.estimate_population(points, seed=7), n, levels=[0.9],
                    quantities=["convergence", "thresholds"], factors=1,
                )  # fmt: skip
                for name, end in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                    np.testing.assert_array_equal(
                        found[f"q_{name}"][i], answer[f"convergence{end}"]
                    )
                    one = float(answer[f"convergence_samples{end}"][0])
                    assert float(found[f"needed_{name}"][i, 0]) == one


@pytest.mark.parametrize(
    ("quality", "work"), [("smoke", (3, 2, 9)), ("draft", (10, 4, 25)), ("paper", (40, 10, 49))]
)
def test_qualities_differ_in_pilots_places_and_subsets(monkeypatch, quality, work):
    asked = []

    def of_law(law, pilots, places, seed):
        asked.append((law[0], pilots, places, law[1], seed))
        return xr.Dataset({"x": ((), float(len(asked)))})

    monkeypatch.setattr(pilot, "_of_law", of_law)
    monkeypatch.setattr(pilot, "TRUTHS", [Truth(name, lambda *given: given) for name in "ab"])
    found = pilot.compute(quality, 7)
    assert asked == [(*work, 7, 7)] * 2
    assert found["x"].sel(data="b") == 2.0
