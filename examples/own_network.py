"""A torch module of yours in the pair experiment: from Python, and from a TOML file."""

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from convergen.empirical import Preconditioned, train_pair


class Raw(nn.Module):
    """Two convolutions; inputs and targets have unit variance, noise = log(sigma)/4."""

    def __init__(self, shape, width=8):
        super().__init__()
        self.first = nn.Conv2d(shape[0], width, 3, padding=1)
        self.last = nn.Conv2d(width, shape[0], 3, padding=1)

    def forward(self, x, noise):
        return self.last(torch.relu(self.first(x)))


def Net(shape):
    return Preconditioned(Raw(shape))


if __name__ == "__main__":
    print(train_pair(Net, "digits", [8, 64], images=3200)["convergence"])
    Path("mine.toml").write_text(f"""name = "mine"
samples = [8, 64]
data.kind = "digits"
model.name = "{Path(__file__).resolve()}:Net"
training.images = 3200
""")
    for command in (["train", "mine.toml", "--out", "run"], ["validate", "run"]):
        subprocess.run([sys.executable, "-m", "convergen", *command], check=True)
