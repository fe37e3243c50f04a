"""The comparison of predictions and measurements, from numbers made for it."""

import json

import numpy as np

from convergen.theory.cli.reports.simulation_report import simulation_json, simulation_text
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity
from convergen.theory.spectra.spectrum import Spectrum

NAN, INF = np.nan, np.inf
SPECTRUM = Spectrum.isotropic(6)


def simulated(repeats=3):
    found = Labelled(attributes={"repeats": repeats, "seed": 5, "dimension": 6})
    found.mark("samples", "samples", [4.0, 8.0])
    found.mark("factor", "factor", [1, 2])
    found.mark("eigenvalue", "factor", [2.0, 1.0])
    found.mark("multiplicity", "factor", [1, 1])
    found.mark("sigma", "sigma", [0.5])
    numbers = {
        "convergence": ([0.25, 0.5], [0.25, 0.5], [0.125, 0.125], [0.0, 0.0]),
        "latent_recovery": (
            [[0.25, 0.5], [0.75, 0.875]], [[0.5, 0.5], [0.5, 0.5]], np.full((2, 2), 0.125),
            [[-2.0, 0.0], [2.1, 3.0]],
        ),
        "test_error": ([[1.0], [2.0]], [[1.5], [2.5]], [[0.25], [0.25]], [[NAN], [1.0]]),
        "kullback_leibler": ([INF, INF], [INF, 3.0], [NAN, NAN], [NAN, NAN]),
    }  # fmt: skip
    for key, columns in numbers.items():
        for end, values in zip(("", "_predicted", "_stderr", "_z"), columns, strict=True):
            found.variables[key + end] = quantity(key).dims, np.array(values), {}
    return found


def paragraphs(found):
    return [" ".join(part.split()) for part in simulation_text(SPECTRUM, found).split("\n\n")]


def test_every_row_of_the_table_has_its_cells():
    found = simulation_text(SPECTRUM, simulated())
    rows = [line.split() for line in found.splitlines()]
    for row in (
        ["quantity", "n", "predicted", "measured", "±", "z"],
        ["q", "4", "0.25", "0.25", "0.12", "+0.0"],
        ["Q1", "4", "0.5", "0.25", "0.12", "-2.0"],
        ["Q2", "4", "0.5", "0.5", "0.12", "+0.0"],
        ["Q2", "8", "0.5", "0.875", "0.12", "+3.0"],
        ["test", "error,", "σ", "=", "0.5", "4", "1.5", "1", "0.25"],
        ["test", "error,", "σ", "=", "0.5", "8", "2.5", "2", "0.25", "+1.0"],
        ["KL", "4", "inf", "inf"],
        ["KL", "8", "3", "inf"],
    ):
        assert rows.count(row) == 1
    # Each group of rows, seven columns with the law of a Gaussian, is set apart by a line.
    assert found.splitlines().count("") == 9


def test_the_first_sentence_allows_for_the_number_of_comparisons():
    # Of 2 + 4 + 1 with a score, |z| = 2.69 is exceeded by chance once in twenty.
    found = simulated()
    scores = found["latent_recovery_z"]
    scores[1, 1] = 2.68
    assert paragraphs(found)[0] == (
        "Prediction and measurement agree: of 7 comparisons, the largest difference, z = +2.7 (Q2 "
        "at n = 8), is no more than chance."
    )
    scores[0, 0] = -2.70
    assert paragraphs(found)[0] == (
        "Prediction and measurement differ: of 7 comparisons, the largest difference, z = -2.7 (Q1 "
        "at n = 4: 0.25 measured, 0.5 predicted), is more than chance. The law is that of large d, "
        "and d is 6 here."
    )
    for key in [key for key in found.variables if key.endswith("_z")]:
        found[key][...] = NAN
    assert paragraphs(found)[0] == (
        "Nothing can be said of the agreement: there is no error to compare with."
    )
    scores[0, 1] = 1.9
    assert "agree: of 1 comparison, the largest difference, z = +1.9 (Q2" in paragraphs(found)[0]


def test_repeats_and_what_is_infinite_are_named():
    text = " ".join(paragraphs(simulated(2)))
    assert "dimension 6; 2 pairs of training sets, seed 5" in text
    assert "standard error over 2 repeats;" in text
    assert "Student's t with 1 degree of freedom." in text
    assert "Student's t with 2 degrees of freedom." in " ".join(paragraphs(simulated(3)))
    assert "KL is infinite at n = 8: some training set has no variance" in text
    assert "KL is infinite in theory at n = 4: so few points" in text
    assert text.count("is infinite") == 2
    assert text.endswith("1 − q, measured / predicted: 1.000 (n = 4), 1.000 (n = 8).")


def test_factors_that_chance_recovers_are_named_and_not_compared():
    found = simulated()
    found["multiplicity"][1] = 3
    text = " ".join(paragraphs(found))
    assert "of 5 comparisons" in text
    assert "Q2" not in text
    assert "Factor 2: equal variance in 3 of 6 directions, nothing to recover." in text


def test_the_gap_is_compared_where_both_are_finite():
    found = simulated()
    found["convergence"][0], found["convergence_predicted"][:] = 0.5, [1.0, 0.0]
    assert paragraphs(found)[-1] == "1 − q, measured / predicted: 0.500 (n = 8)."
    found["convergence_predicted"][:] = 1.0
    assert "measured / predicted" not in " ".join(paragraphs(found))
    found = simulated()
    for end in ("", "_predicted", "_stderr", "_z"):
        del found.variables["convergence" + end]
    assert "measured / predicted" not in " ".join(paragraphs(found))


def test_data_have_the_law_of_their_gaussian_beside_them():
    found = simulated()
    found.variables["convergence_gaussian"] = ("samples",), np.array([0.375, 0.625]), {}
    rows = [line.split() for line in simulation_text(SPECTRUM, found).splitlines()]
    assert ["quantity", "n", "predicted", "Gaussian", "measured", "±", "z"] in rows
    assert ["q", "4", "0.25", "0.375", "0.25", "0.12", "+0.0"] in rows
    assert ["Q1", "4", "0.5", "0.25", "0.12", "-2.0"] in rows


def test_json_has_what_there_is_of_each_quantity():
    found = simulated()
    found.variables["convergence_gaussian"] = ("samples",), np.array([0.375, 0.625]), {}
    shown = simulation_json("mine", found)
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["source"], shown["dimension"], shown["samples"]) == ("mine", 6, [4, 8])
    assert set(shown["quantities"]) == {
        "convergence", "latent_recovery", "test_error", "kullback_leibler",
    }  # fmt: skip
    assert shown["quantities"]["convergence"] == {
        "measured": [0.25, 0.5], "stderr": [0.125, 0.125], "predicted": [0.25, 0.5], "z": [0, 0],
        "gaussian": [0.375, 0.625],
    }  # fmt: skip
    assert shown["quantities"]["kullback_leibler"] == {
        "measured": [None, None], "stderr": [None, None], "predicted": [None, 3],
        "z": [None, None],
    }  # fmt: skip
    assert shown["attributes"] == {"repeats": 3, "seed": 5, "dimension": 6}
