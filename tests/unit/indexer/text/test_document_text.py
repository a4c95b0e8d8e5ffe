from __future__ import annotations

import pytest

from indexer.text.document_text import document_text, plain_text
from indexer.text.kinds import DocumentKind


def test_layout_tags_leave_columns_in_place() -> None:
    """EDGAR's layout tags become as many blanks; data tags, line ends and all else stay."""
    source = b"<PAGE>  12\r\n<TABLE>\r\n<S>     <C>\r\nSales   1\r\n</TABLE>\r\n<CASH>  7 <F1>"
    assert plain_text(source) == "        12\n       \n           \nSales   1\n        \n<CASH>  7     "


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("html", b"<XBRL>\n<?xml version='1.0'?>\n<html><p>a</p></html>\n</XBRL>\n", "a"),
        ("xml", b"<XML>\n<a>1</a>\n</XML>\n", "a: 1"),
        ("text", b"a\n", "a\n"),
        ("pdf", b"<PDF>\nbegin 644 x\n", ""),
        ("image", b"begin 644 x\n", ""),
        ("xbrl", b"<XBRL>\n<a>1</a>\n</XBRL>\n", ""),
        ("paper", b"x", ""),
    ],
)
def test_each_kind_is_read_its_own_way(kind: DocumentKind, body: bytes, expected: str) -> None:
    """Markup is read as what it is inside EDGAR's wrapper; what holds no words of the filer's has no text."""
    assert document_text(body, kind=kind) == expected
