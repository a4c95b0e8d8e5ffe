"""Style sheet, script, and the description for adding the archive to a browser as a search engine."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from edgarchive.web.safety import public_url

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_YEAR_S = 365 * 24 * 3600


async def static_file(request: web.Request) -> web.Response:
    """``/static/NAME``; pages include the version in the URL, so browsers may cache it for a year."""
    name = request.match_info["name"]
    resource = files("edgarchive.web") / "static" / name
    if not resource.is_file():
        raise web.HTTPNotFound
    return web.Response(
        body=resource.read_bytes(),
        content_type=_TYPES[name.rpartition(".")[2]],
        headers={"Cache-Control": f"public, max-age={_YEAR_S}, immutable"},
    )


async def opensearch_description(request: web.Request) -> web.Response:
    """``/opensearch.xml`` (OpenSearch 1.1)."""
    base = public_url(request).origin()
    text = f"""<?xml version="1.0" encoding="utf-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>edgarchive</ShortName>
<Description>Search the local archive of SEC EDGAR filings</Description>
<InputEncoding>UTF-8</InputEncoding>
<Url type="text/html" template="{base}/search?q={{searchTerms}}"/>
<Url type="application/atom+xml" template="{base}/search.atom?q={{searchTerms}}"/>
</OpenSearchDescription>
"""
    return web.Response(text=text, content_type="application/opensearchdescription+xml")
