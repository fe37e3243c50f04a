"""Inception v3 is built as it was trained, its weights are loaded, its classifier is taken off."""

from pathlib import Path

import torch

from convergen.empirical.diagnose.features.encoders.inception import NETWORK
from tests.empirical.diagnose.features.encoders.networks import Small, stand_in  # noqa: F401


def test_weights_are_loaded_and_the_classifier_is_taken_off(stand_in, tmp_path, monkeypatch):  # noqa: F811
    asked = {}

    def inception_v3(**options):
        asked.update(options)
        return Small()

    stand_in("torchvision")
    stand_in("torchvision.models", inception_v3=inception_v3)
    known = Small()
    torch.save(known.state_dict(), tmp_path / "w.pth")
    plain, how = torch.load, {}
    monkeypatch.setattr(
        torch, "load", lambda file, **options: how.update(options) or plain(file, **options)
    )
    network = NETWORK.build(tmp_path / "w.pth")
    assert how == {"map_location": "cpu", "weights_only": True}  # code in a file is not run
    # The file holds the auxiliary classifier too; images are standardised before.
    assert asked == {
        "weights": None, "aux_logits": True, "transform_input": False, "init_weights": False,
    }  # fmt: skip
    x = torch.rand(2, 3, 16, 16)
    found = network(x)
    assert found.shape == (2, 12)
    torch.testing.assert_close(found, torch.relu(known.body(x)).mean(dim=(2, 3)))


def test_what_images_it_wants(monkeypatch):
    """0 becomes −1 and 1 becomes 1; 299 pixels (arXiv:1512.00567)."""
    for mean, scale in zip(NETWORK.mean, NETWORK.scale, strict=True):
        assert [(x - mean) / scale for x in (0.0, 1.0)] == [-1.0, 1.0]
    assert len(NETWORK.mean) == 3
    assert NETWORK.side == 299
    monkeypatch.setenv("TORCH_HOME", "/t")
    assert NETWORK.places() == [Path("/t/hub/checkpoints/inception_v3_google-0cc3c7bd.pth")]
