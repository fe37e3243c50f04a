"""The columns of the table that decide what is shown, averaged and compared."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory.quantities.rows import ROWS
from convergen.theory.quantities.table import chosen, compared, quantity

SPECTRUM = theory.Spectrum.from_eigenvalues([9.0, 4.0, 1.0], [1, 1, 10])


def keys(column):
    return {row.key for row in ROWS if getattr(row, column)}


def test_what_the_command_line_shows_unasked():
    assert keys("main") == {
        "convergence", "convergence_to_truth", "memorisation", "memorisation_baseline",
        "latent_recovery_finite_size",
    }  # fmt: skip


def test_what_trained_models_are_measured_and_judged_by():
    trained = {
        "convergence", "convergence_to_truth", "memorisation", "memorisation_baseline",
        "latent_recovery", "test_error", "train_error", "fraction_memorised",
    }  # fmt: skip
    assert keys("trained") == {row.key for row in compared()} == trained
    followed = trained - {"convergence_to_truth", "latent_recovery"} | {"variance_ratio"}
    assert keys("followed") == followed


def test_what_takes_long_to_measure():
    assert keys("slow") == {"operator_norm", "max_sliced_wasserstein"}


def test_what_compares_with_the_truth_feels_that_a_subset_leaves_fewer_fresh_points():
    """With N points in all, n of them are all there is: the truth is theirs, and nothing is off."""
    assert keys("to_truth") == {
        "convergence_to_truth", "latent_recovery_finite_size", "bures_wasserstein",
        "kullback_leibler", "operator_norm", "max_sliced_wasserstein", "test_error",
    }  # fmt: skip
    # Of fresh points these tend to their best value, the others say nothing of the truth.
    best = {"convergence_to_truth": 1.0, "latent_recovery_finite_size": 1.0}
    names = sorted({quantity(key).group or key for key in keys("to_truth")})
    found = theory.predict(SPECTRUM, [1e7], quantities=names, sigma=[1.0], factors=2, ridge=0.0)
    for key in keys("to_truth") - {"test_error"}:
        np.testing.assert_allclose(found[key], best.get(key, 0.0), atol=2e-3)
    np.testing.assert_allclose(found["test_error"], found["optimal_error"], rtol=1e-4)


@pytest.mark.parametrize("factor", [4.0])
def test_units_say_how_numbers_change_with_the_scale_of_the_data(factor):
    scaled = theory.Spectrum.from_eigenvalues(
        factor * SPECTRUM.eigenvalues, SPECTRUM.multiplicities
    )
    names = sorted({row.group or row.key for row in chosen(None, "formula")})
    one, other = (
        theory.predict(each, [20.0], quantities=names, sigma=[s], factors=2)
        for each, s in ((SPECTRUM, 0.7), (scaled, 0.7 * np.sqrt(factor)))
    )
    powers = {"data": 0.5, "data^2": 1.0}
    for key in one.data_vars:
        if one[key].dtype.kind == "f":
            scale = factor ** powers.get(quantity(key).units, 0.0)
            np.testing.assert_allclose(other[key], scale * one[key], rtol=1e-4, err_msg=key)


def test_averages_are_over_norms_to_the_power_with_which_they_enter():
    """q is an overlap of two models, each normed by its own trace; q* has but one such norm."""
    assert {row.key: row.power for row in ROWS if row.power} == {
        "convergence": 1.0, "agreement": 1.0, "convergence_to_truth": 0.5,
    }  # fmt: skip
