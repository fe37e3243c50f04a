"""Options of runs that take less than a second, and what a refusal looks like."""

QUICK = (
    "--size", "4", "--count", "64", "--set", "measure.draws=12",
    "--set", "measure.steps=4", "--set", "measure.error_points=8", "--set", "measure.pictures=2",
    "--device", "cpu", "--threads", "1",
)  # fmt: skip
FIELD = ("--data", "field", *QUICK)
MLP = ("--model", "mlp", "--set", "model.size=tiny", "--images", "320", "--batch", "16")


def refused(answer, words):
    code, out, err = answer
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert words in err
