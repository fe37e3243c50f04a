import sys

from convergen.theory.common.rooms import load_rooms


def test_every_file_of_a_room_is_loaded_once(tmp_path, monkeypatch):
    room = tmp_path / "some_room"
    room.mkdir()
    (room / "__init__.py").write_text("loaded = []\n")
    for name in ("b", "a"):
        (room / f"{name}.py").write_text("from some_room import loaded\nloaded.append(__name__)\n")
    monkeypatch.syspath_prepend(tmp_path)
    load_rooms("some_room")
    load_rooms("some_room")
    assert sorted(sys.modules["some_room"].loaded) == ["some_room.a", "some_room.b"]
    for name in ("some_room", "some_room.a", "some_room.b"):
        monkeypatch.delitem(sys.modules, name)
