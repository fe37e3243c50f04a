"""The truths that pilots are held against."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.paper.real_data.pilot_truths import TRUTHS


def test_the_truth_of_data_is_what_disjoint_subsets_show():
    law = TRUTHS[0].load(2, 5)
    found = theory.simulate(
        law.draw(1797, np.random.default_rng(0)), [60], quantities=("convergence",), repeats=12
    )
    assert float(law.convergence(np.array([60.0]))[0]) == pytest.approx(
        float(found["convergence"][0]), abs=0.01
    )
    needed = law.samples_for(0.9)
    assert float(law.convergence(np.array([needed]))[0]) == pytest.approx(0.9, abs=1e-3)
