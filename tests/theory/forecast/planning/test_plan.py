"""Plans: known laws against the functions they come from, pilots against the law behind them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.plan_report import plan_text
from convergen.theory.forecast.planning import plan as module
from convergen.theory.forecast.planning.plan import planned as planned_of
from convergen.theory.forecast.planning.plan import smooth_curves
from convergen.theory.forecast.planning.request import PlanRequest
from convergen.theory.pilot.interval import Interval

SPIKED = theory.Spectrum.spiked(120, [20.0, 5.0])
WISHES = ["convergence=0.9", "convergence-to-truth=0.9", "factor=2", "test-error=1.1"]


def draw(count, seed, amplitude=None):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((count, 120))
    data[:, :2] *= np.sqrt([21.0, 6.0])
    if amplitude is not None:
        data *= np.sqrt(rng.gamma(amplitude, 1.0 / amplitude, (count, 1)))
    return data


@pytest.fixture(scope="module")
def pilot():
    return theory.estimate_population(draw(80, 0, 2.0))


@pytest.fixture(scope="module")
def whole(pilot):
    request = PlanRequest.of(pilot, budget=3000.0, cost_per_sample=1.5, wishes=WISHES)
    return request, *planned_of(request)


@pytest.fixture(scope="module")
def planned(whole):
    return whole[1].dataset()


def test_known_laws_say_what_their_functions_say():
    found = theory.plan(SPIKED, have=40, wishes=WISHES, sigma=0.7)
    n = np.array([40.0, 80.0, 160.0, 400.0])
    np.testing.assert_array_equal(found["samples"], n)
    q, truth = theory.convergence(SPIKED, n), theory.convergence_to_truth(SPIKED, n)
    np.testing.assert_allclose(found["convergence"], q, rtol=1e-12)
    np.testing.assert_allclose(found["convergence_to_truth"], truth, rtol=1e-12)
    np.testing.assert_allclose(found["convergence_gain"], q - q[0], atol=1e-12)
    recovered = theory.latent_recovery(SPIKED, n, 2, finite_size=True).sum(axis=1)
    # The other 118 directions are one eigenspace, which chance recovers.
    np.testing.assert_allclose(found["recovered_factors"], recovered, rtol=1e-12)
    errors = theory.denoising_errors(SPIKED, n, 0.7)
    ratio = errors.test / errors.optimal
    np.testing.assert_allclose(found["test_error_ratio"], ratio, rtol=1e-12)
    left = (ratio - 1.0) / (ratio[0] - 1.0)
    np.testing.assert_allclose(found["test_error_excess_left"], left, rtol=1e-9)
    needed = [
        float(theory.samples_for(SPIKED, convergence=0.9)),
        float(theory.samples_for(SPIKED, convergence_to_truth=0.9)),
        theory.recovery_thresholds(SPIKED, 2)[1],
        float(theory.samples_for(SPIKED, test_error=1.1 * float(errors.optimal[0]), sigma=0.7)),
    ]
    np.testing.assert_allclose(found["wish_samples"], needed, rtol=2e-3)
    assert float(found["together_samples"]) == float(found["wish_samples"].max())
    halfway = theory.convergence(SPIKED, float(found["halfway_samples"]))
    assert halfway == pytest.approx(0.5 * (q[0] + q[-1]), abs=1e-3)
    assert "convergence_low" not in found


def test_intervals_of_a_pilot_hold_the_truth(planned):
    n = planned["samples"].values
    np.testing.assert_array_equal(n, [80, 160, 320, 800, 1600, 2080])
    truth = {  # of linear models fitted to 48 draws of the law itself
        "convergence": [0.5585, 0.7736, 0.8822],
        "convergence_to_truth": [0.7412, 0.8781, 0.9389],
        "test_error_ratio": [1.4677, 1.2689, 1.1410],
    }
    for key, values in truth.items():
        low, high = planned[f"{key}_low"].values, planned[f"{key}_high"].values
        assert np.all(low < planned[key].values)
        assert np.all(planned[key].values < high)
        inside = (0.99 * low[:3] < values) & (values < 1.01 * high[:3])
        assert inside.all(), (key, low[:3], high[:3])
    recovered = theory.latent_recovery(SPIKED, n, 2, finite_size=True).sum(axis=1)
    assert np.all(planned["recovered_factors_low"] < 1.05 * recovered)
    assert np.all(0.95 * recovered < planned["recovered_factors_high"])
    assert np.all(np.diff(planned["convergence_gain_low"]) > 0.0)
    assert float(planned["convergence_gain_high"][0]) == 0.0
    assert planned.attrs["points_to_halve"] > 80.0


def test_the_text_says_what_the_numbers_are(pilot, planned, whole):
    text = plan_text(*whole)
    lines = text.splitlines()
    rows = [line.split() for line in lines[lines.index("") :]]
    assert rows[3] == ["n", "×", "cost", "q", "q*", "factors", "error"]
    q, low, high = (float(planned[f"convergence{end}"][0]) for end in ("", "_low", "_high"))
    assert rows[4][:5] == ["80", "1", "0", f"{q:.4f}", f"({low:.4f}–{high:.4f})"]
    assert rows[9][:3] == ["2080", "26", "3000"]
    words = " ".join(text.split())
    assert "The 80 points were read as a sample of the law behind them" in words
    today = f"agree to q = {q:.3f} ({low:.3f} to {high:.3f}); 1 is the same model."
    assert f"{today} The budget pays for 2000 more" in words
    needed = [float(planned[f"wish_samples{end}"][0]) for end in ("", "_low", "_high")]
    value, low, high = (f"{each:.0f}" for each in needed)
    ends = [float(planned[f"together_samples{end}"]) for end in ("", "_low", "_high")]
    every = "It takes {:.0f} samples ({:.0f} to {:.0f}) in all until two models agree".format(*ends)
    assert every in words
    more = np.ceil(needed[0] - 80.0)
    assert f"convergence=0.9 {value} ({low}–{high}) {more:.0f} {1.5 * more:.0f} within the" in words
    none = PlanRequest.of(pilot, budget=1, wishes=["factor=30"], factors=1)
    result, answer = planned_of(none)
    words = " ".join(plan_text(none, result, answer).split())
    assert "From which n factor 30 is recovered cannot be said: these points show" in words
    assert "factor=30 – – – unseen in the pilot" in words


def test_wishes_of_a_pilot(pilot, planned):
    low, value, high = (planned[f"wish_samples{end}"].values for end in ("_low", "", "_high"))
    assert np.all(low < value)
    assert np.all(value < high)
    assert value[2] == pytest.approx(pilot.factors.thresholds[1], rel=1e-12)
    assert float(planned["together_samples_high"]) == high.max()
    # What predict says of the same level.
    same = theory.predict(pilot, [80.0], levels=[0.9], quantities=["thresholds"])
    assert value[0] == pytest.approx(float(same["convergence_samples"][0]), rel=3e-3)
    wishes = ["convergence=0.5", "factor=30", "factor=500"]
    unseen = theory.plan(pilot, budget=1, wishes=wishes, factors=1)
    assert np.isnan(unseen["wish_samples"][1:]).all()
    assert np.isnan(unseen["together_samples"])


def test_amplitudes_count(pilot, planned):
    gaussian = theory.plan(pilot.spectrum, have=80, wishes=WISHES)
    for key in ("convergence", "convergence_to_truth"):
        assert np.all(planned[key][:4].values < gaussian[key][:4].values - 0.005)
    assert np.all(planned["test_error_ratio"][:4].values > gaussian["test_error_ratio"][:4] + 0.005)
    assert np.all(planned["wish_samples"][[0, 1, 3]] > 1.1 * gaussian["wish_samples"][[0, 1, 3]])


def test_curves_pass_through_the_table(pilot, planned):
    request = PlanRequest.of(pilot, budget=3000.0, cost_per_sample=1.5)
    curves = smooth_curves(request, 3).dataset()
    for key in ("convergence", "recovered_factors", "test_error_ratio"):
        for end in ("", "_low", "_high"):
            ends = curves[key + end].values[[0, -1]]
            np.testing.assert_allclose(ends, planned[key + end].values[[0, -1]], rtol=2e-3)


def test_smooth_curves_have_seventeen_sizes_unless_it_is_said():
    found = theory.plan_curves(SPIKED, have=20.0, budget=180.0)
    np.testing.assert_allclose(found["samples"], np.geomspace(20.0, 200.0, 17))
    request = PlanRequest.of(SPIKED, have=20.0, budget=180.0)
    assert smooth_curves(request).dataset().sizes["samples"] == 17


def test_an_end_of_an_interval_says_of_what(planned):
    for end in ("low", "high"):
        words = planned[f"convergence_{end}"].attrs["long_name"]
        assert words == f"convergence, {end} end of the 90 % interval"
    names = ("pilot_points", "interval_level", "pilot_seed", "have", "affordable")
    assert [planned.attrs[name] for name in names] == [80, 0.9, 0, 80.0, 2000.0]
    np.testing.assert_allclose(planned["load"], planned["samples"] / 120.0)


@pytest.mark.parametrize(("values", "name", "place"), [
    ([9.0, np.nan, 7.0, 5.0], "wishes", 2), ([np.nan] * 4, "odds", 3), ([], "odds", 3),
])  # fmt: skip
def test_more_points_are_for_the_widest_of_what_is_known(monkeypatch, values, name, place):
    """The third wish is known least, of those that are known; without any, the last odds count."""
    parts = {"wishes": np.array(values), "odds": np.array([40.0, 30.0, 20.0, 10.0])}
    known = {
        key: Interval(part, part, part, np.array([0.3, 9.0, 0.1, 0.2])[: part.size],
                      np.array([0.1, 9.0, 0.4, 0.2])[: part.size])
        for key, part in parts.items()
    }  # fmt: skip
    asked = []

    def halve(wanted, found):
        asked.append((wanted("other"), float(found.value)))
        return 640.0

    numbers = SimpleNamespace(of=lambda spectrum: {key: 2.0 * part for key, part in parts.items()})
    monkeypatch.setattr(module, "_numbers_of", lambda request: numbers)
    request = SimpleNamespace(pilot=SimpleNamespace(points_to_halve=halve))
    assert module._more(request, known) == 640.0
    assert asked == [(2.0 * parts[name][place], parts[name][place])]


def test_the_command_prints_saves_and_draws(convergen, tmp_path):
    np.save(tmp_path / "mine.npy", draw(40, 0)[:, :12])
    options = ("--budget", 10, "--want", "convergence=0.9,factor=30", "--factors", 1)
    files = ("--out", "a.nc", "--plot", "a.svg")
    code, out, err = convergen("plan", "mine.npy", *options, *files, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["samples"] == [40, 50]
    assert found["cost"] == [0, 10]
    assert found["wishes"][0]["wish"] == "convergence=0.9"
    assert found["wishes"][0]["wish_samples_low"] < found["wishes"][0]["wish_samples"]
    assert found["wishes"][1]["wish_samples"] is None
    numbers = [key for key in found if f"{key}_low" in found]
    assert {"convergence", "test_error_ratio", "recovered_factors_gain"} <= set(numbers)
    for key in numbers:
        if found[key] is not None:
            assert np.all(np.array(found[f"{key}_low"]) <= np.array(found[f"{key}_high"]))
    assert (tmp_path / "a.nc").stat().st_size > 1000
    assert "recovered factors" in (tmp_path / "a.svg").read_text("utf-8")


def test_known_laws_on_the_command_line(convergen):
    code, out, _ = convergen(
        "plan", "spiked", "--spike", "20,5", "--dim", 120, "--have", 40, "--want", "convergence=0.9"
    )
    needed = float(theory.samples_for(SPIKED, convergence=0.9))
    assert code == 0
    assert f"It takes {needed:.0f} samples in all until two models agree to q = 0.9." in " ".join(
        out.split()
    )
    assert "(" not in out.split("Gained over")[1].splitlines()[3]


@pytest.mark.parametrize(("arguments", "words"), [
    (("spiked",), "give the samples at hand as --have"),
    (("digits", "--want", "convergence"), "write NAME=LEVEL"),
    (("digits", "--cost-per-sample", 2), "give one of them, or leave it out"),
    (("digits", "--budget", 3, "--cost-per-sample", 4), "does not pay for one sample"),
    (("digits", "--budget", "-3"), "budget must be positive"),
])  # fmt: skip
def test_requests_that_cannot_be_met(convergen, arguments, words):
    code, out, err = convergen("plan", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
