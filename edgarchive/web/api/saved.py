"""Saved searches as Atom feeds, latest additions first."""

from __future__ import annotations

import asyncio

from aiohttp import web
from yarl import URL

from archiver.errors import NotInArchiveError, SettingsError
from edgarchive.watching.alerts import alert_id
from edgarchive.watching.searches import NamedSearch, usable_searches
from edgarchive.web.api.search import FEED_ENTRIES, atom, moment
from edgarchive.web.keys import ARCHIVE, SETTINGS
from edgarchive.web.params import check_names
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions


async def all_saved(request: web.Request) -> tuple[dict[str, NamedSearch], tuple[SettingsError, ...]]:
    """The current saved searches by name, and the errors in invalid ones."""
    return await asyncio.to_thread(usable_searches, request.app[SETTINGS])


async def saved_atom(request: web.Request) -> web.Response:
    """``/saved/NAME.atom``: the latest hits of a saved search; entries have the ids of their alerts (`alert_id`).

    An entry's ``updated`` is when the filing was added to the archive. Raises `NotInArchiveError` for an unknown name.
    """
    check_names(request.query)
    name = request.match_info["name"]
    searches, _ = await all_saved(request)
    search = searches.get(name)
    if search is None:
        raise NotInArchiveError(f"there is no saved search {name}", "`edgarchive saved list` names them")
    results = await request.app[ARCHIVE].run(search.options.replace(sort="added", offset=0, limit=FEED_ENTRIES))
    return atom(
        request,
        results,
        title=name,
        page=search_url(search.options),
        entry_id=lambda hit: f"urn:edgarchive:{alert_id(hit.accession, name)}",
        updated=_added,
    )


def _added(hit: Hit) -> str:
    return hit.added.isoformat() if hit.added else moment(hit)


def search_url(options: SearchOptions) -> URL:
    """The URL of the page with the same search."""
    pairs: list[tuple[str, str]] = []
    for name, value in options.to_dict().items():
        values = value if isinstance(value, (list, tuple)) else (value,)
        pairs += (("q" if name == "query" else name, str(int(one) if isinstance(one, bool) else one)) for one in values)
    return URL("/search").with_query([*pairs, ("sort", "added")])
