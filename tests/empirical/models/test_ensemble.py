"""Ensembles as denoisers."""

import numpy as np

from convergen.empirical.models.by_name import untrained
from convergen.theory.denoisers.protocol import Denoiser

SHAPE = (1, 4, 4)


def test_denoisers_follow_the_protocol():
    models = untrained({"name": "conv", "size": "tiny"}, SHAPE, [0, 1, 2])
    for value in models.average.values():
        value += 0.1
    x = np.random.default_rng(2).standard_normal((6, *SHAPE))
    sigma = np.linspace(0.1, 2.0, 6)
    together = models.denoisers()
    assert isinstance(together, Denoiser)
    found = together(np.concatenate([x] * 3), np.concatenate([sigma] * 3)).reshape(3, 6, *SHAPE)
    assert found.dtype == np.float64
    for member in range(3):
        np.testing.assert_allclose(models.denoiser(member)(x, sigma), found[member], rtol=1e-4,
                                   atol=1e-5)  # fmt: skip
