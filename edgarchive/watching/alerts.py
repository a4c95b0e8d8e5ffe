"""Which new filings are told of: each as the JSON object that every sink gets, under an id that stays the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.identifiers import AccessionNumber
from edgarchive.watching.schedule import EASTERN
from edgarchive.watching.searches import NamedSearch
from indexer.search.hits import Hit
from indexer.search.library import Library
from indexer.search.options import SearchOptions

_AT_ONCE = 25
"""Filings that one search is asked about at a time: a query has a bound on its terms."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told of one filing, for one saved search or (None) for none in particular."""

    id: str
    search: str | None
    accession: AccessionNumber
    payload: dict[str, Any]


def alerts_for(
    library: Library,
    accessions: Sequence[AccessionNumber],
    searches: Sequence[NamedSearch] | None,
    accepted: Mapping[AccessionNumber, str],
) -> Iterator[Alert]:
    """The alerts of some filings that are indexed: of those that `searches` find, or, without searches, of all.

    The main index is asked, so that a saved search means the same here as everywhere. `accepted` has the feed's own
    times of acceptance.
    """
    for some in _batched(accessions):
        for search in [None] if searches is None else searches:
            for hit in _found(library, some, search):
                yield _alert(hit, search, accepted.get(hit.accession))


def _batched(accessions: Sequence[AccessionNumber]) -> Iterator[Sequence[AccessionNumber]]:
    for start in range(0, len(accessions), _AT_ONCE):
        yield accessions[start : start + _AT_ONCE]


def _found(library: Library, accessions: Iterable[AccessionNumber], search: NamedSearch | None) -> Sequence[Hit]:
    among = " OR ".join(f"accession:{accession}" for accession in accessions)
    options = search.options if search else SearchOptions(snippets=False)
    words = f"({options.query}) ({among})" if options.query else f"({among})"
    found = library.run(options.replace(query=words, limit=None))
    return sorted(found.hits, key=lambda hit: hit.accession)


def alert_id(accession: AccessionNumber, search: str | None) -> str:
    """The id of an alert: the same for the same filing and search, in every run."""
    return "alert_" + hashlib.sha256(f"{accession}\n{search or ''}".encode()).hexdigest()[:32]


def _alert(hit: Hit, search: NamedSearch | None, accepted: str | None) -> Alert:
    name = search.name if search else None
    moment = hit.acceptance_datetime
    if accepted is None and moment is not None:
        accepted = moment.replace(tzinfo=EASTERN).isoformat()
    whole = hit.to_dict()
    payload = {
        "id": alert_id(hit.accession, name),
        "search": name,
        "accession": str(hit.accession),
        "form": str(hit.form),
        "filing_date": hit.filing_date.isoformat(),
        "accepted": accepted,
        "items": list(hit.items),
        "entities": whole["entities"],
        "snippet": hit.snippet if search and search.options.query else None,
        "url": hit.url,
    }
    return Alert(payload["id"], name, hit.accession, payload)
