"""HTML for notebooks: tables of plain values, with all text from filers escaped, and nothing that reorders a line."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from archiver.visible import visible


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def escaped(value: object) -> Markup:
    """A value as HTML; None is empty."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(str(value)))


def link(text: str, url: str | None) -> Markup:
    """`text` linked to `url` if that is a web address."""
    if not url or not url.startswith(("https://", "http://")):
        return escaped(text)
    return Markup(f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{html.escape(text)}</a>')


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> Markup:
    """A table with a header row."""
    top = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    heads = "".join(f'<th scope="col" style="text-align:left">{html.escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left;vertical-align:top">{escaped(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    return Markup(visible(f"<table>{top}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"))


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """A table of names and values without empty values."""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{escaped(value)}</td></tr>'
        for name, value in pairs
        if value not in {None, ""}
    )
    return Markup(visible(f"<table><tbody>{rows}</tbody></table>"))
