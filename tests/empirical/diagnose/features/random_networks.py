"""Small networks with random weights, as a user would give them: FILE.py:features."""

import zlib

import torch


def features(points):
    """Features of images of any size or of vectors; weights depend on the shape alone."""
    shape = points.shape[1:]
    torch.manual_seed(zlib.crc32(repr(shape[:1]).encode()))
    x = torch.from_numpy(points)
    nn = torch.nn
    if len(shape) == 1:
        network = nn.Sequential(nn.Linear(shape[0], 128), nn.ReLU(), nn.Linear(128, 64))
    else:
        network = nn.Sequential(
            nn.Conv2d(shape[0], 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(),
        )  # fmt: skip
    return network.eval()(x)
