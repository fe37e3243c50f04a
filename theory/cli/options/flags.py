"""Flags that several commands share, each with its words; those of files are in `targets`."""

from __future__ import annotations

from typing import Annotated

import typer

from convergen.theory.common.checks import InputError

Samples = Annotated[
    str | None,
    typer.Option(
        help="Training samples n: 10,100,1000, or START:STOP:COUNT, even in log n.",
    ),
]
Factors = Annotated[int, typer.Option(help="Leading latent factors to follow.")]
Levels = Annotated[
    list[float] | None,
    typer.Option(help="Convergence q whose n is wanted; repeat  [default: 0.5, 0.9, 0.99]"),
]
Ridge = Annotated[float, typer.Option(help="Ridge added to the sample covariance.")]
Seed = Annotated[int, typer.Option(help="Seed of all random numbers.", min=0)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
NetworkImages = Annotated[
    int | None,
    typer.Option(help="Images that --network sees in training.", min=1),
]


def check_budget(images: int | None, network: str | None) -> None:
    """Refuse the budget of a network that was not named.

    Parameters
    ----------
    images : int or None
        Of ``--images``.
    network : str or None
        Of ``--network``.

    Raises
    ------
    InputError
        If there is a budget and no network.
    """
    if images is not None and network is None:
        raise InputError("--images is the budget of a network: give --network beside it.")
