import pytest
import torch

from convergen.empirical.networks.preconditioning import Preconditioned
from tests.empirical.networks.test_table import build, points


@pytest.mark.parametrize("name", ["mlp", "unet"])
def test_networks_start_at_the_best_multiple_of_x(name):
    x, sigma = points()
    expected = x / (1.0 + sigma[:, None, None, None] ** 2)
    torch.testing.assert_close(build(name)(x, sigma), expected)


def test_inputs_and_targets_have_unit_variance():
    """For Gaussian data of unit variance: what F sees and what it must give have variance 1."""
    source = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(4, 100_000, generator=source) for _ in "xn")
    sigma = torch.tensor([0.1, 0.5, 2.0, 10.0])
    x = clean + sigma[:, None] * noise
    seen = []
    model = Preconditioned(lambda scaled, level: seen.append((scaled, level)) or scaled)
    with_f, scaled = model(x, sigma), seen[0][0]
    torch.testing.assert_close(scaled.var(1), torch.ones(4), rtol=0.02, atol=0)
    torch.testing.assert_close(seen[0][1], torch.log(sigma) / 4.0)
    # D = c_skip x + c_out F, so the target of F is (clean − c_skip x)/c_out.
    skip, out = x / (1 + sigma[:, None] ** 2), (with_f - x / (1 + sigma[:, None] ** 2)) / scaled
    torch.testing.assert_close(((clean - skip) / out).var(1), torch.ones(4), rtol=0.02, atol=0)
