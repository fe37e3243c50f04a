import os

import pytest

from convergen.empirical.common.presets import preset_names
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.declared.toml_files import override, preset_config, read_config
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import config


def test_a_toml_file_is_read_and_its_paths_count_from_its_folder(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nsamples = [4]\n[data]\nkind = "array"\npath = "points.npy"\n'
        '[model]\nname = "mlp"\n'
    )
    found = Experiment.from_config(read_config(path))
    assert found.data["path"] == str(tmp_path / "points.npy")
    assert found.seeds == (0,)


def test_unreadable_files_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"cannot read the experiment .*: No such file"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(InputError, match=r"cannot read the experiment .*: Is a directory"):
        read_config(tmp_path)
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(InputError, match=r"cannot read the experiment .*: it is a pipe"):
        read_config(tmp_path / "pipe.toml")
    path = tmp_path / "broken.toml"
    path.write_text("samples = [4")
    with pytest.raises(InputError, match=r"broken\.toml is not a TOML file") as error:
        read_config(path)
    assert "\n" not in str(error.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is not text"):
        read_config(path)


def test_presets_are_experiments():
    assert "smoke" in preset_names()
    for name in preset_names():
        found = Experiment.from_config(preset_config(name))
        assert found.name == name
    with pytest.raises(InputError, match=r"no preset 'smokee' \(did you mean 'smoke'\?\)"):
        preset_config("smokee")


def test_overrides_are_values_of_toml_or_bare_words():
    given = config()
    for assignment in (
        "training.images=1000", "measure.sigmas=[0.1, 2.0]", "model.padding=circular",
        "splits.duplicate_limit=false", 'name="other"',
    ):  # fmt: skip
        override(given, assignment)
    assert given["training"]["images"] == 1000
    assert given["measure"]["sigmas"] == [0.1, 2.0]
    assert given["model"] == {"name": "mlp", "size": "tiny", "padding": "circular"}
    assert given["splits"]["duplicate_limit"] is False
    assert given["name"] == "other"


@pytest.mark.parametrize("assignment", ["training.images", "=3", "training.=3", ".images=3"])
def test_malformed_overrides_are_refused(assignment):
    with pytest.raises(InputError, match=r"write SECTION\.KEY=VALUE"):
        override(config(), assignment)


def test_names_are_no_sections():
    with pytest.raises(InputError, match="'name' has no settings of its own"):
        override(config(), "name.short=3")


DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize("text", [DEEP, "9" * 5000])
def test_values_that_no_parser_takes_are_one_line(tmp_path, text):
    """Nested too deeply for Python, or more digits than it converts."""
    path = tmp_path / "deep.toml"
    path.write_text(f"samples = {text}")
    for read in (lambda: read_config(path), lambda: override(config(), f"samples={text}")):
        with pytest.raises(InputError, match=r"nested too deeply|too many digits") as error:
            read()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", ['model = "mlp"', "model = 3", "[model]\nname = 3", "", "[model]"])
def test_models_that_are_no_tables_with_a_name_are_left_to_the_declaration(tmp_path, text):
    (tmp_path / "x.toml").write_text(text)
    found = read_config(tmp_path / "x.toml")
    assert found.get("model") in ("mlp", 3, {"name": 3}, None, {})


@pytest.mark.parametrize("text", ["data = 3", '[data]\nkind = "digits"', "[data]\npath = 3"])
def test_data_without_a_path_are_left_as_they_are(tmp_path, text):
    (tmp_path / "x.toml").write_text(text)
    assert read_config(tmp_path / "x.toml")["data"] in (3, {"kind": "digits"}, {"path": 3})
