"""What a diagnosis answers from what it holds."""

from types import SimpleNamespace

import numpy as np
import xarray as xr

from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis, Suspect


def made(**given):
    """A diagnosis that holds these and nothing else."""
    found = object.__new__(Diagnosis)
    for name, value in given.items():
        object.__setattr__(found, name, value)
    return found


def test_suspects_are_named_with_what_was_measured_of_them():
    near = SimpleNamespace(distances=np.array([[4.0, 9.0], [3.0, 8.0], [2.0, 7.0]]))
    copies = SimpleNamespace(
        suspected=np.array([2, 0]),
        points=np.array([10, 11, 12]),
        look=SimpleNamespace(near=near),
        ratios=np.array([0.5, 0.6, 0.25]),
        chance=np.array([0.01, 0.5, 0.001]),
    )
    found = made(judgement=SimpleNamespace(copies=copies))
    assert found.suspects == [Suspect(2, 12, 2.0, 0.25, 0.001), Suspect(0, 10, 4.0, 0.5, 0.01)]
    assert found.suspects[0]._fields == ("sample", "training_point", "distance", "ratio", "chance")


def test_intervals_are_those_of_the_prediction_where_it_has_some():
    prediction = xr.Dataset(
        {
            "q": ("n", [0.5, 0.7]), "q_low": ("n", [0.4, 0.6]), "q_high": ("n", [0.9, 0.8]),
            "m": ("n", [0.1, 0.2]), "recovery_threshold": ("k", [3.0, 9.0, 27.0]),
        }
    )  # fmt: skip
    found = made(prediction=prediction)
    assert found.intervals("q") == [(0.5, 0.4, 0.9), (0.7, 0.6, 0.8)]
    assert found.intervals("m") == [(0.1, 0.1, 0.1), (0.2, 0.2, 0.2)]
    assert found.factor_samples.tolist() == [3.0, 9.0, 27.0]
    assert made(prediction=None).factor_samples.shape == (0,)


def test_a_diagnosis_in_one_line():
    judgement = SimpleNamespace(
        samples=[range(5), range(9)], training=range(7), verdict="undecided"
    )
    found = made(judgement=judgement)
    assert repr(found) == "Diagnosis(undecided: 5 samples, 7 training points)"
    assert found.samples is judgement.samples
    assert found.training is judgement.training
