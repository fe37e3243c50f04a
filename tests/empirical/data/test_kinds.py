import subprocess
import sys

import numpy as np
import pytest

from convergen.empirical.data.kinds import KINDS, load_data
from convergen.theory.common.checks import InputError
from convergen.theory.data.array_files import load_digits
from convergen.theory.spectra.spectrum import Spectrum


def test_no_heavy_imports():
    code = (
        "import sys; from convergen.empirical.data.kinds import load_data; load_data('digits'); "
        "load_data('field', count=3); load_data('patches'); "
        "heavy = ('torch', 'sklearn', 'matplotlib', 'xarray'); "
        "sys.exit(any(name in sys.modules for name in heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_unknown_kind_and_options():
    with pytest.raises(InputError, match="did you mean 'digits'"):
        load_data("digit")
    with pytest.raises(InputError, match=r"no option 'sise' \(did you mean 'size'\?\)"):
        load_data("field", sise=8)
    with pytest.raises(InputError, match="needs the option 'path'"):
        load_data("array")


def test_kinds_are_what_errors_list():
    with pytest.raises(InputError, match=", ".join(KINDS)):
        load_data("nothing")


def test_digits():
    data = load_data("digits")
    raw = load_digits()
    assert data.points.shape == (1797, 1, 8, 8)
    np.testing.assert_allclose(data.flat * data.scale + np.ravel(data.mean), raw, atol=1e-5)
    np.testing.assert_allclose(data.mean, raw.mean(axis=0).reshape(1, 8, 8))
    assert data.points.var(axis=0).mean() == pytest.approx(1.0, rel=1e-5)
    theirs = Spectrum.from_data(raw)
    np.testing.assert_allclose(
        data.spectrum().leading(10) * data.scale**2, theirs.leading(10), rtol=1e-6
    )
    assert load_data("digits", center="none").mean == 0.0


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("spiked", {"dim": 10, "images": True}, "no square image"),
        ("spiked", {"dim": 2}, "do not fit"),
        ("spiked", {"basis": "fourier"}, "'random' or 'identity'"),
        ("mixture", {"dim": 3, "components": 4}, "as many dimensions"),
        ("digits", {"center": "mean"}, "center must be"),
        ("digits", {"center": True}, "takes a text as center, not True"),
        ("spiked", {"images": "yes"}, "takes true or false as images, not 'yes'"),
        ("images", {"path": 3}, "takes a text as path, not 3"),
        ("torchvision", {"path": ".", "name": "MNIST", "train": 1}, "true or false as train"),
        ("spiked", {"spikes": ["a"]}, "must hold real numbers"),
        ("field", {"alpha": "steep"}, "must hold real numbers"),
        ("field", {"size": "8"}, "whole number"),
    ],
)
def test_bad_options(kind, options, words):
    with pytest.raises(InputError, match=words):
        load_data(kind, **options)
