import json
import tomllib
from importlib import resources

import numpy as np
import pytest

from convergen.empirical.common.presets import preset_names
from convergen.empirical.data import kinds as module
from convergen.empirical.data.kinds import load_data
from convergen.theory.common.checks import InputError
from convergen.theory.data.images import image_sets
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.spectra.spectrum import Spectrum

FILES = resources.files("convergen.empirical")
# SHA-256 of the points from before sources had a table of their own.
KNOWN = [
    ("digits", {}, "419f3c32b7e12c69"),
    ("digits", {"center": "none"}, "2fe47183e481cf31"),
    ("patches", {"contrast": True, "stride": 3, "count": 500, "seed": 2}, "05e75a08ce799575"),
    ("isotropic", {"dim": 16, "count": 50, "images": True}, "7c1e720f2066ca86"),
    ("spiked", {"dim": 16, "count": 50, "seed": 3}, "14724bb0ef37e323"),
    ("spiked", {"dim": 16, "count": 50, "basis": "identity"}, "d3de13d7c72beba7"),
    ("power-law", {"dim": 16, "alpha": 1.5, "count": 50}, "9b33d9f4d84c0fb6"),
    ("mixture", {"dim": 16, "components": 3, "signal": 6.0, "count": 50}, "eb37c50caa092e02"),
]


@pytest.mark.parametrize(("kind", "options", "fingerprint"), KNOWN)
def test_points_keep_their_bits(kind, options, fingerprint):
    assert load_data(kind, **options).fingerprint.startswith(fingerprint)


@pytest.mark.parametrize("name", ["digits-unet", "field8-unet", "field16-unet", "patches-unet"])
def test_shipped_experiments_load_to_the_very_points_they_were_made_of(name):
    import h5py

    config = tomllib.loads((FILES / "results" / f"{name}.toml").read_text(encoding="utf-8"))
    with h5py.File(str(FILES / "results" / f"{name}.nc")) as result:
        recorded = result.attrs["data_fingerprint"]
        assert json.loads(result.attrs["experiment"])["data"] == config["data"]
    assert load_data(**config["data"]).fingerprint == recorded


def test_data_of_presets_load():
    presets = [f for f in (FILES / "presets").iterdir() if f.name.endswith(".toml")]
    kinds = [tomllib.loads(f.read_text(encoding="utf-8"))["data"] for f in presets]
    assert len(kinds) == len(preset_names())
    for options in kinds:
        few = {} if options["kind"] == "digits" else {"count": 3}
        assert len(load_data(**(options | few)).shape) == 3


def test_unknown_kind_and_options():
    with pytest.raises(InputError, match="did you mean 'digits'"):
        load_data("digit")
    with pytest.raises(InputError, match=r"no option sise \(did you mean 'size'\?\)"):
        load_data("field", sise=8)
    with pytest.raises(InputError, match="needs the option path"):
        load_data("array")
    with pytest.raises(InputError, match="no option center"):
        load_data("field", center="none")
    with pytest.raises(InputError, match="center must be 'data' or 'none', not 'mean'"):
        load_data("digits", center="mean")


def test_digits():
    data = load_data("digits")
    raw = load_digits()
    assert data.points.shape == (1797, 1, 8, 8)
    np.testing.assert_allclose(data.flat * data.scale + np.ravel(data.mean), raw, atol=1e-5)
    np.testing.assert_allclose(data.mean, raw.mean(axis=0).reshape(1, 8, 8))
    assert data.points.var(axis=0).mean() == pytest.approx(1.0, rel=1e-5)
    theirs = Spectrum.from_data(raw)
    np.testing.assert_allclose(
        data.spectrum().leading(10) * data.scale**2, theirs.leading(10), rtol=1e-6
    )
    assert load_data("digits", center="none").mean == 0.0


def test_known_laws_keep_their_truth():
    data = load_data("spiked", dim=9, spikes=[8.0, 3.0], count=5)
    raw = np.array([8.0, 3.0] + [1.0] * 7)
    np.testing.assert_allclose(data.truth.leading(9), raw / raw.mean(), rtol=1e-12)
    assert data.scale**2 == pytest.approx(raw.mean())
    assert data.mean == 0.0
    assert data.fresh(2, np.random.default_rng(0)).shape == (2, 9)


def test_points_beyond_memory_need_a_folder_and_follow_the_file(tmp_path, monkeypatch):
    raw = np.random.default_rng(0).random((30, 5, 6, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", raw)
    options = {"kind": "array", "path": str(tmp_path / "x.npy")}
    small = load_data(**options)
    assert module._HELD == 512 * 2**20
    monkeypatch.setattr(module, "_HELD", 10_800)
    assert not isinstance(load_data(**options).points, np.memmap)
    monkeypatch.setattr(module, "_HELD", 1000)
    with pytest.raises(InputError, match=r"10.8 kB .* most 1 kB .* give scratch, a folder"):
        load_data(**options)
    # 30 images of 90 numbers of four bytes; 512 MB where nobody says otherwise.
    monkeypatch.setattr(module, "_HELD", 10_799)
    scratch = tmp_path / "run"
    large = load_data(**options, scratch=scratch)
    assert isinstance(large.points, np.memmap)
    assert large.fingerprint == small.fingerprint
    assert len(list(scratch.iterdir())) == 3  # one is a lock
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "x.npy"]
    np.save(tmp_path / "x.npy", raw[:20])
    assert len(load_data(**options, scratch=scratch)) == 20


def test_remarks_of_the_reader_come_with_the_data(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(6):
        pixels = rng.integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no image")
    found = load_data("images", path=str(tmp_path))
    assert found.remarks == (
        f"{tmp_path}: 1 file (notes.txt) has another ending and was not read.",
    )
    assert load_data("digits").remarks == ()


def test_images_beyond_memory_are_decoded_into_the_folder_once(tmp_path, monkeypatch):
    from PIL import Image

    rng = np.random.default_rng(0)
    folder, scratch = tmp_path / "images", tmp_path / "run"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{number}.png")
    options = {"kind": "images", "path": str(folder)}
    small = load_data(**options)
    monkeypatch.setattr(module, "_HELD", 1000)
    monkeypatch.setattr(image_sets, "_HELD", 1000)
    monkeypatch.setattr(image_sets.tempfile, "TemporaryFile", lambda: pytest.fail("kept twice"))
    large = load_data(**options, scratch=scratch)
    assert large.fingerprint == small.fingerprint
    assert large.remarks == (
        f"{folder}: its points take 9.22 kB and are kept in {scratch}.",
    )  # fmt: skip
    monkeypatch.setattr(image_sets, "read_pixels", lambda *_: pytest.fail("decoded again"))
    assert load_data(**options, scratch=scratch).fingerprint == small.fingerprint
