"""One way to use any trained network for images as an encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.features.encoding import encoded_sets, geometric
from convergen.empirical.diagnose.features.images import need_images, prepared, unit_interval
from convergen.empirical.diagnose.features.view import Given, View
from convergen.empirical.diagnose.features.weights import digest, find_weights
from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import printable

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class TrainedNetwork:
    """A network whose weights lie in a file.

    Attributes
    ----------
    name, model, package : str
        What users write, the name of the model, and the package that builds it.
    side : int
        Of the images that it wants, in pixels.
    mean, scale : tuple of float
        Of each channel, by which images in [0, 1] are standardised.
    places : callable
        Patterns of where its weights may lie.
    how : str
        How to get them, as the end of a sentence.
    build : callable
        From the file of weights to the module, which maps images to features.
    """

    name: str
    model: str
    package: str
    side: int
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    places: Callable[[], list[Path]]
    how: str
    build: Callable[[Path], nn.Module]

    def encode(self, given: Given, weights: Path | None = None) -> View:
        """Features of images: the output of the network without its classifier.

        Parameters
        ----------
        given : Given
            The sets.
        weights : Path, optional
            File of weights; default one that lies where its package keeps it.

        Returns
        -------
        View

        Raises
        ------
        InputError
            If points are no images, or weights or packages are missing or do not fit.
        """
        need_images(given.training, self.name)
        geometric(given.orbit, self.name)
        path = find_weights(self.name, self.places(), weights, self.how)
        import torch

        from convergen.empirical.common.devices import choose_device

        device = choose_device()
        network = self._built(path).to(device).eval()
        mean, scale = (
            torch.tensor(each, device=device).reshape(3, 1, 1) for each in (self.mean, self.scale)
        )
        ends = unit_interval(given.training)

        def rows(images: NDArray[np.float32]) -> Tensor:
            x = prepared(images, ends, self.side, device)
            with torch.no_grad():
                return network((x - mean) / scale)

        record: dict[str, Any] = {
            "model": self.model, "weights": path.name, "sha256": digest(path),
            "black_and_white": list(ends), "side": self.side,
        }  # fmt: skip
        note = (
            f"Features are those of {self.model}; its weights {path.name} have SHA-256 "
            f"{record['sha256'][:16]}…. Images were resized to {self.side} × {self.side} pixels, "
            f"{ends[0]:g} black and {ends[1]:g} white."
        )
        return encoded_sets(
            given, rows, self.name, words=f"features of {self.name}", theory=False, record=record,
            notes=[note],
        )  # fmt: skip

    def _built(self, path: Path) -> nn.Module:
        try:
            return self.build(path)
        except ModuleNotFoundError as error:
            raise InputError(
                f"{self.name} needs the package {error.name}: pip install {self.package}."
            ) from error
        except Exception as error:  # whatever is in the file
            line = next(iter(str(error).strip().splitlines()), "")
            raise InputError(
                f"cannot load {printable(path)} into {self.model}: {type(error).__name__}: {line}"
            ) from error
