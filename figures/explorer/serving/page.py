"""One page: what follows when something is moved, within a frame and once it rests."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.events import DocumentReady

from convergen.figures.explorer.answers import curves
from convergen.figures.explorer.answers.pictures import Studio
from convergen.figures.explorer.answers.state import State, sample_grid
from convergen.figures.explorer.serving.background import work_beside
from convergen.figures.explorer.serving.controls import LAWS
from convergen.figures.explorer.serving.export import Export
from convergen.figures.explorer.serving.view import View
from convergen.figures.explorer.serving.visitor import Visitor
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
        # While the page itself sets widgets, which is no act of the visitor.
        self.setting = False
        # Whether the next frame places spikes anew: not while one is dragged.
        self.points = True
        # What was refused is said until the visitor does something else.
        self._standing = refusal
        self.view = View()
        self.export = Export(self._figure)
        self._refuse(refusal)
        self.visitor = Visitor(self)
        for root in (*self.view.roots, self.export.all):
            document.add_root(root)
        document.on_event(DocumentReady, lambda _: self._start())

    def choose(self, state: State, *, load: bool) -> None:
        """Show another state.

        Parameters
        ----------
        state : State
            What is wanted.
        load : bool
            Whether its data have to be read.
        """
        self._standing = ""
        self._next(state, load=load)

    def refuse(self, text: str) -> None:
        """Say why nothing was done, until the visitor does something else.

        Parameters
        ----------
        text : str
            One sentence.
        """
        self._standing = text
        self._refuse(text)

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
    def spikes(self) -> tuple[float, ...]:
        """Eigenvalues of the spikes, largest first."""
        return tuple(self.state.options.get("spikes", ()))

    @property
    def unit(self) -> float:
        """Mean variance of a coordinate."""
        if self.subject is None:
            return 1.0
        return self.subject.spectrum.trace / self.subject.spectrum.dim

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
        self.setting = True
        try:
            if controls:
                self.view.controls.show(self.state, self.unit)
            self.view.show_grid(self.grid, self.n)
        finally:
            self.setting = False
        self.document.hold("combine")
        self.view.show_curves(self.result, exact=self.exact)
        self.show_spectrum(points=self.points)
        self.points = True
        self.view.show_about(self.subject, self.result, exact=self.exact)
        self._show_numbers()
        self._show_pictures(quick=not self.exact)
        self.document.unhold()

    def show_spectrum(self, *, points: bool) -> None:
        """Draw the spectrum.

        Parameters
        ----------
        points : bool
            Whether to place spikes anew.
        """
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
