"""Dense networks are forecast by their kernel, from the data alone; its times against histories."""

import numpy as np
import pytest

from convergen.empirical.forecast.kernel_clock import IMAGES_PER_TIME, KernelClock, kernel_clock
from convergen.empirical.forecast.report import forecast_text
from convergen.empirical.forecast.requests import forecast_run, forecast_untrained
from convergen.empirical.forecast.words import stops
from convergen.empirical.models.table import forecasting_theory, network_theories
from convergen.empirical.validate.memorisation_time import memorisation_time
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import NO_ORBIT
from convergen.theory.networks.training_time.clock import weighted_images
from convergen.theory.networks.wide.gram_bulks import gram_bulks

ROW = forecasting_theory("mlp")


def test_each_network_is_forecast_by_the_theory_that_knows_it():
    assert ROW.name == "kernel-regime"
    assert forecasting_theory("unet").name == "generaliser-memoriser"
    assert forecasting_theory("mine.py:Net").name == "generaliser-memoriser"
    assert ROW not in network_theories()


@pytest.mark.parametrize("data", ["digits", "field8", "field16", "patches"])
def test_copying_begins_in_shipped_networks_when_the_clock_says(data):
    """Onsets at n = 4 and 16; the images of one unit of time were measured on other quantities."""
    run, result = shipped_run(f"{data}-mlp"), shipped_result(f"{data}-mlp")
    found = memorisation_time(run, result, [4, 16]).attrs
    clock = kernel_clock(ROW, run.data)
    said, low, high = clock.tenth()
    assert low < found["kappa"] < high
    assert said == pytest.approx(IMAGES_PER_TIME * 0.49, rel=0.02)


def half_found(run, result):
    """Weighted images after which half of the best linear answer is found at σ = 1."""
    training, spectrum = run.experiment.training, run.data.spectrum()
    images = np.append(result["images"].values, training.images).astype(float)
    part = result.isel(samples=-1).sel(sigma=1.0).mean(["seed", "side"])
    errors = np.append(part["history_test_error"].values, part["test_error"].values)
    values = spectrum.eigenvalues * spectrum.dim / spectrum.trace
    best = spectrum.multiplicities @ (values / (values + 1.0))
    missing = (errors - best) / (0.5 * spectrum.dim - best)
    seen = weighted_images(images, training.images, training.schedule)
    return float(np.exp(np.interp(-0.5, -missing, np.log(seen))))


@pytest.mark.parametrize(("data", "within"), [("digits", 1.003), ("field8", 1.2), ("field16", 1.3)])
def test_the_population_is_learnt_when_the_clock_says(data, within):
    """The clock was set on the digits."""
    run, result = shipped_run(f"{data}-mlp"), shipped_result(f"{data}-mlp")
    said = IMAGES_PER_TIME * gram_bulks(run.data.spectrum(), 1.0).generalising_time(0.5)
    assert 1.0 / within < half_found(run, result) / said < within


@pytest.fixture(scope="module")
def found():
    return forecast_untrained({"kind": "digits"}, "mlp", images=16_000, samples=[4, 64])


def test_a_dense_network_is_forecast_from_its_data_alone(found):
    assert found.attrs["theory"] == "kernel-regime"
    assert found["convergence"].values[0] < 0.5 < found["convergence"].values[1]
    assert np.all(found["convergence_low"] < found["convergence"])
    text = " ".join(forecast_text("mlp on digits", found).split())
    assert "320 noised copies" in text
    assert "nothing was calibrated" in text
    assert "It fails on patches" in text


def test_the_table_of_budgets_is_that_of_the_clock(found):
    first, last = stops(found)
    # Half of the images of a cosine count.
    assert first.images == pytest.approx(2 * 4 * found.attrs["tenth"], rel=1e-3)
    assert last.images == pytest.approx(16 * first.images)
    assert first.low < first.images < first.high


def test_there_is_no_pair_to_choose():
    run = shipped_run("digits-mlp")
    with pytest.raises(InputError, match="leave --calibrate-at out"):
        forecast_run(run, shipped_result("digits-mlp"), calibrate_at=4)


def test_the_words_are_those_of_its_times():
    """8000 images at 25 a copy are 320; at an onset of 40 a point m begins to rise at n = 200."""
    clock = KernelClock(
        constant=25.0, low=25.0, high=25.0, samples=0, snapshots=0, misfit=0.0, orbit=NO_ORBIT,
        source="no pair", generalising=600.0, onset=40.0,
    )  # fmt: skip
    words = clock.words(8000.0)
    for said in (
        "on 320 noised copies at each noise level, one for 25 images of training",
        "learnt to nine tenths after 600, what",
        "one tenth after 40 n; this training has 8000,",
        "In such images, at noise of 1 standard deviation: the linear structure",
        "to rise below n = 200 (within a factor of 1.5); copies come later.",
    ):
        assert said in words
    best, low, high = clock.tenth()
    assert best == 40.0
    assert best / low == pytest.approx(1.5)
    assert high / best == pytest.approx(1.5)


def test_a_clock_rests_on_no_pair():
    data = shipped_run("digits-mlp").data
    found = kernel_clock(ROW, data)
    assert (found.samples, found.snapshots, found.source) == (0, 0, "no pair")
    assert found.constant == found.low == found.high == ROW.images_each
    bulks = gram_bulks(data.spectrum(), 1.0)
    assert found.generalising == pytest.approx(183.0 * bulks.generalising_time())
    assert found.onset == pytest.approx(183.0 * bulks.memorising_time([1.0], missing=0.9)[0])
