from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import NotInArchiveError, UnreadableSubmissionError
from indexer.submission.submission import parse_submission
from tests.loopback import pem
from tests.paths import INVENTED
from tests.unit.submissions import RENDERING, submission_bytes

_DOCUMENTS = """<DOCUMENT>
<TYPE>8-K
<SEQUENCE>1
<FILENAME>d8k.htm
<TEXT>
<p>one</p>
</TEXT>
</DOCUMENT>
<DOCUMENT>
<TYPE>GRAPHIC
<SEQUENCE>4
<FILENAME>a.jpg
<TEXT>
begin 644 a.jpg
#0V%T
`
end
</TEXT>
</DOCUMENT>
<DOCUMENT>
<TYPE>EX-99
<SEQUENCE>5
<TEXT>
- -----BEGIN PRIVACY-ENHANCED MESSAGE-----
 - two
</TEXT>
</DOCUMENT>
"""
_PEM = b"""-----BEGIN PRIVACY-ENHANCED MESSAGE-----
MIC-Info: RSA-MD5,RSA,
 x==

%s-----END PRIVACY-ENHANCED MESSAGE-----
"""


def test_documents_are_found_by_their_sequence_number() -> None:
    """Gaps in the numbers are EDGAR's; a number that is not there is an error that names those that are."""
    submission = parse_submission(submission_bytes(documents=_DOCUMENTS))
    assert [document.sequence for document in submission.documents] == [1, 4, 5]
    assert submission.document(4).filename == "a.jpg"
    with pytest.raises(NotInArchiveError, match="no document 2; it has 1 8-K, 4 GRAPHIC, 5 EX-99"):
        submission.document(2)
    assert submission.document(" 0004 ").filename == "a.jpg"
    with pytest.raises(NotInArchiveError, match="no document"):
        submission.document("9" * 5000)


def test_an_exhibit_is_found_by_what_it_is_called() -> None:
    """As in a search: EX-99 is EX-99.1 too, where nothing else is called so, but never EX-991."""
    documents = _DOCUMENTS.replace("<TYPE>EX-99", "<TYPE>EX-99.1")
    submission = parse_submission(submission_bytes(documents=documents))
    assert {submission.document(name).sequence for name in ("EX-99.1", "ex-99", "Exhibit 99.1", "EX99")} == {5}
    with pytest.raises(NotInArchiveError, match="no document EX-9;"):
        submission.document("EX-9")
    several = parse_submission(submission_bytes(documents=documents.replace("<TYPE>GRAPHIC", "<TYPE>EX-99.2")))
    with pytest.raises(NotInArchiveError, match="has 2 documents EX-99; name one by its number: 4, 5"):
        several.document("EX-99")


def test_documents_that_share_a_number_are_found_by_their_names() -> None:
    """Some filers number all of them 1; the error names what tells them apart."""
    submission = parse_submission(submission_bytes(documents=_DOCUMENTS.replace("<SEQUENCE>5", "<SEQUENCE>4")))
    with pytest.raises(NotInArchiveError, match=r"has 2 documents 4; name one by its file name: a\.jpg, "):
        submission.document("4")


def test_bodies_are_spans_of_the_stored_bytes() -> None:
    """Start and end are places in the submission's own bytes, and size is what lies between."""
    data = submission_bytes(documents=_DOCUMENTS)
    document = parse_submission(data).document(1)
    assert data[document.start : document.end] == b"<p>one</p>\n"
    assert document.size == len(b"<p>one</p>\n")


def test_content_is_the_file_that_was_filed() -> None:
    """An encoded file is decoded, another one comes as it is; a broken encoding is a typed error."""
    submission = parse_submission(submission_bytes(documents=_DOCUMENTS))
    assert submission.document(4).content() == b"Cat"
    assert submission.document(1).content() == b"<p>one</p>\n"
    broken = parse_submission(submission_bytes(documents=_DOCUMENTS.replace("#0V%T", "#0V%\x7f")))
    with pytest.raises(UnreadableSubmissionError, match=r"a\.jpg is incomplete"):
        broken.document(4).content()


def test_text_is_that_of_all_documents() -> None:
    """Documents without text leave no trace between the others."""
    assert parse_submission(submission_bytes(documents=_DOCUMENTS)).text().startswith("one\n\n- -----BEGIN")


