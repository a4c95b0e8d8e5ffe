"""The header of a submission as typed values: what was filed, when, by and about whom.

Both of EDGAR's spellings give the same values. `SubmissionHeader.fields` also has what no type here covers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from archiver.errors import IdentifierError, UnreadableSubmissionError
from archiver.identifiers import AccessionNumber, Cik, FormType, parse_date
from archiver.redaction import quoted
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.submission.header_fields import LABEL_OF_ROLE, HeaderValue, Section, read_fields
from indexer.submission.items import item_codes, items_as_text
from indexer.text.charset import decode

_SHORT_ACT = lazy_pattern("[34][0-9]")
"""The securities Acts are of 1933 to 1940. Any other two digits are a truncated value and stay unchanged."""
_DATETIME = lazy_pattern("[0-9]{14}")
_MAX_DIGITS = 9
_CIK_DIGITS = 10
_ENTITY_DATA = ("COMPANY-DATA", "OWNER-DATA")
_FORMER_NAMES = ("FORMER-COMPANY", "FORMER-NAME")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as EDGAR prints it. `state` is a code of a state or country; `phone` is in business addresses."""

    street1: str | None
    street2: str | None
    city: str | None
    state: str | None
    zip: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class FilingValues:
    """The form and Act that an entity files under; EDGAR repeats them for each Act.

    `act` is spelled ``1934 Act``, even if EDGAR's tag has ``34``.
    """

    form: FormType | None
    act: str | None
    file_number: str | None
    film_number: str | None


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that an entity had until `changed`."""

    name: str
    changed: date | None


@dataclass(frozen=True, slots=True)
class Entity:
    """A company or person in the submission.

    `role` is EDGAR's own label: ``FILER``, ``SUBJECT COMPANY``, ``FILED BY``, ``REPORTING-OWNER``, ``ISSUER``.
    `fiscal_year_end` is MMDD. Only headers with labels have `sic_description`.
    """

    role: str
    cik: Cik | None
    name: str
    sic: int | None
    sic_description: str | None
    irs_number: str | None
    state_of_incorporation: str | None
    fiscal_year_end: str | None
    organization_name: str | None
    filing_values: tuple[FilingValues, ...]
    business_address: Address | None
    mail_address: Address | None
    former_names: tuple[FormerName, ...]


@dataclass(frozen=True, slots=True)
class ClassContract:
    """A share class of a fund, or a contract: `id` is ``C`` and nine digits."""

    id: str | None
    name: str | None
    ticker: str | None


@dataclass(frozen=True, slots=True)
class Series:
    """A series of the fund `owner_cik`, with the classes and contracts that the submission concerns.

    `id` is ``S`` and nine digits.
    """

    owner_cik: Cik | None
    id: str | None
    name: str | None
    classes: tuple[ClassContract, ...]


@dataclass(frozen=True, slots=True)
class SubmissionHeader:
    """The header of one submission. What is missing, blank or unreadable in EDGAR's header is None.

    `acceptance_datetime` is US Eastern time without a zone, as EDGAR writes it; dissemination files have none. `items`
    are codes; `unknown_items` are descriptions without a known code. `items_derived`: the header of an 8-K left items
    blank, and those come from the headings of the main document. `group_members` are the names of a filing group.
    `fields` has every label or tag under its own name and in order: repeated ones as a list, sections nested, nothing
    dropped.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date | None
    acceptance_datetime: datetime | None
    period_of_report: date | None
    public_document_count: int | None
    date_as_of_change: date | None
    effectiveness_date: date | None
    items: tuple[str, ...]
    unknown_items: tuple[str, ...]
    group_members: tuple[str, ...]
    entities: tuple[Entity, ...]
    series: tuple[Series, ...]
    fields: dict[str, HeaderValue]
    items_derived: bool = False

    def items_as_text(self) -> str:
        """The codes for people, with a remark if they are derived."""
        return items_as_text(self.items, is_derived=self.items_derived)


def parse_header(data: bytes) -> SubmissionHeader:
    """The header in `data`, its bytes as found by `indexer.submission.sgml.outline`, in labels or tags.

    Raises `UnreadableSubmissionError` without an accession number or form type.
    """
    root = read_fields(decode(data))
    values, sections = root.split()
    if "TYPE" not in values:
        raise UnreadableSubmissionError("not an EDGAR submission: its header has no submission type")
    form = _form(values["TYPE"])
    filing_date = _date(values.get("FILING-DATE"))
    items = item_codes(root.values("ITEMS"), form=form, filing_date=filing_date)
    return SubmissionHeader(
        accession=_accession(values.get("ACCESSION-NUMBER", "")),
        form=form,
        filing_date=filing_date,
        acceptance_datetime=_datetime(values.get("ACCEPTANCE-DATETIME")),
        period_of_report=_date(values.get("PERIOD")),
        public_document_count=_integer(values.get("PUBLIC-DOCUMENT-COUNT")),
        date_as_of_change=_date(values.get("DATE-OF-FILING-DATE-CHANGE")),
        effectiveness_date=_date(values.get("EFFECTIVENESS-DATE")),
        items=items.codes,
        unknown_items=items.unknown,
        group_members=tuple(filter(None, root.values("GROUP-MEMBERS"))),
        entities=tuple(_entities(sections)),
        series=tuple(
            series
            for section in sections
            if section.tag == "SERIES-AND-CLASSES-CONTRACTS-DATA"
            for series in _series(section)
        ),
        fields=root.fields(),
    )


