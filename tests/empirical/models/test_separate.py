import numpy as np

from convergen.empirical.models.separate import Separate


def test_members_together_equal_members_alone():
    models = Separate(
        [lambda x, sigma, by=by: by * x + np.asarray(sigma)[:, None] for by in (2, 3)]
    )
    x, sigma = np.arange(12.0).reshape(6, 2), np.linspace(0.5, 1.0, 6)
    found = models.denoisers()(x, sigma)
    for member, part in enumerate((slice(3), slice(3, 6))):
        np.testing.assert_array_equal(found[part], models.denoiser(member)(x[part], sigma[part]))
    np.testing.assert_array_equal(models.denoisers()(x, 0.0)[3:], 3 * x[3:])
