from types import SimpleNamespace

from convergen.theory.cli.options.remarks import say_remarks


def test_each_remark_is_said_once_on_one_line(capsys):
    first = SimpleNamespace(remarks=lambda: ["a\nb", "c"])
    second = SimpleNamespace(remarks=lambda: ["c", "d"])
    say_remarks([first, None, second])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "a\\nb\nc\nd\n")
