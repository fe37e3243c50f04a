"""What checkpoints say, as text, as JSON and as a labelled data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
from convergen.empirical.diagnose.verdict.words import with_interval
from convergen.theory.messages.text import plain, table, wrapped

if TYPE_CHECKING:
    import xarray as xr

# What is followed over training: words, and the heading of its column.
FOLLOWED = {
    "copied": "share of copies, what chance gives taken off",
    "f_mem": "share of samples three times nearer to one training point than to the next",
    "m": "mean |cosine| with the nearest training point",
    "nearer": "share nearer to the training set than to as large an unseen set; one half is fair",
    "variance": "variance of the samples over that of real points",
    "q": "agreement of two models on the same seeds",
}


def checkpoint_rows(found: Checkpoints) -> tuple[list[str], list[list[str]]]:
    """Table over training.

    Parameters
    ----------
    found : Checkpoints
        From `measure_checkpoints`.

    Returns
    -------
    head : list of str
        Column titles.
    rows : list of list of str
        One for each step.
    """
    measured = [each.numbers() for each in found.found]
    keys = [key for key in FOLLOWED if all(key in numbers for numbers in measured)]
    rows = []
    for each, numbers in zip(found.found, measured, strict=True):
        verdict = each.judgement.verdict
        rows.append([str(each.step), *(with_interval(numbers[key]) for key in keys), verdict])
    return ["step", *keys, "verdict"], rows


def checkpoints_text(found: Checkpoints) -> str:
    """A readable report.

    Parameters
    ----------
    found : Checkpoints
        From `measure_checkpoints`.

    Returns
    -------
    str
    """
    head, rows = checkpoint_rows(found)
    notes = dict.fromkeys(note for each in found.found for note in each.judgement.notes)
    lines = [wrapped(found.onset.sentence()), "", table(head, rows), ""]
    lines += [wrapped(f"{key}: {FOLLOWED[key]}.") for key in head[1:-1]]
    if notes:
        lines += ["", *(wrapped(f"Note: {note}") for note in notes)]
    return "\n".join(lines)


def checkpoints_json(found: Checkpoints) -> dict[str, Any]:
    """Everything as one JSON object.

    Parameters
    ----------
    found : Checkpoints
        From `measure_checkpoints`.

    Returns
    -------
    dict
    """
    from convergen.theory.common.versions import package_version

    begins, last = found.onset, found.found[-1].judgement
    return {
        "train": last.training.name,
        "reference": None if last.reference is None else last.reference.name,
        "copying_begins": {
            "after": begins.after, "by": begins.by, "seemed_to_copy_before": list(begins.again),
        },
        "words": begins.sentence(),
        "checkpoints": [
            {
                "step": each.step,
                "samples": [points.name for points in each.judgement.samples],
                "draws": len(each.judgement.samples[0]),
                "verdict": each.judgement.verdict,
                "smallest_visible_share": each.judgement.copies.visible,
                "suspected": each.judgement.copies.suspected.tolist(),
                **{
                    key: {name: plain(number) for name, number in value.as_dict().items()}
                    for key, value in each.numbers().items()
                },
            }
            for each in found.found
        ],
        "notes": list(dict.fromkeys(note for each in found.found for note in each.judgement.notes)),
        "attributes": {"seed": found.seed, "convergen": package_version("convergen")},
    }  # fmt: skip


def checkpoints_dataset(found: Checkpoints) -> xr.Dataset:
    """The curves over training, labelled.

    Parameters
    ----------
    found : Checkpoints
        From `measure_checkpoints`.

    Returns
    -------
    xarray.Dataset
        Along ``step``: each number with its ends ``_low`` and ``_high``, and the verdict.
    """
    import xarray as xr

    from convergen.theory.common.versions import package_version

    numbers = [each.numbers() for each in found.found]
    columns: dict[str, Any] = {}
    for key, words in FOLLOWED.items():
        if all(key in each for each in numbers):
            for end, name in (("value", key), ("low", f"{key}_low"), ("high", f"{key}_high")):
                values = [getattr(each[key], end) for each in numbers]
                said = words if end == "value" else f"{end} end of the 95 % interval of {key}"
                columns[name] = ("step", values, {"long_name": said, "units": "1"})
    columns["verdict"] = (
        "step", [each.judgement.verdict for each in found.found],
        {"long_name": "whether samples copy the training set"},
    )  # fmt: skip
    begins = found.onset
    steps = ("step", found.steps, {"long_name": "step of training", "units": "1"})
    return xr.Dataset(
        columns, {"step": steps},
        {
            "train": found.found[-1].judgement.training.name,
            "words": begins.sentence(),
            **({} if begins.after is None else {"copying_begins_after": begins.after}),
            **({} if begins.by is None else {"copying_begins_by": begins.by}),
            "seed": found.seed, "convergen": package_version("convergen"),
        },
    )  # fmt: skip
