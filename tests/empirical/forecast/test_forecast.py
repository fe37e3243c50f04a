"""Forecasts: what they hold, their intervals, the n at each level, and bad input."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.data.kinds import load_data
from convergen.empirical.forecast import forecast as module
from convergen.empirical.forecast.calibrate import Calibration
from convergen.empirical.forecast.constants import measured_constants, shipped_calibration
from convergen.empirical.forecast.forecast import _interval, _sizes, crossing_at, forecast
from convergen.empirical.forecast.pairs import QUANTITIES
from convergen.empirical.forecast.report import forecast_json, forecast_text
from convergen.empirical.forecast.residuals import Residuals
from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import Orbit
from tests.labels import unlabelled

CALIBRATION = Calibration(400.0, 300.0, 500.0, 16, 5, 0.05, Orbit(), "the pair of n = 16, seed 0")
MEASURE = MeasureSettings(draws=64, pictures=0)
MIXTURE = SOLVABLE.find("budgeted-mixture")


@pytest.fixture(scope="module")
def digits():
    return load_data("digits")


def asked(data, samples, calibration=CALIBRATION):
    return forecast(data, TrainingSettings(), MEASURE, calibration, MIXTURE, 32_000.0, samples)


@pytest.fixture(scope="module")
def found(digits):
    return asked(digits, [4, 64, 256])


def test_more_points_are_copied_less_and_converge(found):
    assert unlabelled(found) == []
    assert np.all(np.diff(found["convergence"]) > 0.1)
    assert np.all(np.diff(found["fraction_memorised"]) <= 0.0)
    for name in ("convergence", "memorisation"):
        assert np.all(found[f"{name}_low"] < found[name])
        assert np.all(found[name] <= found[f"{name}_high"])


def test_the_interval_holds_what_its_ends_of_c_give(digits, found):
    for constant in (300.0, 500.0):
        end = replace(CALIBRATION, constant=constant, low=constant, high=constant)
        q = asked(digits, [64], end)["convergence"].values[0]
        at = found["convergence_low"].sel(samples=64), found["convergence_high"].sel(samples=64)
        assert at[0] < q < at[1]


def test_what_the_pair_showed_beyond_the_theory_is_carried_on(digits, found):
    """At the n of the pair its q, m and copies; elsewhere nearer to them; wider by its noise."""
    q = found["convergence"].sel(samples=64).item()
    shown = np.array([[q - 0.2, 0.5, 0.3]])
    said = lambda memorised: np.tile([q, 0.6, 0.1, 1.0], (*np.shape(memorised), 1))  # noqa: E731
    pair = Residuals(64, np.array([32_000.0]), shown, said)
    known = replace(CALIBRATION, low=400.0, high=400.0)
    alone = asked(digits, [4, 64], known)
    moved = asked(digits, [4, 64], replace(known, residuals=pair))
    assert moved["convergence"].sel(samples=64).item() == pytest.approx(q - 0.2)
    assert np.all(moved["convergence"] < alone["convergence"])
    assert np.all(moved["fraction_memorised"] >= alone["fraction_memorised"])
    np.testing.assert_array_equal(moved["variance_ratio"], alone["variance_ratio"])
    best, high = moved["convergence"].values, moved["convergence_high"].values
    noise = [
        pair.noise(np.array([value, 0.5, 0.5, 1.0]), n, 32_000.0)[0]
        for value, n in zip(best, (4, 64), strict=True)
    ]
    own = MIXTURE.own_error[0]
    np.testing.assert_allclose(high - best, 1.645 * np.hypot(own, noise), rtol=1e-6)
    assert "carried on to other n" in moved.attrs["rests_on"]
    assert "carried on" not in alone.attrs["rests_on"]


def test_levels_lie_where_q_crosses_them(found):
    q = np.interp(np.log(found["samples_for"]), np.log(found["samples"]), found["convergence"])
    np.testing.assert_allclose(q, found["level"], atol=1e-9)
    assert np.isnan(crossing_at([4, 16], np.array([0.6, 0.9]), 0.5))
    assert crossing_at([4, 16], np.array([0.4, 0.6]), 0.5) == pytest.approx(8.0)


def test_text_and_json_hold_the_numbers(found):
    text = forecast_text("unet on digits, forecast", found)
    assert "c = 400 (300 to 500)" in text
    assert "none known" in text
    assert forecast_json(found)["convergence"] == pytest.approx(found["convergence"].values)
    assert forecast_json(found)["calibration"]["calibrated_at"] == 16


def test_what_is_not_known_is_said_to_be_so(found):
    """Intervals that hold everything, levels that are not crossed, ends beyond a budget."""
    from convergen.empirical.forecast import report, words

    known = found.copy(deep=True)
    known.attrs |= {"images": 1000.0, "weighted_images": 500.0}
    known.attrs |= {"tenth": 5.0, "tenth_low": 2.0, "tenth_high": 12.0}
    assert words.stopping(known) == (
        "This training of 1,000 images is too long up to n = 64: stop as the table says."
    )
    known.attrs |= {"tenth": 200.0, "tenth_low": 50.0}
    assert "at n = 4 the interval begins before its end" in words.stopping(known)
    known.attrs |= {"tenth_low": 5.0}
    assert "but up to n = 64 the interval begins before its end" in words.stopping(known)
    known.attrs |= {"tenth": 9e9, "tenth_low": 8e9, "tenth_high": 1e10}
    assert words.stopping(known).endswith("over before networks copy, at every n listed.")
    assert report.stop_rows(known)[1][0][1][0] == "over 1,000,000,000"

    known["fraction_memorised_low"][:], known["fraction_memorised_high"][:] = 0.0, 1.0
    assert words.copying(known).startswith("How much such networks copy is not known (0 % to 100 %")
    known["fraction_memorised_high"][-1] = 0.5
    assert words.copying(known).startswith("Trained on 4 samples")

    far = known.assign(samples_for=known["samples_for"] * np.nan)
    far["convergence"][:] = 0.9
    assert report.level_lines(far)[1] == "q = 0.8 is reached below n = 4."
    assert words.first_words(far).startswith("With 4 training samples already")
    far["convergence"][:], far["convergence_low"][:], far["convergence_high"][:] = 0.3, 0.2, 0.5
    assert report.level_lines(far)[0] == "q = 0.5 is not reached up to n = 256."
    assert "mostly differ: q = 0.30 (0.20 to 0.50). More data" in words.first_words(far)


@pytest.mark.parametrize(
    ("samples", "said"), [([1, 4], "n of at least 2"), ([5000], "at most 4096"), ([900], "898")]
)
def test_what_cannot_be_forecast_is_refused(digits, samples, said):
    with pytest.raises(InputError, match=said):
        asked(digits, samples)


def test_the_shipped_constant_holds_those_of_its_networks():
    for name in ("unet", "mlp"):
        known = shipped_calibration(name, Orbit())
        rows = [row["constant"] for row in measured_constants() if row["network"] == name]
        assert known.low < min(rows) <= known.constant <= max(rows) < known.high


def test_networks_on_which_nothing_was_measured_are_refused():
    with pytest.raises(InputError, match="train a pair"):
        shipped_calibration("unett", Orbit())


@pytest.mark.parametrize(
    ("count", "truth", "sizes"),
    [(33, None, (4, 16)), (32, object(), (4, 16)), (129, None, (4, 16, 64)), (128, None, (4, 16))],
)
def test_two_disjoint_sets_and_one_point_more_must_be_there(count, truth, sizes):
    class Data:
        shape, dim, name = (1, 2, 2), 4, "mine"

        def __len__(self):
            return count

    data = Data()
    data.truth = truth
    assert _sizes(data, CALIBRATION, None) == sizes


def test_too_few_points_are_refused_by_their_number():
    class Data:
        shape, dim, name, truth = (1, 2, 2), 4, "mine", None

        def __len__(self):
            return 32

    with pytest.raises(InputError, match="the 32 points of mine hold no two disjoint sets of 16"):
        _sizes(Data(), CALIBRATION, None)
    with pytest.raises(InputError, match="n = 1 leaves nothing to compare: give n of at least 2"):
        _sizes(Data(), CALIBRATION, [8, 1])


def test_an_interval_adds_the_error_of_the_theory_in_squares():
    """Best 0.5, from 0.4 to 0.7; own error 0.1: 1.645 of it is its 90 % reach."""
    values = np.array([[[0.5, 0.02, 0.98, 0.98], [0.4, 0.02, 0.98, 0.98], [0.7, 0.02, 0.98, 0.98]]])
    low, high = _interval(values, np.full(4, 0.1))
    assert low[0, 0] == pytest.approx(0.5 - np.hypot(0.1, 0.1645))
    assert high[0, 0] == pytest.approx(0.5 + np.hypot(0.2, 0.1645))
    assert low[0, 1] == 0.0  # nothing is below 0
    assert high[0, 2] == 1.0  # nor a share above 1
    assert high[0, 3] == pytest.approx(0.98 + 0.1645)  # a ratio of variances may be


def test_what_a_forecast_rests_on_is_recorded(digits, found):
    attributes = found.attrs
    names = ("constant", "constant_low", "constant_high", "calibrated_at", "weighted_images")
    assert [attributes[name] for name in names] == [400.0, 300.0, 500.0, 16, 32_000.0]
    assert attributes["images"] == pytest.approx(64_000.0, rel=0.02)  # a cosine counts half
    tenths = [attributes[name] for name in ("tenth", "tenth_low", "tenth_high")]
    assert tenths == pytest.approx(CALIBRATION.tenth())
    assert (attributes["seed"], attributes["theory"]) == (0, "budgeted-mixture")
    assert attributes["data_fingerprint"] == digits.fingerprint


def test_q_crosses_a_level_linearly_in_log_n():
    """From 0.2 at 4 to 0.6 at 64: 0.5 is three quarters of the way, at 4 · 16^(3/4) = 32."""
    assert crossing_at([4, 64, 256], np.array([0.2, 0.6, 0.7]), 0.5) == pytest.approx(32.0)
    assert crossing_at([4, 64, 256], np.array([0.2, 0.3, 0.5]), 0.5) == pytest.approx(256.0)
    assert np.isnan(crossing_at([4, 64], np.array([0.5, 0.6]), 0.5))
    assert np.isnan(crossing_at([4, 64], np.array([0.2, 0.4]), 0.5))
    assert crossing_at([4, 16, 64], np.array([0.4, 0.6, 0.4]), 0.5) == pytest.approx(8.0)


def test_symmetric_images_count_as_many_points():
    class Data:
        shape, dim, name, truth = (1, 8, 8), 64, "mine", None

        def __len__(self):
            return 10**6

    shifts = replace(CALIBRATION, orbit=Orbit(1))
    order = shifts.orbit.order((1, 8, 8))
    assert order == 64
    most = 2**18 // (64 * 64)
    assert _sizes(Data(), shifts, [most]) == (most,)
    with pytest.raises(InputError, match=rf"and their 64 images each are too many.*at most {most}"):
        _sizes(Data(), shifts, [most + 1])
    with pytest.raises(InputError, match=r"of 64 coordinates are too many.*at most 4096"):
        _sizes(Data(), CALIBRATION, [4, 4097])
    assert _sizes(Data(), CALIBRATION, [9, 4, 4, 6]) == (4, 6, 9)


class Known:
    """A data set of so many points in four dimensions."""

    shape, dim, name, fingerprint = (1, 2, 2), 4, "mine", "abc"

    def __init__(self, count, truth=None):
        self.count, self.truth = count, truth

    def __len__(self):
        return self.count


def made(n, memorised):
    """Order parameters of a theory that is easily written down."""
    return np.array([n / (n + 2.0 * memorised), 0.5, memorised / (n + memorised), 1.1])


@pytest.fixture
def told(monkeypatch):
    """What the parts of a forecast are asked for, and a theory that answers at once."""
    asked = []

    class Pair:
        def __init__(self, theory, subjects, orbit, done):
            asked.append((theory, *subjects, orbit))
            self.samples = subjects[2][0]

        def at(self, memorised):
            return made(self.samples, memorised)

    monkeypatch.setattr(module, "TheoryPair", Pair)
    monkeypatch.setattr(module, "Subjects", lambda *given: given)
    monkeypatch.setattr(
        "convergen.empirical.splits.splits.split",
        lambda data, sizes, seed, held_out: (sizes, seed, held_out),
    )
    return asked


ROW = SimpleNamespace(
    theory="theory", name="row", trust="trust", own_error=np.array([0.1, 0.2, 0.05, 0.3])
)
CONSTANT = TrainingSettings(schedule="constant")


@pytest.mark.parametrize(("truth", "held_out"), [(None, 1), (object(), 0)])
def test_a_forecast_is_what_the_theory_says_at_both_ends_of_c(told, truth, held_out):
    data = Known(300, truth)
    found = forecast(data, CONSTANT, MEASURE, CALIBRATION, ROW, 6000.0)
    sizes = (4, 16, 64)
    assert told == [
        ("theory", data, (sizes, 0, held_out), (n,), CONSTANT, MEASURE, Orbit()) for n in sizes
    ]
    for k, name in enumerate(QUANTITIES):
        best, low, high = (
            np.array([made(n, 6000.0 / c)[k] for n in sizes]) for c in (400.0, 300.0, 500.0)
        )
        below, above = np.minimum(low, high), np.maximum(low, high)
        own = 1.645 * ROW.own_error[k]
        np.testing.assert_allclose(found[name], best)
        reach = np.hypot(best - below, own)
        np.testing.assert_allclose(found[f"{name}_low"], np.maximum(best - reach, 0.0))
        top = np.inf if name == "variance_ratio" else 1.0
        reach = np.hypot(above - best, own)
        np.testing.assert_allclose(found[f"{name}_high"], np.minimum(best + reach, top))
    np.testing.assert_array_equal(found["level"], [0.5, 0.8])
    for end, other in (("", ""), ("_low", "_high"), ("_high", "_low")):
        q = found[f"convergence{other}"].values
        expected = [crossing_at(sizes, q, level) for level in (0.5, 0.8)]
        np.testing.assert_array_equal(found[f"samples_for{end}"], expected)
    assert found["samples_for"].attrs == {
        "long_name": "training samples at which q reaches the level", "units": "1",
    }  # fmt: skip
    names = ("theory", "trust", "images", "weighted_images", "orbit", "data_fingerprint", "seed")
    assert [found.attrs[name] for name in names] == [
        "row", "trust", 6000.0, 6000.0, Orbit().words(), "abc", 0,
    ]  # fmt: skip
    assert found.attrs["calibrated_on"] == "the pair of n = 16, seed 0"
    assert np.isnan(found.attrs["exponent"]).all()


@pytest.mark.parametrize(("pair", "images", "words"), [
    (2, 2000.0, []), (0, 2000.0, []),
    (1, 2000.0, ["n = 2000 is more than 1000 times the n = 1 of the calibration: intervals say"]),
    (2, 1999.0, ["after 1999 images networks have hardly begun to learn, and the theory knows no "
                 "such stage: give a training of at least 2000 images."]),
])  # fmt: skip
def test_warnings_begin_where_they_say(told, caplog, pair, images, words):
    known = replace(CALIBRATION, samples=pair)
    forecast(Known(10_000), CONSTANT, MEASURE, known, ROW, images, [2000], splits=object())
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(words)
    for warning, part in zip(said, words, strict=True):
        assert part in warning


def test_sizes_end_with_what_the_data_or_the_theory_allow():
    shifts = replace(CALIBRATION, orbit=Orbit(1))
    images = Known(10**6)
    images.shape, images.dim = (1, 8, 8), 64
    assert _sizes(images, shifts, None) == (4, 16, 64)
    images.shape, images.dim = (1,), 1
    assert _sizes(images, CALIBRATION, None) == tuple(4**k for k in range(1, 10))
    assert _sizes(images, CALIBRATION, [2, 7]) == (2, 7)


def test_shares_end_at_one_and_a_ratio_of_variances_does_not():
    _, high = _interval(np.full((1, 3, 4), 0.98), np.full(4, 0.1))
    np.testing.assert_allclose(high[0], [1.0, 1.0, 1.0, 0.98 + 0.1645])
