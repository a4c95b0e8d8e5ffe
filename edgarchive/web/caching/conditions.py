"""Conditional requests (RFC 9110, 13): a client that has the current response gets 304."""

from __future__ import annotations

import asyncio
import hashlib

from aiohttp import hdrs, web

from edgarchive.web.safety import Handler

_QUICK_BYTES = 1 << 18
"""A body longer than this is hashed in a thread."""

_KEPT_HEADERS = (hdrs.ETAG, hdrs.CACHE_CONTROL, hdrs.VARY, "Content-Security-Policy")


def is_known(request: web.Request, tag: str) -> bool:
    """Whether ``If-None-Match`` names `tag`, an entity tag without its quotation marks, or its copy from EDGAR.

    EDGAR's server appends ``-gzip`` to the tag of a compressed response.
    """
    return any(one.value.removesuffix("-gzip") in {tag, "*"} for one in request.if_none_match or ())


@web.middleware
async def answer_conditions(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a complete response its entity tag, and answer 304 if the client has it. Streams have none."""
    response = await handler(request)
    body = response.body if isinstance(response, web.Response) else None
    if response.status != web.HTTPOk.status_code or not isinstance(body, bytes) or request.method == hdrs.METH_POST:
        return response
    if response.etag is None:
        response.etag = _tag(body) if len(body) < _QUICK_BYTES else await asyncio.to_thread(_tag, body)
    if response.etag is not None and is_known(request, response.etag.value):
        # the policy too: a browser takes the headers of a 304 for the response that it kept
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        return web.Response(status=web.HTTPNotModified.status_code, headers=headers)
    return response


def _tag(body: bytes) -> str:
    """The MD5 of the body, as in EDGAR's tags, which clients check."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
