"""Stand-ins for packages of trained networks."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn


class Small(nn.Module):
    """Stands for a large network: classifier `fc` on pooled channels."""

    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Conv2d(3, 12, 5, stride=4), nn.Linear(12, 4)

    def forward(self, x):
        return self.fc(torch.relu(self.body(x)).mean(dim=(2, 3)))


@pytest.fixture
def stand_in(monkeypatch):
    """Put a module with these contents where a package would be."""

    def put(name, **contents):
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)

    return put
