import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Denoiser, ExactDenoiser, floating


class Shrink(ExactDenoiser):
    """A standard Gaussian's denoiser, D = x/(1 + σ²), of images of two channels."""

    shape = (2, 1, 3)

    def _denoise(self, x, sigma):
        assert x.shape == (len(x), 6)
        assert sigma.shape == (len(x),)
        assert x.dtype == sigma.dtype
        return x / (1 + sigma[:, None] ** 2)


model = Shrink()


def test_score_is_the_gradient_of_the_smoothed_density():
    x = np.random.default_rng(0).standard_normal((4, 2, 1, 3))
    sigma = np.array([0.5, 1.0, 2.0, 3.0])
    variance = (1.0 + sigma**2)[:, None, None, None]
    np.testing.assert_allclose(model(x, sigma), x / variance, rtol=1e-14)
    np.testing.assert_allclose(model.score(x, sigma), -x / variance, rtol=1e-14)
    np.testing.assert_allclose(model.score(x, 1.0), -x / 2.0, rtol=1e-14)
    np.testing.assert_allclose(model.score(x, [1.0]), -x / 2.0, rtol=1e-14)
    assert model.dim == 6
    assert isinstance(model, Denoiser)


@pytest.mark.parametrize(
    ("given", "worked"),
    [("float32", "float32"), ("float64", "float64"), ("int64", "float64"), ("float16", "float64")],
)
def test_only_single_precision_stays_as_it_is(given, worked):
    x = np.ones((3, 2, 1, 3), given)
    assert np.dtype(floating(x)) == worked
    assert model(x, 1.0).dtype == model.score(x, 1.0).dtype == worked


@pytest.mark.parametrize(
    ("x", "sigma", "message"),
    [
        (np.ones((5, 2, 3)), 1.0, r"x has shape \(5, 2, 3\), .*shape \(batch, 2, 1, 3\)"),
        (np.ones((2, 1, 3)), 1.0, r"x has shape \(2, 1, 3\)"),
        (np.ones((5, 2, 1, 4)), 1.0, r"x has shape \(5, 2, 1, 4\)"),
        (np.ones((5, 2, 1, 3)), np.ones(4), r"sigma has shape \(4,\), but there are 5 points"),
        (np.ones((1, 2, 1, 3)), np.ones((1, 1)), r"sigma has shape \(1, 1\), but there are 1"),
        (np.full((5, 2, 1, 3), np.nan), 1.0, "x "),
        (np.ones((5, 2, 1, 3)), 0.0, "sigma "),
        (np.ones((2, 2, 1, 3)), [1.0, 1e200], "between 1.5e-154 and 1.3e.154 where x is float64"),
        (np.ones((2, 2, 1, 3)), [1e-200, 1.0], "between 1.5e-154 and 1.3e.154 where x is float64"),
    ],
)
def test_what_does_not_fit_is_refused(x, sigma, message):
    for call in (model, model.score):
        with pytest.raises(InputError, match=message):
            call(x, sigma)


def test_no_points_are_no_error():
    assert model(np.ones((0, 2, 1, 3)), 1.0).shape == (0, 2, 1, 3)


def test_points_are_not_copied_where_they_need_not_be():
    x = np.ones((3, 2, 1, 3))
    assert np.shares_memory(model._checked(x, 1.0)[0], x)
