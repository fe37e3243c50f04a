"""What a forecast says in words, from numbers made for it."""

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.forecast.words import (
    Stop,
    copying,
    crossing,
    first_words,
    stopping,
    stops,
)

NAN = np.nan


def ends(name, dim, value, low, high):
    columns = zip((name, f"{name}_low", f"{name}_high"), (value, low, high), strict=True)
    return {key: (dim, np.array(values, float)) for key, values in columns}


def found(
    q=(0.25, 0.625, 0.875),
    samples_for=((80.0, 60.0, 100.0), (NAN, NAN, NAN)),
    share=((0.9, 0.5, 0.05), (0.8, 0.4, 0.0), (1.0, 0.6, 0.2)),
    tenth=(100.0, 50.0, 200.0),
    images=6000,
):
    q = np.array(q)
    return xr.Dataset(
        {
            **ends("convergence", "samples", q, q - 0.125, q + 0.125),
            **ends("samples_for", "level", *zip(*samples_for, strict=True)),
            **ends("fraction_memorised", "samples", *share),
        },
        {"samples": [16, 64, 256], "level": [0.5, 0.9]},
        {
            "images": images, "weighted_images": images / 2.0, "tenth": tenth[0],
            "tenth_low": tenth[1], "tenth_high": tenth[2],
        },
    )  # fmt: skip


def test_the_highest_level_that_is_crossed_comes_first():
    assert first_words(found()) == (
        "It takes about 80 training samples (60 to 100) until two such networks, trained on "
        "different data, agree to q = 0.5; 1 is the same network."
    )
    both = found(samples_for=((80.0, NAN, 100.0), (200.0, 160.0, NAN)))
    assert "about 200 training samples (160 to more than 256) until" in first_words(both)
    assert crossing(both, 0) == (0.5, 80.0, "fewer than 16 to 100")


@pytest.mark.parametrize(
    ("q", "words"),
    [
        (
            (0.125, 0.25, 0.375),
            "Even with 256 training samples two such networks would mostly differ: q = 0.38 (0.25 "
            "to 0.50). More data are needed than this forecast reaches.",
        ),
        (
            (0.5, 0.625, 0.875),
            "With 16 training samples already two such networks, trained on different data, agree "
            "to q = 0.50 (0.38 to 0.62); 1 is the same network.",
        ),
        (
            (0.5, 0.5, 0.5),
            "With 16 training samples already two such networks, trained on different data, agree "
            "to q = 0.50 (0.38 to 0.62); 1 is the same network.",
        ),
    ],
)
def test_levels_beyond_the_samples_are_said_to_be_so(q, words):
    nowhere = (NAN, NAN, NAN)
    assert first_words(found(q, samples_for=(nowhere, nowhere))) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (
            ((0.9, 0.1, 0.05), (0.8, 0.0, 0.0), (1.0, 0.2, 0.1)),
            "Trained on 16 samples, about 90 % (80 % to 100 %) of what one generates are copies; "
            "from 64 samples on, at most a tenth.",
        ),
        (
            ((0.9, 0.5, 0.2), (0.8, 0.4, 0.1), (1.0, 0.6, 0.3)),
            "Trained on 16 samples, about 90 % (80 % to 100 %) of what one generates are copies; "
            "on 256, about 20 % (10 % to 30 %).",
        ),
        (
            ((0.1, 0.05, 0.0), (0.0, 0.0, 0.0), (0.2, 0.1, 0.1)),
            "Trained on 16 samples, about 10 % (0 % to 20 %) of what one generates are copies, and "
            "fewer with more samples.",
        ),
        (
            ((0.5, 0.5, 0.5), (0.05, 0.1, 0.0), (0.95, 0.95, 1.0)),
            "How much such networks copy is not known (5 % to 95 % of what those of 16 samples "
            "generate): a pair that is trained longer, or on fewer samples, tells.",
        ),
        (
            ((0.5, 0.5, 0.5), (0.0, 0.0, 0.0), (1.0, 0.8, 1.0)),
            "Trained on 16 samples, about 50 % (0 % to 100 %) of what one generates are copies; "
            "on 256, about 50 % (0 % to 100 %).",
        ),
        (
            ((0.5, 0.5, 0.5), (0.0, 0.25, 0.0), (1.0, 1.0, 1.0)),
            "Trained on 16 samples, about 50 % (0 % to 100 %) of what one generates are copies; "
            "on 256, about 50 % (0 % to 100 %).",
        ),
    ],
)
def test_copies_are_said_with_their_interval_or_not_to_be_known(share, words):
    assert copying(found(share=share)) == words


def test_a_training_ends_where_a_tenth_is_memorised():
    # Twice as many images as weighted ones; a hundred of these a sample.
    assert stops(found())[1] == Stop(64, 64 * 200.0, 64 * 100.0, 64 * 400.0)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (12_801, "is too long up to n = 64: stop as the table says."),
        (3_201, "is too long at n = 16: stop as the table says."),
        (
            3_200,
            "is probably over before networks copy, at every n listed, but at n = 16 the interval "
            "begins before its end.",
        ),
        (1_600, "is over before networks copy, at every n listed."),
    ],
)
def test_when_to_stop_goes_by_the_budget(images, words):
    assert stopping(found(images=images)) == f"This training of {images:,} images {words}"
