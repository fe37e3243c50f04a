import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources import table
from convergen.theory.sources.options import TEXT, WHOLE, Option
from convergen.theory.sources.table import SourceKind, find, kinds, load_source, register
from tests.options import ranges


def test_every_source_takes_exactly_what_it_declares():
    import inspect

    for kind in kinds().values():
        parameters = inspect.signature(kind.load).parameters
        names = {option.name for option in kind.options}
        named = {n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD}
        assert named <= names, kind.name
        assert len(named) == len(parameters) - any(
            p.kind is p.VAR_KEYWORD for p in parameters.values()
        )
        assert named == names or len(named) < len(parameters), kind.name
        for option in kind.options:
            assert option.help
            assert option.required or option.check(None) == option.default, option.name


def test_options_of_one_name_are_read_alike():
    by_name = {}
    for kind in kinds().values():
        for option in kind.options:
            first = by_name.setdefault(option.name, option)
            assert (option.type, option.flag) == (first.type, first.flag), option.name


def test_known_laws_come_first():
    known = [kind.known for kind in kinds().values()]
    assert known == sorted(known, reverse=True)
    assert list(kinds())[:4] == ["covariance", "eigenvalues", "field", "isotropic"]
    assert list(kinds())[7:] == ["array", "digits", "faces", "images", "patches", "torchvision"]


def test_bad_names_and_options():
    with pytest.raises(InputError, match=r"'digit' \(did you mean 'digits'\?\): choose from cov"):
        load_source("digit")
    with pytest.raises(InputError, match=r"no option sise \(did you mean 'size'\?\): it takes"):
        load_source("field", sise=8)
    with pytest.raises(InputError, match="digits has no option size: it takes none"):
        load_source("digits", size=8)
    with pytest.raises(
        InputError, match=r"images needs the option path \(what holds them\): add it"
    ):
        load_source("images", path=None)
    with pytest.raises(InputError, match="size must be a whole number"):
        load_source("field", size="8")


def test_defaults_are_filled_in():
    assert find("field").checked({"alpha": 1}) == {
        "size": 8, "alpha": 1.0, "count": 16384, "seed": 0,
    }  # fmt: skip


DRAWN = {"count": (16384, 1, None, None), "seed": (0, 0, None, 2**63 - 1)}
LAID_OUT = {"basis": ("random", None, None, None), "images": (False, None, None, None), **DRAWN}
DIM = {"dim": (300, 1, None, None)}
READ = {"size": (None, 1, None, 2**14), "grey": (False, None, None, None)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("covariance", DRAWN),
        ("eigenvalues", LAID_OUT),
        ("field", {"size": (8, 2, None, 64), "alpha": (2.5, 0, None, 300), **DRAWN}),
        ("isotropic", {**DIM, "images": (False, None, None, None), **DRAWN}),
        (
            "mixture",
            {
                "dim": (300, 2, None, 10_000), "components": (2, 2, None, None),
                "signal": (4.0, None, 0, None), **LAID_OUT,
            },
        ),
        ("power-law", {**DIM, "alpha": (1.0, 0, None, None), **LAID_OUT}),
        (
            "spiked",
            {
                **DIM, "spikes": ((10.0, 4.0), 0, None, None), "alpha": (None, 0, None, None),
                **LAID_OUT,
            },
        ),
        ("array", {"shape": (None, 1, None, None), **READ}),
        ("images", READ),
        ("torchvision", READ),
        ("digits", {}),
        ("faces", {}),
        (
            "patches",
            {
                "size": (8, 2, None, 106), "pictures": ("scikit-learn", None, None, None),
                "contrast": (False, None, None, None), "stride": (None, 1, None, None),
                "count": (None, 1, None, None), "seed": (0, 0, None, 2**63 - 1),
            },
        ),
    ],
)  # fmt: skip
def test_what_is_not_given_and_what_is_allowed(name, expected):
    assert ranges(find(name).options) == expected


def test_options_for_one_kind_of_file():
    array = find("array")
    assert array.checked({"path": "x.npy"}) == {
        "path": "x.npy", "key": None, "shape": None, "layout": None, "size": None, "grey": False,
    }  # fmt: skip
    assert array.checked({"path": "x.NPZ", "key": "a"})["key"] == "a"
    with pytest.raises(InputError, match=r"key applies only to .*.npz, .* files: leave it out"):
        array.checked({"path": "x.npy", "key": "a"})


def test_a_source_that_registers_itself_is_found_everywhere(monkeypatch):
    monkeypatch.setattr(table, "_KINDS", dict(table._KINDS))
    options = (
        Option("gain", WHOLE, "how loud", 7, least=1, flag="--gain"),
        Option("tune", TEXT, "which tune", drawing=True),
    )
    dummy = SourceKind("hum", "a low tone", options, lambda gain, tune: np.full(2, gain))
    assert register(dummy) is dummy
    assert register(dummy) is dummy
    np.testing.assert_array_equal(load_source("hum", gain=3), [3, 3])
    assert kinds()["hum"] is find("hum") is dummy
    with pytest.raises(InputError, match="there is a source 'hum' already"):
        register(SourceKind("hum", "another", (), lambda: None))


def test_what_has_the_name_of_a_source_is_pointed_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("images", "torchvision"):
        with pytest.raises(InputError, match=rf"^{name} needs the option path \(.*\): add it\.$"):
            load_source(name)
    (tmp_path / "images").mkdir()
    (tmp_path / "torchvision").mkdir()
    with pytest.raises(InputError, match=r"add it, or write \./images for what has this name\.$"):
        load_source("images")
    # No path alone means such a set.
    with pytest.raises(InputError, match=r"^torchvision needs the option path \(.*\): add it\.$"):
        load_source("torchvision")


def test_what_a_source_is_unless_more_is_said():
    row = SourceKind("x", "y", (), lambda: None)
    assert (row.opens, row.known, row.understands, row.flag) == (None, False, None, "")
    assert row.checked({}) == {}
