"""Responses that EDGAR's servers give for any URL: S3's "no such key", CIK redirects, folder listings."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from archiver.identifiers import Cik
from archiver.startup.dataclass import dataclass
from archiver.visible import visible

_NO_SUCH_KEY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>{key}</Key></Error>"
)


def no_such_key(request: web.Request) -> web.HTTPNotFound:
    """EDGAR's answer for a path under Archives that does not exist: S3's error document with status 404."""
    key = html.escape(visible(request.path.removeprefix("/Archives/")))
    return web.HTTPNotFound(text=_NO_SUCH_KEY.format(key=key), content_type="application/xml")


def padded_cik_redirect(request: web.Request, text: str) -> None:
    """Redirect a CIK with leading zeros in a path, as EDGAR does (301); otherwise return."""
    if text.startswith("0") and (short := text.lstrip("0")):
        raise web.HTTPMovedPermanently(request.rel_url.with_path(request.path.replace(f"/{text}/", f"/{short}/", 1)))


def read_cik(request: web.Request, text: str) -> Cik:
    """The CIK in a path. Raises `web.HTTPNotFound`, or EDGAR's redirect for leading zeros."""
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 10):  # noqa: PLR2004 — the length of a CIK
        raise no_such_key(request)
    padded_cik_redirect(request, text)
    return Cik(text)


def sic_code(sic: int | str | None) -> str | None:
    """A SIC code in EDGAR's spelling, four digits (``0100``); None without one."""
    return None if sic is None else f"{int(sic):04d}"


def act_number(act: str | None) -> str:
    """An Act as EDGAR's pages and files name it: ``34`` for ``1934 Act``; empty without one."""
    return (act or "").removesuffix(" Act").removeprefix("19")


@dataclass(frozen=True, slots=True)
class FolderItem:
    """A file or folder (`is_folder`) in a listing. `size` in bytes; None if EDGAR leaves it blank."""

    name: str
    modified: datetime | None
    size: int | None = None
    is_folder: bool = False


def folder_json(name: str, items: list[FolderItem]) -> dict[str, Any]:
    """A folder's ``index.json`` in EDGAR's format; `name` is the folder's path."""
    path = name.rstrip("/")
    return {
        "directory": {
            "item": [
                {
                    "last-modified": _moment(item),
                    "name": item.name,
                    "type": "folder.gif" if item.is_folder else "text.gif",
                    "href": f"{item.name}/" if item.is_folder else item.name,
                    "size": "" if item.size is None else str(item.size),
                }
                for item in items
            ],
            "name": path,
            "parent-dir": path.rpartition("/")[0] or "/",
        }
    }


def folder_page(name: str, items: list[FolderItem]) -> str:
    """A folder's listing as a page."""
    rows = "\n".join(
        f'<tr><td><a href="{file_link(item.name)}{"/" if item.is_folder else ""}">'
        f"{html.escape(visible(item.name))}</a></td>"
        f"<td>{'' if item.size is None else item.size}</td><td>{_moment(item)}</td></tr>"
        for item in items
    )
    title = f"Directory Listing for {html.escape(name)}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n<table>\n<tr><th>Name</th><th>Size</th><th>Last Modified</th></tr>\n"
        f"{rows}\n</table></body></html>\n"
    )


def file_link(name: str) -> str:
    """The URL of a file from its folder: a filer's name of it leads to no other scheme, host or folder."""
    return quote(name, safe="", errors="replace")


def _moment(item: FolderItem) -> str:
    return item.modified.strftime("%Y-%m-%d %H:%M:%S") if item.modified else ""
