"""Rendering pages from templates, and passages of text with marked matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from archiver.visible import visible
from edgarchive.formats import human_bytes
from edgarchive.web.keys import TEMPLATES


def templates() -> jinja2.Environment:
    """The templates of all pages, each compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edgarchive.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        finalize=_visible,
    )
    environment.globals["version"] = version("edgarchive")
    environment.filters["prose"] = prose
    environment.filters["size"] = human_bytes
    return environment


def _visible(value: object) -> object:
    """What a template prints of `value`: filers choose names that reorder a line, or make a feed invalid."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """Render a template."""
    text = request.app[TEMPLATES].get_template(template).render(**{"error": None, **values})
    return web.Response(text=text, content_type="text/html", status=status)


def problem_page(request: web.Request, status: HTTPStatus, message: str, hint: str | None) -> web.Response:
    """The error page."""
    titles = {HTTPStatus.NOT_FOUND: "Not found", HTTPStatus.BAD_REQUEST: "This cannot be read"}
    refused = status < HTTPStatus.INTERNAL_SERVER_ERROR
    title = titles.get(status, "This request is refused" if refused else "The archive cannot answer now")
    return page(request, "problem.html", status=status, title=title, message=message, hint=hint)


def prose(text: str) -> Markup:
    """A message as a sentence for a page, with a capital and a full stop; ```code``` is set as code."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    if text and text[-1] not in ".!?:":
        text += "."
    parts = (Markup("<code>{}</code>").format(part) if code else escape(part) for code, part in _codes(text))
    return Markup("").join(parts)


def shortened(text: str, chars: int) -> str:
    """`text`, cut between words to at most `chars` characters."""
    return text if len(text) <= chars else f"{text[:chars].rsplit(' ', 1)[0]} …"


def _codes(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a text, and whether each is between backticks; an unclosed backtick stays as it is."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    return ((place % 2 == 1, part) for place, part in enumerate(parts))


def marked(text: str, spans: Iterable[tuple[int, int]], *, numbered: bool = False) -> Markup:
    """`text`, escaped, with each of `spans` marked; `numbered`: with ids ``match-1`` and so on as link targets."""
    parts: list[str] = []
    end = 0
    for number, (start, stop) in enumerate(spans, start=1):
        opening = f'<mark id="match-{number}">' if numbered else "<mark>"
        parts += [_shown(text[end:start]), opening, _shown(text[start:stop]), "</mark>"]
        end = stop
    parts.append(_shown(text[end:]))
    return Markup("".join(parts))  # noqa: S704 — each part is escaped, or ours


def _shown(text: str) -> Markup:
    return escape(visible(text))
