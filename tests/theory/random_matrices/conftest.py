import numpy as np
import pytest
from mpmath import mp

SPECTRA = {
    "isotropic": ([1.0], [30.0]),
    "three levels": ([1.0, 0.3, 0.01], [5.0, 20.0, 10.0]),
    "wide gap": ([1.0, 1e-12], [10.0, 25.0]),
    "many": (np.arange(1.0, 41.0) ** -1.0, np.ones(40)),
}


@pytest.fixture(params=SPECTRA)
def levels(request):
    """Eigenvalues, multiplicities and rank."""
    lam, w = SPECTRA[request.param]
    return np.array(lam), np.array(w), float(np.sum(w))


@pytest.fixture
def precision():
    """Of sums over hundreds of decades, which cancel."""
    with mp.workdps(400):
        yield
