"""Entities by the words of their names."""

from __future__ import annotations

from itertools import islice

from archiver.errors import (
    DamageError,
    NotInArchiveError,
    QueryTimeoutError,
    UnreadableSubmissionError,
    UsageError,
)
from archiver.identifiers import Cik
from edgarchive.web.archive import ServedArchive
from indexer.search.hits import Hit

_FILINGS, _SEARCHES = 100, 5


async def entities_named(archive: ServedArchive, text: str, *, limit: int) -> dict[Cik, str]:
    """At most `limit` entities whose name has or had the words of `text`, the last one as a prefix: CIK -> name.

    They are from the newest filings; then from those of others, as one entity may have filed all of these. None if
    `text` is no name. Raises as `ServedArchive.search`.
    """
    words = text.casefold().split()
    found: dict[Cik, str] = {}
    for _ in range(_SEARCHES if words else 0):
        known = len(found)
        try:
            results = await archive.search(
                " ".join(f"-cik:{int(cik)}" for cik in found) or None,
                name=f"{text}*",
                sort="newest",
                limit=_FILINGS,
                snippets=False,
            )
        except QueryTimeoutError:
            raise
        except UsageError:
            break
        for hit in results.hits:
            entities = await archive.entities(hit)
            named = {one.cik: one.name for one in entities if one.cik is not None and _has(words, one.name)}
            if not named and not any(one.cik in found for one in entities):
                named = await _formerly_named(archive, hit, words)
            for cik, name in named.items():
                found.setdefault(cik, name)
            if len(found) >= limit:
                break
        if len(found) >= limit or len(found) == known or results.total <= _FILINGS:
            break
    return dict(islice(found.items(), limit))


async def _formerly_named(archive: ServedArchive, hit: Hit, words: list[str]) -> dict[Cik, str]:
    """The entities of a filing that had such a name before. None if the filing cannot be read (`verify` reports it)."""
    try:
        header = (await archive.facts(hit.accession)).header
    except (DamageError, NotInArchiveError, UnreadableSubmissionError):
        return {}
    entities = [one for one in header.entities if any(_has(words, former.name) for former in one.former_names)]
    return {one.cik: one.name for one in entities if one.cik is not None}


def _has(words: list[str], name: str) -> bool:
    return all(word in name.casefold() for word in words)
