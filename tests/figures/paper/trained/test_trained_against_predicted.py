"""Figures 10 and 12: what the captions say of trained networks, and smoke data that are drawn."""

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.validate.shipped_results import shipped_names, shipped_result
from convergen.figures.looks.style import look_of
from convergen.figures.looks.trained_networks import MODEL_MARKERS, THEORIES, theory_look
from convergen.figures.paper.trained import summary, trained_against_predicted
from tests.figures.drawn import is_thin


def test_points_are_those_of_the_shipped_results(networks):
    for name in shipped_names():
        data, model = name.split("-")
        if data not in networks["data"]:  # of figure 14 alone
            continue
        result = shipped_result(name)
        shown = networks.sel(data=data, model=model, samples=result["samples"])
        for quantity in ("convergence", "memorisation", "latent_recovery", "variance_ratio"):
            expected = result[quantity].mean(
                [x for x in ("seed", "side") if x in result[quantity].dims]
            )
            found = shown[quantity]
            if "factor" not in expected.dims:
                found = found.isel(factor=0, drop=True) if "factor" in found.dims else found
            axes = ("samples", "factor") if "factor" in expected.dims else ("samples",)
            np.testing.assert_allclose(
                found.transpose(*axes).values, expected.transpose(*axes).values, rtol=1e-12
            )


def test_linear_networks_equal_the_fitted_linear_model(networks):
    """The theory named linear is the closed form on the very same splits."""
    one = networks.sel(model="linear", theory="linear")
    for name in ("digits", "field8", "patches"):
        part = one.sel(data=name).dropna("samples", subset=["convergence"])
        assert part.sizes["samples"] >= 5
        np.testing.assert_allclose(part["convergence"], part["convergence_fitted"], atol=1e-3)


def test_linear_networks_follow_the_law_but_for_patches(networks):
    for name, follows in (("digits", True), ("field8", True), ("field16", True),
                          ("patches", False)):  # fmt: skip
        one = networks.sel(data=name, model="linear").dropna("samples", subset=["convergence"])
        one = one.sel(samples=one["samples"] >= 64)
        nodes = one["line_samples"].dropna("node")
        law = np.interp(
            np.log(one["samples"].values), np.log(nodes.values),
            one["convergence_law"].dropna("node").values,
        )  # fmt: skip
        assert (np.abs(one["convergence"].values - law).max() < 0.03) == follows


def test_unets_on_fields_converge_sooner_than_the_law_and_later_than_the_symmetric_model(networks):
    for name in ("field8", "field16"):
        few = networks.sel(data=name, model=["linear", "unet"], samples=64)["convergence"]
        assert float(few.sel(model="unet")) > float(few.sel(model="linear"))
        one = networks.sel(data=name, model="unet", samples=256)
        law = networks.sel(data=name, model="linear", samples=256)["convergence"]
        assert float(one["convergence"] - law) > 5.0 * float(one["convergence_stderr"])
        bound = one.sel(theory="stationary-linear")["convergence_fitted"]
        assert float(one["convergence"]) < float(bound)


def test_networks_copy_four_digits_and_later_agree_less_than_the_law(networks):
    digits = networks.sel(data="digits", model=["mlp", "unet"])
    four = digits.sel(samples=4)
    assert np.all(four["memorisation"].values > 0.98)
    assert np.all(four["memorisation_baseline"].values < 0.5)
    later = digits.sel(samples=[16, 64, 256, 768])
    law = networks.sel(data="digits", model="linear", samples=later["samples"])["convergence"]
    assert np.all((later["convergence"] - law).values < -2.0 * later["convergence_stderr"].values)


def test_conv_nets_copy_and_hold_the_variance_of_digits_but_not_of_patches(networks):
    digits = networks.sel(model="conv", data="digits")
    copied, fresh = (digits[name] for name in ("memorisation", "memorisation_baseline"))
    excess = (copied - fresh).sel(samples=[4, 16, 64, 256, 768]).values
    assert excess[0] > 0.4
    assert abs(excess[-1]) < 0.03
    variance = digits["variance_ratio"].sel(samples=[256, 768]).values
    assert np.all(np.abs(variance - 1.0) < 0.2)
    patches = networks.sel(model="conv", data="patches")["variance_ratio"].dropna("samples")
    assert np.all(patches < 0.5)
    recovery = networks.sel(model="conv", factor=1, data="digits")["latent_recovery"]
    law = networks.sel(data="digits", model="linear", factor=1)["latent_recovery"]
    late = [256, 768]
    assert np.all(recovery.sel(samples=late) < law.sel(samples=late) - 0.3)


