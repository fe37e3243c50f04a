"""Which changes of the mutation benchmark are called equivalent, and which tests it runs."""

import pytest

from benchmarks.mutation.changes import Change, Mutant, difference, mutants_of
from benchmarks.mutation.equivalents import LISTED, Equivalents
from benchmarks.mutation.trees import tests_of as found_tests

ENTRY = """
[[equivalent]]
path = "theory/some.py"
line = "    size = 64"
becomes = "    size = 65"
reason = "blocks of any size give the same sum"
"""


def change(path="theory/some.py", new="    size = 65"):
    mutant = Mutant(path, 3, 11, "NumberReplacer", 0, 0)
    return Change(mutant, "", "    size = 64", new)


@pytest.fixture
def equivalents(tmp_path):
    """The entries for a module of some text."""

    def read(text):
        (tmp_path / "theory").mkdir(exist_ok=True)
        (tmp_path / "theory" / "some.py").write_text(text)
        (tmp_path / "listed.toml").write_text(ENTRY)
        return Equivalents(tmp_path, tmp_path / "listed.toml")

    return read


def test_a_listed_change_has_a_reason(equivalents):
    found = equivalents("def f():\n\n    size = 64\n    return size\n")
    assert found.reason(change()) == "blocks of any size give the same sum"
    assert not found.stale
    assert found.reason(change(new="    size = 63")) is None
    assert found.reason(change(path="theory/other.py")) is None


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    size = 128\n",
        "def f():\n    size = 64  # bytes\n",
        "def f():\n        size = 64\n",
        "def f():\n    size = 64\n\ndef g():\n    size = 64\n",
    ],
)
def test_an_entry_ends_with_its_line_and_stands_for_one_alone(equivalents, text):
    found = equivalents(text)
    assert [entry.path for entry in found.stale] == ["theory/some.py"]
    assert found.reason(change()) is None


def test_an_entry_of_a_module_that_is_gone_is_stale(equivalents, tmp_path):
    found = equivalents("").stale[0]
    (tmp_path / "theory" / "some.py").unlink()
    assert found.stale(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "alike"),
    [
        ("a.reshape(len(a), -1)", "a.reshape(len(a), - 2)", True),
        ("a.reshape(-1, b.size)", "a.reshape(- 2, b.size)", True),
        ("a.reshape(len(a), -1)", "a.reshape(len(a), - 0)", False),
        ("a[-1].reshape(4)", "a[- 2].reshape(4)", False),
        ("zip(a, b, strict=True)", "zip(a, b, strict=False)", True),
        ("json.loads(a, strict=True)", "json.loads(a, strict=False)", False),
    ],
)
def test_rules_hold_wherever_a_line_matches_and_for_nothing_else(old, new, alike):
    listed = Equivalents(LISTED.parents[2])
    mutant = Mutant("theory/some.py", 3, 11, "NumberReplacer", 0, 0)
    assert (listed.reason(Change(mutant, "", old, new)) is not None) == alike


def test_a_difference_is_the_lines_that_change():
    old, new = "a\nb = (1 +\n     2)\nc\n", "a\nb = (1 -\n     2)\nc\n"
    assert difference(old, new) == ("b = (1 +", "b = (1 -")
    assert difference("-x\ny\n", "--x\ny\n") == ("-x", "--x")


def test_tests_are_taken_nearest_first(tmp_path):
    for name in ("theory/a/b/test_c.py", "theory/a/b/d.py", "theory/a/d.py", "theory/d.py"):
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    near = ["tests/theory/a/b", "tests/theory/a", "tests/test_cli.py"]
    assert found_tests("theory/a/b/c.py", tmp_path) == ["tests/theory/a/b/test_c.py", *near]
    assert found_tests("theory/a/b/other.py", tmp_path) == near


def test_annotations_and_their_imports_are_left_alone():
    pytest.importorskip("cosmic_ray", reason="mutants are made by cosmic-ray")
    source = "if TYPE_CHECKING:\n    import x\n\ndef f(a: 'x | 3' = 2) -> int:\n    return a + 1\n"
    found = {(one.line, one.operator) for one in mutants_of("x.py", source)}
    lines = {line for line, _ in found}
    assert lines == {4, 5}
    assert {operator for line, operator in found if line == 4} == {"NumberReplacer"}
    changed = {mutant.changed(source).splitlines()[4] for mutant in mutants_of("x.py", source)}
    assert {"    return a - 1", "    return a * 1", "    return a + 2"} <= changed
