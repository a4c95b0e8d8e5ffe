"""Entities by the words of their names."""

from __future__ import annotations

from itertools import islice

from archiver.errors import QueryTimeoutError, UsageError
from archiver.identifiers import Cik
from edgarchive.web.archive import ServedArchive

_FILINGS = 100


async def entities_named(archive: ServedArchive, text: str, *, limit: int) -> dict[Cik, str]:
    """At most `limit` entities whose name has the words of `text`, the last one as a prefix: CIK -> name.

    They are from the newest filings; none if `text` is no name. Raises as `ServedArchive.search`.
    """
    if not text:
        return {}
    try:
        results = await archive.search(None, name=f"{text}*", limit=_FILINGS, snippets=False)
    except QueryTimeoutError:
        raise
    except UsageError:
        return {}
    words = text.casefold().split()
    found: dict[Cik, str] = {}
    for hit in results.hits:
        for entity in await archive.entities(hit):
            if entity.cik is not None and all(word in entity.name.casefold() for word in words):
                found.setdefault(entity.cik, entity.name)
        if len(found) >= limit:
            break
    return dict(islice(found.items(), limit))
