"""DINOv2, whose distances are closest to what people see in natural images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from convergen.empirical.diagnose.features.table import Encoder, register
from convergen.empirical.diagnose.features.trained import TrainedNetwork
from convergen.empirical.diagnose.features.weights import hugging_face

if TYPE_CHECKING:
    from torch import nn

_MODEL = "vit_small_patch14_dinov2.lvd142m"
_SIDE = 224


def _build(path: Path) -> nn.Module:
    import timm

    return timm.create_model(
        _MODEL, pretrained=True, pretrained_cfg_overlay={"file": str(path)}, num_classes=0,
        img_size=_SIDE,
    )  # fmt: skip


# Mean and scale of ImageNet, with which it was trained (arXiv:2304.07193).
NETWORK = TrainedNetwork(
    "dinov2", _MODEL, "timm", _SIDE, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225),
    lambda: hugging_face(f"timm/{_MODEL}", "model.safetensors"),
    f"""get them once with python -c "import timm; timm.create_model('{_MODEL}', """
    'pretrained=True)"',
    _build,
)  # fmt: skip
register(Encoder("dinov2", f"{_MODEL} of timm", NETWORK.encode, weighted=True))
