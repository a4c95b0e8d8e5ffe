"""The text of every real HTML document at hand, held against another parser's tree."""

from __future__ import annotations

import re

import pytest
from lxml import html

from archiver.words import words
from indexer.text.charset import decode
from indexer.text.html_text import html_text
from indexer.text.kinds import unwrap
from tests.unit.corpus import needs_corpus, read, rows

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_UNSEEN = {"script", "style", "title", "ix:header", "header"}

pytestmark = needs_corpus


def _visible(source: bytes) -> str:
    """All text of lxml's tree but what is hidden."""
    tree = html.document_fromstring(decode(source).encode(), parser=html.HTMLParser(huge_tree=True, encoding="utf-8"))
    for element in list(tree.iter()):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _UNSEEN or not tag or _HIDDEN.search(element.get("style", "")):
            element.drop_tree()
    return str(tree.text_content())


@pytest.mark.parametrize("file", [row["file"] for row in rows("submission", "dissemination")])
@pytest.mark.slow
def test_letters_and_digits_are_those_of_the_tree(file: str) -> None:
    """However lines and words are cut, nothing that is shown is lost, nothing hidden is shown, all in order."""
    for document in read(file).documents:
        if document.kind == "html":
            source = unwrap(document.body())
            assert "".join(words(html_text(source))) == "".join(words(_visible(source))), document.sequence
