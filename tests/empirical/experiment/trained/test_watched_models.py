"""A measurement calls its models as often as the bar expects."""

import numpy as np
import pytest

from convergen.empirical.experiment.run import Run
from convergen.empirical.experiment.trained.watched_models import WatchedModels
from convergen.empirical.measure.measure import measure
from convergen.empirical.models.by_name import fitted
from tests.empirical.experiment.tiny import MEASURE, experiment


@pytest.mark.parametrize("steps", [2, 5])
def test_every_call_is_reported_and_the_last_one_ends_it(tmp_path, steps):
    given = experiment(model={"name": "linear"}, measure=MEASURE | {"steps": steps})
    run = Run.begin(given, tmp_path / "run", threads=1)
    subjects, seen = run.subjects(0), []
    sets = [subjects.training_set(member) for member in range(4)]
    models = fitted({"name": "linear"}, sets, np.empty(0), "cpu")
    watched = WatchedModels(models, subjects, seen.append)
    found = measure(watched, subjects)
    assert found.identical(measure(models, subjects))
    assert seen[-1] == 1.0
    # None is cut off at the end: the number of calls is exact.
    np.testing.assert_allclose(np.diff(seen), 1.0 / len(seen))
