"""The optimal denoiser of the training points themselves."""

from convergen.theory.empirical_score.score import EmpiricalScore
from tests.empirical.models.solvable.fits import POINTS, check_row, fitted, same


def test_the_empirical_score_is_that_of_the_points():
    same(fitted("empirical-score"), [EmpiricalScore(each) for each in POINTS])


def test_the_row():
    check_row("empirical-score", ":")
