import numpy as np
import pytest
import xarray as xr

from convergen import theory
from convergen.theory.files.netcdf_files import save_dataset
from convergen.theory.forecast.predict import Request, dense_grid
from convergen.theory.quantities.table import chosen

SPECTRUM = theory.Spectrum.power_law(60, 1.0)
SAMPLES = [4, 30.5, 200]


@pytest.fixture(scope="module")
def prediction():
    return theory.predict(SPECTRUM, SAMPLES, factors=2, levels=(0.5, 0.9), sigma=[0.1, 1.0])


def test_variables_equal_the_functions_of_the_same_name(prediction):
    for name in ("convergence", "convergence_to_truth", "memorisation", "bures_wasserstein"):
        expected = getattr(theory, name)(SPECTRUM, SAMPLES)
        np.testing.assert_array_equal(prediction[name].values, expected)
    recovery = theory.latent_recovery(SPECTRUM, SAMPLES, factors=2)
    np.testing.assert_array_equal(prediction["latent_recovery"].values, recovery)
    errors = theory.denoising_errors(SPECTRUM, np.array(SAMPLES)[:, None], [0.1, 1.0])
    np.testing.assert_array_equal(prediction["test_error"].values, errors.test)
    thresholds = [float(theory.samples_for(SPECTRUM, convergence=q)) for q in (0.5, 0.9)]
    np.testing.assert_array_equal(prediction["convergence_samples"].values, thresholds)
    for i, n in enumerate(SAMPLES):
        blocks = theory.block_overlap(SPECTRUM, n, theory.block_edges(60, 2))
        np.testing.assert_array_equal(prediction["eigenvector_overlap"].values[i], blocks.overlap)
        np.testing.assert_array_equal(
            prediction["sample_eigenvalue"].values[i], blocks.sample_eigenvalue
        )
    expected = theory.recovery_thresholds(SPECTRUM, 2)
    np.testing.assert_array_equal(prediction["recovery_threshold"].values, expected)


def test_labels_units_and_provenance(prediction):
    blocks = theory.block_edges(60, 2)[1:]
    sizes = {"samples": 3, "factor": 2, "sigma": 2, "level": 2}
    sides = {"sample_block": blocks.size, "population_block": blocks.size}
    assert prediction.sizes == sizes | sides
    np.testing.assert_array_equal(prediction["sample_block"], blocks)
    np.testing.assert_array_equal(prediction["population_block"], blocks)
    np.testing.assert_array_equal(prediction["samples"], SAMPLES)
    np.testing.assert_array_equal(prediction["eigenvalue"], [1.0, 0.5])
    for variable in prediction.data_vars.values():
        assert variable.attrs["long_name"]
    assert prediction["test_error"].attrs["units"] == "data^2"
    for key in ("source", "seed", "ridge", "convergen_version", "numba_version", "dimension"):
        assert key in prediction.attrs


def test_load_and_noise_levels_by_default():
    spectrum = theory.Spectrum.from_eigenvalues([8.0, 2.0, 0.5], [1, 2, 1])
    found = theory.predict(spectrum, [2, 6], quantities=["convergence", "denoising"])
    np.testing.assert_array_equal(found["load"], [0.5, 1.5])
    # The root mean square of a coordinate is sqrt(12.5/4).
    np.testing.assert_allclose(found["sigma"], np.array([0.1, 0.3, 1.0, 3.0]) * np.sqrt(3.125))
    assert found.sizes["factor"] == 3


def test_the_sampler_runs_over_the_usual_range_of_noise():
    spectrum = theory.Spectrum.from_eigenvalues([8.0, 2.0, 0.5], [1, 2, 1])
    found = theory.predict(spectrum, [2, 6], quantities=["sampling"])["sampling_convergence"]
    ends = np.array([0.002, 80.0]) * np.sqrt(3.125)
    np.testing.assert_allclose(found, theory.sampling_convergence(spectrum, [2, 6], *ends))


def test_round_trip_through_netcdf(prediction, tmp_path):
    path = tmp_path / "curves.nc"
    save_dataset(prediction, path)
    with xr.open_dataset(path, engine="h5netcdf") as loaded:
        xr.testing.assert_identical(loaded.load(), prediction)
    assert [p.name for p in tmp_path.iterdir()] == ["curves.nc"]


