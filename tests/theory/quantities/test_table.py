"""A row of the table is found everywhere; docs and table say the same."""

import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from convergen import theory
from convergen.figures.looks.style import look_of
from convergen.figures.plots.curves import draw
from convergen.theory.cli.reports import report, simulation_report
from convergen.theory.files.netcdf_files import save_dataset
from convergen.theory.finite_size.simulate import measurable, simulated
from convergen.theory.forecast.predict import Request, forecast, main_names
from convergen.theory.quantities import table as quantities
from convergen.theory.quantities.table import Formula, Quantity, chosen

SPECTRUM = theory.Spectrum.spiked(20, [9.0])
SYMBOLS = Path(__file__).parents[3] / "docs" / "symbols.md"


def share(spectrum, samples, ridge):
    """A formula as a new quantity brings it."""
    return samples / (samples + spectrum.dim + ridge)


def measured_share(pair):
    n = pair.fits[0].data.shape[0]
    return {"data_share": np.asarray(n / (n + pair.population.dim)) + 0.01 * pair.rng.normal()}


@pytest.fixture
def row():
    here = "tests_quantities_dummy"
    sys.modules[here] = sys.modules[__name__]
    added = quantities.register(
        Quantity(
            "data_share", "share of the data", "s", r"\varsigma", main=True, units="sheep",
            meaning="data over data and dimensions",
            formula=Formula(f"{here}:share", ("ridge",)),
            measurement=Formula(f"{here}:measured_share"), colour="#123456", marker="X",
        )
    )  # fmt: skip
    yield added
    del quantities._TABLE[added.key], sys.modules[here]


def test_a_new_row_is_found_in_report_json_netcdf_and_figure(row, tmp_path):
    expected = np.array([10.0, 40.0]) / (np.array([10.0, 40.0]) + 20.5)
    found = forecast(Request.of(SPECTRUM, [10, 40], ridge=0.5), main_names())
    text = report.prediction_text(SPECTRUM, found)
    assert "s" in text.split("\n\n")[2].splitlines()[0].split()
    assert f"{expected[0]:.4f}" in text.split("\n\n")[2].splitlines()[1].split()
    assert "s: data over data and dimensions" in " ".join(text.split())
    assert report.prediction_json("spiked", SPECTRUM, found)["data_share"] == list(expected)
    save_dataset(found.dataset(), tmp_path / "found.nc")
    with xr.open_dataset(tmp_path / "found.nc") as saved:
        attributes = saved["data_share"].attrs
        assert attributes == {"long_name": row.words, "symbol": "s", "units": "sheep"}
    assert look_of("data_share") == ("#123456", "-", "X", r"share of the data $\varsigma$")
    left = draw(found.dataset()).axes[0]
    (line,) = (line for line in left.lines if line.get_label() == look_of("data_share").label)
    np.testing.assert_array_equal(line.get_ydata(), expected)


def test_a_new_row_is_simulated_and_compared(row):
    assert "data_share" in measurable()
    found = simulated(SPECTRUM, [10], repeats=3, quantities=["data_share"])
    assert found["data_share_predicted"] == [10 / 30]
    assert abs(found["data_share_z"][0]) < 4.0
    text = simulation_report.simulation_text(SPECTRUM, found)
    assert text.split("\n\n")[3].splitlines()[0].split()[:3] == ["s", "10", "0.33333"]
    known = simulation_report.simulation_json("spiked", found)["quantities"]["data_share"]
    assert known["predicted"] == [10 / 30]


def test_keys_are_used_once_and_unknown_ones_are_refused(row):
    with pytest.raises(theory.InputError, match=r"data_share.*already"):
        quantities.register(row)
    with pytest.raises(theory.InputError, match="unknown quantity 'beauty'"):
        quantities.quantity("beauty")


def test_every_formula_and_measurement_exists():
    for row in quantities.quantities():
        for formula in (row.formula, row.measurement):
            assert formula is None or callable(pkgutil.resolve_name(formula.path)), row.key
        if row.law:
            assert quantities.quantity(row.law).formula is not None


def documented():
    """Code, symbol and words with units of each line in the section on quantities."""
    text = SYMBOLS.read_text(encoding="utf-8")
    section = text.split("\n## Quantities\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [tuple(c.strip() for c in re.split(r"(?<!\\)\|", line)[1:4]) for line in lines]


def test_the_document_of_symbols_is_the_table():
    expected = [
        (
            f"`{row.key}`",
            f"${row.latex}$" if row.latex else "–",
            f"{row.words}; {row.units or 'text'}".replace("|", r"\|"),
        )
        for row in quantities.quantities()
    ]
    assert documented() == expected


def test_what_is_followed_while_networks_train():
    assert {row.key for row in quantities.quantities() if row.followed} == {
        "convergence", "memorisation", "memorisation_baseline", "fraction_memorised",
        "variance_ratio", "train_error", "test_error",
    }  # fmt: skip


def test_who_stands_for_a_group_and_what_a_group_holds():
    leads = {row.key for row in quantities.quantities() if row.leads}
    assert {"convergence", "memorisation", "latent_recovery"} <= leads
    assert not leads & {"convergence_to_truth", "memorisation_baseline", "bures_wasserstein"}
    found = [row.key for row in chosen(["convergence"], "formula")]
    assert found == ["convergence", "convergence_to_truth"]
    assert [row.key for row in chosen(["convergence_to_truth"], "formula")] == found[1:]
    able = {row.key for row in chosen(None, "measurement")}
    assert able == {row.key for row in quantities.quantities() if row.measurement}
    assert {"latent_recovery", "test_error"} <= able


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        ("formula", "eigenvector_overlap, distances, leading_distances, denoising, sampling, "
         "thresholds"),
        ("measurement", "distances, leading_distances, denoising"),
    ],
)  # fmt: skip
def test_names_that_are_unknown_are_refused_with_those_of_the_groups(kind, groups):
    with pytest.raises(theory.InputError) as refused:
        chosen(["convergence", "beauty"], kind)
    assert str(refused.value) == (
        "unknown quantity 'beauty': choose from convergence, memorisation, latent_recovery, "
        f"{groups}."
    )


def test_a_row_claims_nothing_that_it_does_not_say():
    row = Quantity("wool", "wool of all sheep")
    assert (row.main, row.slow, row.to_truth, row.trained, row.followed) == (False,) * 5
    assert row.power == 0.0
    assert row.leads
    assert row.attributes == {"long_name": "wool of all sheep", "units": "1"}
