import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.centres import as_centres


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (2, 1, 4, 4)])
def test_centres_are_rows_of_any_shape(shape):
    found = as_centres(np.ones(shape, dtype=int))
    assert found.shape == shape
    assert found.dtype == np.float64


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (2, 0)])
def test_what_is_no_rows_is_refused(shape):
    with pytest.raises(InputError, match=r"means has shape .*: give an array of shape"):
        as_centres(np.ones(shape))


def test_centres_are_finite():
    with pytest.raises(InputError, match="means"):
        as_centres([[1.0, np.nan]])
