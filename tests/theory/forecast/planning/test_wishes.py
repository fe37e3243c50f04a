from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError
from convergen.theory.forecast.planning.wishes import KINDS, Course, _for_error, parse_wishes


def test_wishes_are_read_once_each():
    found = parse_wishes(["convergence=0.95, factor=5", "test_error=1.05", "factor=5"])
    assert [wish.name for wish in found] == ["convergence=0.95", "factor=5", "test-error=1.05"]
    assert [wish.words for wish in found] == [
        "two models agree to q = 0.95", "factor 5 is recovered",
        "the test error is 1.05 times its limit",
    ]  # fmt: skip
    assert parse_wishes([]) == []


@pytest.mark.parametrize(("text", "words"), [
    ("convergence", "cannot read the wish 'convergence': write NAME=LEVEL"),
    ("convergnce=0.9", r"unknown wish 'convergnce' \(did you mean 'convergence'\?\)"),
    ("convergence=1", "convergence must be above 0 and below 1, not '1'"),
    ("convergence-to-truth=0", "convergence-to-truth must be above 0 and below 1, not '0'"),
    ("factor=2.5", "factor must be a whole number, at least 1, not '2.5'"),
    ("test-error=1", "test-error must be above 1, not '1'"),
    ("test-error=inf", "test-error must be above 1, not 'inf'"),
    ("factor=0", "factor must be a whole number, at least 1, not '0'"),
    ("factor=many", "not 'many'"),
])  # fmt: skip
def test_wishes_that_make_no_sense(text, words):
    with pytest.raises(InputError, match=words):
        parse_wishes([text])


@pytest.mark.parametrize(("level", "samples"), [(1.05, 20.0), (1.5, 2.0)])
def test_a_test_error_is_wished_in_units_of_its_limit(level, samples):
    grid = np.geomspace(1.0, 1e4, 2000)
    course = SimpleNamespace(grid=grid, excess=1.0 / grid)
    assert _for_error(course, level) == pytest.approx(samples, rel=1e-3)


@pytest.mark.parametrize(("name", "row", "scale"), [
    ("convergence", 0, 3.0), ("convergence-to-truth", 1, 5.0),
])  # fmt: skip
def test_an_overlap_is_wished_as_odds_that_fall(name, row, scale):
    """Odds of 3/n and 5/n: (1 − 0.8)/0.8 = 1/4 at n = 12 and at n = 20."""
    grid = np.geomspace(1.0, 1e4, 50)
    course = Course(theory.Spectrum.isotropic(9), grid, np.array([3.0 / grid, 5.0 / grid]), grid)
    assert KINDS[name].overlap == row
    assert KINDS[name].needed(course, 0.8) == pytest.approx(4.0 * scale)
    (wish,) = parse_wishes([f"{name}=0.8"])
    assert wish.odds == pytest.approx(0.25)


def test_a_factor_takes_the_samples_that_tell_it_apart():
    """Σ_{j≠k} (λ_j/(λ_k − λ_j))², but never less than one sample."""
    lam = np.array([500.0, 30.0, 12.0, 5.0, 1.0])
    course = SimpleNamespace(spectrum=theory.Spectrum.from_eigenvalues(lam))
    needed = KINDS["factor"].needed
    for k in (3, 5):
        others = np.delete(lam, k - 1)
        assert needed(course, float(k)) == pytest.approx(
            np.sum((others / (lam[k - 1] - others)) ** 2)
        )
    (first,) = parse_wishes(["factor=1"])
    assert needed(course, first.level) == 1.0
    assert np.isnan(needed(course, 6.0))
