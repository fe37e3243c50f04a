import json
import shlex

import numpy as np
import pytest
import xarray as xr

from convergen.figures.explorer.answers.curves import settled
from convergen.figures.explorer.answers.state import State, sample_grid
from convergen.figures.explorer.serving.export import figure_file
from convergen.theory.common.checks import InputError
from convergen.theory.forecast.subject import Subject

LINKS = {
    "known": {"source": "spiked", "dim": "40", "spikes": "9,4.5", "ridge": "0.03", "n": "17"},
    "bulk": {"source": "spiked", "dim": "30", "spikes": "9", "alpha": "0.5", "factors": "2"},
    "power law": {"source": "power-law", "dim": "25", "alpha": "1.25", "n": "1"},
    "isotropic": {"source": "isotropic", "dim": "7"},
    "sample": {"source": "digits", "n": "60"},
    "all there is": {"source": "digits", "population": "1", "ridge": "1e-05"},
    "options of a source": {"source": "patches", "size": "8", "contrast": "true", "count": "300"},
}
SMALL = {**LINKS["known"], "dim": "12", "spikes": "9"}


def from_query(text):
    from urllib.parse import parse_qsl

    return State.from_query(dict(parse_qsl(text, strict_parsing=True)))


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_link_restores_the_state(link):
    state = State.from_query(link)
    assert from_query(state.query()) == state
    assert state.source == link["source"]
    assert state.ridge == float(link.get("ridge", 0.0))
    assert state.samples == (int(link["n"]) if "n" in link else None)


def test_options_are_values_not_texts():
    state = State.from_query(LINKS["known"])
    assert state.options == {"dim": 40, "spikes": (9.0, 4.5)}
    assert State.from_query({}).options == {"dim": 300, "spikes": (10.0, 4.0)}


REFUSED = {
    "d is out of range": ({"dim": "0"}, "dim must be a whole number, at least 1, not 0"),
    "d is more than moves": ({"dim": "20001"}, "dim = 20001 is more than the explorer moves"),
    "d is no number": ({"dim": "many"}, "dim must be a whole number"),
    "unknown option": ({"dims": "3"}, "spiked has no option 'dims' (did you mean 'dim'?): it"),
    "ridge": ({"ridge": "-1"}, "ridge must be a number, at least 0, not -1.0"),
    "ridge NaN": ({"ridge": "nan"}, "ridge must be a number, at least 0, not nan"),
    "ridge text": ({"ridge": "a"}, "ridge must be a number, at least 0, not 'a'"),
    "n": ({"n": "0"}, "n must be a whole number from 1 to 1e9, not 0"),
    "n broken": ({"n": "1.5"}, "n must be a whole number from 1 to 1e9, not '1.5'"),
    "n endless": ({"n": "inf"}, "n must be a whole number from 1 to 1e9, not 'inf'"),
    "factors": ({"factors": "6"}, "factors must be a whole number from 1 to 5, not 6"),
    "population": ({"population": "no"}, "population must be 1 or 0, not 'no'"),
    "source": ({"source": "spikes"}, "unknown source 'spikes'"),
    "path": ({"source": "./nowhere.npy"}, "nowhere.npy"),
    "spikes": ({"spikes": "9,8,7,6,5,4,3,2,1"}, "9 spikes were given, but the explorer shows"),
}


@pytest.mark.parametrize(("link", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_links_are_refused_in_a_sentence(link, words):
    with pytest.raises(InputError) as refused:
        State.from_query(link)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


def test_bounds_are_allowed():
    link = {"dim": "20000", "factors": "5", "n": "1000000000", "spikes": "8,7,6,5,4,3,2,1"}
    assert State.from_query(link).options["dim"] == 20_000
    assert State.from_query({"dim": "3", "n": "1", "factors": "1"}).factors == 1


def test_the_command_spells_every_option():
    state = State.from_query({**LINKS["known"], "factors": "2"})
    assert state.command((2, 17, 640)) == (
        "convergen predict spiked --dim 40 --spike 9,4.5 --ridge 0.03 --factors 2 "
        "--samples 2,17,640 --plot prediction.pdf --out prediction.nc"
    )
    patches = State.of("patches", {"size": 8, "contrast": True, "seed": 3}, population=True)
    assert patches.command((1, 9)).startswith(
        "convergen predict patches --size 8 --contrast --option seed=3 --population --samples 1,9 "
    )
    assert State("a b.npy").command.__self__.query() == "source=a+b.npy"
    assert State("-a.npy")._texts()["source"] == "-a.npy"


def test_the_grid_holds_the_command_lines_and_n():
    source = State.from_query(LINKS["isotropic"]).open()
    assert sample_grid(source, None)[:3] == [1, 2, 3]
    assert sample_grid(source, None)[-1] == 448
    assert 5000 in sample_grid(source, 5000)
    assert sample_grid(source, 5000)[-1] == 5000


def shown_and_command(link):
    """What the page shows, its request, and the command with its least, own and largest n."""
    state = State.from_query(link)
    subject = Subject.of(state.open())
    grid = sample_grid(subject.source, state.samples)
    n = np.array(grid, np.float64)
    request = subject.request(n, factors=state.factors, ridge=state.ridge)
    sizes = (grid[0], state.samples, grid[-1])
    return subject, request, [grid.index(n) for n in sizes], shlex.split(state.command(sizes))


def test_the_command_gives_the_same_numbers(convergen):
    subject, request, rows, command = shown_and_command(SMALL)
    shown = settled(subject, request)
    code, out, _ = convergen(*command[1 : command.index("--plot")], "--json")
    assert code == 0
    printed = json.loads(out)
    assert printed["samples"] == request.samples[rows].tolist()
    for key in ("memorisation", "convergence", "convergence_to_truth", "memorisation_baseline"):
        np.testing.assert_allclose(printed[key], shown[key][rows], rtol=1e-12, err_msg=key)
    key = "latent_recovery_finite_size"
    np.testing.assert_allclose(printed[key], shown[key][rows], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("link", [SMALL, LINKS["sample"]], ids=["known", "sample"])
def test_the_command_saves_and_draws_the_same(convergen, tmp_path, link):
    subject, request, rows, command = shown_and_command(link)
    shown = settled(subject, request)
    assert convergen(*command[1:])[0] == 0
    saved = xr.load_dataset(tmp_path / "prediction.nc")
    compared = [
        key
        for key, (dims, values, _) in shown.variables.items()
        # Widths are found at a few of the sizes and interpolated between them.
        if "samples" in dims and values.dtype.kind == "f" and not key.endswith(("_low", "_high"))
    ]
    assert {"convergence", "memorisation", "bures_wasserstein", "kullback_leibler"} < {*compared}
    for key in compared:
        np.testing.assert_allclose(saved[key], shown[key][rows], rtol=1e-11, err_msg=key)
    assert (tmp_path / "prediction.pdf").read_bytes() == figure_file(subject, request, "pdf")
