"""The locations of the parts of a submission in its bytes: the header and each document's body.

Only tags at the start of a line count, so a body may mention ``<DOCUMENT>``. Bodies are searched once, at memory speed,
with ``bytes.find``, and are never copied or read by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from archiver.checks.pem import PEM_BEGIN
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.text.charset import decode

_DOCUMENT = b"<DOCUMENT>"
_TEXT = b"<TEXT>"
_HEADER_ENDS = (b"</SEC-HEADER>", b"</IMS-HEADER>")
_BODY_ENDS = (b"</TEXT>", b"</DOCUMENT>", b"</SEC-DOCUMENT>", b"</IMS-DOCUMENT>", b"</SUBMISSION>")
_LINE_END = lazy_pattern(rb"\r\n|\r|\n")
_REST_OF_LINE = lazy_pattern(rb"[ \t]*(?:\r\n|\r|\n)?")
_PEM_HEAD = lazy_pattern(rb"(?:(?:(?:-----BEGIN |[A-Za-z-]+:|[ \t])[^\r\n]*+)?(?:\r\n|\r|\n))*+")
_HEAD_TAG = lazy_pattern(rb"\s*<(?:TYPE|SEQUENCE|FILENAME|DESCRIPTION|TEXT)>")
_SEQUENCE = lazy_pattern(r"[0-9]{1,9}")
_CUT_NAME = lazy_pattern(rb"[ \t]*+(?:</?+)?+[A-Z0-9 -]*+")
_MAX_INDENT_BYTES = 64


@dataclass(frozen=True, slots=True)
class DocumentSpan:
    """A document: the values before its ``<TEXT>``, and the location of its body in the submission's bytes.

    The body starts after the line of ``<TEXT>`` and ends before ``</TEXT>``. `sequence`, `filename` and `description`
    are None if EDGAR gives none.
    """

    type: str
    sequence: int | None
    filename: str | None
    description: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a submission. `is_pem`: the file is a signed message, whose lines may be dash-stuffed."""

    header: bytes
    documents: tuple[DocumentSpan, ...]
    is_pem: bool


def outline(data: bytes) -> Outline:
    """The parts of the submission in `data`, complete or truncated. For other bytes, an outline without documents.

    A file of several signed messages has the header of the first and the documents of all.
    """
    is_pem = data[:1024].lstrip().startswith(PEM_BEGIN)
    begin = head.end() if is_pem and (head := _PEM_HEAD.match(data)) else 0
    starts = [
        at for at in _at_line_starts(data, _DOCUMENT, begin, len(data)) if _HEAD_TAG.match(data, at + len(_DOCUMENT))
    ]
    header = _header(data[begin : starts[0]]) if starts else _without_cut_name(_header(data[begin:]))
    documents = tuple(_document(data, start, end) for start, end in pairwise((*starts, len(data))))
    return Outline(header, documents, is_pem)


def _header(data: bytes) -> bytes:
    for tag in _HEADER_ENDS:
        data = data.partition(tag)[0]
    return data


def _without_cut_name(header: bytes) -> bytes:
    """`header` without a final partial label or tag, which would be read as part of the previous value."""
    last_line = max(header.rfind(b"\n"), header.rfind(b"\r")) + 1
    return header[:last_line] if _CUT_NAME.fullmatch(header, last_line) else header


def _at_line_starts(data: bytes, tag: bytes, begin: int, end: int) -> Iterator[int]:
    """The positions in ``data[begin:end]`` where `tag` is the first thing on a line except spaces."""
    at = begin - 1
    while (at := data.find(tag, at + 1, end)) >= 0:
        before = data[max(0, at - _MAX_INDENT_BYTES) : at].rstrip(b" \t")
        if not before or before.endswith((b"\n", b"\r")):
            yield at


def _document(data: bytes, begin: int, end: int) -> DocumentSpan:
    """The document in ``data[begin:end]``, where `end` is the next document's start or the end of the file."""
    text = next(_at_line_starts(data, _TEXT, begin, end), None)
    start = end if text is None else _rest_of_line(data, text + len(_TEXT))
    # Searched from the end, where it is, so that the body is not searched again.
    closings = (data.rfind(tag, begin if text is None else start, end) for tag in _BODY_ENDS)
    close = next((at for at in closings if at >= 0), end)
    values = _head_values(data[begin + len(_DOCUMENT) : close if text is None else text])
    return DocumentSpan(
        type=values.get("TYPE", ""),
        sequence=int(match[0]) if (match := _SEQUENCE.fullmatch(values.get("SEQUENCE", ""))) else None,
        filename=values.get("FILENAME") or None,
        description=values.get("DESCRIPTION") or None,
        start=min(start, close),
        end=close,
    )


def _rest_of_line(data: bytes, at: int) -> int:
    """The position after the spaces and line end at `at`; `at` itself if there is text on the line."""
    match = _REST_OF_LINE.match(data, at)
    return match.end() if match and match.group().endswith((b"\r", b"\n")) else at


def _head_values(head: bytes) -> dict[str, str]:
    """The ``<TAG>value`` lines; a line without tag continues the previous value."""
    values: dict[str, str] = {}
    tag = ""
    for line in map(str.strip, _lines(head)):
        if line.startswith("<"):
            tag, _, value = line[1:].partition(">")
            values.setdefault(tag, value.strip())
        elif line and tag:
            values[tag] = f"{values[tag]} {line}".strip()
    return values


def _lines(head: bytes) -> list[str]:
    """The lines of `head`; each may have an encoding of its own."""
    if head.isascii():
        return head.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [decode(line) for line in _LINE_END.split(head)]
