"""From index rows to a plan: the selected submissions, one reference per accession number."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from archiver.edgar.endpoints import Quarter
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber, form_matches
from archiver.model import MasterIndexEntry
from archiver.planning.plan import Plan, SubmissionRef
from archiver.selection.names import RULES_VERSION, near_names
from archiver.selection.selection import Selection

_GLOB = frozenset("*?[")
_MOST_NAMES = 300_000
"""Company names kept for suggestions; a quarter has about 100,000."""


class Planner:
    """Reads the index by quarter, newest first, and adds to `plan` what any of `selections` selects.

    A submission of several entities has several rows in the index but one in the plan. Raises `UsageError` for a
    selection whose tickers have not been replaced by CIKs.
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
        """Whether every selection has reached its limit, so that older quarters add nothing."""
        return not self._unlimited and all(newest.is_full for newest in self._newest)

    def add(self, entries: Iterable[MasterIndexEntry], *, quarter: Quarter, listed: bool = True) -> None:
        """Add the rows of one quarter, from its full index (`listed`) or a daily one."""
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
        """Remember a company's name while a requested name has no match."""
        if len(self._names_seen) < _MOST_NAMES:
            self._names_seen.add(name)
        self._unmatched_names = {pattern for pattern in self._unmatched_names if not pattern.matches(name)}

    def finish(self) -> None:
        """Add the results of selections with a limit to the plan."""
        for newest in self._newest:
            self._plan.add(newest.refs())

    def unknown_forms(self) -> dict[str, str | None]:
        """Requested form types without any row, each with a similar one that has rows, or None.

        EDGAR adds form types, so an unknown one is not an error, but it may be a typo.
        """
        seen = {form.upper(): form for form in sorted(self._forms_seen)}
        unknown = {}
        for pattern in sorted(self._patterns):
            if _GLOB.isdisjoint(pattern) and not any(form_matches(form, [pattern]) for form in seen):
                near = difflib.get_close_matches(pattern.upper(), seen, n=1)
                unknown[pattern] = seen[near[0]] if near else None
        return unknown

    def unknown_names(self) -> dict[str, list[str]]:
        """Requested names that match no company, each with similar names."""
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
    """A text that is equal for equivalent selections in any order; None if one has a limit."""
    if any(selection.limit is not None for selection in selections):
        return None
    parts = sorted(
        repr(
            (
                sorted({form.upper() for form in selection.forms}),
                sorted(set(selection.ciks)),
                sorted({f"{RULES_VERSION} {' '.join(pattern.words)}" for pattern in selection.name_patterns}),
                str(selection.since),
                str(selection.until),
            )
        )
        for selection in selections
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _ref(entry: MasterIndexEntry, *, listed: bool) -> SubmissionRef:
    return SubmissionRef(entry.accession, entry.form, entry.filing_date, entry.cik, listed)
