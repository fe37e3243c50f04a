"""What is installed, what is missing, and where caches and threads are: ``convergen doctor``."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

Findings = dict[str, Any]

# What each extra of pyproject.toml is for.
PURPOSES = {
    "benchmarks": "holds our speed against other packages",
    "cluster": "runs experiments on a Dask cluster",
    "dev": "runs the tests",
    "diffusers": "reads pretrained networks of diffusers",
    "docs": "builds the documentation",
    "empirical": "trains networks, validates and forecasts them",
    "explore": "opens the page of sliders",
    "mutants": "changes the code at random to test the tests",
    "parquet": "reads images in .parquet files",
    "pictures": "adds faces and more photographs",
}

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[([a-z, ]+)\])?")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([a-z]+)[\"']")


def register(app: typer.Typer) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    """
    import typer

    @app.command()
    def doctor(json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
        """Say what is installed, and what is missing."""
        found = findings()
        if json:
            from json import dumps

            print(dumps(found, indent=2))
            return
        for line in report(found):
            print(line)


def findings() -> Findings:
    """Look at this installation.

    Returns
    -------
    dict
        ``python``, ``convergen``, ``packages``, ``extras``, ``gpu``, ``threads``, ``cache``.
    """
    from convergen import __version__

    needed = _requirements()
    extras = {
        extra: {"versions": versions, "complete": None not in versions.values()}
        for extra, versions in needed.items()
        if extra
    }
    return {
        "convergen": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "packages": needed[""],
        "extras": extras,
        "gpu": _gpu(),
        "threads": _threads(),
        "cache": _cache(),
    }


def report(found: Findings) -> list[str]:
    """The findings in words.

    Parameters
    ----------
    found : dict
        From `findings`.

    Returns
    -------
    list of str
        Lines.
    """
    lines = [f"convergen {found['convergen']}, Python {found['python']}", "", "packages"]
    lines += [f"  {name:14s} {_version_words(v)}" for name, v in found["packages"].items()]
    lines += ["", "extras"]
    for extra, state in found["extras"].items():
        missing = [name for name, v in state["versions"].items() if v is None]
        words = "complete" if not missing else f"without {', '.join(missing)}"
        lines.append(f"  {extra:14s} {words}; {PURPOSES.get(extra, 'of another version')}")
        if missing:
            lines.append(f"  {'':14s} pip install '.[{extra}]' in the folder of the source adds it")
    lines += ["", f"gpu      {found['gpu']}"]
    threads = found["threads"]
    lines.append(
        f"threads  {threads['processors']} processors; kernels {threads['kernels']}, "
        f"{', '.join(f'{name} {count}' for name, count in threads['blas'].items()) or 'no BLAS'}"
    )
    cache = found["cache"]
    state = "kept" if cache["writable"] else "NOT kept: set NUMBA_CACHE_DIR to a folder of yours"
    lines.append(f"cache    compiled kernels are {state} ({cache['folder']})")
    return lines


def _requirements() -> dict[str, dict[str, str | None]]:
    """Version of each package that is asked for, by extra; the empty name needs no extra."""
    from importlib.metadata import requires

    found: dict[str, dict[str, str | None]] = {"": {}}
    for line in requires("convergen") or []:
        requirement, extra = _REQUIREMENT.match(line), _EXTRA.search(line)
        if requirement is None or requirement[1] == "convergen":
            continue
        group = found.setdefault(extra[1] if extra else "", {})
        group[requirement[1]] = _version(requirement[1])
    return found


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _version_words(found: str | None) -> str:
    return found or "MISSING"


def _gpu() -> str:
    try:
        import torch
    except ImportError:
        return "not looked for: torch is not installed"
    if not torch.cuda.is_available():
        return f"none that torch {torch.__version__} can use; networks train on the processor"
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join(names)


def _threads() -> dict[str, Any]:
    import numpy  # noqa: F401  # brings its BLAS
    from threadpoolctl import threadpool_info

    from convergen.theory.common.compiled import kernel_threads

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    blas = {
        str(info["internal_api"]): int(info["num_threads"])
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    return {"processors": usable, "kernels": kernel_threads(), "blas": blas}


def _cache() -> dict[str, Any]:
    """Where numba would keep the code of one kernel."""
    from convergen.theory.random_matrices import kappa_kernels

    for value in vars(kappa_kernels).values():
        folder = getattr(getattr(value, "_cache", None), "_cache_path", None)
        if folder:
            return {"folder": folder, "writable": os.access(Path(folder).parent, os.W_OK)}
    return {"folder": "none", "writable": False}
