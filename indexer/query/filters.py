"""Filters beside a query: what every hit must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from archiver.errors import UsageError
from indexer.fields import BY_NAME
from indexer.query.leaves import FIRST_DATE, LAST_DATE, join_all, join_any, value_leaf
from indexer.query.nodes import DateSpan, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a hit must be, beside the query: values of one kind are alternatives, and every kind given must hold.

    Each attribute but the dates is a field of `indexer.fields.TABLE` and takes what the field takes in a query, without
    quotes. Dates are filing dates, inclusive. None asks for nothing.
    """

    cik: Sequence[int | str] | None = None
    form: Sequence[str] | None = None
    item: Sequence[str] | None = None
    name: Sequence[str] | None = None
    type: Sequence[str] | None = None
    since: date | None = None
    until: date | None = None

    def tree(self) -> Node | None:
        """The filters as a query tree, None where nothing is asked.

        Raises `UsageError` for a value without meaning, and for a filter without any value: an empty list is never
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
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"since {self.since} is after until {self.until}", "swap the two dates")
        if self.since or self.until:
            kinds.append(DateSpan("filed", self.since or FIRST_DATE, self.until or LAST_DATE))
        return join_all(kinds)
