import mpmath
import numpy as np
import pytest
from scipy.stats import norm, t

from convergen.theory.quantities.scores import normal_score, student_to_normal


@pytest.mark.parametrize("freedom", [1.0, 2.0, 7.0, 60.0, 1e4])
def test_score_has_the_tail_probability_of_student(freedom):
    x = np.array([-30.0, -3.0, -0.1, 0.0, 0.5, 2.0, 20.0])
    score = student_to_normal(x, freedom)
    small = np.abs(score) < 30.0
    np.testing.assert_allclose(
        norm.sf(np.abs(score[small])), t.sf(np.abs(x[small]), freedom), rtol=1e-9
    )
    np.testing.assert_array_equal(np.sign(score), np.sign(x))


@pytest.mark.parametrize(("x", "freedom"), [(60.0, 1e3), (200.0, 1e3), (1e5, 300.0), (50.0, 1e5)])
def test_tails_beyond_the_range_of_floats(x, freedom):
    with mpmath.workdps(40):
        half, w = mpmath.mpf(freedom) / 2, mpmath.mpf(freedom) / (freedom + mpmath.mpf(x) ** 2)
        tail = mpmath.betainc(half, 0.5, 0, w, regularized=True) / 2
        guess = mpmath.sqrt(-2 * mpmath.log(tail))
        exact = mpmath.findroot(
            lambda z: mpmath.log(mpmath.erfc(z / mpmath.sqrt(2)) / 2) - mpmath.log(tail), guess
        )
    assert student_to_normal(x, freedom) == pytest.approx(float(exact), rel=1e-9)


def test_three_repeats_cannot_score_seventeen():
    score = normal_score(1.0 + 17.0 * 0.01, 1.0, 0.01, 3)
    assert score == pytest.approx(norm.isf(t.sf(17.0, 2)))
    assert score < 3.0


def test_error_of_the_prediction_is_added_in_square():
    both = normal_score(1.0, 0.0, 0.3, 9, 0.4)
    assert both == pytest.approx(norm.isf(t.sf(2.0, 8)))


def test_where_nothing_can_be_said():
    measured, predicted = [1.0, np.inf, 1.0, 2.0, 1.0, 0.0], [1.0, 1.0, np.nan, 1.0, 0.9, 0.0]
    score = normal_score(measured, predicted, [0.0, 1.0, 1.0, 0.0, 1.0, 0.0], [5, 5, 5, 5, 1, 5])
    np.testing.assert_array_equal(score, [0.0, np.nan, np.nan, np.nan, np.nan, 0.0])
    assert student_to_normal(3.5, np.inf) == 3.5
    assert student_to_normal(-3.5, np.inf) == -3.5
    found = student_to_normal([2.0, 0.0, -2.0, 2.0], [0.0, 0.0, -0.5, -3.0])
    np.testing.assert_array_equal(found, np.nan)


def test_rounding_is_a_thousand_millionth_of_the_prediction():
    score = normal_score([5.0 + 4.9e-9, 5.0 - 5.1e-9], 5.0, 1e-9, np.inf)
    assert score[0] == 0.0
    assert score[1] == pytest.approx(-5.1, rel=1e-6)
