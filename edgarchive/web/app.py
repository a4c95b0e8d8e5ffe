"""The web application: routes, middlewares, startup and cleanup."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Literal

from aiohttp import web

from archiver.errors import UsageError
from archiver.settings.settings import Settings
from edgarchive.web.archive import ServedArchive
from edgarchive.web.caching.conditions import answer_conditions
from edgarchive.web.caching.recent import answer_recent
from edgarchive.web.errors import answer_errors
from edgarchive.web.keys import ARCHIVE, INDEX_SOURCE, SETTINGS, TEMPLATES
from edgarchive.web.limits.gate import Gate
from edgarchive.web.limits.memory import limit_memory
from edgarchive.web.pages.render import templates
from edgarchive.web.routes import edgar_routes, own_routes
from edgarchive.web.safety import add_headers, check_request, collapse_slashes
from indexer.search.async_library import AsyncLibrary
from indexer.search.library import Library

IndexSource = Literal["held", "edgar"]

_MAX_BODY_BYTES = 64 * 1024


def create_app(
    archive: Library | AsyncLibrary | Settings | str | PathLike[str],
    *,
    allow_hosts: Iterable[str] = (),
    index: IndexSource = "held",
) -> web.Application:
    """A web application that serves the archive in folder `archive`, or that of the library or settings.

    It reads the archive by itself: a library may be used or closed meanwhile. It answers only requests that name
    localhost, one of EDGAR's hosts or one of `allow_hosts`. `index`: whether EDGAR's index files list the contents of
    the archive, or are its copies of EDGAR's files. The archive is opened when the application starts, which may raise
    `NotInArchiveError`. Raises `UsageError`.
    """
    if index not in ("held", "edgar"):
        raise UsageError(f"index cannot be {index!r}", "choose held or edgar")
    app = web.Application(
        middlewares=[
            answer_errors,
            limit_memory(),
            check_request(allow_hosts),
            collapse_slashes,
            answer_conditions,
            answer_recent(),
        ],
        client_max_size=_MAX_BODY_BYTES,
    )
    app.on_response_prepare.append(add_headers)
    app[INDEX_SOURCE] = index
    app[TEMPLATES] = templates()
    if isinstance(archive, (Library, AsyncLibrary)):
        archive = archive.settings
    app.cleanup_ctx.append(_opened(archive))
    app.router.add_routes([*own_routes(), *edgar_routes()])
    return app


def _opened(archive: Settings | str | PathLike[str]) -> Callable[[web.Application], AsyncIterator[None]]:
    """Opens the archive with the application and closes it with it."""

    async def open_archive(app: web.Application) -> AsyncIterator[None]:
        if isinstance(archive, Settings):
            library, settings = AsyncLibrary(archive.root, settings=archive), archive
        else:
            library, settings = AsyncLibrary(archive), Settings(root=Path(archive))
        app[SETTINGS] = settings
        app[ARCHIVE] = ServedArchive(library, Gate())
        yield
        await library.close()

    return open_archive