@pytest.mark.parametrize(("data", "few"), [("field8", 0.07), ("field16", 0.012)])
def test_circular_conv_nets_agree_on_fields_as_the_linear_model_that_knows_the_symmetry(
    networks, data, few
):
    conv = networks.sel(model="conv", data=data).dropna("samples", subset=["convergence"])
    assert conv["samples"].values.tolist() == [16, 64, 256, 1024]
    gap = conv.sel(theory="stationary-linear")["convergence_fitted"] - conv["convergence"]
    assert np.all(gap > 0.0)
    assert np.all(gap < [few, 0.02, 0.02, 0.02])
    linear = networks.sel(model="linear", data=data, samples=[16, 64])["convergence"]
    assert np.all(conv["convergence"].sel(samples=[16, 64]) > linear + 0.1)
    assert np.all(conv["fraction_memorised"] == 0.0)
    assert np.all(np.abs(conv["memorisation"] - conv["memorisation_baseline"]) < 0.01)
    assert np.all(np.abs(conv["variance_ratio"] - 1.0) < 0.1)
    # Of as many draws as are measured a linear model would know as much.
    known = networks.sel(data=data, factor=[1, 5])[["line_samples", "latent_recovery_law"]]
    known = known.dropna("node")
    for factor in (1, 5):
        law = known["latent_recovery_law"].sel(factor=factor)
        at_256 = np.interp(np.log(256), np.log(known["line_samples"]), law)
        found = conv["latent_recovery"].sel(factor=factor, samples=[64, 256, 1024])
        assert np.all(np.abs(found - at_256) < 0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("module", "axes"), [(summary, 2 + 3), (trained_against_predicted, 24)])
def test_smoke_quality_is_drawn(module, axes, smoke_of):
    figure = module.draw(smoke_of(module.NAME))
    shown = [a for part in (figure.subfigs or [figure]) for a in part.axes]
    assert len(shown) == axes


def test_theories_that_know_a_network_are_off_by_what_the_caption_says(networks):
    def rms(data, model, quantity):
        one = networks.sel(data=data, model=model)
        gap = (one[f"{quantity}_own"] - one[quantity]).isel(factor=0, missing_dims="ignore")
        return float(np.sqrt((gap**2).mean()))

    gaussian = ("digits", "field8", "field16")
    assert all(rms(data, "unet", "convergence") < 0.025 for data in gaussian[:2])
    assert rms("field16", "unet", "convergence") < 0.065
    assert all(0.025 < rms(data, "mlp", "convergence") < 0.065 for data in gaussian)
    for model in ("mlp", "unet"):
        assert all(rms(data, model, "memorisation") < 0.055 for data in gaussian)
        assert rms("patches", model, "memorisation") == pytest.approx(0.14, abs=0.011)
    assert all(rms(data, "unet", "fraction_memorised") < 0.01 for data in gaussian)
    copies = [rms(data, "mlp", "fraction_memorised") for data in gaussian[:2]]
    assert copies == pytest.approx([0.07, 0.13], abs=0.005)
    assert rms("patches", "unet", "fraction_memorised") == pytest.approx(0.13, abs=0.005)


def test_bands_hold_the_theory_itself(networks, page):
    for found in (networks.sel(model="unet"), page):
        for quantity in ("convergence", "memorisation"):
            best = found[f"{quantity}_own"]
            assert best.notnull().any()
            low, high = found[f"{quantity}_own_low"], found[f"{quantity}_own_high"]
            assert ((low <= best) & (best <= high)).where(best.notnull(), True).all()
            assert (high - low).max() > 0.1


@pytest.mark.slow
def test_no_line_of_a_theory_crosses_the_samples_it_was_calibrated_at(networks, page):
    missing = page["convergence_own"].samples[np.isnan(page["convergence_own"])].values
    assert 16 in missing
    axes = next(a for a in summary.draw(page).axes if "U-Nets trained" in a.get_title(loc="left"))
    lines = [line for line in axes.lines if line.get_marker() == "." and len(line.get_xdata()) > 1]
    digits = networks.sel(data="digits")
    figure = trained_against_predicted.draw(networks)
    first = next(a for a in figure.axes if a.get_title(loc="left").endswith("digits"))
    own = digits.sel(model="unet", samples=[4, 16, 64])["convergence_own"].values
    lines += [line for line in first.lines if np.array_equal(line.get_ydata()[:3], own, True)]
    assert len(lines) == 3  # q and m of the one, q of the other
    for line in lines:
        at = list(line.get_xdata()).index(16)
        assert np.isnan(line.get_ydata()[at])
        assert np.isfinite(line.get_ydata()[at + 1])


N = [4, 16, 64]
PARTS = ("convergence", "memorisation", "fraction_memorised", "variance_ratio", "latent_recovery")


