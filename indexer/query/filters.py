"""Filters: conditions that every hit must meet, without effect on its score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime

from archiver.errors import UsageError
from archiver.startup.dataclass import dataclass
from indexer.fields import BY_NAME, moment_number
from indexer.query.language.leaves import FIRST_DATE, LAST_DATE, join_all, join_any, value_leaf
from indexer.query.nodes import AtLeast, DateSpan, Node, Not

_EXHIBITS = "EX-*"
_NOT_MAIN = (
    *("GRAPHIC", "ZIP", "XML", "EXCEL", "JSON", "COVER"),
    *("INFORMATION TABLE", "INTERNAL CONTROL RPT", "ATS-N EX-*", "ATS-N PART*"),
)
"""Types of documents that are neither main documents nor exhibits.

Images, data, what EDGAR adds, and attachments: the holdings of a 13F, the accountant's report of an N-CEN, parts of an
ATS-N.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Conditions on a hit: values of one attribute are alternatives, and all given attributes must match.

    An attribute with the name of a field of `indexer.fields.TABLE` takes the values that the field takes in a query,
    without quotes. The `type` ``EX-10`` includes ``EX-10.1`` and so on, but never ``EX-101``. `since` and `until` are
    filing dates, inclusive. `added_since` is a day (UTC), a time (UTC, to the second), or the number of a run: what
    that run and later runs added. `main` selects documents that are not exhibits, images or data; `exhibits` selects
    those of a type ``EX-…``; `amendments` says whether the form ends in ``/A``. None and False do not filter.
    """

    cik: Sequence[int | str] | None = None
    form: Sequence[str] | None = None
    item: Sequence[str] | None = None
    name: Sequence[str] | None = None
    type: Sequence[str] | None = None
    section: Sequence[str] | None = None
    series: Sequence[str] | None = None
    sic: Sequence[int | str] | None = None
    state: Sequence[str] | None = None
    main: bool = False
    exhibits: bool = False
    amendments: bool | None = None
    since: date | None = None
    until: date | None = None
    added_since: date | datetime | int | None = None

    def tree(self) -> Node | None:
        """The filters as a query tree; None without filters.

        Raises `UsageError` for a value that cannot be interpreted, and for an empty list, which must never select
        everything.
        """
        kinds: list[Node | None] = []
        for attribute in fields(self):
            values = getattr(self, attribute.name)
            if attribute.name not in BY_NAME or values is None:
                continue
            if not values:
                raise UsageError(f"the filter {attribute.name} has no value", "give one, or leave the filter out")
            kinds.append(join_any(value_leaf(BY_NAME[attribute.name], str(value)) for value in values))
        kinds.extend(self._kinds_of_documents())
        added = None if self.added_since is None else _added_since(self.added_since)
        return join_all((*kinds, self.dates(), added))

    def dates(self) -> Node | None:
        """The filing dates as a query tree; None without dates. Raises `UsageError` if `since` is after `until`."""
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"since {self.since} is after until {self.until}", "swap the two dates")
        if self.since is None and self.until is None:
            return None
        return DateSpan("filed", self.since or FIRST_DATE, self.until or LAST_DATE)

    def _kinds_of_documents(self) -> Iterator[Node | None]:
        if self.main and self.exhibits:
            raise UsageError("no document is both main and an exhibit", "ask for one of the two")
        if self.exhibits:
            yield value_leaf(BY_NAME["type"], _EXHIBITS)
        if self.main:
            others = join_any(value_leaf(BY_NAME["type"], one) for one in (_EXHIBITS, *_NOT_MAIN))
            yield None if others is None else Not(others)
        if self.amendments is not None:
            amendment = value_leaf(BY_NAME["form"], "*/A")
            yield amendment if self.amendments else Not(amendment)


def _added_since(start: date | datetime | int) -> Node:
    match start:
        case datetime():
            return AtLeast("added_at", moment_number(start))
        case date():
            return DateSpan("added", start, LAST_DATE)
        case _:
            return AtLeast("added_run", start)
