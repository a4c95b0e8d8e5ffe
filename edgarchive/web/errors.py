"""Errors as responses: a client's mistake says what to do; one of ours is logged and gives nothing away."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

from aiohttp import web

from archiver.errors import (
    DamageError,
    EdgarchiveError,
    IdentifierError,
    NotInArchiveError,
    QueryError,
    UsageError,
)
from archiver.events import event
from edgarchive.web.pages.render import problem_page
from edgarchive.web.safety import Handler

_log = logging.getLogger(__name__)

_PAGE = re.compile(r"/|/search|/company/\d+|/filing/[0-9-]+(?:/\d+)?")
"""URLs that people open in a browser."""


def status_of(error: EdgarchiveError) -> HTTPStatus:
    """The status that an error of the library means for a client."""
    match error:
        case NotInArchiveError():
            return HTTPStatus.NOT_FOUND
        case QueryError() | UsageError() | IdentifierError():
            return HTTPStatus.BAD_REQUEST
        case DamageError():
            return HTTPStatus.INTERNAL_SERVER_ERROR
        case _:
            return HTTPStatus.SERVICE_UNAVAILABLE


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn the library's errors into responses: a page for a page's URL, else ``{"error", "position", "hint"}``."""
    try:
        return await handler(request)
    except EdgarchiveError as error:
        status = status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            facts = event("request-failed", method=request.method, path=request.path)
            _log.error("%s %s: %s", request.method, request.path, error, extra=facts)
        headers = {"Retry-After": "30"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        if _PAGE.fullmatch(request.path):
            return problem_page(request, status, error.message, error.hint)
        body = {"error": error.message, "position": getattr(error, "position", None), "hint": error.hint}
        return web.json_response(body, status=status, headers=headers)
