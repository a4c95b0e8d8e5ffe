"""Submissions cut, spliced and overwritten are read as far as they go, or refused by the one error; in linear time."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UnreadableSubmissionError
from indexer.submission.submission import Submission, parse_submission
from tests.paths import CORPUS, INVENTED, ODDITIES
from tests.thorough import rounds
from tests.unit.submissions import submission_bytes

_INVENTED = [*sorted(INVENTED.glob("*.txt")), *sorted(ODDITIES.glob("00*"))[::3]]
_REAL = sorted(
    path for path in CORPUS.glob("0*") if path.suffix in (".txt", ".nc", ".sgml") and path.stat().st_size < 150_000
)[::5]
_FILES = [*_INVENTED, *_REAL]

_PLACE = re.compile(rb"</?[A-Z][A-Z-]*>?|^[ \t]*[A-Z][A-Z ]+:[ \t]*|\r\n?|^begin |^end$|&#?\w*;", re.MULTILINE)
_TAGS = (
    b"SUBMISSION SEC-DOCUMENT SEC-HEADER DOCUMENT TYPE SEQUENCE FILENAME DESCRIPTION TEXT PDF XML XBRL FILER".split()
)


def read_all(data: bytes) -> Submission | None:
    """The submission in `data` with everything read that can be; None where it is refused by the one error."""
    try:
        submission = parse_submission(data)
    except UnreadableSubmissionError:
        return None
    position = 0
    for document in submission.documents:
        assert position <= document.start <= document.end <= len(data)
        position = document.end
        document.text()
        try:
            document.content()
        except UnreadableSubmissionError as error:
            assert "is incomplete" in str(error)  # noqa: PT017 - a broken encoding is the one thing that may be raised
    return submission


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_cut_at_each_kind_of_place(path: Path) -> None:
    """Cut before, inside and after tags, labels, line ends, references and encodings: what came whole is there."""
    data = path.read_bytes()
    whole = read_all(data)
    assert whole is not None
    places = sorted({at for match in _PLACE.finditer(data) for at in (match.start(), match.start() + 1, match.end())})
    dice = random.Random(path.name)  # noqa: S311 - the same cuts in every run
    for length in dice.sample(places, min(len(places), rounds(8, thorough=25))):
        cut = read_all(data[:length])
        if cut is not None:
            assert cut.header.accession == whole.header.accession
            assert [document.start for document in cut.documents] == [
                document.start for document in whole.documents[: len(cut.documents)]
            ] or cut.documents[-1].start == length


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_swapped_and_lost_tags(path: Path) -> None:
    """A tag that is another one, doubled, unclosed or gone costs no crash."""
    data = path.read_bytes()
    tags = list(re.finditer(rb"</?(?:%s)>" % b"|".join(_TAGS), data))
    dice = random.Random(path.name)  # noqa: S311 - the same damage in every run
    for _ in range(rounds(5, thorough=15)):
        tag = dice.choice(tags)
        name = b"<" + dice.choice((b"", b"/")) + dice.choice(_TAGS) + dice.choice((b">", b"", b">\n", b">\r"))
        read_all(data[: tag.start()] + dice.choice((b"", name, tag[0] * 2)) + data[tag.end() :])


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_binary_noise(path: Path) -> None:
    """Bytes overwritten, inserted and taken out at random, NUL and brackets among them."""
    data = path.read_bytes()
    dice = random.Random(path.name)  # noqa: S311 - the same noise in every run
    for _ in range(rounds(4, thorough=10)):
        noisy = bytearray(data)
        for _ in range(dice.randrange(1, 30)):
            at = dice.randrange(len(noisy))
            noise = dice.choice((dice.randbytes(dice.randrange(40)), b"\0", b"<", b">", b"\r", b"&#", b"]", b"<!--"))
            noisy[at : at + dice.choice((0, len(noise), dice.randrange(200)))] = noise
        read_all(bytes(noisy))


@given(st.binary(max_size=2000))
def test_noise_alone_is_no_submission(noise: bytes) -> None:
    """Any bytes are refused by the one error, or are a submission in truth; behind a header they are a body."""
    read_all(noise)
    document = b"<DOCUMENT>\n<TYPE>EX-99\n<FILENAME>a.%s\n<TEXT>\n" + noise.replace(b"%", b"%%") + b"\n</TEXT>\n"
    for extension in (b"htm", b"xml", b"txt", b"pdf"):
        assert read_all(submission_bytes(documents="") + document % extension) is not None


_BODIES = {
    "words in one line": (b"word " * 200, "txt"),
    "tags in one line": (b"<p>a <b>word</b></p>" * 50, "htm"),
    "nested tags": (b"<div><table><tr><td>" * 50, "htm"),
    "hidden elements": (b"<div style='display:none'>x<div>y</div>" * 25, "htm"),
    "comments that never close": (b"<!-- > x" * 100, "htm"),
    "lost quotes": (b"<p title='x>y" * 80, "htm"),
    "references": (b"&amp;&#146;&nbsp" * 60, "htm"),
    "nested elements": (b"<a>x" * 250, "xml"),
    "values": (b"<a><b>x</b></a>" * 70, "xml"),
    "encoded lines": (b"#0V%T\n" * 170, "pdf"),
    "empty lines": (b"\r\n" * 500, "txt"),
    "letters after a broken word": (b"a" * 100, "broken"),
}
_LONG = rounds(3_000_000, thorough=10_000_000)
_DOCUMENT = b"<DOCUMENT>\n<TYPE>EX-99\n<FILENAME>a.%s\n<TEXT>\n%s\n</TEXT>\n</DOCUMENT>\n"


def _submission_of(piece: bytes, extension: str, times: int) -> bytes:
    begin = {"pdf": b"begin 644 a.pdf\n", "broken": b"exam-\nple well-known "}.get(extension, b"")
    root = (b"<r>", b"</r>") if extension == "xml" else (b"", b"")
    return submission_bytes(documents="") + _DOCUMENT % (extension.encode(), begin + root[0] + piece * times + root[1])


@pytest.mark.parametrize(("piece", "extension"), _BODIES.values(), ids=_BODIES.keys())
def test_megabytes_of_one_thing(piece: bytes, extension: str) -> None:
    """A body of `_LONG` bytes, mostly in a single line, is read like any other."""
    submission = read_all(_submission_of(piece, extension, _LONG // len(piece)))
    assert submission is not None
    assert submission.documents[0].size > _LONG * 9 // 10


@pytest.mark.parametrize(("piece", "extension"), _BODIES.values(), ids=_BODIES.keys())
def test_time_grows_with_size_and_no_faster(piece: bytes, extension: str) -> None:
    """Eight times the body takes about eight times the work; what grows with the square would take 64 times."""
    small, large = (_submission_of(piece, extension, times) for times in (150, 1200))
    assert _cpu_s(large) < 30 * _cpu_s(small)


_HEADER_LINES = {
    "entities": b"FILER:\n\n\tCOMPANY DATA:\t\n\t\tCENTRAL INDEX KEY:\t\t\t0000000042\n",
    "repeated values": b"GROUP MEMBERS:\t\tA\n",
    "lines that are no field": b"words and words\n",
    "open tags": b"<NEW>\n<LEAF>x\n",
    "closed tags": b"<NEW>\n<LEAF>x\n</NEW>\n",
    "documents": b"<DOCUMENT>\n<TYPE>EX-99\n<TEXT>\nx\n</TEXT>\n</DOCUMENT>\n",
}


@pytest.mark.parametrize("piece", _HEADER_LINES.values(), ids=_HEADER_LINES.keys())
def test_time_grows_with_the_lines_of_the_header(piece: bytes) -> None:
    """The same for headers, and for a submission of very many documents."""
    begin, end = submission_bytes(documents="").split(b"</SEC-HEADER>\n")
    small, large = (begin + piece * times + b"</NEW>\n" + end for times in (500, 4000))
    assert _cpu_s(large) < 30 * _cpu_s(small)


def _cpu_s(data: bytes) -> float:
    taken = []
    for _ in range(3):
        started = time.process_time()
        read_all(data)
        taken.append(time.process_time() - started)
    return min(taken)
