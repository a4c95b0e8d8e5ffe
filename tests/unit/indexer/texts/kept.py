"""Text stores on disk, for the tests of this package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from indexer.submission.submission import parse_submission
from indexer.texts.model import StoredSubmission, extract
from indexer.texts.parts import TextPartWriter
from indexer.texts.writer import TextWriter
from tests.unit.submissions import submission_bytes


def number(count: int) -> str:
    """The accession number of the `count`-th invented submission."""
    return f"0009000900-04-{count:06d}"


def document(text: str, *, type: str = "8-K", filename: str = "a.txt") -> str:  # noqa: A002 (EDGAR's word)
    """A document in EDGAR's format."""
    return f"<DOCUMENT>\n<TYPE>{type}\n<SEQUENCE>1\n<FILENAME>{filename}\n<TEXT>\n{text}\n</TEXT>\n</DOCUMENT>\n"


def extracted(accession: str, *texts: str, form: str = "8-K") -> StoredSubmission:
    """A submission with these texts as its documents."""
    documents = "".join(document(text, type=form) for text in texts)
    data = submission_bytes(accession, form=form, documents="@").replace(b"@", documents.encode())
    return extract(parse_submission(data), sha256=hashlib.sha256(data).hexdigest())


def add(root: Path, submissions: Iterable[StoredSubmission]) -> None:
    """Write these into the store of `root`, as one part."""
    with TextWriter(root) as writer:
        part = TextPartWriter(writer.building)
        for submission in submissions:
            part.add(submission)
        writer.adopt(part.finish())
