"""Extracting the text of a document from its bytes."""

EXTRACTOR_VERSION = 9
"""Increase it with every change that gives another text, or other sections, for any document.

Texts stored with another version are extracted again (docs/format.md).
"""
