"""D(x, σ) = F(x + μ, σ) − μ."""

import torch
from torch import nn

from convergen.empirical.networks.about_mean import AboutMean


class Cubic(nn.Module):
    """F(x, σ) = x³ + σ."""

    def forward(self, x, sigma):
        return x**3 + sigma[:, None]


def test_points_are_moved_there_and_back():
    model = AboutMean(Cubic(), [1.0, 2.0], (2,))
    x, sigma = torch.tensor([[1.0, -1.0], [0.0, 0.5]]), torch.tensor([0.25, 0.5])
    expected = [[8.0 + 0.25 - 1.0, 1.0 + 0.25 - 2.0], [1.0 + 0.5 - 1.0, 15.625 + 0.5 - 2.0]]
    torch.testing.assert_close(model(x, sigma), torch.tensor(expected))
    assert model.state_dict() == {}  # the mean belongs to the data


def test_one_number_is_the_mean_of_every_coordinate():
    assert AboutMean(Cubic(), 0.5, (2, 3)).mean.tolist() == [[0.5] * 3] * 2


def test_means_of_means_are_added():
    inner = AboutMean(Cubic(), [1.0, -1.0], (2,))
    both = AboutMean(inner, [0.5, 0.25], (2,))
    assert both.mean.tolist() == [1.5, -0.75]
    assert both.network is inner.network
    x, sigma = torch.tensor([[0.25, 2.0]]), torch.tensor([1.0])
    moved = torch.tensor([[0.5, 0.25]])
    torch.testing.assert_close(both(x, sigma), inner(x + moved, sigma) - moved)
