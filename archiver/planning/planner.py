"""From index rows to a plan: what the selections take, one reference for each accession number."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from archiver.edgar.endpoints import Quarter
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber, form_matches
from archiver.model import MasterIndexEntry
from archiver.names import near_names
from archiver.planning.plan import Plan, SubmissionRef
from archiver.selection import Selection

_GLOB = frozenset("*?[")
_MOST_NAMES = 300_000
"""So many company names are kept to suggest near ones from; a quarter has some 100 000."""


class Planner:
    """Takes the index quarter by quarter, the newest first, and puts into `plan` what any of `selections` takes of it.

    A submission that several entities filed stands in the index once for each of them, and in the plan once. Raises
    `UsageError` for a selection whose tickers have not become CIKs.
    """

    def __init__(self, selections: Sequence[Selection], plan: Plan) -> None:
        if any(selection.tickers for selection in selections):
            raise UsageError("a selection has tickers", "let Mirror.sync resolve them to CIKs")
        self._plan = plan
        self._unlimited = [selection for selection in selections if selection.limit is None]
        self._newest = [_Newest(selection) for selection in selections if selection.limit is not None]
        self._forms_seen: set[str] = set()
        self._patterns = {pattern for selection in selections for pattern in selection.forms}
        self._unmatched_names = {pattern for selection in selections for pattern in selection.name_patterns}
        self._names_seen: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether every selection has reached its limit, so that older quarters can add nothing."""
        return not self._unlimited and all(newest.is_full for newest in self._newest)

    def add(self, entries: Iterable[MasterIndexEntry], *, quarter: Quarter, listed: bool = True) -> None:
        """Take the rows of one quarter: of its full index (`listed`), or of a daily one."""
        self._plan.add(self._taken(entries, listed=listed), quarter=str(quarter))

    def _taken(self, entries: Iterable[MasterIndexEntry], *, listed: bool) -> Iterator[SubmissionRef]:
        for entry in entries:
            self._forms_seen.add(entry.form)
            if self._unmatched_names and entry.company_name not in self._names_seen:
                self._see_name(entry.company_name)
            for newest in self._newest:
                newest.add(entry, listed=listed)
            if any(selection.matches(entry) for selection in self._unlimited):
                yield _ref(entry, listed=listed)

    def _see_name(self, name: str) -> None:
        """Take note of a company's name, while some name that is asked for has matched none."""
        if len(self._names_seen) < _MOST_NAMES:
            self._names_seen.add(name)
        self._unmatched_names = {pattern for pattern in self._unmatched_names if not pattern.matches(name)}

    def finish(self) -> None:
        """Put into the plan what the selections with a limit have come to."""
        for newest in self._newest:
            self._plan.add(newest.refs())

    def unknown_forms(self) -> dict[str, str | None]:
        """The form types asked for that no row had, each with the near one that some row had, or None.

        EDGAR adds form types, so an unknown one is no error; but it may be a slip of the pen.
        """
        seen = {form.upper(): form for form in sorted(self._forms_seen)}
        unknown = {}
        for pattern in sorted(self._patterns):
            if _GLOB.isdisjoint(pattern) and not any(form_matches(form, [pattern]) for form in seen):
                near = difflib.get_close_matches(pattern.upper(), seen, n=1)
                unknown[pattern] = seen[near[0]] if near else None
        return unknown

    def unknown_names(self) -> dict[str, list[str]]:
        """The names asked for that no row's company has, each with near ones that some row's has."""
        patterns = sorted(self._unmatched_names, key=lambda pattern: pattern.text)
        return {pattern.text: near_names(pattern.text, self._names_seen) for pattern in patterns}


class _Newest:
    """The newest submissions of a selection with a limit, by filing date and accession number."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._refs: dict[AccessionNumber, SubmissionRef] = {}

    @property
    def is_full(self) -> bool:
        return len(self._refs) >= (self._selection.limit or 0)

    def add(self, entry: MasterIndexEntry, *, listed: bool) -> None:
        if entry.accession not in self._refs and self._selection.matches(entry):
            self._refs[entry.accession] = _ref(entry, listed=listed)

    def refs(self) -> list[SubmissionRef]:
        newest = sorted(self._refs.values(), key=lambda ref: (ref.filing_date, ref.accession), reverse=True)
        return newest[: self._selection.limit]


def fingerprint(selections: Sequence[Selection]) -> str | None:
    """A text that is the same for selections that take the same, whatever their order; None where one has a limit."""
    if any(selection.limit is not None for selection in selections):
        return None
    parts = sorted(
        repr(
            (
                sorted({form.upper() for form in selection.forms}),
                sorted(set(selection.ciks)),
                sorted({" ".join(pattern.words) for pattern in selection.name_patterns}),
                str(selection.since),
                str(selection.until),
            )
        )
        for selection in selections
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _ref(entry: MasterIndexEntry, *, listed: bool) -> SubmissionRef:
    return SubmissionRef(entry.accession, entry.form, entry.filing_date, entry.cik, listed)
