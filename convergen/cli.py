"""The command line: a thin front door to the sub-commands of the packages.

Everything heavy is imported inside the commands, so that ``convergen --help`` is immediate.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from convergen.theory.messages.terminal import one_line, prepare_streams

if TYPE_CHECKING:
    import typer

# New objects after which garbage is looked for: most are of modules, which stay.
_OBJECTS = 400_000
REFUSED, INTERRUPTED, READER_GONE = 2, 128 + signal.SIGINT, 141


def main() -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0, the work is done; 1, some of it is unfinished, as the messages say; 2, it cannot
    be done as asked or the system refused (one line on standard error); 130 and 143, interrupted;
    141, the reader of standard output went away. An error of our own is shown whole, with code 1.
    """
    prepare_streams()
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)  # nor is it looked for among all of them once more at the end
    try:
        before = signal.signal(signal.SIGINT, _interrupt)
        code = _run(sys.argv[1:] or ["--help"])
        sys.stdout.flush()
        # No further interrupt may disturb the end of a process that was interrupted.
        signal.signal(signal.SIGINT, signal.SIG_IGN if code >= INTERRUPTED else before)
    except KeyboardInterrupt:
        # The interpreter puts a handler of ours back to the default while it ends, but not this.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _say("interrupted")
        code = INTERRUPTED
    except OSError as error:
        code = _refused_by_the_system(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run one command and say what is wrong with what was asked for."""
    import typer

    try:
        command = typer.main.get_command(build())
        if "_CONVERGEN_COMPLETE" in os.environ:  # a shell asks what may follow
            return int(command.main(arguments, "convergen", standalone_mode=False) or 0)
        with command.make_context("convergen", arguments) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except ValueError as error:
        _say(f"error: {_refusal(error)}")
    except MemoryError as error:
        _say(f"error: not enough memory ({error}): use fewer dimensions or samples.")
    except typer.TyperException as error:
        _say(f"error: {' '.join(error.format_message().split())}")
        return getattr(error, "exit_code", REFUSED)
    else:
        return 0
    return REFUSED


def _refusal(error: ValueError) -> str:
    """What bad input is told; any other error is one of ours, and goes on."""
    from convergen.theory.cli.options.source_flags import spelling
    from convergen.theory.common.checks import InputError
    from convergen.theory.messages.option_errors import OptionError

    if not isinstance(error, InputError):
        raise error
    return error.spelt(spelling) if isinstance(error, OptionError) else str(error)


def build() -> typer.Typer:
    """Assemble the application; a command is imported when it is asked for.

    Returns
    -------
    typer.Typer
    """
    import typer

    from convergen.commands import Commands

    app = typer.Typer(
        name="convergen",
        help="How much data until a generative model stops memorising, converges and has learnt "
        "the latent factors.",
        cls=Commands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def about(
        version: bool = typer.Option(
            False, "--version", help="Print the version.", callback=_version, is_eager=True
        ),
    ) -> None:
        pass

    return app


def _version(asked: bool) -> None:
    if asked:
        import typer

        from convergen import __version__

        print(f"convergen {__version__}")
        raise typer.Exit


def _say(message: str) -> None:
    """One line on standard error, if anybody can still read it."""
    try:
        print(f"convergen: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:
        _silence("stderr")


def _refused_by_the_system(error: OSError) -> int:
    """Say what the system refused; nothing where it is that nobody reads our output any more."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence("stdout")
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    _say(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    return REFUSED


def _silence(name: str) -> None:
    """Point a stream that cannot be written to at nothing, or the end of Python complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), getattr(sys, name).fileno())


def _interrupt(number: int, frame: object) -> NoReturn:
    """End the command in order; an interrupt more than a second later ends the process at once."""
    first = time.monotonic()

    def again(number: int, frame: object) -> None:
        if time.monotonic() > first + 1.0:
            os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, again)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