def test_xbrl_is_part_of_the_text_on_request() -> None:
    """EDGAR's rendering repeats the report, so that only who asks for it reads it twice."""
    submission = parse_submission(submission_bytes(documents=_DOCUMENTS + RENDERING))
    assert [document.is_xbrl for document in submission.documents] == [False, False, False, True]
    assert "rendered" not in submission.text()
    assert submission.text(xbrl=True).endswith("\n\nThe cover page, rendered.")
    assert submission.document(3).text() == "The cover page, rendered."
    assert submission.document(3).to_dict()["xbrl"] is True


def test_sections_are_spans_of_the_text() -> None:
    """A document of a form with items gives those of its own text; an exhibit has none."""
    documents = _DOCUMENTS.replace("<p>one</p>", "<p>Form</p><p>Item 5.02 Departure</p><p>Mr. Rossi left.</p>")
    report, _, exhibit = parse_submission(submission_bytes(documents=documents)).documents
    (section,) = report.sections()
    assert (section.part, section.item, section.heading) == (None, "5.02", "Item 5.02 Departure")
    assert report.text()[section.start : section.end] == "Item 5.02 Departure\nMr. Rossi left."
    assert exhibit.sections() == ()
    assert report.text() is report.text()  # extracted once for its sections
    assert exhibit.text() is not exhibit.text()  # the texts of all documents would be too much


def test_dash_stuffing_of_a_signed_message_is_undone() -> None:
    """Only at the start of a line, and only inside a signed message."""
    data = submission_bytes(documents=_DOCUMENTS)
    assert parse_submission(_PEM % data).document(5).body() == b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n - two\n"
    assert parse_submission(data).document(5).body().startswith(b"- -----BEGIN")


def test_a_submission_goes_to_another_process() -> None:
    """Parsing happens in worker processes, so results must survive pickling."""
    submission = parse_submission(submission_bytes(documents=_DOCUMENTS))
    copy = pickle.loads(pickle.dumps(submission))  # noqa: S301 - our own bytes
    assert copy == submission
    assert copy.document(4).content() == b"Cat"


def test_a_submission_without_documents_has_none() -> None:
    """The stubs of the 1990s and paper filings are submissions too."""
    submission = parse_submission(submission_bytes(documents=""))
    assert (submission.documents, submission.text()) == ((), "")


_INVENTED = sorted(INVENTED.glob("*.txt"))


@pytest.mark.parametrize("path", _INVENTED, ids=lambda path: path.stem)
@pytest.mark.slow
def test_a_cut_submission_is_read_as_far_as_it_goes(path: Path) -> None:
    """Cut at each byte of its header and at many of the rest: what came whole is there, or it is no submission."""
    data = path.read_bytes()
    whole = parse_submission(data)
    header_bytes = data.find(b"<DOCUMENT>") if whole.documents else len(data)
    for length in (*range(header_bytes), *range(header_bytes, len(data), 50)):
        try:
            cut = parse_submission(data[:length])
        except UnreadableSubmissionError:
            continue
        assert cut.header.accession == whole.header.accession
        assert len(cut.documents) <= len(whole.documents)
        assert all(document.end <= length for document in cut.documents)
        cut.text()


@pytest.mark.parametrize("path", _INVENTED, ids=lambda path: path.stem)
def test_signing_changes_nothing_that_is_read(path: Path) -> None:
    """A submission and its signed copy have one header, and documents of the same kinds and bodies."""
    data = path.read_bytes()
    if b"\r" in data or not data.endswith(b"\n") or data.startswith(b"-----BEGIN"):
        pytest.skip("signed already, or not as a body to be signed is")
    plain, signed = parse_submission(data), parse_submission(pem.wrap(data))
    assert signed.header == plain.header
    assert [(document.kind, document.body()) for document in signed.documents] == [
        (document.kind, document.body()) for document in plain.documents
    ]


_WHOLE = submission_bytes(documents=_DOCUMENTS)


@given(st.integers(0, len(_WHOLE)), st.integers(0, len(_WHOLE)), st.binary(max_size=20))
def test_damage_gives_a_submission_or_the_one_error(begin: int, end: int, noise: bytes) -> None:
    """Cut, spliced or overwritten anywhere: what is left is read, or is no submission, and nothing else happens."""
    damaged = _WHOLE[:begin] + noise + _WHOLE[end:]
    try:
        submission = parse_submission(damaged)
    except UnreadableSubmissionError:
        return
    submission.text()
    assert all(0 <= document.start <= document.end <= len(damaged) for document in submission.documents)
