"""The sub-command `train`."""

from __future__ import annotations

import json as json_format
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convergen.empirical.cli.forecast import whole_numbers
from convergen.empirical.common.presets import preset_names
from convergen.empirical.models.by_name import model_names
from convergen.theory.cli.options.flags import Json
from convergen.theory.cli.options.source_flags import Given, source_words, takes_source_options
from convergen.theory.common.checks import InputError
from convergen.theory.messages.optional_packages import package_missing
from convergen.theory.messages.progress import phase

if TYPE_CHECKING:
    from convergen.empirical.experiment.declared.declaration import Config, Experiment
    from convergen.empirical.experiment.trained.train import Finished

# Looks for copies on the way, where an experiment says nothing of snapshots.
_SNAPSHOTS = 16


def _option(text: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=text, **more)


def register(app: typer.Typer) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    """

    @app.command()
    @takes_source_options(drawing=True)
    def train(
        out: Annotated[Path, _option("Folder of the run: new, empty, or of a run to continue.")],
        experiment: Annotated[
            Path | None,
            typer.Argument(
                metavar="EXPERIMENT.toml",
                help="Declares the experiment; or use --preset, or --data and --model.",
            ),
        ] = None,
        preset: Annotated[
            str | None,
            _option(f"An experiment that comes with the package: {', '.join(preset_names())}."),
        ] = None,
        data: Annotated[
            str | None,
            _option(f"Data: {source_words()}."),
        ] = None,
        *,
        given: Given,
        model: Annotated[
            str | None,
            _option(
                f"{', '.join(model_names())}, or FILE.py:NAME, a torch module of yours with "
                "forward(x, sigma); their options: convergen options model."
            ),
        ] = None,
        samples: Annotated[
            str | None, _option("Training samples n of each set, such as 4,16,64.")
        ] = None,
        seeds: Annotated[
            str | None, _option("Such as 0,1,2: each splits, initialises and trains anew.")
        ] = None,
        images: Annotated[int | None, _option("Images that each model sees in training.")] = None,
        batch: Annotated[int | None, _option("Images of one step.")] = None,
        learning_rate: Annotated[float | None, _option("Largest step of the optimiser.")] = None,
        stop_before_copying: Annotated[
            bool | None,
            typer.Option(
                "--stop-before-copying",
                help="End the training of each n at the last snapshot before copies appear; takes "
                "16 snapshots where training.snapshots says nothing.",
            ),
        ] = None,
        device: Annotated[str | None, _option("auto, cpu, cuda or cuda:N.")] = None,
        grouping: Annotated[
            str | None,
            _option("Trained together: seed (all n), pair (one n) or auto (as suits the network)."),
        ] = None,
        setting: Annotated[
            list[str] | None,
            _option("Any other setting, such as model.width=16; repeat for more.", "--set"),
        ] = None,
        workers: Annotated[int, typer.Option(help="Processes on this computer.", min=1)] = 1,
        scheduler: Annotated[
            str | None, _option("Address of a Dask scheduler to use instead.")
        ] = None,
        threads: Annotated[
            int | None, _option("Threads of each cell  [default: as many as it keeps busy]", min=1)
        ] = None,
        checkpoint_seconds: Annotated[
            float, typer.Option(help="Time between two checkpoints: what a kill may lose.")
        ] = 20.0,
        json: Json = False,
    ) -> None:
        """Train models on disjoint splits of data and measure them.

        The same command continues a run that was interrupted or killed, and so does --out alone.
        """
        with _interruptible(out):
            _need_torch()
            config = _base(experiment, preset, out, given=data is not None)
            _choose_data(config, data, given)
            words = {
                "training.images": images, "training.batch": batch,
                "training.learning_rate": learning_rate,
                "training.stop_before_copying": stop_before_copying, "run.device": device,
                "run.grouping": grouping,
            }  # fmt: skip
            _apply(config, model, samples, seeds, words, setting or [])
            if stop_before_copying:
                config["training"].setdefault("snapshots", _SNAPSHOTS)
            _name(config, data, model)
            found = _experiment(config)
            with phase("loading torch"):
                from convergen.empirical.experiment.trained.train import run_experiment

            finished = run_experiment(
                found, out, workers=workers, scheduler=scheduler, threads=threads,
                checkpoint_seconds=checkpoint_seconds, progress=True,
            )  # fmt: skip
        _say(found, finished, out, json)
        if finished.unfinished:
            raise typer.Exit(1)


def _base(experiment: Path | None, preset: str | None, out: Path, *, given: bool) -> Config:
    """Settings to begin with: a file, a preset, those of the run in the folder, or none."""
    from convergen.empirical.experiment.declared.plan import read_plan
    from convergen.empirical.experiment.declared.toml_files import preset_config, read_config
    from convergen.empirical.storage.run_folder import RunFolder

    if experiment is not None and preset is not None:
        raise InputError("give either EXPERIMENT.toml or --preset, not both.")
    if experiment is not None:
        return read_config(experiment)
    if preset is not None:
        return preset_config(preset)
    if given:
        return {}
    plan = read_plan(RunFolder(out).plan_path)
    if plan is None:
        raise InputError(
            f"there is no run in {out} to continue: give EXPERIMENT.toml, or --preset, or --data "
            "with --model and --samples."
        )
    return plan.experiment


def _apply(
    config: Config,
    model: str | None,
    samples: str | None,
    seeds: str | None,
    words: Mapping[str, object],
    settings: list[str],
) -> None:
    """Let the options of the command line win over what `config` says."""
    from convergen.empirical.experiment.declared.toml_files import assign, override

    if model is not None:
        config["model"] = {"name": model}
    for name, text in (("samples", samples), ("seeds", seeds)):
        if text is not None:
            config[name] = whole_numbers(text, f"--{name}")
    for key, value in words.items():
        if value is not None:
            assign(config, key, value)
    for assignment in settings:
        override(config, assignment)


def _choose_data(config: Config, data: str | None, given: Given) -> None:
    """Let the source of the command line and its options win over what `config` says."""
    from convergen.theory.sources.naming import meaning

    if data is not None:
        chosen = meaning(data)
        if "path" in chosen:
            chosen["path"] = str(Path(chosen["path"]).resolve())
        config["data"] = chosen
    if given:
        config["data"] = {**config.get("data", {}), **given}


def _name(config: Config, data: str | None, model: str | None) -> None:
    """Call an experiment that has no name by its data and its model."""
    if data is not None and "name" not in config:
        config["name"] = "-".join([Path(data).stem, *([] if model is None else [Path(model).stem])])


def _experiment(config: Config) -> Experiment:
    from convergen.empirical.experiment.declared.declaration import Experiment

    return Experiment.from_config(config)


def _need_torch() -> None:
    from importlib.util import find_spec

    for name in ("torch", "safetensors", "filelock", "ot"):
        if find_spec(name) is None:
            raise package_missing("training", name, "empirical")


@contextmanager
def _interruptible(out: Path) -> Iterator[None]:
    """Turn an interrupt or a request to end into one line and the usual exit code.

    Further ones in the next second say nothing new; later ones end the process at once, which
    loses no more than a kill does.
    """

    def stop(number: int, frame: object) -> None:
        first = time.monotonic()

        def again(number: int, frame: object) -> None:
            if time.monotonic() > first + 1.0:
                os._exit(128 + number)

        for each in before:
            signal.signal(each, again)
        raise _Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    ending = False
    try:
        yield
    except _Stopped as stopped:
        ending = True
        begun = (out / "plan.json").is_file()
        advice = f"to continue: convergen train --out {out}" if begun else "nothing was begun yet"
        print(f"convergen: interrupted; {advice}", file=sys.stderr)
        raise typer.Exit(128 + stopped.number) from None
    finally:
        for number, handler in before.items() if not ending else ():
            signal.signal(number, handler)


class _Stopped(KeyboardInterrupt):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _say(experiment: Experiment, finished: Finished, out: Path, json: bool) -> None:
    from convergen.empirical.experiment.report import summary_json, summary_text

    where = out / "result.nc"
    unfinished = {outcome.name: outcome.cause for outcome in finished.unfinished}
    if json:
        numbers = summary_json(finished.result)
        result = None if finished.result is None else str(where)
        print(
            json_format.dumps(
                {"name": experiment.name, **numbers, "unfinished": unfinished, "result": result}
            )
        )
    elif finished.result is not None:
        model, data = Path(experiment.model["name"]).name, finished.run.data.name
        print(f"{experiment.name}: {model} on {data}\n")
        print(summary_text(finished.result))
        print(f"\nResult in {where}. To compare it with the theory: convergen validate {out}")
    for name, cause in unfinished.items():
        print(f"convergen: cell {name} is not finished: {cause}", file=sys.stderr)
    if unfinished:
        print("convergen: the same command tries these cells again", file=sys.stderr)
