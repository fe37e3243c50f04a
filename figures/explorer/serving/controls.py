"""What can be chosen on the page, and what each choice makes of the state."""

from __future__ import annotations

import math
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import (
    Button,
    CustomJSTickFormatter,
    Div,
    RadioButtonGroup,
    Slider,
    TextInput,
)

from convergen.figures.explorer.answers.state import LARGEST_DIM, MOST_FACTORS, MOST_SPIKES, State
from convergen.figures.explorer.drawing.sheets import WIDGETS
from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import kinds

# Laws with a button of their own, and what their options are when it is pressed.
LAWS: dict[str, tuple[str, dict[str, Any]]] = {
    "isotropic": ("isotropic", {"dim": 300}),
    "spiked": ("spiked", {"dim": 300, "spikes": (20.0, 5.0)}),
    "power-law": ("power law", {"dim": 300, "alpha": 1.0}),
}
DATA = "digits"
_NO_RIDGE = -4.0
_WHOLE = "return Math.round(10 ** tick).toLocaleString('en')"
_RATIO = f"return tick <= {_NO_RIDGE} ? '0' : Number((10 ** tick).toPrecision(2)).toString()"


class Controls:
    """The widgets of one page."""

    def __init__(self) -> None:
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "stylesheets": [WIDGETS]}
        self.kind = RadioButtonGroup(
            labels=[*(words for words, _ in LAWS.values()), "your data"], name="kind", **wide
        )
        self.dim = _slider("dimension d", "dim", math.log10(4), math.log10(LARGEST_DIM), 0.005)
        self.dim.format = CustomJSTickFormatter(code=_WHOLE)
        self.alpha = _slider("exponent α of λ = k^−α", "alpha", 0.0, 3.0, 0.02)
        self.ridge = _slider("ridge, in mean variances", "ridge", _NO_RIDGE, 1.0, 0.05)
        self.ridge.format = CustomJSTickFormatter(code=_RATIO)
        self.factors = _slider("factors to follow", "factors", 1, MOST_FACTORS, 1)
        self.add = Button(label="add a spike", name="add", **wide)
        self.remove = Button(label="remove one", name="remove", **wide)
        self.spikes = column(
            Div(
                text="Drag the green points: each is the variance along one latent factor.", **wide
            ),
            row(self.add, self.remove, sizing_mode="stretch_width"),
            sizing_mode="stretch_width",
        )
        self.path = TextInput(title="folder, file or source", name="path", value=DATA, **wide)
        self.options = TextInput(
            title="its options, such as size=32", name="options", placeholder="none", **wide
        )
        self.reading = RadioButtonGroup(
            labels=["a sample of more", "all there is"], active=0, name="reading", **wide
        )
        self.open = Button(label="Open", button_type="primary", name="open", **wide)
        self.data = column(
            Div(text=f"Built in: {', '.join(_built_in())}.", **wide), self.path, self.options,
            Div(text="The points are", **wide), self.reading, self.open,
            sizing_mode="stretch_width",
        )  # fmt: skip
        self.all = column(
            self.kind, self.dim, self.alpha, self.spikes, self.data, self.ridge, self.factors,
            name="controls", sizing_mode="stretch_width",
        )  # fmt: skip

    def show(self, state: State, unit: float) -> None:
        """Set the widgets to a state.

        Parameters
        ----------
        state : State
            What is shown.
        unit : float
            Mean variance of a coordinate, the unit of the ridge.
        """
        law = state.source if state.source in LAWS else ""
        self.kind.active = list(LAWS).index(law) if law else len(LAWS)
        self.dim.visible, self.data.visible = bool(law), not law
        self.alpha.visible = law == "power-law"
        self.spikes.visible = law == "spiked"
        options = state.options
        if law:
            self.dim.value = math.log10(min(max(options.get("dim", 300), 4), LARGEST_DIM))
        if self.alpha.visible:
            self.alpha.value = min(options.get("alpha", 1.0), 3.0)
        if not law:
            self.path.value = state.source
            self.options.value = ", ".join(f"{name}={_text(v)}" for name, v in options.items())
            self.reading.active = int(state.population)
        ratio = state.ridge / unit
        self.ridge.value = min(max(math.log10(ratio), _NO_RIDGE), 1.0) if ratio > 0.0 else _NO_RIDGE
        self.factors.value = state.factors


def ridge_of(position: float, unit: float) -> float:
    """Ridge at a position of its slider, short enough for a link.

    Parameters
    ----------
    position : float
        log10 of the ridge in units.
    unit : float
        Mean variance of a coordinate.

    Returns
    -------
    float
    """
    return 0.0 if position <= _NO_RIDGE else float(f"{10.0**position * unit:.3g}")


def options_of(text: str, state: State) -> dict[str, Any]:
    """Options that were typed as NAME=VALUE, NAME=VALUE.

    Parameters
    ----------
    text : str
        What was typed.
    state : State
        Of the source, whose table says how each is read.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If there is no equals sign.
    """
    types = {option.name: option.type for option in state.kind.options}
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise InputError(f"options cannot read {part!r}: write NAME=VALUE, such as size=32.")
        name = name.strip()
        found[name] = types[name].read(value.strip()) if name in types else value
    return found


def another_spike(spikes: tuple[float, ...]) -> tuple[float, ...]:
    """One spike more, below the others.

    Parameters
    ----------
    spikes : tuple of float
        At most one less than the page shows.

    Returns
    -------
    tuple of float
    """
    if len(spikes) >= MOST_SPIKES:
        return spikes
    return (*spikes, float(f"{max(1.5, 0.6 * min(spikes, default=10.0)):.3g}"))


def _slider(title: str, name: str, start: float, end: float, step: float) -> Slider:
    return Slider(
        title=title, name=name, start=start, end=end, step=step, value=start,
        sizing_mode="stretch_width", stylesheets=[WIDGETS],
    )  # fmt: skip


def _built_in() -> list[str]:
    """Sources that need nothing beside their name."""
    return [
        kind.name
        for kind in kinds().values()
        if kind.opens is None
        and kind.name not in LAWS
        and not any(option.required for option in kind.options)
    ]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
