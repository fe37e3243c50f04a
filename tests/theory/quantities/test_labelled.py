import numpy as np
import pytest

from convergen.theory.quantities.labelled import Labelled


@pytest.fixture
def found():
    result = Labelled(attributes={"source": "here"})
    result.mark("samples", "samples", [4, 8])
    result.mark("load", "samples", [0.5, 1.0])
    result.mark("level", "level", [0.9])
    result.add("convergence", [0.3, 0.6])
    return result


def test_values_are_found_by_name(found):
    np.testing.assert_array_equal(found["convergence"], [0.3, 0.6])
    np.testing.assert_array_equal(found["load"], [0.5, 1.0])
    assert "convergence" in found
    assert "level" in found
    assert "memorisation" not in found
    assert found.get("memorisation", 0.0) == 0.0
    np.testing.assert_array_equal(found.get("convergence", 0.0), [0.3, 0.6])


def test_a_data_set_has_the_labels_and_no_coordinate_without_values(found):
    data = found.dataset()
    assert data["convergence"].dims == ("samples",)
    assert data["convergence"].attrs == {"long_name": "convergence", "symbol": "q", "units": "1"}
    assert set(data.coords) == {"samples", "load"}
    assert data["load"].attrs == {"long_name": "load n/d", "units": "1"}
    assert data.attrs == {"source": "here"}


def test_names_that_nobody_knows_are_refused(found):
    with pytest.raises(KeyError):
        found["beauty"]
    with pytest.raises(KeyError):
        found.mark("beauty", "samples", [1, 2])
