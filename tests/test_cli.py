"""The command line as a user meets it: some of it in processes of its own, which cost seconds."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm, t

from convergen import theory
from convergen.theory.collapse.agreement_threshold import agreement_threshold


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "convergen", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    np.save(path / "good.npy", rng.standard_normal((60, 12)) * np.sqrt(1.0 / np.arange(1, 13)))
    np.save(path / "nan.npy", np.array([[1.0, np.nan], [2.0, 3.0]]))
    np.save(path / "infinite.npy", np.array([[1.0, np.inf], [2.0, 3.0]]))
    np.save(path / "one_row.npy", np.ones((1, 4)))
    np.save(path / "empty.npy", np.ones((0, 4)))
    np.save(path / "text.npy", np.array([["a", "b"]]))
    (path / "notes.md").write_text("no data")
    return path


def modules_after(*arguments, among):
    """Run a command in a process of its own, which then prints which of some modules are loaded."""
    code = (
        f"import sys; sys.argv = ['convergen', *{list(map(str, arguments))}]\n"
        "from convergen.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([m for m in {among} if m in sys.modules])"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


HEAVY = ("matplotlib", "sympy", "sklearn", "torch", "xarray", "pandas")
# What numba and SciPy would load, and their parts that a text answer needs do not.
THEIRS = (
    "email", "scipy.linalg", "scipy.optimize._optimize", "scipy.sparse", "scipy.special._basic",
    "yaml.loader",
)  # fmt: skip


def test_help_needs_no_heavy_import():
    result = modules_after("--help", among=("numpy", "numba", *HEAVY))
    assert result.stdout.rstrip().endswith("[]")
    assert "predict" in result.stdout
    assert "simulate" in result.stdout


def test_predict_prints_a_table_and_thresholds_and_imports_only_what_it_uses():
    result = modules_after("predict", "digits", "--samples", "64,256", among=(*HEAVY, *THEIRS))
    assert result.stdout.rstrip().endswith("[]")
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].startswith("1797 points like these are enough: two linear models")
    table = lines.index("", lines.index("") + 1) + 2
    assert lines[table - 3].startswith("digits: 64 dimensions (61 with variance)")
    assert [line.split()[0] for line in lines[table : table + 2]] == ["64", "256"]
    answer = " ".join(lines)
    assert "The 1797 points were read as a sample" in answer
    found = re.search(r"q = 0\.9 takes (\d+) \((\d+) to (\d+)\)", answer)
    needed, low, high = map(int, found.groups())
    # 1797 points of 64 dimensions: close to the spectrum of the points themselves.
    assert low <= needed <= high <= 1.2 * low
    assert 60 < needed < 75


def test_points_that_are_all_there_is(convergen):
    _, out, _ = convergen("predict", "digits", "--samples", "64,256", "--population")
    lines = out.splitlines()
    # Elliptical data; Gaussian data of the same covariance would take 65.
    assert "q = 0.9 takes 67," in " ".join(lines)
    assert any("times the Gaussian value, because points" in line for line in lines)
    limit = "Recovered in the limit of large d: factor 1 from n = 132 on, factor 2 from n = 183 on"
    assert any(line.startswith(limit) for line in lines)


def test_a_known_law_is_no_sample(convergen):
    code, _, err = convergen("predict", "isotropic", "--population")
    assert code == 2
    assert "--population does not apply to 'isotropic', whose law is known" in err


def test_predict_json_equals_the_library(convergen):
    _, out, _ = convergen(
        "predict", "power-law", "--dim", 50, "--alpha", 1.5, "--samples", "10,100",
        "--factors", 2, "--level", 0.8, "--level", 0.95, "--json",
    )  # fmt: skip
    found = json.loads(out)
    spectrum = theory.Spectrum.power_law(50, 1.5)
    assert found["source"] == "power-law"
    assert found["dimension"] == 50
    assert found["samples"] == [10, 100]
    for name in ("convergence", "convergence_to_truth", "memorisation"):
        np.testing.assert_array_equal(found[name], getattr(theory, name)(spectrum, [10, 100]))
    expected = theory.latent_recovery(spectrum, [10, 100], factors=2)
    np.testing.assert_array_equal(found["latent_recovery"], expected)
    thresholds = {f"{q:g}": float(theory.samples_for(spectrum, convergence=q)) for q in (0.8, 0.95)}
    assert found["thresholds"]["convergence"] == thresholds
    assert found["thresholds"]["latent_recovery"] == list(theory.recovery_thresholds(spectrum, 2))


def test_json_has_no_infinities(convergen):
    _, out, _ = convergen(
        "predict", "isotropic", "--dim", 5, "--samples", "3", "--level", "1", "--json"
    )
    found = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert found["thresholds"]["convergence"] == {"1": None}


def test_log_range_and_spikes(convergen):
    _, out, _ = convergen(
        "predict", "spiked", "--dim", 40, "--spike", 9, "--spike", 3,
        "--samples", "10:1000:3", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert found["samples"] == [10, 100, 1000]
    expected = theory.recovery_thresholds(theory.Spectrum.spiked(40, [9, 3]), 3)
    assert found["thresholds"]["latent_recovery"] == list(expected)


def test_own_data_with_figure_and_netcdf(convergen, folder, tmp_path):
    code, _, err = convergen(
        "predict", folder / "good.npy", "--samples", "5,50", "--out", "curves.nc",
        "--plot", "curves.png", cwd=tmp_path,
    )  # fmt: skip
    assert code == 0, err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curves.nc", "curves.png"]
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    with xr.open_dataset(tmp_path / "curves.nc", engine="h5netcdf") as saved:
        pilot = theory.estimate_population(np.load(folder / "good.npy"))
        expected = theory.predict(pilot, [5, 50], quantities=["convergence"])
        for name in ("convergence", "convergence_low", "convergence_to_truth_high"):
            np.testing.assert_array_equal(saved[name], expected[name])
        assert "test_error" in saved
        assert saved.attrs["source"] == "good.npy"


@pytest.mark.slow
def test_simulate_side_by_side(convergen, tmp_path):
    code, out, err = convergen(
        "simulate", "spiked", "--dim", 30, "--samples", "20,60", "--repeats", 4,
        "--seed", 3, "--workers", 2, "--plot", "points.pdf", cwd=tmp_path,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "predicted" in out
    assert "1 − q, measured / predicted" in out
    assert (tmp_path / "points.pdf").read_bytes()[:5] == b"%PDF-"


def test_simulate_json_on_digits_matches_the_table(convergen):
    _, out, _ = convergen("simulate", "digits", "--samples", "64", "--repeats", 5, "--json")
    found = json.loads(out)
    entry = found["quantities"]["convergence"]
    assert found["samples"] == [64]
    assert entry["predicted"][0] == pytest.approx(0.8946, abs=1e-3)
    assert entry["gaussian"][0] == pytest.approx(0.8982, abs=1e-3)
    ratio = (entry["measured"][0] - entry["predicted"][0]) / entry["stderr"][0]
    assert entry["z"][0] == pytest.approx(-norm.isf(t.cdf(ratio, 4)))


def test_a_process_ends_with_code_two_and_one_line(folder):
    result = run("predict", "nan.npy", cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert "NaN" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "missing.npy"], "cannot be opened"),
        (["predict", "squiggle"], "unknown source"),
        (["predict", "nan.npy"], "NaN"),
        (["predict", "infinite.npy"], "infinite"),
        (["predict", "one_row.npy"], "1 row"),
        (["predict", "empty.npy"], "(0, 4)"),
        (["predict", "text.npy"], "dtype"),
        (["predict", "notes.md"], "neither"),
        (["predict", "digits", "--samples", "0"], "at least 1"),
        (["predict", "digits", "--samples", "-4"], "at least 1"),
        (["predict", "digits", "--samples", "10,ten"], "'ten'"),
        (["predict", "digits", "--samples", ""], "cannot read"),
        (["predict", "digits", "--samples", "100:10"], "START < STOP"),
        (["predict", "digits", "--dim", "5"], "does not apply"),
        (["predict", "isotropic", "--dim", "0"], "at least 1"),
        (["predict", "spiked", "--spike", "-2"], "--spike must be numbers, at least 0"),
        (["predict", "digits", "--out", "nowhere/x.nc"], "does not exist"),
        (["predict", "digits", "--out", "x.csv"], ".nc"),
        (["predict", "digits", "--plot", "."], "must end in"),
        (["predict", "digits", "--typo"], "--typo"),
        (["predict"], "SOURCE"),
        (["pridect"], "pridect"),
        (["simulate", "digits", "--samples", "1000"], "at most 898"),
        (["simulate", "good.npy", "--samples", "20.5"], "whole numbers"),
        (["simulate", "good.npy", "--repeats", "1"], "repeats"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(convergen, folder, arguments, message):
    before = sorted(folder.iterdir())
    code, out, err = convergen(*arguments, cwd=folder)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err
    assert sorted(folder.iterdir()) == before


def test_collapse_json_equals_the_library(convergen):
    _, out, _ = convergen(
        "collapse", "isotropic", "--dim", 20, "--samples", "10,1000", "--sigma", "0.5,2", "--json"
    )
    found = json.loads(out)
    spectrum = theory.Spectrum.isotropic(20)
    assert found["source"] == "isotropic"
    assert found["dimension"] == 20
    assert found["samples"] == [10, 1000]
    assert found["sigma"] == [0.5, 2]
    np.testing.assert_array_equal(
        found["collapse_noise"], theory.collapse_noise(spectrum, [10, 1000])
    )
    np.testing.assert_array_equal(
        found["samples_to_generalise"], theory.samples_to_generalise(spectrum, [0.5, 2])
    )
    linear = [float(theory.samples_for(spectrum, agreement=0.5, sigma=s)) for s in (0.5, 2)]
    assert found["linear_samples"] == linear
    assert "agreement_samples" not in found


@pytest.mark.slow
def test_collapse_reports_where_scores_agree_if_asked(convergen, tmp_path):
    _, out, _ = convergen(
        "collapse", "isotropic", "--dim", 8, "--samples", "10,100", "--sigma", "1.5",
        "--agreement", "--out", "collapse.nc", "--plot", "collapse.svg", cwd=tmp_path,
    )  # fmt: skip
    law = agreement_threshold(theory.Spectrum.isotropic(8), [1.5])
    with xr.open_dataset(tmp_path / "collapse.nc") as found:
        np.testing.assert_array_equal(found["agreement_samples"], law.samples)
    assert f"{law.samples[0]:.4g}" in out
    assert "scores agree: samples from which two empirical scores" in out
    assert "agreement 1/2" in (tmp_path / "collapse.svg").read_text(encoding="utf-8")


@pytest.mark.slow
def test_collapse_runs_on_the_digits_by_default(convergen, tmp_path):
    code, out, err = convergen(
        "collapse", "--plot", "collapse.png", "--out", "collapse.nc", cwd=tmp_path
    )
    assert code == 0, err
    assert out.startswith("A model that knows 10 training points by heart")
    assert "\n\ndigits: 64 dimensions" in out
    assert "not resolved by this data set" in out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["collapse.nc", "collapse.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sigma", "0"], "positive"),
        (["--sigma", "-1"], "positive"),
        (["--sigma", "1,big"], "'big'"),
        (["--samples", "0"], "at least 1"),
        (["mixture", "--components", "1"], "--components"),
        (["mixture", "--dim", "3", "--components", "5"], "at least as many"),
        (["mixture", "--signal", "-1"], "--signal must be a number, above 0"),
        (["digits", "--signal", "1"], "does not apply"),
    ],
)
def test_bad_input_to_collapse(convergen, arguments, message):
    code, _, err = convergen("collapse", *arguments)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert message in err
