"""A wide convolutional network in the kernel regime: regression with the kernel between pixels."""

from __future__ import annotations

from convergen.empirical.models.solvable.kernel_regime import noise_seed
from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets, needs_images
from convergen.empirical.networks.grids import PADDING
from convergen.theory.networks.wide.kernel_regression import (
    IMAGES_PER_COPY,
    TIME,
    KernelRegression,
)
from convergen.theory.sources.options import NUMBER, WHOLE, Option


def fit(
    sets: TrainingSets, depth: int, time: float, copies: int, padding: str
) -> list[KernelRegression]:
    """Fit to noised copies of each training set.

    Parameters
    ----------
    sets : TrainingSets
        Images of unit variance; the budget of the networks gives the number of copies.
    depth : int
        Convolutions before the last.
    time : float
        Of the ridge.
    copies : int
        At most.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.

    Returns
    -------
    list of KernelRegression
        A level is fitted when it is first asked for.
    """
    # Only who asks for this model loads torch.
    from convergen.empirical.kernels.denoiser import ConvolutionalRegression

    images = min(sets.trained.images, IMAGES_PER_COPY * copies)
    return [
        ConvolutionalRegression(
            points, images=images, depth=depth, time=time, seed=noise_seed(sets.seed, points),
            padding=padding, device=str(sets.device),
        )
        for points in sets.points
    ]  # fmt: skip


SOLVABLE.register(
    SolvableModel(
        name="convolutional-kernel",
        description="infinitely wide convolutional network, by its kernel; few small images",
        words="wide convolutional network (kernel regression)",
        fit=fit,
        line=(0, (1, 3)),
        order=10,
        refusal=needs_images,
        compared=False,
        options=(
            Option("depth", WHOLE, "convolutions before the last", 3, least=1, most=100),
            Option("time", NUMBER, "training time in units of the kernel", TIME, above=0.0),
            Option(
                "copies", WHOLE,
                "noised copies at each level, one for 50 images seen, at most; costs the cube of "
                "their pixels",
                32, least=1, most=10_000,
            ),
            PADDING,
        ),
    )
)  # fmt: skip
