"""Networks of users: any torch module with ``forward(x, sigma)`` in a file of theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convergen.empirical.common.own_files import attempted, content_of, imported, sha256
from convergen.empirical.networks.table import Network
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from torch import nn

# Key of a model that holds the digest of its file.
DIGEST = "sha256"
# Points and noise levels on which a network is tried before it is trained.
_TRIED = 3
_LEVELS = (0.1, 1.0, 10.0)


class _AnyOptions(Network):
    """A row whose options are whatever the user's class takes."""

    def resolve(self, shape: tuple[int, ...], given: Mapping[str, Any]) -> dict[str, Any]:
        """Try the network once; options go to it as they are."""
        options = dict(given)
        refuse_unusable(self.name, lambda: self.build(shape, **options), shape)
        return options


def is_own(name: str) -> bool:
    """Whether a name means a network in a file of the user.

    Parameters
    ----------
    name : str
        Of a model.

    Returns
    -------
    bool
        True for ``FILE.py:NAME``.
    """
    return ":" in name or name.endswith(".py")


def own_network(name: str, digest: object = None) -> Network:
    """The row of a network in a file of the user.

    Parameters
    ----------
    name : str
        ``FILE.py:NAME``, where NAME is a class or a function that returns a `torch.nn.Module`. It
        is called with the options as keyword arguments, and with ``shape``, that of one point, if
        it takes an argument of that name.
    digest : str, optional
        SHA-256 that the file must have.

    Returns
    -------
    Network
        Nothing is known of its symmetry, and members are trained one after the other.

    Raises
    ------
    InputError
        If the file cannot be imported, has another digest, or holds nothing of that name.
    """
    path, attribute = _parts(name)
    if digest is not None:
        refuse_changed(name, digest)
    found = imported(path, "network")
    if not hasattr(found, attribute):
        raise InputError(f"{path} holds no {attribute!r}: give FILE.py:NAME with a class of it.")
    return row_for(name, getattr(found, attribute))


def row_for(name: str, factory: Callable[..., nn.Module]) -> Network:
    """The row of a network that a class or function makes.

    Parameters
    ----------
    name : str
        What messages call it.
    factory : callable
        Returns a `torch.nn.Module`; as NAME in `own_network`.

    Returns
    -------
    Network

    Raises
    ------
    InputError
        If it cannot be called.
    """
    if not callable(factory):
        raise InputError(f"{name} is no class or function: give one that returns a torch module.")
    takes_shape = "shape" in _parameters(factory)

    def build(shape: tuple[int, ...], **options: Any) -> nn.Module:
        return factory(**({"shape": shape} if takes_shape else {}), **options)

    return _AnyOptions(name=name, description="a network of the user", build=build)


def file_digest(name: str) -> str:
    """SHA-256 of the file of a network; what it imports is not looked at.

    Parameters
    ----------
    name : str
        ``FILE.py:NAME``.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return sha256(content_of(_parts(name)[0], "network"))


def refuse_changed(name: str, digest: object) -> None:
    """Refuse a file that is not the one that an experiment was declared with.

    Parameters
    ----------
    name : str
        ``FILE.py:NAME``.
    digest : str
        SHA-256 of the file at that time.

    Raises
    ------
    InputError
        If it has changed or cannot be read.
    """
    if file_digest(name) != digest:
        raise InputError(
            f"the file of the network {Path(name).name} has changed since this experiment was "
            "begun: restore it, or begin anew in another folder."
        )


def absolute_name(name: str, folder: Path) -> str:
    """The name of a model with the full path of its file, if it has one.

    Parameters
    ----------
    name : str
        Of any model.
    folder : Path
        Where a relative path counts from.

    Returns
    -------
    str
    """
    if not is_own(name):
        return name
    path, attribute = _parts(name)
    return f"{(folder / path).resolve()}:{attribute}"


def refuse_unusable(name: str, build: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    """Build a network and call it once, so that what is no denoiser is refused before training.

    Parameters
    ----------
    name : str
        What messages call it.
    build : callable
        Returns it.
    shape : tuple of int
        Shape of one point.

    Raises
    ------
    InputError
        If it cannot be built or called, has no parameters, changes the shape, returns NaN or
        infinity, or answers the same question differently.
    """
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = attempted(f"{name} cannot be built", build)
        if not isinstance(module, nn.Module):
            raise InputError(f"{name} makes {type(module).__name__}, not a torch.nn.Module.")
        if not any(parameter.requires_grad for parameter in module.parameters()):
            raise InputError(f"{name} has no parameters to train.")
        if any(not parameter.is_floating_point() for parameter in module.parameters()):
            raise InputError(f"{name} has parameters that are no real numbers: use float32.")
        module.eval()
        x = torch.randn(_TRIED, *shape)
        sigma = torch.tensor(_LEVELS)
        words = f"{name} cannot be called as forward(x, sigma) with x of shape {tuple(x.shape)}"
        with torch.no_grad():
            answer, again = (
                attempted(words, lambda: module(x.clone(), sigma.clone())) for _ in "12"
            )
    if not isinstance(answer, torch.Tensor) or answer.shape != x.shape:
        what = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
        raise InputError(
            f"{name} returns {what} for points of shape {tuple(x.shape)}: a denoiser keeps the "
            "shape."
        )
    if not torch.isfinite(answer).all():
        raise InputError(f"{name} returns NaN or infinity for points of unit variance: mend it.")
    if not torch.equal(answer, again):
        raise InputError(f"{name} answers the same points differently in eval mode: mend it.")


def _parts(name: str) -> tuple[Path, str]:
    file, colon, attribute = name.rpartition(":")
    if not colon or not file.endswith(".py") or not attribute.isidentifier():
        raise InputError(
            f"cannot read the model {name!r}: write FILE.py:NAME for a network of yours."
        )
    return Path(file).expanduser(), attribute


def _parameters(factory: Callable[..., Any]) -> Mapping[str, Any]:
    from inspect import signature

    try:
        return signature(factory).parameters
    except (TypeError, ValueError):  # made in C
        return {}
