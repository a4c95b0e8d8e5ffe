"""A submission from the text store: header, and documents with text and sections but without their bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from indexer.sections.forms import find_section
from indexer.text.kinds import DocumentKind, is_xbrl

if TYPE_CHECKING:
    from indexer.sections.model import Section
    from indexer.submission.header import SubmissionHeader
    from indexer.submission.submission import Document, Submission

T = TypeVar("T")


def encode_text(text: str) -> bytes:
    """`text` in UTF-8 with lone surrogates preserved, so that nothing is lost."""
    return text.encode(errors="surrogatepass")


def decode_text(data: bytes) -> str:
    """Reverses `encode_text`. Raises UnicodeDecodeError."""
    return data.decode(errors="surrogatepass")


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PlacedSections:
    """The sections of a document, and their spans in its text in UTF-8, in bytes."""

    sections: tuple[Section, ...] = ()
    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, sections: tuple[Section, ...], text: str) -> Self:
        """`sections` of `text`."""
        places: dict[int, int] = {}
        last = size = 0
        for place in sorted({place for section in sections for place in (section.start, section.end)}):
            size += len(encode_text(text[last:place]))
            places[place], last = size, place
        return cls(sections, tuple((places[section.start], places[section.end]) for section in sections))


def _same(value: T) -> T:
    return value


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document: the facts of a `Document`, its text and its sections.

    `position` counts the submission's documents from 0; `size` is that of the body in bytes. The text is read when
    needed, which raises `DamageError` if the store is damaged.
    """

    position: int
    type: str
    sequence: int | None
    filename: str | None
    description: str | None
    kind: DocumentKind
    size: int
    _read_text: Callable[[], bytes] = field(repr=False, compare=False)
    _read_sections: Callable[[], PlacedSections] = field(repr=False, compare=False)

    @property
    def is_xbrl(self) -> bool:
        """Whether it is XBRL or EDGAR's rendering of it, which is not indexed (`indexer.text.kinds.is_xbrl`)."""
        return is_xbrl(type=self.type, filename=self.filename, description=self.description)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its text and sections, so that a copy needs no archive."""
        text, sections = partial(_same, self._read_text()), partial(_same, self._read_sections())
        facts = (self.position, self.type, self.sequence, self.filename, self.description, self.kind, self.size)
        return StoredDocument, (*facts, text, sections)

    def encoded_text(self) -> bytes:
        """The text in UTF-8 (`encode_text`)."""
        return self._read_text()

    def text(self) -> str:
        """The text, exactly as from `Document.text`."""
        return decode_text(self._read_text())

    def sections(self) -> tuple[Section, ...]:
        """The items of a 10-K, 10-Q or 8-K with their spans in `text()`, exactly as from `Document.sections`."""
        return self._read_sections().sections

    def section_spans(self) -> tuple[Span, ...]:
        """The begin and end of each of `sections()` in `encoded_text()`, in bytes."""
        return self._read_sections().spans

    def read_by(self, read_text: Callable[[], bytes]) -> StoredDocument:
        """The same document with its text from `read_text`; `dataclasses.replace` takes several times as long."""
        return StoredDocument(
            position=self.position,
            type=self.type,
            sequence=self.sequence,
            filename=self.filename,
            description=self.description,
            kind=self.kind,
            size=self.size,
            _read_text=read_text,
            _read_sections=self._read_sections,
        )

    def section(self, name: str) -> str | None:
        """The text of one section, exactly as from `Document.section`. Raises `UsageError` likewise."""
        found = find_section(self.sections(), name, form=self.type)
        return None if found is None else self.text()[found.start : found.end]


@dataclass(frozen=True)
class StoredSubmission:
    """A submission's header and documents. `sha256` is that of the decoded bytes they come from.

    `raw_header` is the header as filed; `header` is parsed from it when needed, exactly as `Submission.header`.
    """

    accession: AccessionNumber
    sha256: str
    raw_header: bytes = field(repr=False)
    documents: tuple[StoredDocument, ...]

    @cached_property
    def header(self) -> SubmissionHeader:
        """The header as typed values. Raises `UnreadableSubmissionError`, and `DamageError` as texts do.

        Items that an 8-K's header leaves blank come from its main document, as in `parse_submission`.
        """
        from indexer.submission.derived_items import with_derived_items  # noqa: PLC0415 — parsers: no search needs them
        from indexer.submission.header import parse_header  # noqa: PLC0415 — as above

        return with_derived_items(parse_header(self.raw_header), self.documents)

    def text(self, *, xbrl: bool = False) -> str:
        """The text of all documents, exactly as from `Submission.text`."""
        shown = (document for document in self.documents if xbrl or not document.is_xbrl)
        return "\n\n".join(text for document in shown if (text := document.text()))


def with_fallback(submission: StoredSubmission, parse: Callable[[], StoredSubmission]) -> StoredSubmission:
    """`submission`, with texts from `parse`, called once, in place of those that turn out to be damaged."""
    parsed: list[StoredSubmission] = []

    def read(document: StoredDocument) -> bytes:
        try:
            return document.encoded_text()
        except DamageError:
            if not parsed:
                parsed.append(parse())
            return parsed[0].documents[document.position].encoded_text()

    documents = tuple(one.read_by(partial(read, one)) for one in submission.documents)
    return replace(submission, documents=documents)


def extract(submission: Submission, *, sha256: str) -> StoredSubmission:
    """`submission` as from the store; `sha256` is that of its decoded bytes.

    Text is extracted when first needed and kept with the result.
    """
    documents = tuple(_extracted(position, document) for position, document in enumerate(submission.documents))
    extracted = StoredSubmission(submission.header.accession, sha256, submission.raw_header, documents)
    extracted.__dict__["header"] = submission.header  # it is already parsed
    return extracted


def _extracted(position: int, document: Document) -> StoredDocument:
    kept = _Kept(document)
    return StoredDocument(
        position=position,
        type=document.type,
        sequence=document.sequence,
        filename=document.filename,
        description=document.description,
        kind=document.kind,
        size=document.size,
        _read_text=lambda: kept.encoded_text,
        _read_sections=lambda: kept.sections,
    )


class _Kept:
    """Text and sections of one document, each created once."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @cached_property
    def encoded_text(self) -> bytes:
        return encode_text(self._document.text())

    @cached_property
    def sections(self) -> PlacedSections:
        from indexer.sections.sections import sections  # noqa: PLC0415 — a parser

        text = decode_text(self.encoded_text)
        return PlacedSections.of(sections(text, form=self._document.type), text)
