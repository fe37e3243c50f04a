"""Where weights of encoders are looked for, and what is said if there are none."""

import hashlib
from pathlib import Path

import pytest

from convergen.empirical.diagnose.features.weights import (
    digest,
    find_weights,
    hugging_face,
    torch_hub,
)
from convergen.theory.common.checks import InputError

FOLDERS = ("HF_HOME", "HF_HUB_CACHE", "TORCH_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def folders(monkeypatch):
    """Sets the variables that are given, and no other; HOME is /home/ada."""

    def set_to(**given):
        monkeypatch.setenv("HOME", "/home/ada")
        for name in FOLDERS:
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.mark.parametrize(
    ("given", "hub"),
    [
        ({}, "/home/ada/.cache/huggingface/hub"),
        ({"HF_HOME": "/a"}, "/a/hub"),
        ({"HF_HUB_CACHE": "/b"}, "/b"),
        ({"HF_HOME": "/a", "HF_HUB_CACHE": "/b"}, "/b"),
    ],
)
def test_the_cache_of_hugging_face(folders, given, hub):
    folders(**given)
    assert hugging_face("owner/name.v1", "model.bin") == [
        Path(hub, "models--owner--name.v1", "snapshots", "*", "model.bin")
    ]


@pytest.mark.parametrize(
    ("given", "home"),
    [
        ({}, "/home/ada/.cache/torch"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/torch"),
        ({"TORCH_HOME": "/t"}, "/t"),
        ({"XDG_CACHE_HOME": "/c", "TORCH_HOME": "/t"}, "/t"),
    ],
)
def test_the_cache_of_torch(folders, given, home):
    folders(**given)
    assert torch_hub("net.pth") == [Path(home, "hub", "checkpoints", "net.pth")]


def test_the_newest_snapshot_of_the_first_place_that_has_one(tmp_path):
    for name in ("one/a/w.bin", "one/c/w.bin", "one/b/w.bin", "two/z/w.bin", "one/d/other.bin"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(name.encode())
    places = [tmp_path / place / "*" / "w.bin" for place in ("none", "one", "two")]
    assert find_weights("net", places, None, "get them") == tmp_path / "one/c/w.bin"
    given = tmp_path / "two/z/w.bin"
    assert find_weights("net", places, given, "get them") == given
    with pytest.raises(InputError, match=r"absent\.bin"):
        find_weights("net", places, tmp_path / "absent.bin", "get them")
    with pytest.raises(InputError) as said:
        find_weights("net", [Path("/no/x.bin"), Path("/no/y.bin")], None, "get them")
    assert str(said.value) == (
        "the weights of net are not on this machine (looked for /no/x.bin and /no/y.bin), and "
        "nothing is downloaded here: get them, or give a file as --weights."
    )


def test_a_digest_is_that_of_the_bytes(tmp_path):
    file = tmp_path / "w.bin"
    file.write_bytes(b"abc" * 100_000)
    assert digest(file) == hashlib.sha256(b"abc" * 100_000).hexdigest()
