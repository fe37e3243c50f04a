import json
from dataclasses import replace

import pytest

from convergen.empirical.data.kinds import load_data
from convergen.empirical.experiment.declared.deciding import divide
from convergen.empirical.experiment.declared.plan import (
    Plan,
    differences,
    read_plan,
    refuse_other,
    renewed,
    versions,
    write_plan,
)
from convergen.empirical.storage.checked_files import StorageError
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import experiment


def plan(**changes):
    return Plan(
        experiment(**changes).config(), {"fingerprint": "f", "rows": 64}, {"0": "a", "3": "b"}, 1,
        [versions()], "unknown",
    )  # fmt: skip


def array(path):
    return {"data": {"kind": "array", "path": path}, "samples": [4]}


def test_a_plan_comes_back_from_its_file_and_from_results(tmp_path):
    write_plan(tmp_path / "plan.json", plan())
    assert read_plan(tmp_path / "plan.json") == plan()
    assert read_plan(tmp_path / "none.json") is None
    behind = Plan.from_attributes(plan().attributes())
    assert behind.experiment == plan().experiment
    assert behind.provenance == plan().provenance


def test_provenance_is_that_of_experiment_data_and_splits():
    first = plan()
    others = [
        plan(samples=[4]),
        plan(training={"images": 640}),
        replace(first, data={"fingerprint": "g", "rows": 64}),
        replace(first, splits={"0": "a", "3": "c"}),
    ]
    assert len({each.provenance for each in (first, *others)}) == 5
    same = [replace(first, versions=[{}]), replace(first, commit="x"), replace(first, threads=2)]
    assert {each.provenance for each in same} == {first.provenance}
    assert plan(**array("a.npy")).provenance == plan(**array("b.npy")).provenance


def test_damaged_plans_are_refused(tmp_path):
    path = tmp_path / "plan.json"
    write_plan(path, plan())
    sound = path.read_text()
    changed = sound.replace('"images": 320', '"images": 336')
    for damaged in (sound[:100], "[]", "3", "{}", changed, "[" * 9000, "\x00", ""):
        path.write_text(damaged)
        with pytest.raises(InputError, match="is damaged: undo the change") as error:
            read_plan(path)
        assert "\n" not in str(error.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is damaged"):
        read_plan(path)


@pytest.mark.parametrize(("written", "age"), [(3, "a newer"), (1, "an older"), (None, "an older")])
def test_the_plan_of_another_version_is_called_that(tmp_path, written, age):
    path = tmp_path / "plan.json"
    write_plan(path, plan())
    held = json.loads(path.read_text())
    if written is None:  # before plans had a format
        held = {"sha256": "0", "plan": held["plan"]}
    else:
        held |= {"format": written, "more": 1}
    path.write_text(json.dumps(held))
    with pytest.raises(InputError, match=f"was written by {age} version of convergen"):
        read_plan(path)


def test_a_plan_that_is_a_folder_is_one_line(tmp_path):
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(StorageError, match="Is a directory"):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"training": {"images": 640}}, "training.images is 320 there and 640 here"),
        ({"samples": [4]}, "samples is [4, 8] there and [4] here"),
        ({"data": {"kind": "field", "size": 4}}, "data.count is 64 there and not set here"),
        ({"run": {"grouping": "seed"}}, 'run.grouping is "pair" there and "seed" here'),
    ],
)
def test_another_experiment_is_refused_and_the_difference_named(tmp_path, changes, difference):
    with pytest.raises(InputError) as error:
        refuse_other(plan(), experiment(**changes), 1, tmp_path)
    assert "holds another experiment: " in str(error.value)
    assert difference in str(error.value)


def test_other_threads_are_another_experiment(tmp_path):
    refuse_other(plan(), experiment(), None, tmp_path)
    refuse_other(plan(), experiment(), 1, tmp_path)
    with pytest.raises(InputError, match="threads are 1 there and 2 here"):
        refuse_other(plan(), experiment(), 2, tmp_path)


def test_what_is_left_open_agrees_with_any_decision():
    given, planned = experiment(run={}).config(), experiment().config()
    assert differences(planned, given) == []
    assert len(differences(given, planned)) == 2


def test_a_renewed_plan_knows_today_and_where_the_data_are():
    old = replace(plan(**array("old.npy")), versions=[{"python": "3"}])
    found = renewed(old, experiment(**array("new.npy")))
    assert found.experiment["data"]["path"] == "new.npy"
    assert found.versions == [{"python": "3"}, versions()]
    assert renewed(found, experiment(**array("new.npy"))) == found


def test_sixteen_points_are_left_to_be_unseen():
    """Of the N = 1797 digits the largest n is (N - 16)/2."""
    data = load_data("digits")
    found = divide(experiment(data={"kind": "digits"}, samples=[890]), data, 0)
    assert len(found.held_out) == 17
    with pytest.raises(InputError, match=r"leave 15 of the 1797 .* but 16 are"):
        divide(experiment(data={"kind": "digits"}, samples=[891]), data, 0)


def test_a_plan_can_be_read_by_people_too(tmp_path):
    write_plan(tmp_path / "plan.json", plan())
    lines = (tmp_path / "plan.json").read_text().splitlines()
    assert lines[1] == ' "format": 2,'


def test_provenance_knows_no_order_of_settings():
    one = plan()
    turned = {key: one.experiment[key] for key in reversed(one.experiment)}
    splits = dict(reversed(one.splits.items()))
    assert replace(one, experiment=turned, splits=splits).provenance == one.provenance


@pytest.mark.parametrize(
    ("planned", "given", "words"),
    [
        ("a", "b", "the file of the network is another one"),
        ("a", None, 'model.sha256 is "a" there and not set here'),
        (None, "b", 'model.sha256 is not set there and "b" here'),
    ],
)
def test_another_file_of_a_network_is_named(planned, given, words):
    def config(digest):
        found = experiment().config()
        return found | {"model": found["model"] | ({"sha256": digest} if digest else {})}

    assert differences(config(planned), config(given)) == [words]
