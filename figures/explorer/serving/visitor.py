"""What a visitor does with controls, the slider and the spikes, as the states that are wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bokeh.events import PanEnd

from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving.controls import (
    DATA,
    LAWS,
    another_spike,
    options_of,
    ridge_of,
)
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from convergen.figures.explorer.serving.page import Page


class Visitor:
    """Listens to the widgets of a page.

    Parameters
    ----------
    page : Page
        Is told what to show next.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        c, spectrum = page.view.controls, page.view.spectrum
        c.kind.on_change("active", self._when(lambda value: self._choose_kind(value)))
        c.dim.on_change("value", self._when(lambda v: self._option(dim=max(1, round(10.0**v)))))
        c.alpha.on_change("value", self._when(lambda value: self._option(alpha=value)))
        c.ridge.on_change("value", self._when(lambda v: self._set(ridge=ridge_of(v, page.unit))))
        c.factors.on_change("value", self._when(lambda value: self._set(factors=int(value))))
        page.view.samples.on_change("value", self._when(self._read_at))
        c.add.on_click(lambda: self._option(spikes=another_spike(page.spikes), points=True))
        c.remove.on_click(lambda: self._option(spikes=page.spikes[:-1] or (10.0,), points=True))
        c.open.on_click(self._open)
        c.path.on_change("value", self._when(lambda _: self._open()))
        c.reading.on_change("active", self._when(lambda _: self._open()))
        spectrum.figure.on_event(PanEnd, lambda _: self._place_spikes())
        spectrum.dragged.on_change("data", self._when(self._drag))

    def _when(self, act: Callable[[Any], None]) -> Callable[[str, Any, Any], None]:
        """Act on what the visitor changed, not on what the page set itself."""

        def changed(name: str, old: Any, new: Any) -> None:
            if not self.page.setting:
                act(new)

        return changed

    def _choose_kind(self, index: int) -> None:
        if index == len(LAWS):
            self._attempt(lambda: State.of(DATA))
        else:
            name = list(LAWS)[index]
            self._attempt(lambda: State.of(name, LAWS[name][1]))

    def _open(self) -> None:
        def asked() -> State:
            c = self.page.view.controls
            state = State(c.path.value.strip())
            options = options_of(c.options.value, state)
            return State.of(
                state.source, options, ridge=0.0, factors=self.page.state.factors,
                population=bool(c.reading.active),
            )  # fmt: skip

        self._attempt(asked)

    def _drag(self, data: dict[str, list[float]]) -> None:
        values = sorted((_spike(value) for value in data["value"]), reverse=True)
        if tuple(values) != self.page.spikes:
            self._option(spikes=tuple(values), points=False)

    def _place_spikes(self) -> None:
        if self.page.state.source == "spiked":
            self.page.show_spectrum(points=True)

    def _option(self, points: bool = True, **options: Any) -> None:
        def asked() -> State:
            state = self.page.state
            n = None if "dim" in options else state.samples
            return State.of(
                state.source, {**state.options, **options}, ridge=state.ridge,
                factors=state.factors, samples=n,
            )  # fmt: skip

        self.page.points = points
        self._attempt(asked, load=False)

    def _attempt(self, asked: Callable[[], State], *, load: bool = True) -> None:
        try:
            state = asked()
        except InputError as error:
            self.page.refuse(str(error))
            return
        self.page.choose(state, load=load)

    def _set(self, **settings: Any) -> None:
        self.page.choose(self.page.state.changed(**settings), load=False)

    def _read_at(self, index: float) -> None:
        if self.page.grid:
            self._set(samples=self.page.grid[min(int(index), len(self.page.grid) - 1)])


def _spike(value: float) -> float:
    return float(f"{min(max(value, 1e-3), 1e6):.3g}")
