"""Options of sources on the command line: one table, every command."""

import inspect

import numpy as np
import pytest
import typer

from convergen.theory.cli.options.source_flags import source_words, spelling, takes_source_options
from convergen.theory.common.checks import InputError
from convergen.theory.sources import table
from convergen.theory.sources.options import WHOLE, Option
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import data_source
from convergen.theory.sources.table import SourceKind, kinds, register
from tests.options import unsaid


def given(*arguments, drawing=False):
    """What a command gets."""
    found = {}

    def command(source: str, *, given: dict, alpha: bool = False) -> None:
        found.update(given)

    app = typer.Typer()
    app.command()(takes_source_options(drawing=drawing)(command))
    typer.main.get_command(app).main(list(arguments), standalone_mode=False)
    return found


def test_flags_become_options():
    assert given("spiked", "--dim", "40", "--spike", "20,5") == {"dim": 40, "spikes": [20.0, 5.0]}
    assert given("spiked", "--spike", "20", "--spike", "5") == {"spikes": [20.0, 5.0]}
    assert given("x", "--grey", "--size", "8") == {"grey": True, "size": 8}
    assert given("x") == {}
    assert given("x", "--dim", "ten") == {"dim": "ten"}


def test_any_option_by_its_name():
    found = given("x", "--option", "seed=3", "--option", "basis=identity", "--option", "spikes=9,2")
    assert found == {"seed": 3, "basis": "identity", "spikes": [9.0, 2.0]}
    with pytest.raises(InputError, match="cannot read 'seed': write NAME=VALUE"):
        given("x", "--option", "seed")
    with pytest.raises(InputError, match=r"no source has an option 'sed' \(did you mean 'seed'"):
        given("x", "--option", "sed=3")


def test_flags_of_the_command_go_before_those_of_the_table():
    found = given("x", "--alpha", "--option", "alpha=2")
    assert found == {"alpha": 2.0}


def test_drawing_is_for_commands_that_draw():
    assert given("x", "--shape", "3,8,8", drawing=True) == {"shape": [3, 8, 8]}
    with pytest.raises(typer.TyperException, match="--shape"):
        given("x", "--shape", "3,8,8")
    assert unsaid(takes_source_options) == {}
    assert inspect.signature(takes_source_options).parameters["drawing"].default is False


def test_a_flag_may_stand_for_the_source(capsys):
    found = {}

    def command(source: str, *, given: dict) -> None:
        found.update({"source": source, **given})

    app = typer.Typer()
    app.command()(takes_source_options()(command))
    run = typer.main.get_command(app).main
    run(["--covariance", "c.npy", "--key", "s"], standalone_mode=False)
    assert found == {"source": "covariance", "path": "c.npy", "key": ["s"]}
    with pytest.raises(InputError, match="x and --covariance were given, but each is a source"):
        run(["x", "--covariance", "c.npy"], standalone_mode=False)
    with pytest.raises(InputError, match="--covariance and --eigenvalues were given, but each"):
        run(["--covariance", "c.npy", "--eigenvalues", "l.txt"], standalone_mode=False)
    with pytest.raises(InputError, match=r"no SOURCE was given: use .*digits.* or --covariance, "):
        run([], standalone_mode=False)


def test_refusals_of_a_law_name_flags(convergen):
    code, _, err = convergen("predict", "power-law", "--dim", "200000000")
    assert code == 2
    assert "in memory: use --dim of at most 20000000." in err


def test_spelling():
    assert spelling("spikes") == "--spike"
    assert spelling("seed") == "--option seed=…"
    assert spelling("unheard") == "unheard"


@pytest.fixture
def dummy(monkeypatch):
    """A source that nobody but its own registration knows of."""
    monkeypatch.setattr(table, "_KINDS", kinds())

    def load(gain):
        rows = gain * np.random.default_rng(0).standard_normal((60, 3))
        return data_source("hum", lambda: Points("hum", rows, (3,)))

    option = Option("gain", WHOLE, "how loud", 7, least=1, flag="--gain")
    return register(SourceKind("hum", "a low tone", (option,), load))


@pytest.mark.parametrize("command", ["predict", "simulate", "collapse", "train", "measure"])
def test_a_new_source_is_in_the_help_of_every_command(dummy, convergen, command):
    code, out, _ = convergen(command, "--help")
    assert code == 0
    assert "hum" in out
    assert "--gain" in out
    assert "how loud" in out


def test_a_new_source_is_among_the_options(dummy, convergen):
    code, out, _ = convergen("options", "data", "--json")
    assert code == 0
    assert '"hum"' in out
    assert "how loud" in out


def test_a_new_source_can_be_used_at_once(dummy, convergen, tmp_path):
    code, out, err = convergen("predict", "hum", "--gain", 2, "--samples", "8", "--json")
    assert code == 0, err
    assert '"source": "hum"' in out
    code, out, err = convergen("measure", "--train", "hum", "--samples", "hum", "--gain", 2)
    assert code == 0, err
    assert "All of your 60 samples copy a training point" in out
    code, _, err = convergen("predict", "hum", "--gain", 0)
    assert code == 2
    assert err == "convergen: error: --gain must be a whole number, at least 1, not 0.\n"
    assert "hum" in source_words()


def test_a_new_source_can_be_trained_on(dummy):
    from convergen.empirical.data.kinds import load_data

    assert len(load_data("hum", gain=3)) == 60
