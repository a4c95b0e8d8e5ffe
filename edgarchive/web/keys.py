"""Typed keys of the application (https://docs.aiohttp.org/en/stable/web_advanced.html#application-s-config)."""

from __future__ import annotations

import jinja2
from aiohttp import web

from archiver.settings.settings import Settings
from edgarchive.web.archive import ServedArchive

ARCHIVE = web.AppKey("archive", ServedArchive)
SETTINGS = web.AppKey("settings", Settings)
INDEX_SOURCE = web.AppKey("index_source", str)
TEMPLATES = web.AppKey("templates", jinja2.Environment)
