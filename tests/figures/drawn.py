"""What pictures hold, read back from their artists."""

import numpy as np


def labels(axes):
    """Words of the legend."""
    return [text.get_text() for text in axes.get_legend().get_texts()]


def line_of(axes, label):
    """The one line of a label."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def bars_of(axes, label):
    """Points of a label with both ends of their error bars: x, y, low, high."""
    (found,) = [each for each in axes.containers if each.get_label() == label]
    (bars,) = found.lines[2]
    ends = np.array(bars.get_segments())
    x, y = found.lines[0].get_data()
    np.testing.assert_array_equal(ends[:, 0, 0], x)
    return np.array(x), np.array(y), ends[:, 0, 1], ends[:, 1, 1]


def band_of(collection):
    """Abscissa, lower and upper edge of a band."""
    corners = collection.get_paths()[0].vertices
    x = np.unique(corners[:, 0])
    edges = [corners[corners[:, 0] == each, 1] for each in x]
    return x, np.array([each.min() for each in edges]), np.array([each.max() for each in edges])


def is_thin(line):
    """Whether a line can be seen, and hides little."""
    return 0.0 < line.get_linewidth() < 2.0


def is_see_through(band):
    """Whether what lies below a band can be seen, and it has no edge."""
    return 0.0 < band.get_alpha() < 0.5 and np.all(np.asarray(band.get_linewidth()) == 0.0)


def through(axes, values):
    """Lines that go through values, NaN among them."""
    return [
        line for line in axes.lines
        if np.array_equal(np.asarray(line.get_ydata(), float), values, equal_nan=True)
    ]  # fmt: skip


def bars_through(axes, values):
    """Points at values, with the sizes of their error bars."""
    (found,) = [
        each for each in axes.containers
        if np.array_equal(np.asarray(each.lines[0].get_ydata(), float), values, equal_nan=True)
    ]  # fmt: skip
    return found.lines[0], [np.ptp(each[:, 1]) for each in found.lines[2][0].get_segments()]
