"""Errors as responses: a client's mistake gets advice; an internal error is logged and reveals nothing.

A page for requests of pages, S3's XML for EDGAR's files, and JSON for everything else.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from aiohttp import hdrs, web

from archiver.errors import (
    DamageError,
    EdgarchiveError,
    IdentifierError,
    NotInArchiveError,
    QueryError,
    QueryTimeoutError,
    UsageError,
)
from archiver.events import event
from archiver.startup.patterns import lazy_pattern
from edgarchive.formats import without_root
from edgarchive.web.edgar.answers import no_such_key
from edgarchive.web.keys import SETTINGS
from edgarchive.web.limits.gate import BusyError
from edgarchive.web.pages.render import problem_page
from edgarchive.web.safety import Handler, ResponseEndedError

_log = logging.getLogger(__name__)

_PAGE = lazy_pattern(r"/|/search|/company/\d+|/filing/[0-9-]+(?:/\d+)?")
"""URLs of our pages, which people open in a browser."""

_FILES = "/Archives/"
"""EDGAR serves files below this path from S3, and responds like S3."""

_NO_ROUTE = web.HTTPNotFound().text
"""aiohttp's text for a URL without a route."""


_KEPT_HEADERS = ("Allow",)


def status_of(error: EdgarchiveError) -> HTTPStatus:
    """The HTTP status for an error of the library."""
    match error:
        case NotInArchiveError():
            return HTTPStatus.NOT_FOUND
        case QueryTimeoutError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case QueryError() | UsageError() | IdentifierError():
            return HTTPStatus.BAD_REQUEST
        case DamageError():
            return HTTPStatus.INTERNAL_SERVER_ERROR
        case _:
            return HTTPStatus.SERVICE_UNAVAILABLE


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into responses: a page for people, otherwise ``{"error", "position", "hint"}``."""
    try:
        return await handler(request)
    except EdgarchiveError as error:
        _end_if_begun(request, error)
        status = status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            facts = event("request-failed", method=request.method, path=request.path)
            _log.error("%s %s: %s", request.method, request.path, error, extra=facts)
        root = request.app[SETTINGS].root
        message, advice = without_root(error.message, root), error.hint and without_root(error.hint, root)
        response = _answer(request, status, message, advice, getattr(error, "position", None))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "30"
        return response
    except BusyError as error:
        _end_if_begun(request, error)
        response = _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, error.message, error.hint)
        response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    except web.HTTPException as error:
        _end_if_begun(request, error)
        if error.text == _NO_ROUTE:
            return _unrouted(request)
        if error.status < HTTPStatus.BAD_REQUEST or error.content_type != "text/plain":
            raise
        message, _, hint = (error.text or "").strip().partition(". ")
        response = _answer(request, HTTPStatus(error.status), message.removesuffix("."), hint)
        response.headers.extend({name: error.headers[name] for name in _KEPT_HEADERS if name in error.headers})
        return response


def _end_if_begun(request: web.Request, error: Exception) -> None:
    """End the connection if the response has begun: a second one would be read as a part of the first.

    Raises `ResponseEndedError`.
    """
    if request.writer.output_size > 0:
        facts = event("response-ended", method=request.method, path=request.path)
        _log.error("%s %s was cut short: %s", request.method, request.path, error, extra=facts)
        raise ResponseEndedError from error


def _unrouted(request: web.Request) -> web.Response:
    """The response for a URL that the server does not have."""
    if request.path.startswith(_FILES):
        error = no_such_key(request)
        return web.Response(text=error.text, status=error.status, content_type=error.content_type)
    return _answer(request, HTTPStatus.NOT_FOUND, "there is no such page", "start at /, or see /openapi.json")


def _answer(
    request: web.Request, status: HTTPStatus, message: str, hint: str, position: int | None = None
) -> web.Response:
    wants_page = "text/html" in request.headers.get("Accept", "") and not request.path.startswith(_FILES)
    if wants_page or _PAGE.fullmatch(request.path):
        response = problem_page(request, status, message, hint)
    else:
        response = web.json_response({"error": message, "position": position, "hint": hint}, status=status)
    response.headers[hdrs.VARY] = hdrs.ACCEPT
    return response