@pytest.fixture(scope="module")
def made_up():
    """One data set, an MLP with its theory and a linear network; all numbers differ."""
    rng = np.random.default_rng(0)
    found = xr.Dataset(
        coords={"data": ["digits"], "model": ["linear", "mlp"], "samples": N,
                "factor": [1, 2, 3, 4, 5], "theory": ["stationary-linear", "empirical-score"]}
    )  # fmt: skip
    found["line_samples"] = ("data", "node"), [[4.0, 8.0, 16.0, 64.0]]
    for name in (*PARTS, "memorisation_baseline"):
        last = (5,) if name == "latent_recovery" else ()
        dims = ("factor",) if last else ()
        draw = lambda *shape, last=last: rng.uniform(0.1, 0.9, (1, *shape, *last))  # noqa: E731
        found[name] = ("data", "model", "samples", *dims), draw(2, 3)
        found[f"{name}_stderr"] = ("data", "model", "samples", *dims), 0.1 * draw(2, 3)
        found[f"{name}_own"] = ("data", "model", "samples", *dims), draw(2, 3)
        found[f"{name}_own"].values[:, 0] = np.nan
        found[f"{name}_fitted"] = ("data", "theory", "samples", *dims), draw(2, 3)
        if name not in ("fraction_memorised", "variance_ratio"):
            found[f"{name}_law"] = ("data", "node", *dims), draw(4)
    return found


@pytest.fixture(scope="module")
def drawn(made_up):
    figure = trained_against_predicted.draw(made_up)
    rows = [(name, 1) for name in PARTS] + [("latent_recovery", 5)]
    parts = [made_up.isel(data=0).sel(factor=factor) for _, factor in rows]
    return list(zip(figure.axes, [name for name, _ in rows], parts, strict=True)), figure


def heights(line):
    return np.asarray(line.get_ydata(), dtype=float)


def test_theories_are_lines_of_their_own_looks(drawn):
    panels, _ = drawn
    for axes, name, part in panels:
        plain = [line for line in axes.lines if line.get_linestyle() == "-"]
        if f"{name}_law" in part:
            (law,) = [line for line in plain if len(heights(line)) == 4]
            np.testing.assert_array_equal(heights(law), part[f"{name}_law"])
            np.testing.assert_array_equal(law.get_xdata(), [4.0, 8.0, 16.0, 64.0])
        else:
            assert not [line for line in plain if len(heights(line)) == 4]
        for theory in ("stationary-linear", "empirical-score"):
            expected = part[f"{name}_fitted"].sel(theory=theory)
            (line,) = [each for each in axes.lines if np.array_equal(heights(each), expected)]
            assert line.get_color() == look_of(name).colour
            assert line.get_label().startswith("_")


def test_networks_stand_beside_each_other_with_their_error_and_their_theory(drawn):
    panels, _ = drawn
    for axes, name, part in panels:
        assert len(axes.containers) == 2
        networks = (("linear", 0.79), ("mlp", 0.92))
        for container, (model, shift) in zip(axes.containers, networks, strict=True):
            one = part.sel(model=model)
            x, y = container.lines[0].get_data()
            np.testing.assert_allclose(x, np.array(N) * shift)
            np.testing.assert_array_equal(y, one[name])
            ends = np.array(container.lines[2][0].get_segments())
            np.testing.assert_allclose(np.ptp(ends[..., 1], axis=1), 4.0 * one[f"{name}_stderr"])
            assert container.lines[0].get_marker() == MODEL_MARKERS[model]
        own = part[f"{name}_own"].sel(model="mlp")
        (line,) = [each for each in axes.lines if np.array_equal(heights(each), own)]
        assert line.get_marker() == MODEL_MARKERS["mlp"]
        assert list(line.get_xdata()) == N
        assert 1.0 < line.get_markersize() < 4.0
        assert is_thin(line)


def test_fresh_data_stand_beside_memorisation_alone(drawn):
    panels, _ = drawn
    for axes, name, part in panels:
        law = part["memorisation_baseline_law"]
        fresh = [part["memorisation_baseline"].sel(model=model) for model in ("linear", "mlp")]
        for expected, marker in ((law, "None"), (fresh[0], "_"), (fresh[1], "_")):
            lines = [line for line in axes.lines if np.array_equal(heights(line), expected)]
            assert [line.get_marker() for line in lines] == [marker] * (name == "memorisation")


def test_panels_have_letters_labels_and_ranges(drawn):
    panels, figure = drawn
    titles = [axes.get_title(loc="left") for axes, *_ in panels]
    assert titles == ["(a) digits", *(f"({letter}) " for letter in "bcdef")]
    assert [axes.get_ylabel() for axes, *_ in panels] == [
        "convergence $q$", "memorisation $m$", "share of\ncopies", "variance of\nsamples / truth",
        "latent\nrecovery $Q_1$", "latent\nrecovery $Q_5$",
    ]  # fmt: skip
    for axes, name, _ in panels:
        assert axes.get_ylim() == (-0.03, 2.7 if name == "variance_ratio" else 1.05)
        assert axes.get_xscale() == "log"
    assert [axes.get_xlabel() for axes, *_ in panels] == [*[""] * 5, "training samples $n$"]
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == [
        *(theory_look(name)[0] for name in THEORIES), "theory of the MLP", "linear network", "MLP",
        "$m$ on fresh data: law", "$m$ on fresh data: networks",
        "band: 90 % interval of $c$", "± 2 s.e. over seeds",
    ]  # fmt: skip
