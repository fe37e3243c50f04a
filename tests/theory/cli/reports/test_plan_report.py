"""What the table of a plan says."""


def test_what_is_reached_takes_no_more(convergen):
    _, out, _ = convergen(
        "plan", "spiked", "--spike", "20,5", "--dim", 120, "--have", 9000,
        "--want", "convergence=0.5",
    )  # fmt: skip
    (row,) = [line.split() for line in out.splitlines() if line.startswith("convergence=0.5")]
    assert row[2:] == ["0", "reached"]
