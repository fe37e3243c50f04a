"""DINOv2 is built as it was trained: its name, its file, its side, no classifier."""

from pathlib import Path

import pytest

from convergen.empirical.diagnose.features.encoders.dinov2 import NETWORK
from tests.empirical.diagnose.features.encoders.networks import stand_in  # noqa: F401


def test_the_network_is_built_from_the_file_alone(stand_in):  # noqa: F811
    asked = {}

    def create_model(name, **options):
        asked.update(name=name, **options)
        return "network"

    stand_in("timm", create_model=create_model)
    assert NETWORK.build(Path("w.safetensors")) == "network"
    assert asked == {
        "name": "vit_small_patch14_dinov2.lvd142m",
        "pretrained": True,
        "pretrained_cfg_overlay": {"file": "w.safetensors"},
        "num_classes": 0,  # features, no classes
        "img_size": 224,
    }


def test_what_images_it_wants(monkeypatch):
    """Mean and scale of ImageNet, as torchvision documents them; 16 patches of 14 pixels."""
    assert NETWORK.mean == pytest.approx((0.485, 0.456, 0.406))
    assert NETWORK.scale == pytest.approx((0.229, 0.224, 0.225))
    assert NETWORK.side == 16 * 14
    monkeypatch.setenv("HF_HUB_CACHE", "/hub")
    assert NETWORK.places() == [
        Path("/hub/models--timm--vit_small_patch14_dinov2.lvd142m/snapshots/*/model.safetensors")
    ]
    assert NETWORK.how.endswith('pretrained=True)"')
