"""The header of a submission as typed values: what was filed, when, by and about whom.

Both of EDGAR's spellings give the same values; what no type here has a place for is in `SubmissionHeader.fields`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from archiver.errors import IdentifierError, UnreadableSubmissionError
from archiver.identifiers import AccessionNumber, Cik, FormType, parse_date
from indexer.charset import decode
from indexer.header_fields import LABEL_OF_ROLE, HeaderValue, Section, read_fields
from indexer.items import item_codes

_ACTS = {"33": "1933 Act", "34": "1934 Act", "39": "1939 Act", "40": "1940 Act"}
_DATETIME_DIGITS = 14
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Address:
    """An address as EDGAR prints it. `state` is a state's or country's code; `phone` stands in business addresses."""

    street1: str | None
    street2: str | None
    city: str | None
    state: str | None
    zip: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class FilingValues:
    """Under which form and Act an entity files: EDGAR repeats them for each Act.

    `act` is spelt ``1934 Act``, also where EDGAR has its tag's short ``34``.
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
    """A company or person of the submission.

    `role` is EDGAR's own label: ``FILER``, ``SUBJECT COMPANY``, ``FILED BY``, ``REPORTING-OWNER``, ``ISSUER``.
    `fiscal_year_end` is MMDD. `sic_description` is only in headers with labels.
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
class SubmissionHeader:
    """The header of one submission. What EDGAR left out or blank, or wrote so that it cannot be read, is None.

    `acceptance_datetime` is US Eastern time without a zone, as EDGAR writes it. `items` are codes; `unknown_items` are
    descriptions that no code is known for. `fields` has every label or tag under its own name and in order: what stands
    there more than once as a list, sections nested, nothing dropped.
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
    entities: tuple[Entity, ...]
    fields: dict[str, HeaderValue]


def parse_header(data: bytes) -> SubmissionHeader:
    """The header in `data`, its bytes as `indexer.sgml.outline` finds them, in labels or in tags.

    Raises `UnreadableSubmissionError` where there is no accession number or no form type.
    """
    root = read_fields(decode(data))
    form = root.value("TYPE")
    if form is None:
        raise UnreadableSubmissionError("no EDGAR submission: its header has no submission type")
    filing_date = _date(root.value("FILING-DATE"))
    items = item_codes(root.values("ITEMS"), form=FormType(form), filing_date=filing_date)
    return SubmissionHeader(
        accession=_accession(root),
        form=FormType(form),
        filing_date=filing_date,
        acceptance_datetime=_datetime(root.value("ACCEPTANCE-DATETIME")),
        period_of_report=_date(root.value("PERIOD")),
        public_document_count=_integer(root.value("PUBLIC-DOCUMENT-COUNT")),
        date_as_of_change=_date(root.value("DATE-OF-FILING-DATE-CHANGE")),
        effectiveness_date=_date(root.value("EFFECTIVENESS-DATE")),
        items=items.codes,
        unknown_items=items.unknown,
        entities=tuple(_entity(section) for section in _entity_sections(root)),
        fields=root.fields(),
    )


def _accession(root: Section) -> AccessionNumber:
    text = root.value("ACCESSION-NUMBER") or ""
    try:
        return AccessionNumber(text)
    except IdentifierError:
        raise UnreadableSubmissionError(
            f"no EDGAR submission: its header has the accession number {text[:40]!r}"
        ) from None


def _entity_sections(root: Section) -> Iterator[Section]:
    for section in root.sections():
        if section.tag in LABEL_OF_ROLE or next(section.sections("COMPANY-DATA", "OWNER-DATA"), None):
            yield section


def _entity(section: Section) -> Entity:
    data = next(section.sections("COMPANY-DATA", "OWNER-DATA"), section)
    sic, sic_description = _sic(data.value("ASSIGNED-SIC"))
    return Entity(
        role=LABEL_OF_ROLE.get(section.tag, section.tag),
        cik=_cik(data.value("CIK")),
        name=data.value("CONFORMED-NAME") or "",
        sic=sic,
        sic_description=sic_description,
        irs_number=data.value("IRS-NUMBER"),
        state_of_incorporation=data.value("STATE-OF-INCORPORATION"),
        fiscal_year_end=data.value("FISCAL-YEAR-END"),
        organization_name=data.value("ORGANIZATION-NAME"),
        filing_values=tuple(_filing_values(values) for values in section.sections("FILING-VALUES")),
        business_address=_address(next(section.sections("BUSINESS-ADDRESS"), None)),
        mail_address=_address(next(section.sections("MAIL-ADDRESS"), None)),
        former_names=tuple(
            FormerName(former.value("FORMER-CONFORMED-NAME") or "", _date(former.value("DATE-CHANGED")))
            for former in section.sections("FORMER-COMPANY", "FORMER-NAME")
        ),
    )


def _filing_values(section: Section) -> FilingValues:
    form, act = section.value("FORM-TYPE"), section.value("ACT")
    return FilingValues(
        form=FormType(form) if form else None,
        act=_ACTS.get(act, act) if act else None,
        file_number=section.value("FILE-NUMBER"),
        film_number=section.value("FILM-NUMBER"),
    )


def _address(section: Section | None) -> Address | None:
    if section is None:
        return None
    return Address(
        street1=section.value("STREET1"),
        street2=section.value("STREET2"),
        city=section.value("CITY"),
        state=section.value("STATE"),
        zip=section.value("ZIP"),
        phone=section.value("PHONE"),
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
    try:
        return Cik(text) if text else None
    except IdentifierError:
        return None


def _date(text: str | None) -> date | None:
    try:
        return parse_date(text) if text else None
    except IdentifierError:
        return None


def _datetime(text: str | None) -> datetime | None:
    if text is None or len(text) != _DATETIME_DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - EDGAR states no zone
    except ValueError:
        return None
