"""Functions of the covariances of components against dense matrices."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.component_covariances import ComponentCovariances

RNG = np.random.default_rng(0)
COUNT, DIM = 3, 4
ROOTS = RNG.standard_normal((COUNT, DIM, DIM))
FULL = ROOTS @ ROOTS.transpose(0, 2, 1)
FACTORS, FLOORS = RNG.standard_normal((COUNT, DIM, 2)), np.array([0.3, 1.0, 2.0])
VARIANCES = RNG.uniform(0.5, 2.0, (COUNT, DIM))

KINDS = {
    "isotropic": (
        ComponentCovariances.from_array(FLOORS, (COUNT, DIM)),
        FLOORS[:, None, None] * np.eye(DIM),
    ),
    "diagonal": (
        ComponentCovariances.from_array(VARIANCES, (COUNT, DIM)),
        VARIANCES[:, :, None] * np.eye(DIM),
    ),
    "images": (
        ComponentCovariances.from_array(VARIANCES.reshape(COUNT, 2, 2), (COUNT, 2, 2)),
        VARIANCES[:, :, None] * np.eye(DIM),
    ),
    "full": (ComponentCovariances.from_array(FULL, (COUNT, 2, 2)), FULL),
    "low rank": (
        ComponentCovariances.low_rank(FACTORS, FLOORS, (COUNT, 2, 2)),
        FACTORS @ FACTORS.transpose(0, 2, 1) + FLOORS[:, None, None] * np.eye(DIM),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_functions_of_the_eigenvalues_are_those_of_the_matrices(kind):
    found, exact = KINDS[kind]
    assert found.dim == DIM
    assert found.isotropic == (kind == "isotropic")
    np.testing.assert_allclose(found.matrices(lambda lam: lam), exact, atol=1e-12)
    np.testing.assert_allclose(
        found.matrices(lambda lam: 1.0 / lam), np.linalg.inv(exact), rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(found.traces(lambda lam: lam), exact.trace(axis1=1, axis2=2))
    np.testing.assert_allclose(found.traces(np.log), np.linalg.slogdet(exact)[1], rtol=1e-9)
    # Of several noises at once, one a row.
    noise = np.array([[0.0], [0.5]])
    logs = [np.linalg.slogdet(exact + level * np.eye(DIM))[1] for level in (0.0, 0.5)]
    np.testing.assert_allclose(found.traces(lambda lam: np.log(lam + noise)), logs, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_products_and_distances_of_each_component(kind):
    found, exact = KINDS[kind]
    vectors, noise = RNG.standard_normal((5, DIM)), np.linspace(0.1, 2.0, 5)[:, None]
    for c in range(COUNT):
        np.testing.assert_allclose(
            found.product(c, vectors, lambda lam: 2.0 * lam), 2.0 * vectors @ exact[c], rtol=1e-9
        )
        inverses = np.linalg.inv(exact[c] + noise[:, :, None] * np.eye(DIM))
        np.testing.assert_allclose(
            found.mahalanobis(c, vectors, noise),
            np.einsum("bi,bij,bj->b", vectors, inverses, vectors), rtol=1e-9,
        )  # fmt: skip
        shrunk = found.product(c, vectors, lambda lam: lam / (lam + noise))
        np.testing.assert_allclose(
            shrunk, np.einsum("bij,jk,bk->bi", inverses, exact[c], vectors), rtol=1e-8
        )


@pytest.mark.parametrize("columns", [1, DIM, 6])
def test_factors_of_any_number(columns):
    factors = RNG.standard_normal((COUNT, DIM, columns))
    found = ComponentCovariances.low_rank(factors, FLOORS, (COUNT, DIM))
    exact = factors @ factors.transpose(0, 2, 1) + FLOORS[:, None, None] * np.eye(DIM)
    assert found.eigenvalues.shape == (COUNT, min(columns, DIM))
    np.testing.assert_allclose(found.matrices(lambda lam: lam), exact, atol=1e-12)
    np.testing.assert_allclose(found.traces(np.log), np.linalg.slogdet(exact)[1], rtol=1e-9)


def test_what_was_given_may_change_later_and_what_is_kept_may_not():
    variances, floors = VARIANCES.copy(), FLOORS.copy()
    kept = [
        ComponentCovariances.from_array(variances, (COUNT, DIM)),
        ComponentCovariances.low_rank(FACTORS, floors, (COUNT, DIM)),
        ComponentCovariances.from_array(floors, (COUNT, DIM)),
    ]
    variances *= 2.0
    floors *= 2.0
    np.testing.assert_array_equal(kept[0].eigenvalues, VARIANCES)
    for each in kept[1:]:
        np.testing.assert_array_equal(each.floors, FLOORS)
    for each in kept:
        assert not each.eigenvalues.flags.writeable
        assert not each.floors.flags.writeable


@pytest.mark.parametrize("shape", [(COUNT + 1,), (COUNT, DIM + 1), (COUNT, DIM, DIM + 1), (2, 2)])
def test_shapes_that_fit_nothing_are_refused(shape):
    words = r"has shape .*, but 3 components in dimension 4 need \(3,\), \(3, 4\) or \(3, 4, 4\)"
    with pytest.raises(InputError, match=words):
        ComponentCovariances.from_array(np.ones(shape), (COUNT, 2, 2))


@pytest.mark.parametrize(
    ("factors", "floors"),
    [((2, DIM, 2), 3), ((4, DIM, 2), 3), ((COUNT, 3, 2), 3), ((COUNT, DIM), 3),
     ((COUNT, DIM, 2), 2)],
)  # fmt: skip
def test_factors_that_fit_nothing_are_refused(factors, floors):
    with pytest.raises(InputError, match=r"need \(3, 4, r\) and \(3,\)"):
        ComponentCovariances.low_rank(np.ones(factors), np.ones(floors), (COUNT, DIM))


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_matrices_have_to_be_symmetric_to_rounding(scale):
    tilted = scale * FULL
    size = np.abs(tilted[1]).max()
    tilted[1, 0, 1] += 0.9e-8 * size
    ComponentCovariances.from_array(tilted, (COUNT, DIM))
    tilted[1, 0, 1] += 0.2e-8 * size
    with pytest.raises(InputError, match="symmetric"):
        ComponentCovariances.from_array(tilted, (COUNT, DIM))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_matrices_have_to_be_positive_beyond_rounding(scale):
    """The bound is d times the rounding error of the largest eigenvalue, whatever the units."""
    for smallest, fits in ((1.1, True), (0.9, False), (-1e9, False)):
        lam = scale * np.array([1.0, 1.0, 1.0, smallest * DIM * 2.0**-52])
        matrices = np.stack([np.eye(DIM), np.diag(lam), np.eye(DIM)])
        if fits:
            ComponentCovariances.from_array(matrices, (COUNT, DIM))
            continue
        said = rf"component 1 is not positive definite, its smallest eigenvalue is {lam[3]:g}"
        with pytest.raises(InputError, match=said):
            ComponentCovariances.from_array(matrices, (COUNT, DIM))
