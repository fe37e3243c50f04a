import platform

import numpy as np
import pytest
import scipy

from convergen.theory import Spectrum
from convergen.theory.spectra.provenance import provenance


def test_a_result_says_where_it_comes_from():
    found = provenance(Spectrum.from_eigenvalues([3.0, 1.0, 0.0]), seed=7, ridge=None, draws=0)
    assert (found["dimension"], found["rank"], found["trace"]) == (3, 2, 4.0)
    assert found["participation_ratio"] == pytest.approx(16.0 / 10.0)
    # None cannot be written to netCDF; a nought is one.
    assert (found["seed"], found["ridge"], found["draws"]) == (7, "", 0)
    assert found["python_version"] == platform.python_version()
    assert found["numpy_version"] == np.__version__
    assert found["scipy_version"] == scipy.__version__
    assert all(isinstance(value, str | int | float) for value in found.values())
