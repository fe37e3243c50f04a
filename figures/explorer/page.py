"""One page: what moves when something is moved, and what follows when it rests."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.events import DocumentReady, PanEnd

from convergen.figures.explorer import curves
from convergen.figures.explorer.background import work_beside
from convergen.figures.explorer.controls import (
    DATA,
    LAWS,
    another_spike,
    options_of,
    ridge_of,
)
from convergen.figures.explorer.export import Export
from convergen.figures.explorer.pictures import Studio
from convergen.figures.explorer.state import State, sample_grid
from convergen.figures.explorer.view import View
from convergen.theory.common.checks import InputError
from convergen.theory.forecast.subject import Subject
from convergen.theory.quantities.labelled import Labelled

if TYPE_CHECKING:
    from bokeh.document import Document

    from convergen.theory.forecast.predict import Request

# Milliseconds between two frames, in which further moves arrive, and of rest before the full draw.
_FRAME, _REST = 4, 450


class Page:
    """One visitor's page.

    Parameters
    ----------
    document : bokeh.document.Document
        Where it is shown.
    state : State
        What it shows first.
    refusal : str
        What was wrong with the link; empty if nothing was.
    """

    def __init__(self, document: Document, state: State, refusal: str = "") -> None:
        self.document, self.state = document, state
        self.subject: Subject | None = None
        self.studio: Studio | None = None
        self.grid: list[int] = []
        self.result: Labelled | None = None
        self._drawn = state
        self.exact = False
        self._move, self._framing, self._loaded = 0, False, False
        self._setting = False
        # What was refused is said until the visitor does something else.
        self._standing = refusal
        self.view = View()
        self.export = Export(self._figure)
        self._refuse(refusal)
        self._listen()
        for root in (*self.view.roots, self.export.all):
            document.add_root(root)
        document.on_event(DocumentReady, lambda _: self._start())

    # What the visitor does

    def _listen(self) -> None:
        c, spectrum = self.view.controls, self.view.spectrum
        c.kind.on_change("active", self._when(lambda value: self._choose_kind(value)))
        c.dim.on_change("value", self._when(lambda v: self._option(dim=max(1, round(10.0**v)))))
        c.alpha.on_change("value", self._when(lambda value: self._option(alpha=value)))
        c.ridge.on_change("value", self._when(lambda v: self._set(ridge=ridge_of(v, self.unit))))
        c.factors.on_change("value", self._when(lambda value: self._set(factors=int(value))))
        self.view.samples.on_change("value", self._when(self._read_at))
        c.add.on_click(lambda: self._option(spikes=another_spike(self.spikes), points=True))
        c.remove.on_click(lambda: self._option(spikes=self.spikes[:-1] or (10.0,), points=True))
        c.open.on_click(self._open)
        c.path.on_change("value", self._when(lambda _: self._open()))
        c.reading.on_change("active", self._when(lambda _: self._open()))
        spectrum.figure.on_event(PanEnd, lambda _: self._place_spikes())
        spectrum.dragged.on_change("data", self._when(self._drag))

    def _when(self, act: Callable[[Any], None]) -> Callable[[str, Any, Any], None]:
        """Act on what the visitor changed, not on what the page set itself."""

        def changed(name: str, old: Any, new: Any) -> None:
            if not self._setting:
                act(new)

        return changed

    @property
    def spikes(self) -> tuple[float, ...]:
        """Eigenvalues of the spikes, largest first."""
        return tuple(self.state.options.get("spikes", ()))

    @property
    def unit(self) -> float:
        """Mean variance of a coordinate."""
        if self.subject is None:
            return 1.0
        return self.subject.spectrum.trace / self.subject.spectrum.dim

    def _choose_kind(self, index: int) -> None:
        if index == len(LAWS):
            self._attempt(lambda: State.of(DATA))
        else:
            name = list(LAWS)[index]
            self._attempt(lambda: State.of(name, LAWS[name][1]))

    def _open(self) -> None:
        def asked() -> State:
            state = State(self.view.controls.path.value.strip())
            options = options_of(self.view.controls.options.value, state)
            return State.of(
                state.source, options, ridge=0.0, factors=self.state.factors,
                population=bool(self.view.controls.reading.active),
            )  # fmt: skip

        self._attempt(asked)

    def _drag(self, data: dict[str, list[float]]) -> None:
        values = sorted((_spike(value) for value in data["value"]), reverse=True)
        if tuple(values) != self.spikes:
            self._option(spikes=tuple(values), points=False)

    def _place_spikes(self) -> None:
        if self.state.source == "spiked":
            self._show_spectrum(points=True)

    def _option(self, points: bool = True, **options: Any) -> None:
        def asked() -> State:
            n = None if "dim" in options else self.state.samples
            return State.of(
                self.state.source, {**self.state.options, **options}, ridge=self.state.ridge,
                factors=self.state.factors, samples=n,
            )  # fmt: skip

        self._points = points
        self._attempt(asked, load=False)

    def _attempt(self, asked: Callable[[], State], *, load: bool = True) -> None:
        try:
            state = asked()
        except InputError as error:
            self._standing = str(error)
            self._refuse(self._standing)
            return
        self._choose(state, load=load)

    def _set(self, **settings: Any) -> None:
        self._choose(self.state.changed(**settings), load=False)

    def _read_at(self, index: float) -> None:
        if self.grid:
            self._set(samples=self.grid[min(int(index), len(self.grid) - 1)])

    # What follows

    def _choose(self, state: State, *, load: bool) -> None:
        """Show another state."""
        self._standing = ""
        self._next(state, load=load)

    def _start(self) -> None:
        self._next(self.state, load=True)

    def _next(self, state: State, *, load: bool) -> None:
        """Show a state with the next frame; many moves within one count as one."""
        if load:
            self.subject, self._loaded = None, True
        self.state = state
        self._move += 1
        if not self._framing:
            self._framing = True
            self.document.add_timeout_callback(self._frame, _FRAME)

    def _frame(self) -> None:
        self._framing = False
        state, move = self.state, self._move
        if state.source not in LAWS and self.subject is None:
            self._busy(f"Reading {escape(state.source)} …")
            self._work(move, lambda: _load(state), self._opened)
            return
        try:
            self._follow(state)
        except InputError as error:
            self._refuse(str(error))

    def _follow(self, state: State) -> None:
        same = state == self._drawn.changed(samples=state.samples) and self._on_grid
        if self.exact and same and not self._loaded:
            self.document.hold("combine")
            self._show_numbers()
            self._show_pictures(quick=True)
            self.document.unhold()
            self._later(self._move)
            return
        if state.source in LAWS:
            self.subject, self.studio = Subject.of(state.open()), None
        self._refuse(self._standing)
        request = self._request(state)
        assert self.subject is not None
        self.exact, self.result = False, curves.moving(self.subject, request, self.n)
        self._show(controls=self._loaded)
        self._loaded, self._drawn = False, state
        self._later(self._move)

    def _opened(self, found: tuple[Subject, Studio | None]) -> None:
        self.subject, self.studio = found
        self._frame()

    def _request(self, state: State) -> Request:
        assert self.subject is not None
        self.grid = sample_grid(self.subject.source, state.samples)
        n = np.array(self.grid, np.float64)
        return self.subject.request(n, factors=state.factors, ridge=state.ridge)

    def _later(self, move: int) -> None:
        """Compute everything once nothing has moved for a while."""
        state = self.state

        def rest() -> None:
            if move == self._move and state == self.state:
                self._settle(state, move)

        self.document.add_timeout_callback(rest, _REST)

    def _settle(self, state: State, move: int) -> None:
        subject = self.subject
        if subject is None:
            return
        self.export.link.value = f"?{state.query()}"
        self.export.tell(state.command((self.grid[0], self.n, self.grid[-1])))
        self._show_pictures(quick=False)
        if not self.exact:
            request = self._request(state)
            what = "the last digits" if subject.pilot is None else "intervals"
            self._busy(f"Computing {what} …")
            self._work(move, lambda: curves.settled(subject, request), self._settled)

    def _settled(self, result: Labelled) -> None:
        self.exact, self.result = True, result
        self._refuse(self._standing)
        self._show(controls=False)

    def _work(self, move: int, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do long work beside the page; forget it if something moved meanwhile."""
        work_beside(self.document, work, then, self._refuse, lambda: move == self._move)

    # What is shown

    @property
    def _on_grid(self) -> bool:
        """Whether the curves are exact where numbers are read."""
        return self.state.samples is None or self.state.samples in self.grid

    @property
    def n(self) -> int:
        """Where numbers are read."""
        wanted = self.state.samples
        if wanted is None:
            assert self.subject is not None
            wanted = self.subject.spectrum.dim
        return min(self.grid, key=lambda each: abs(math.log(each / wanted)))

    def _show(self, *, controls: bool) -> None:
        assert self.subject is not None
        assert self.result is not None
        self._setting = True
        try:
            if controls:
                self.view.controls.show(self.state, self.unit)
            self.view.show_grid(self.grid, self.n)
        finally:
            self._setting = False
        self.document.hold("combine")
        self.view.show_curves(self.result, exact=self.exact)
        self._show_spectrum(points=getattr(self, "_points", True))
        self._points = True
        self.view.show_about(self.subject, self.result, exact=self.exact)
        self._show_numbers()
        self._show_pictures(quick=not self.exact)
        self.document.unhold()

    def _show_spectrum(self, *, points: bool) -> None:
        assert self.subject is not None
        spikes = self.spikes if self.state.source == "spiked" else ()
        self.view.show_spectrum(self.subject.spectrum, spikes, points=points)

    def _show_numbers(self) -> None:
        if self.result is not None:
            self.view.show_numbers(self.result, self.n, exact=self.exact)

    def _show_pictures(self, *, quick: bool) -> None:
        self.view.show_pictures(self.studio, self.result, self.n, self.state.ridge, quick=quick)

    def _refuse(self, text: str) -> None:
        self.view.refuse(text)

    def _busy(self, text: str) -> None:
        if not self._standing:
            self.view.busy(text)

    def _figure(self) -> tuple[Subject, Request]:
        if self.subject is None:
            raise InputError("nothing is shown yet.")
        return self.subject, self._request(self.state)


def _load(state: State) -> tuple[Subject, Studio | None]:
    source = state.open()
    subject = Subject.of(source, population=state.population)
    if source.data is None:
        return subject, None
    return subject, Studio.of(source.points, np.random.default_rng(0))


def _spike(value: float) -> float:
    return float(f"{min(max(value, 1e-3), 1e6):.3g}")
