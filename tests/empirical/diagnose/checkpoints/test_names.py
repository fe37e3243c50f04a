"""Files of samples are sorted out by their names."""

import pytest

from convergen.empirical.diagnose.checkpoints.names import SampleFiles, sorted_out
from convergen.theory.common.checks import InputError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "step9.npz", "step10.npz", "step100.npz", "b_step9.npz", "b_step10.npz", "b_step100.npz",
        "c_step9.npz", "ckpt-5/samples.npy", "ckpt-40/samples.npy", "one.npy",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


STEPS = ("step9.npz", "step10.npz", "step100.npz")
OTHERS = tuple(f"b_{each}" for each in STEPS)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["a.npy"], SampleFiles((), ("a.npy",))),
        (["a.npy", "b.npy"], SampleFiles((), ("a.npy",), ("b.npy",))),
        (["model1.npy", "model2.npy"], SampleFiles((), ("model1.npy",), ("model2.npy",))),
        (["CIFAR10:train"], SampleFiles((), ("CIFAR10:train",))),
        (["epoch2.npy", "epoch10.npy"], SampleFiles((2, 10), ("epoch2.npy", "epoch10.npy"))),
        (["step*.npz"], SampleFiles((9, 10, 100), STEPS)),
        ([STEPS[2], STEPS[0], STEPS[1]], SampleFiles((9, 10, 100), STEPS)),
        (["step*.npz", "b_step*.npz"], SampleFiles((9, 10, 100), STEPS, OTHERS)),
        ([*STEPS, *OTHERS], SampleFiles((9, 10, 100), STEPS, OTHERS)),
        (["ckpt-*/samples.npy"],
         SampleFiles((5, 40), ("ckpt-5/samples.npy", "ckpt-40/samples.npy"))),
        (["run7-epoch=1-step=30.pt", "run7-epoch=2-step=60.pt", "run7-epoch=0-step=3.pt"],
         SampleFiles((3, 30, 60), ("run7-epoch=0-step=3.pt", "run7-epoch=1-step=30.pt",
                                   "run7-epoch=2-step=60.pt"))),
        (["c_step*.npz"], SampleFiles((), ("c_step9.npz",))),
        (["w64-seed1-step5.npy", "w64-seed1-step9.npy"],
         SampleFiles((5, 9), ("w64-seed1-step5.npy", "w64-seed1-step9.npy"))),
        (["step64-model1.npy", "step64-model2.npy"],
         SampleFiles((), ("step64-model1.npy",), ("step64-model2.npy",))),
    ],
)  # fmt: skip
def test_what_files_are(here, texts, found):
    assert sorted_out(texts) == found


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["x*.npz"], r"no file matches x\*\.npz"),
        (["a.npy", "b.npy", "c.npy"], r"3 files of samples were given \(a.npy, b.npy, c.npy\)"),
        (["step*.npz", "c_step*.npz"], "A has the steps 9, 10, 100, B 9: .*10, 100 of one model"),
        (["step1.npy", "step01.npy", "step2.npy"], "both of step 1"),
        (
            ["step1.npy", "step2.npy", "step02.npy", "step3.npy"],
            r"^step2.npy and step02.npy are both of step 2: give one file for each step\.$",
        ),
        (["a1.npy", "a2.npy", "a3.npy", "c.npy"], "4 files of samples"),
        (list("abcde"), r"5 files of samples were given \(a, b, c, d, …\)"),
    ],
)
def test_what_is_neither_is_refused(here, texts, words):
    with pytest.raises(InputError, match=words):
        sorted_out(texts)


def test_patterns_may_lead_anywhere(here):
    found = sorted_out([str(here / "step*.npz")])
    assert found.first == tuple(str(here / each) for each in STEPS)


def test_the_family_of_a_name_and_of_its_folder():
    """Numbers in names make checkpoints; if names tell nothing, those of folders do."""
    folders = ["run/ckpt-5/a1.npy", "run/ckpt-40/a1.npy", "run/ckpt-300/a1.npy"]
    assert sorted_out(folders) == SampleFiles((5, 40, 300), tuple(folders))
    names = ["step1-of9.npy", "step2-of9.npy", "step3-of9.npy"]
    assert sorted_out(names) == SampleFiles((1, 2, 3), tuple(names))


def test_files_of_different_numbers_are_no_checkpoints(here):
    with pytest.raises(InputError, match="3 files of samples were given"):
        sorted_out(["step1.npy", "step2-3.npy", "other.npy"])
    with pytest.raises(InputError, match=r"6 files.*\(a, b, c, d, …\)"):
        sorted_out(["a", "b", "c", "d", "e", "f"])
    with pytest.raises(InputError, match=r"4 files.*\(a, b, c, d\)"):
        sorted_out(["a", "b", "c", "d"])


def test_two_of_one_step_are_named_alone(here):
    with pytest.raises(InputError, match=r"^step2\.npy and step02\.npy are both of step 2: give"):
        sorted_out(["step1.npy", "step2.npy", "step02.npy", "step3.npy"])


def test_many_steps_are_listed_by_the_first_six(here):
    first = [f"a{step}.npy" for step in range(8)]
    second = [f"b{step}.npy" for step in range(1, 8)]
    with pytest.raises(InputError, match=r"A has the steps 0, 1, 2, 3, 4, 5, …, B 1, 2, 3, 4, 5, "
                       r"6, …: .*\(0 of one model alone\)"):  # fmt: skip
        sorted_out([*first, *second])


def test_two_patterns_of_files_that_are_not_numbered_alike(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a1.npy", "a2-2.npy", "a2-3.npy", "b1.npy", "b2.npy", "x.npy", "xx.npy"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"names of a1\.npy and a2-3\.npy do not have the same"):
        sorted_out(["a*.npy", "b*.npy"])
    with pytest.raises(InputError, match=r"names of x\.npy and xx\.npy do not have the same"):
        sorted_out(["x*.npy", "b*.npy"])
