"""Pictures of `convergen.plot`: on axes of the user, on a figure, on a new one; the same lines."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import convergen as cg
from convergen.figures.plots import curves as module
from convergen.figures.plots.sheet import offscreen, sheet

SPECTRUM = cg.Spectrum.spiked(30, [9.0])
PANELS = {
    "prediction": 2, "collapse": 2, "plan": 3, "distances": 1, "needed": 1, "checkpoints": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    train, unseen, drawn = rng.standard_normal((3, 60, 8))
    judged = cg.empirical.judge_samples(drawn, train, unseen)
    predicted = cg.predict(
        SPECTRUM, [10, 100], quantities=["convergence", "latent_recovery", "thresholds"]
    )
    return {
        "prediction": (predicted,),
        "collapse": (cg.theory.predict_collapse(SPECTRUM, SPECTRUM, [10, 100], [0.5, 1.0]),),
        "plan": (cg.plan(SPECTRUM, have=20, budget=100),),
        "distances": (judged,),
        "needed": (judged,),
        "checkpoints": (
            cg.empirical.judge_checkpoints({1: drawn[:40], 9: train[:40]}, train, unseen),
        ),
    }


@pytest.fixture(autouse=True)
def _no_window(monkeypatch):
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "agg")
    plt.switch_backend("agg")
    yield
    plt.close("all")


def lines(axes):
    """Numbers behind all lines and histograms; as text, in which NaN equals itself."""
    panels = np.atleast_1d(axes)
    drawn = [line.get_xydata() for each in panels for line in each.lines]
    drawn += [patch.get_xy() for each in panels for patch in each.patches]
    return [str(np.asarray(numbers).tolist()) for numbers in drawn]


@pytest.mark.parametrize("name", PANELS)
def test_the_same_picture_wherever_it_goes(data, name):
    draw, count = getattr(cg.plot, name), PANELS[name]
    new = draw(*data[name])
    assert np.size(new) == count
    assert np.atleast_1d(new)[0].figure.number in plt.get_fignums()  # notebooks show it
    given = plt.figure().subplots(2, count)[0]
    before = dict(matplotlib.rcParams)
    back = draw(*data[name], axes=given)
    assert list(np.atleast_1d(back)) == list(np.atleast_1d(given))
    own = Figure()
    inside = draw(*data[name], axes=own)
    assert list(np.atleast_1d(inside)) == own.axes
    assert own.get_layout_engine() is not None  # a legend would cover panels
    assert lines(new) == lines(given) == lines(inside) != []
    assert np.atleast_1d(given)[0].figure.get_suptitle() == ""
    assert dict(matplotlib.rcParams) == before


def test_axes_of_the_user_keep_their_style(data):
    with matplotlib.rc_context({"font.size": 17}):
        axes = plt.figure().subplots(1, 2)
        cg.plot.prediction(*data["prediction"], axes=axes)
        assert axes[0].xaxis.label.get_fontsize() == 17
        ours = cg.plot.prediction(*data["prediction"])
    assert ours[0].xaxis.label.get_fontsize() == 8


def test_the_command_line_draws_the_same(data):
    figure = module.draw(*data["prediction"])
    assert lines(np.array(figure.axes)) == lines(cg.plot.prediction(*data["prediction"]))


@pytest.mark.parametrize(("axes", "words"), [([1, 2], "holds 2 .int."), (None, "holds 1 .Axes.")])
def test_other_than_as_many_axes_are_refused(data, axes, words):
    given = plt.figure().subplots() if axes is None else axes
    with pytest.raises(cg.InputError, match=f"has 2 panels, but axes {words}"):
        cg.plot.prediction(*data["prediction"], axes=given)


def test_one_panel_takes_one_axes(data):
    given = plt.figure().subplots(1, 2)
    words = (
        r"^this picture has 1 panel, but axes holds 2 \(Axes\): give one matplotlib axes, a figure "
        "to divide, or nothing for a new figure.$"
    )
    with pytest.raises(cg.InputError, match=words):
        cg.plot.distances(*data["distances"], axes=given)
    words = r"has 2 panels, but axes holds 3 \(NoneType, int\): give as many matplotlib axes, a fig"
    with pytest.raises(cg.InputError, match=words):
        cg.plot.prediction(*data["prediction"], axes=[1, None, 2])


def test_a_new_figure_is_as_wide_as_a_page_or_a_column_and_has_rows():
    for panels, rows, width in ((1, 1, 3.4), (2, 1, 6.9), (4, 2, 6.9)):
        with sheet(None, panels, rows=rows, sharex=panels == 4) as on:
            assert on.axes.shape == (panels,)
            assert tuple(on.figure.get_size_inches()) == (width, rows * 2.9)
            geometry = [axes.get_subplotspec().get_geometry() for axes in on.axes]
            assert geometry[0][:2] == (rows, panels // rows)
            # In reading order.
            assert [place for *_, place in geometry] == list(range(panels))
            on.axes[0].set_xlim(3.0, 5.0)
            assert (on.axes[-1].get_xlim() == (3.0, 5.0)) == (panels != 2)
            on.title("all")
            assert on.figure.get_suptitle() == "all"


def test_a_picture_for_a_file_has_the_size_that_is_asked_for():
    def picture(number, *, axes):
        """What it shows."""
        axes.subplots().plot([number])

    draw = offscreen(picture, width=2.0, height=1.0)
    assert draw.__doc__ == "What it shows."
    assert tuple(draw(3).get_size_inches()) == (2.0, 1.0)
    figure = draw(3, height=4.0)
    assert tuple(figure.get_size_inches()) == (2.0, 4.0)
    assert figure.axes[0].lines[0].get_ydata().tolist() == [3]


def test_curves_without_a_panel_are_refused():
    for asked, missing in (("convergence", "latent_recovery"), ("latent_recovery", "convergence")):
        curves = cg.predict(SPECTRUM, [10, 100], quantities=[asked])
        with pytest.raises(cg.InputError, match=f"predict quantities {missing} too"):
            cg.plot.prediction(curves)
    both = cg.predict(SPECTRUM, [10, 100], quantities=["convergence", "latent_recovery"])
    assert len(cg.plot.prediction(both)) == 2


def test_a_plan_draws_its_curves_under_its_rows(data):
    curves = cg.theory.plan_curves(SPECTRUM, have=20, budget=100, points=5)
    first = cg.plot.plan(*data["plan"], curves)[0]
    drawn = {line.get_label(): line.get_xydata()[:, 1] for line in first.lines}
    np.testing.assert_array_equal(drawn["convergence $q$"], curves["convergence"])
    assert float(curves["samples"][0]) == 20
    assert float(curves["samples"][-1]) == 120
