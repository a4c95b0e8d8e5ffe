"""Pages from templates, and the passages of a text with their matches marked."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from aiohttp import web
from markupsafe import Markup, escape

from edgarchive.web.keys import TEMPLATES


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page made of a template."""
    text = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(**{"version": version("edgarchive"), "error": None, **values})
    )
    return web.Response(text=text, content_type="text/html", status=status)


def problem_page(request: web.Request, status: HTTPStatus, message: str, hint: str | None) -> web.Response:
    """The page that says why there is no other."""
    titles = {HTTPStatus.NOT_FOUND: "Not in this archive", HTTPStatus.BAD_REQUEST: "This cannot be read"}
    title = titles.get(status, "The archive cannot answer now")
    return page(request, "problem.html", status=status, title=title, message=message, hint=hint)


def marked(text: str, spans: Iterable[tuple[int, int]], *, numbered: bool = False) -> Markup:
    """`text`, escaped, with each of `spans` marked; `numbered`: with ids ``match-1`` and so on to jump to."""
    parts: list[Markup] = []
    end = 0
    for number, (start, stop) in enumerate(spans, start=1):
        opening = Markup('<mark id="match-{}">').format(number) if numbered else Markup("<mark>")
        parts += [escape(text[end:start]), opening, escape(text[start:stop]), Markup("</mark>")]
        end = stop
    return Markup("").join([*parts, escape(text[end:])])
