import pytest

from convergen.empirical.common.devices import choose_device
from convergen.theory.common.checks import InputError


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta"])
def test_unknown_devices(name):
    with pytest.raises(InputError, match="device"):
        choose_device(name)
    assert choose_device("cpu").type == "cpu"
