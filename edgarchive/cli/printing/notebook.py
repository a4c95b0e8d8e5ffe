"""A progress bar in a notebook, drawn by the notebook itself: no widgets need to be installed."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from archiver.runtime.progress import ProgressUpdate

_REDRAW_S = 0.2

Display = Callable[..., Any]
"""IPython's ``display``: it returns a handle whose ``update`` draws again in the same place."""


class Summarize(Protocol):
    """Describes a step in words."""

    def __call__(self, update: ProgressUpdate, *, elapsed_s: float) -> str:
        """The description."""


def notebook_display() -> Display | None:
    """The function that displays HTML in the running notebook; None outside of a notebook, as in IPython's terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not shell.has_trait("kernel"):
        return None
    from IPython.display import display  # noqa: PLC0415 — there where a notebook is

    return display  # type: ignore[no-any-return]  # IPython has no types here


class NotebookBar:
    """Draws each step, though not more than five times a second, and the last one of a phase."""

    def __init__(self, display: Display, summarize: Summarize) -> None:
        self._summarize = summarize
        self._update = ProgressUpdate("")
        self._began_s = time.monotonic()
        self._drawn_s = float("-inf")
        self._is_over = False
        self._handle = display(self, display_id=True)

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Draw it."""
        is_new = update.phase != self._update.phase
        self._update = update
        now_s = time.monotonic()
        if is_new or update.done == update.total or now_s - self._drawn_s >= _REDRAW_S:
            self._drawn_s = now_s
            self._handle.update(self)

    def close(self) -> None:
        """Draw the last step, without a bar that would move for ever if the total is not known."""
        self._is_over = True
        self._handle.update(self)

    def _repr_html_(self) -> str:
        total = self._update.total
        if total is None and self._is_over:
            return html.escape(self._told())
        value = "" if total is None else f' value="{min(self._update.done, total)}" max="{max(total, 1)}"'
        return f"<progress{value}></progress> {html.escape(self._told())}"

    def __repr__(self) -> str:
        return self._told()

    def _told(self) -> str:
        return self._summarize(self._update, elapsed_s=time.monotonic() - self._began_s)
