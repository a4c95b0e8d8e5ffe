from __future__ import annotations

import gzip
import hashlib
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.checks.body import BodyFacts, BodyReader, read_facts
from archiver.checks.envelope import Opening
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from tests.unit.submissions import ACCESSION, submission_bytes

BODY = submission_bytes()
ONE = AccessionNumber(ACCESSION)
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()


def facts(body: bytes, *cuts: int, accession: str = ACCESSION) -> BodyFacts:
    """The facts of `body`, fed in pieces of the sizes `cuts`, then the rest."""
    reader = BodyReader(AccessionNumber(accession))
    for size in [*cuts, len(body)]:
        reader.feed(body[:size])
        body = body[size:]
    return reader.facts()


@given(st.lists(st.integers(min_value=0, max_value=600), max_size=20))
def test_the_facts_are_those_of_the_whole_body_in_any_chunks(cuts: list[int]) -> None:
    """Size and both checksums are of the decoded bytes, however they came."""
    assert facts(BODY, *cuts) == BodyFacts(
        size=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        md5=MD5,
        opening=Opening.SEC,
        named=True,
        closed=True,
        signature=None,
    )


@pytest.mark.parametrize("etag_md5", [None, MD5])
def test_a_whole_submission_has_no_fault(etag_md5: str | None) -> None:
    """With EDGAR's checksum, or without one."""
    assert facts(BODY).fault(etag_md5=etag_md5) is None


@pytest.mark.parametrize(
    ("body", "etag_md5", "message"),
    [
        (b"", None, "not a submission"),
        (b"<html>SEC.gov</html>", None, "not a submission"),
        (BODY[:-30], None, "truncated"),
        (BODY[:-30], MD5, "MD5"),
        (BODY.replace(b"zebra", b"horse"), MD5, "MD5"),
        (submission_bytes("0001193125-04-218427"), None, "another submission"),
    ],
    ids=["empty", "page", "cut-no-etag", "cut", "changed", "another"],
)
def test_a_body_that_is_not_what_was_asked_for_has_a_fault(body: bytes, etag_md5: str | None, message: str) -> None:
    """Each of the ways a body can be wrong is named."""
    assert message in (facts(body).fault(etag_md5=etag_md5) or "")


def test_without_a_closing_tag_the_checksum_alone_is_the_proof() -> None:
    """EDGAR itself serves a few files without one."""
    cut = BODY[:-30]
    assert facts(cut).fault(etag_md5=hashlib.md5(cut, usedforsecurity=False).hexdigest()) is None


def test_an_accession_number_is_found_in_either_spelling_and_in_the_header_alone() -> None:
    """Some headers name 18 digits; a mention deep in the text is no name."""
    digits = BODY.replace(ACCESSION.encode(), ACCESSION.replace("-", "").encode())
    assert facts(digits).named
    other = submission_bytes("0001193125-04-218427")
    quoting = other.replace(b"</SEC-DOC", b"x" * 20_000 + ACCESSION.encode() + b"</SEC-DOC")
    assert not facts(quoting).named
    assert not facts(quoting, *[1000] * 40).named


def test_a_stored_file_has_the_facts_of_its_decoded_bytes(tmp_path: Path) -> None:
    """One gzip member or several: the same file."""
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(BODY[:500]) + gzip.compress(BODY[500:]))
    assert read_facts(path, AccessionNumber(ACCESSION)) == facts(BODY)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"plain text", gzip.compress(BODY)[:-9], gzip.compress(BODY) + b"x"],
    ids=["missing", "empty", "no gzip", "cut", "more after it"],
)
def test_a_stored_file_that_is_missing_or_no_whole_gzip_is_damage(tmp_path: Path, content: bytes | None) -> None:
    """No reader of the archive sees half a file."""
    path = tmp_path / "file.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamageError):
        read_facts(path, AccessionNumber(ACCESSION))


