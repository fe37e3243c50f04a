"""Experiments that come with the package."""

from convergen.empirical.common.presets import preset_names, preset_path


def test_each_name_has_a_file():
    names = preset_names()
    assert list(names) == sorted(names)
    assert {"smoke", "small", "paper"} <= set(names)
    for name in names:
        assert f'name = "{name}"' in preset_path(name).read_text()
