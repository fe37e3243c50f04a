import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.collapse_report import collapse_json, collapse_text
from convergen.theory.forecast.predict_collapse import forecast_collapse, predict_collapse
from convergen.theory.quantities.labelled import Labelled

SPECTRUM = theory.Spectrum.isotropic(20)


@pytest.fixture(scope="module")
def found():
    return forecast_collapse(SPECTRUM, SPECTRUM, [10, 1000], [0.5, 2.0])


def test_tables_and_their_words(found):
    first, rest = collapse_text(SPECTRUM, found).split("\n\n", 1)
    noise = theory.collapse_noise(SPECTRUM, 10)
    assert "knows 10 training points by heart" in first
    assert f"the noise is below σ = {noise:.3g};" in " ".join(first.split())
    lines = rest.splitlines()
    assert lines[2].split() == ["n", "σ_c(n)", "width", "in", "log", "σ"]
    assert lines[3].split()[:2] == ["10", f"{theory.collapse_noise(SPECTRUM, 10):.4g}"]
    assert lines[8].split("  ")[-1] == "n*, linear"
    needed = theory.samples_to_generalise(SPECTRUM, 2.0)
    assert lines[10].split()[0] == "2"
    assert lines[10].split()[2:4] == [f"{needed:.4g}"] * 2
    assert any(line.startswith("n*, Gaussian bound: the same for a Gaussian") for line in lines)
    assert not any("not resolved" in line for line in lines)


def test_what_data_do_not_resolve_is_a_dash(found):
    data = np.random.default_rng(0).standard_normal((30, 20))
    own = theory.Spectrum.from_data(data)
    text = collapse_text(own, forecast_collapse(data, own, [4, 1e6], [0.1], draws=128))
    rows = [line.split() for line in text.split("\n\n")[2].splitlines()[1:3]]
    assert rows[0][0] == "4"
    assert "–" not in rows[0]
    assert rows[1] == ["1e+06", "–", "–"]
    assert "–: not resolved by this data set, which sees up to n = 9." in text


def test_json_and_data_set_hold_the_same(found):
    known, data = collapse_json("isotropic", found), predict_collapse(
        SPECTRUM, SPECTRUM, [10, 1000], [0.5, 2.0]
    )  # fmt: skip
    assert known["samples"] == [10, 1000]
    for name in data.data_vars:
        assert known[str(name)] == data[name].values.tolist()
    assert data["collapse_noise"].attrs["symbol"] == "σ_c"


NAN = np.nan


def made(noise, information, agreement=None):
    found = Labelled(attributes={"resolution": np.log(50.0) + 0.5})
    found.mark("samples", "samples", [10.0, 100.0, 1000.0])
    found.mark("sigma", "sigma", [0.5, 2.0])
    found.add("collapse_noise", noise)
    found.add("collapse_width", [0.25, 0.125, NAN])
    found.add("information", information)
    if agreement is not None:
        found.add("agreement_samples", agreement)
    return " ".join(collapse_text(SPECTRUM, found).split())


DASH = "–: not resolved by this data set, which sees up to n = 50."


def test_the_first_sentence_takes_the_first_row_that_is_known():
    words = made([NAN, 0.75, 0.5], [1.0, 2.0])
    assert words.startswith("A model that knows 100 training points by heart")
    assert "once the noise is below σ = 0.75;" in words
    assert words.endswith(DASH)
    assert made([NAN] * 3, [1.0, 2.0]).startswith("These data are too few to say at which noise")


def test_dashes_and_agreement_are_explained_where_there_are_some():
    assert DASH not in made([1.0, 0.75, 0.5], [1.0, 2.0])
    assert made([1.0, 0.75, 0.5], [1.0, NAN]).endswith(DASH)
    quarter = "Agreement is resolved up to n of a quarter of the data set."
    assert made([1.0, 0.75, 0.5], [1.0, 2.0], [7.0, NAN]).endswith(quarter)
    assert quarter not in made([1.0, 0.75, 0.5], [1.0, 2.0], [7.0, 8.0])
    assert quarter not in made([1.0, 0.75, 0.5], [1.0, 2.0])