@pytest.mark.parametrize(
    "mention",
    [
        b"PREVIOUS ACCESSION NUMBER:\t%s\n",
        b"PUBLIC REFERENCE ACCESSION NUMBER:\t%s\n",
        b"\tFORMER COMPANY:\tACCESSION NUMBER: %s\n",
        b"<PREVIOUS-ACCESSION-NUMBER>%s\n",
        b"<!-- %s -->\n",
    ],
)
def test_a_submission_that_mentions_another_is_not_the_other(mention: bytes) -> None:
    """The accession number of a submission stands in a field of its own; in every other place it is of another one."""
    other = submission_bytes("0001193125-04-218427")
    head, _, rest = other.partition(b"</SEC-HEADER>")
    mentioning = head + mention % ACCESSION.encode() + b"</SEC-HEADER>" + rest
    assert not facts(mentioning).named
    assert facts(mentioning, accession="0001193125-04-218427").named


def test_a_submission_that_gives_itself_two_numbers_is_neither() -> None:
    """The line that opens the document and the field of the header must agree."""
    line, _, rest = submission_bytes("0001193125-04-218427").partition(b"\n")
    two = line.replace(b"218427", b"218426") + b"\n" + rest
    assert not facts(two).named
    assert not facts(two, accession="0001193125-04-218427").named


@pytest.mark.parametrize(
    "first", [BODY, BODY.replace(b"\n", b"\r"), b"<SUBMISSION>\n<ACCESSION-NUMBER>" + ONE.encode()]
)
@pytest.mark.parametrize("size", [1, 7, 40, 296, 300, 100_000])
def test_another_submission_in_a_body_is_found_wherever_the_chunks_are_cut(first: bytes, size: int) -> None:
    """At the beginning of a line, or after a closing tag; its own number again is none."""
    closed = first.rstrip() if first.rstrip().endswith(b">") else first + b"</SUBMISSION>"
    other = "0001193125-04-999999"
    opening = b"<SUBMISSION>\n<ACCESSION-NUMBER>%s" if first.startswith(b"<SUB") else b"<SEC-DOCUMENT>%s.txt : 20041222"
    for body, found in (
        (first + b"\n" + opening % other.encode(), other),
        (first + b"\r" + opening % ONE.encode() + b"\n" + opening % other.encode() + b"\n" + first, other),
        (first + b"\n" + opening % ONE.encode() + b"\n x " + opening % other.encode(), None),
        (b"\n " + first, None),
        *(
            (closed + between + opening % other.encode(), other)
            for between in (b"", b" ", b"\xef\xbb\xbf", b"\r\n ", b"\x1a")
        ),
        (closed + b"and then some more words" + opening % other.encode(), None),
    ):
        reader = BodyReader(ONE)
        for at in range(0, len(body), size):
            reader.feed(body[at : at + size])
        assert reader.facts().sequel == found


@pytest.mark.parametrize(
    "one",
    [
        b"x\n\n-----END PRIVACY-ENHANCED MESSAGE-----\n",
        b"\n<SEC-DOCUMENT>" + 9 * b"<SEC-DOCUMENT>",
        b"\n<SEC-DOCUMENT>" + ONE.encode() + b".txt",
    ],
    ids=["messages", "marks", "copies"],
)
def test_many_messages_or_marks_take_time_in_proportion_to_the_size(one: bytes) -> None:
    """However large the chunks are in which they come: a megabyte at once takes about as long as in small pieces."""
    body = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n" + one * ((1 << 20) // len(one))
    took_s = {size: min(_reading_s(body, size) for _ in range(3)) for size in (1 << 13, 1 << 20)}
    assert took_s[1 << 20] < 2.5 * took_s[1 << 13]


def _reading_s(body: bytes, size: int) -> float:
    reader, began_s = BodyReader(ONE), time.process_time()
    for at in range(0, len(body), size):
        reader.feed(body[at : at + size])
    return time.process_time() - began_s
