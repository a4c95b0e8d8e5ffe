"""The version of what turns a document into text and sections."""

from __future__ import annotations

EXTRACTOR_VERSION = 3
"""Raise it with every change that gives another text, or other sections, for any document.

Texts that are kept with another version are extracted again (docs/format.md).
"""
