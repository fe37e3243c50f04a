"""The summary: transitions beside what one trained network does."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.looks.trained_networks import theory_look
from convergen.figures.paper.trained import summary
from tests.figures.drawn import is_thin, through

pytestmark = pytest.mark.slow


def test_simulated_transitions_lie_on_the_lines(page):
    for name in ("convergence", "memorisation", "memorisation_baseline"):
        points = page[f"{name}_simulated"].dropna("point").values
        stderr = page[f"{name}_simulated_stderr"].dropna("point").values
        line = np.interp(
            np.log(page["sample_load"].dropna("point")), np.log(page["load"].dropna("load")),
            page[f"{name}_line"].dropna("load"),
        )  # fmt: skip
        # The law of memorisation is good to 3 %, that of convergence to 1/d.
        allowed = 4.0 * stderr + (1.0 / 300.0 if name == "convergence" else 0.03 * line)
        assert np.all(np.abs(points - line) < allowed)


def test_transitions_are_apart(page):
    """The strong factor is recovered before convergence, the weak one after it."""
    strong, weak = page["recovery_threshold"].values
    load = page["load"].values
    half = float(np.interp(0.5, page["convergence_line"].values, load))
    assert strong < 0.1 * half
    assert weak > 3.0 * half


@pytest.fixture(scope="module")
def parts(page):
    """Both upper panels of the shipped data, those of the pictures, and the figure."""
    figure = summary.draw(page)
    left, right, *pictures = [axes for part in figure.subfigs for axes in part.axes]
    return left, right, pictures, figure


def found(axes, values):
    """The one line that goes through values."""
    (line,) = through(axes, values)
    return line


NAMES = ("convergence", "memorisation", "memorisation_baseline")


def test_transitions_are_lines_with_simulations_beside_them(page, parts):
    left = parts[0]
    pairs = [(page[f"{name}_line"], page[f"{name}_simulated"], page[f"{name}_simulated_stderr"])
             for name in NAMES]  # fmt: skip
    for k in range(2):
        kind = [f"latent_recovery_{end}" for end in ("line", "simulated", "simulated_stderr")]
        pairs.append(tuple(page[name].isel(strength=k) for name in kind))
    assert len(left.containers) == len(pairs)
    markers = set()
    for container, (line, mean, stderr) in zip(left.containers, pairs, strict=True):
        curve = found(left, line)
        np.testing.assert_array_equal(curve.get_xdata(), page["load"])
        np.testing.assert_array_equal(container.lines[0].get_xdata(), page["sample_load"])
        np.testing.assert_array_equal(container.lines[0].get_ydata(), mean)
        known = np.isfinite(mean.values)
        ends = [each for each in container.lines[2][0].get_segments() if np.isfinite(each).all()]
        sizes = np.ptp(np.array(ends)[..., 1], axis=1)
        np.testing.assert_allclose(sizes, 4.0 * stderr.values[known], atol=1e-12)
        assert container.lines[0].get_color() == curve.get_color()
        markers.add(container.lines[0].get_marker())
    assert len(markers) == 5


def test_thresholds_are_marked_at_half_height(page, parts):
    left = parts[0]
    for k, text in enumerate(left.texts):
        threshold = float(page["recovery_threshold"][k])
        assert text.get_text() == f"$n^*_{k + 1}/d$"
        assert text.xy == (threshold, 0.5)
        assert text.xyann[0] > 0
        assert text.xyann[1] == 0
        assert 6.0 < text.get_fontsize() < 8.0
        (line,) = [each for each in left.lines if list(each.get_xdata()) == [threshold] * 2]
        assert is_thin(line)
    assert len(left.texts) == 2


def test_the_network_stands_beside_its_theories(page, parts):
    right = parts[1]
    trained = page[list(NAMES)].dropna("samples")
    assert len(right.containers) == 3
    for container, name in zip(right.containers, NAMES, strict=True):
        shift = 1.08 if name == "memorisation_baseline" else 1.0  # it would cover the others
        np.testing.assert_allclose(container.lines[0].get_xdata(), shift * trained["samples"])
        np.testing.assert_array_equal(container.lines[0].get_ydata(), trained[name])
        law = found(right, page[f"{name}_law"])
        np.testing.assert_array_equal(law.get_xdata(), page["line_samples"])
    score = page["convergence_fitted"].dropna("samples")
    assert found(right, score).get_linestyle() == theory_look("empirical-score")[1]
    for name in NAMES[:2]:
        own = found(right, page[f"{name}_own"].sel(samples=trained["samples"]))
        assert own.get_marker() == "."
    fresh = page["memorisation_baseline_own"].sel(samples=trained["samples"])
    assert through(right, fresh) == []
    assert [label.get_text() for label in right.get_xticklabels()] == [
        str(n) for n in page["samples"].values
    ]


def test_panels_and_pictures_are_named(page, parts):
    left, right, pictures, figure = parts
    assert left.get_title(loc="left") == "(a) Three transitions of linear models, $d$ = 300"
    assert right.get_title(loc="left") == "(b) U-Nets trained on digits, $d$ = 64"
    for axes in (left, right):
        assert axes.get_xscale() == "log"
        assert axes.get_ylim() == (-0.03, 1.05)
    assert right.get_subplotspec().get_geometry()[:2] == (1, 2)
    assert len(pictures) == 3
    for noise, axes in enumerate(pictures):
        columns = page["picture"].isel(noise=noise).dropna("samples").sizes["samples"]
        assert len(axes.images) == 4 * columns
        said = [label.get_text() for label in axes.get_yticklabels()]
        assert ("samples $n$" in said) == (noise == 0)
        assert axes.texts[0].get_text() == "4"
    upper, lower = figure.subfigs
    assert lower.get_suptitle().startswith("(c) What two U-Nets A and B")
    assert upper.get_suptitle().endswith("or learn the distribution behind it?")
    (legend,) = upper.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words[3:] == [
        "recovery $Q_1$ of a strong factor", "recovery $Q_2$ of a weak factor",
        f"$q$ of the {theory_look('empirical-score')[0]}", "theory of the U-Net",
        "band: 90 % interval of $c$", "lines: linear theory", "points: measured ± 2 s.e.",
    ]  # fmt: skip


def test_smoke_lines_are_those_of_the_library(smoke_of):
    data = smoke_of(summary.NAME)
    spectrum = theory.Spectrum.spiked(60, [10.0, 1.6])
    n = np.unique(np.round(np.geomspace(0.01, 30.0, 7) * 60))
    known = data.dropna("load", subset=["convergence_line"])
    np.testing.assert_allclose(known["load"], n / 60)
    np.testing.assert_array_equal(known["convergence_line"], theory.convergence(spectrum, n))
    thresholds = theory.recovery_thresholds(spectrum, 2) / 60
    np.testing.assert_allclose(data["recovery_threshold"], thresholds)
    points = np.unique(np.round(np.geomspace(0.01, 30.0, 3) * 60))
    np.testing.assert_allclose(data["sample_load"].dropna("point"), points / 60)
    assert (data.attrs["dimension"], data.attrs["pixels"]) == (60, 64)
    for name in (*NAMES, "latent_recovery"):
        assert data[f"{name}_simulated_stderr"].notnull().any()