@pytest.mark.parametrize("name", sorted({row.group or row.key for row in chosen(None, "formula")}))
def test_groups_can_be_asked_for_alone(name, prediction):
    alone = theory.predict(
        SPECTRUM, SAMPLES, factors=2, levels=(0.5, 0.9), sigma=[0.1, 1.0], quantities=[name]
    )
    assert alone.data_vars
    for key, values in alone.data_vars.items():
        xr.testing.assert_equal(values, prediction[key])


@pytest.mark.parametrize(
    ("spectrum", "samples", "options"),
    [
        (theory.Spectrum.power_law(20, 60.0), [1, 1e15], {"ridge": 1e-30}),
        (theory.Spectrum.power_law(20, 1.0), [1, 1e300], {"ridge": 1e300}),
        (theory.Spectrum.spiked(10, [1e300]), [5], {}),
        (theory.Spectrum.isotropic(1), [1, 7], {}),
    ],
)
def test_extremes_are_predicted_without_a_warning(spectrum, samples, options):
    found = theory.predict(spectrum, samples, factors=2, **options)
    for name in ("convergence", "memorisation", "test_error"):
        assert np.all(np.isfinite(found[name])), name


def test_what_is_asked_of_a_forecast_unless_it_is_said():
    request = Request.of(theory.Spectrum.isotropic(9), [4.0])
    np.testing.assert_array_equal(request.amplitudes, [1.0])
    assert (request.factors, request.ridge, request.seed) == (3, 0.0, 0)
    assert request.levels == (0.5, 0.9, 0.99)
    found = theory.predict(theory.Spectrum.isotropic(9), 4.0, quantities=["thresholds"])
    assert (found.sizes["factor"], found.attrs["ridge"], found.attrs["seed"]) == (3, 0.0, 0)
    np.testing.assert_array_equal(found["level"], [0.5, 0.9, 0.99])


def test_factors_are_cut_at_the_dimension():
    small = theory.predict(theory.Spectrum.isotropic(2), [3], factors=5, quantities=["thresholds"])
    assert small.sizes["factor"] == 2


def test_dense_grid_is_whole_and_covers_the_range():
    grid = dense_grid([4, 200])
    assert grid[0] == 4
    assert grid[-1] == 200
    assert np.all(np.diff(grid) >= 1)
    np.testing.assert_array_equal(grid, np.round(grid))
    # Far apart, no two of the 48 points are rounded to one.
    wide = dense_grid([1e9, 1e3, 1e6])
    np.testing.assert_allclose(wide, np.geomspace(1e3, 1e9, 48), rtol=1e-3)


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        ([0], {}, "at least 1"),
        ([-3], {}, "at least 1"),
        ([np.nan], {}, "NaN"),
        ([], {}, "empty"),
        ([[1, 2]], {}, "flat list"),
        (["ten"], {}, "real numbers"),
        ([5], {"factors": 0}, "factors"),
        ([5], {"ridge": -1}, "negative"),
        ([5], {"sigma": [0.0]}, "positive"),
        ([5], {"sigma": [1e300]}, "use other units"),
        ([5], {"quantities": ["beauty"]}, "beauty"),
        ([5], {"levels": [2.0]}, r"\(0, 1\]"),
        ([5], {"seed": -1}, "seed"),
    ],
)
def test_bad_input(samples, options, message):
    with pytest.raises(theory.InputError, match=message):
        theory.predict(SPECTRUM, samples, **options)


def test_every_factor_is_at_least_one_direction():
    """Multiplicities of an estimate are real numbers, and may lie below 1."""
    spectrum = theory.Spectrum.from_eigenvalues([4.0, 3.0, 2.0, 1.0], [0.4, 0.6, 3.9, 5.1])
    found = theory.predict(spectrum, [10], factors=3, quantities=["latent_recovery"])
    np.testing.assert_array_equal(found["multiplicity"], [1, 4, 4])
    np.testing.assert_allclose(found["eigenvalue"], [3.4, 2.0, 2.0], rtol=1e-12)
