import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.sets import scikit_image

data = pytest.importorskip("skimage.data")


def test_photographs_are_grey_and_those_of_scikit_image():
    found = scikit_image.photographs()
    assert len(found) == 9
    assert all(image.ndim == 2 and image.dtype == np.float64 for image in found)
    np.testing.assert_allclose(found[2], data.camera() / 255.0, atol=1e-7)
    luma = data.astronaut() @ [0.299, 0.587, 0.114] / 255.0
    np.testing.assert_allclose(found[0], luma, atol=0.003)


def test_patches_with_a_face_come_without_the_others():
    np.testing.assert_array_equal(scikit_image.face_patches(), data.lfw_subset()[:100])


def test_what_is_missing_is_named(monkeypatch):
    with pytest.raises(InputError, match=r"^faces: .* ships no no\.png: install"):
        scikit_image._file("faces", "no.png")
    monkeypatch.setattr(scikit_image.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"^faces needs the package 'scikit-image': .*pictures"):
        scikit_image.face_patches()