def _accession(text: str) -> AccessionNumber:
    try:
        return AccessionNumber(text)
    except IdentifierError:
        raise UnreadableSubmissionError(
            f"not an EDGAR submission: its header has the accession number {quoted(text)[:40]!r}"
        ) from None


def _entities(sections: list[Section]) -> Iterator[Entity]:
    for section in sections:
        values, parts = section.split()
        data = next((part for part in parts if part.tag in _ENTITY_DATA), None)
        if data is not None:
            values = data.split()[0]
        if data is not None or section.tag in LABEL_OF_ROLE:
            yield _entity(section.tag, values, parts)


def _entity(tag: str, values: dict[str, str], parts: list[Section]) -> Entity:
    value = values.get
    sic, sic_description = _sic(value("ASSIGNED-SIC"))
    addresses = {part.tag: part for part in reversed(parts)}
    return Entity(
        role=LABEL_OF_ROLE.get(tag, tag),
        cik=_cik(value("CIK")),
        name=value("CONFORMED-NAME", ""),
        sic=sic,
        sic_description=sic_description,
        irs_number=value("IRS-NUMBER"),
        state_of_incorporation=value("STATE-OF-INCORPORATION"),
        fiscal_year_end=value("FISCAL-YEAR-END"),
        organization_name=value("ORGANIZATION-NAME"),
        filing_values=tuple([_filing_values(part) for part in parts if part.tag == "FILING-VALUES"]),
        business_address=_address(addresses.get("BUSINESS-ADDRESS")),
        mail_address=_address(addresses.get("MAIL-ADDRESS")),
        former_names=tuple([_former_name(part) for part in parts if part.tag in _FORMER_NAMES]),
    )


def _filing_values(section: Section) -> FilingValues:
    values, _ = section.split()
    form, act = values.get("FORM-TYPE"), values.get("ACT")
    return FilingValues(
        form=_form(form) if form else None,
        act=f"19{act} Act" if act and _SHORT_ACT.fullmatch(act) else act,
        file_number=values.get("FILE-NUMBER"),
        film_number=values.get("FILM-NUMBER"),
    )


def _former_name(section: Section) -> FormerName:
    values, _ = section.split()
    return FormerName(values.get("FORMER-CONFORMED-NAME", ""), _date(values.get("DATE-CHANGED")))


def _address(section: Section | None) -> Address | None:
    if section is None:
        return None
    values, _ = section.split()
    return Address(
        street1=values.get("STREET1"),
        street2=values.get("STREET2"),
        city=values.get("CITY"),
        state=values.get("STATE"),
        zip=values.get("ZIP"),
        phone=values.get("PHONE"),
    )


def _series(section: Section) -> Iterator[Series]:
    """The series in `section` at any depth: EDGAR groups them as existing, new, merging and so on."""
    for inner in section.split()[1]:
        values, parts = inner.split()
        if "SERIES-ID" in values or "SERIES-NAME" in values:
            yield Series(
                owner_cik=_cik(values.get("OWNER-CIK")),
                id=values.get("SERIES-ID"),
                name=values.get("SERIES-NAME"),
                classes=tuple(_class_contract(part) for part in parts if part.tag == "CLASS-CONTRACT"),
            )
        else:
            yield from _series(inner)


def _class_contract(section: Section) -> ClassContract:
    values, _ = section.split()
    return ClassContract(
        id=values.get("CLASS-CONTRACT-ID"),
        name=values.get("CLASS-CONTRACT-NAME"),
        ticker=values.get("CLASS-CONTRACT-TICKER-SYMBOL"),
    )


def _sic(text: str | None) -> tuple[int | None, str | None]:
    """Code and description: ``ELECTRONIC COMPUTERS [3571]`` of a label, ``3571`` of a tag, `` []`` for none."""
    if text is None:
        return None, None
    description, bracket, code = text.rpartition("[")
    if not bracket:
        return (None, text) if (sic := _integer(text)) is None else (sic, None)
    return _integer(code.rstrip("] ")), description.strip() or None


def _integer(text: str | None) -> int | None:
    return int(text) if text and len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal() else None


def _cik(text: str | None) -> Cik | None:
    if not text:
        return None
    if len(text) == _CIK_DIGITS and text.isascii() and text.isdecimal():  # as EDGAR prints it
        return int.__new__(Cik, text)
    try:
        return Cik(text)
    except IdentifierError:
        return None


@lru_cache(maxsize=1024)
def _form(text: str) -> FormType:
    return FormType(text)


@lru_cache(maxsize=4096)
def _date(text: str | None) -> date | None:
    try:
        return parse_date(text) if text else None
    except IdentifierError:
        return None


def _datetime(text: str | None) -> datetime | None:
    if text is None or not _DATETIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
    except ValueError:
        return None
