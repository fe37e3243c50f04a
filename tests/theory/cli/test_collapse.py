"""`collapse` from the command line: what it hands on."""

import json

import numpy as np

from convergen import theory
from tests.commands import defaults

LAW = ("collapse", "isotropic", "--dim", "5")


def test_noise_levels_and_samples_are_those_that_are_given(convergen):
    code, said, _ = convergen(*LAW, "--samples", "10,100", "--sigma", "0.5,2", "--json")
    found = json.loads(said)
    assert code == 0
    assert (found["samples"], found["sigma"]) == ([10, 100], [0.5, 2.0])
    spectrum = theory.Spectrum.isotropic(5)
    np.testing.assert_allclose(found["collapse_noise"], theory.collapse_noise(spectrum, [10, 100]))
    needed = (1.0 + np.array([0.5, 2.0]) ** -2.0) ** 2.5
    np.testing.assert_allclose(found["samples_to_generalise"], needed, rtol=1e-6)
    assert "agreement_samples" not in found


def test_without_them_usual_ones_are_taken_and_text_is_printed(convergen, tmp_path):
    code, said, _ = convergen(*LAW, "--out", "x.nc")
    assert code == 0
    assert "σ_c(n)" in said
    assert (tmp_path / "x.nc").exists()


def test_wrong_levels_are_refused(convergen):
    code, said, errors = convergen(*LAW, "--sigma", "-1")
    assert (code, said) == (2, "")
    assert "sigma must be positive, but -1 was given" in errors


def test_what_is_done_where_nothing_is_said():
    assert defaults("collapse") == {}
