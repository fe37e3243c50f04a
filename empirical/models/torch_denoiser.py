"""Between torch and the denoiser protocol, which speaks NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from convergen.theory.common.checks import InputError


class TorchDenoiser:
    """Any torch function D(x, σ) as a `theory.Denoiser`: arrays in, arrays out, no gradients.

    Parameters
    ----------
    function : callable
        Takes x of shape (batch, *shape) and sigma of shape (batch,), both float32 on `device`; a
        `torch.nn.Module` or any other callable.
    device : torch.device or str
        Where it lives.
    batch : int
        Points that are sent to it at once.
    advice : str
        What to do where it returns NaN or infinity; a sentence without a full stop.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen.empirical import TorchDenoiser
    >>> denoise = TorchDenoiser(lambda x, sigma: x / (1 + sigma[:, None] ** 2))
    >>> denoise(np.ones((2, 3)), 1.0)
    array([[0.5, 0.5, 0.5],
           [0.5, 0.5, 0.5]])
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], Tensor],
        device: torch.device | str = "cpu",
        batch: int = 4096,
        advice: str = "check it there",
    ) -> None:
        self.function = function
        self.device = torch.device(device)
        self.batch = batch
        self.advice = advice

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"TorchDenoiser({name} on {self.device})"

    def __call__(self, x: ArrayLike, sigma: ArrayLike, /) -> NDArray[Any]:
        """Denoise.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations.

        Returns
        -------
        ndarray, shape and dtype of `x`

        Raises
        ------
        InputError
            If the function returns another shape, NaN or infinity.
        """
        points = np.asarray(x)
        levels = np.broadcast_to(np.asarray(sigma, dtype=np.float32), points.shape[:1])
        result = np.empty_like(points, dtype=np.result_type(points, np.float32))
        with torch.inference_mode():
            for start in range(0, len(points), self.batch):
                part = slice(start, start + self.batch)
                # A copy: torch takes no read-only arrays.
                sent = (
                    torch.from_numpy(np.array(array[part], dtype=np.float32)).to(self.device)
                    for array in (points, levels)
                )
                clean = self.function(*sent)
                if clean.shape != points[part].shape:
                    raise InputError(
                        f"the denoiser returned shape {tuple(clean.shape)} for points of shape "
                        f"{points[part].shape}: it must keep the shape."
                    )
                found = clean.float().cpu().numpy()
                if not np.isfinite(found).all():
                    bad = levels[part][~np.isfinite(found).reshape(len(found), -1).all(axis=1)]
                    raise InputError(
                        f"the denoiser returned NaN or infinite values at sigma = {bad[0]:.4g}: "
                        f"{self.advice}."
                    )
                result[part] = found
        return result
