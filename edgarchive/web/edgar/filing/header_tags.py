"""A submission's header as EDGAR's tags: ``ACC.hdr.sgml``, and the comment of ``ACC-index-headers.html``.

The order and names of the tags are those of EDGAR's own pages (EDGAR PDS Technical Specification).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from edgarchive.web.edgar.answers import act_number, sic_code
from edgarchive.web.facts import FilingFacts
from indexer.submission.header import Address, Entity, FilingValues, FormerName

_OWNER = "REPORTING-OWNER"


def tagged_header(facts: FilingFacts) -> str:
    """The header, a tag a line."""
    return "\n".join(_header(facts)) + "\n"


def _header(facts: FilingFacts) -> Iterator[str]:
    header = facts.header
    yield f"<SEC-HEADER>{facts.accession}.hdr.sgml : {_day(facts.filing_date)}"
    if header.acceptance_datetime is not None:
        yield f"<ACCEPTANCE-DATETIME>{header.acceptance_datetime:%Y%m%d%H%M%S}"
    yield f"<ACCESSION-NUMBER>{facts.accession}"
    yield f"<TYPE>{facts.form}"
    if header.public_document_count is not None:
        yield f"<PUBLIC-DOCUMENT-COUNT>{header.public_document_count}"
    yield from _value("PERIOD", _day(header.period_of_report))
    yield from (f"<ITEMS>{code}" for code in header.items)
    yield f"<FILING-DATE>{_day(facts.filing_date)}"
    yield from _value("DATE-OF-FILING-DATE-CHANGE", _day(header.date_as_of_change))
    yield from _value("EFFECTIVENESS-DATE", _day(header.effectiveness_date))
    yield from (f"<GROUP-MEMBERS>{_text(name)}" for name in header.group_members)
    for entity in header.entities:
        yield from _entity(entity)
    yield "</SEC-HEADER>"


def _entity(entity: Entity) -> Iterator[str]:
    role = entity.role.upper().replace(" ", "-")
    data = "OWNER-DATA" if role == _OWNER else "COMPANY-DATA"
    yield f"<{role}>"
    yield f"<{data}>"
    yield from _value("CONFORMED-NAME", entity.name)
    yield from _value("CIK", entity.cik.padded if entity.cik is not None else None)
    yield from _value("ASSIGNED-SIC", sic_code(entity.sic))
    yield from _value("ORGANIZATION-NAME", entity.organization_name)
    yield from _value("IRS-NUMBER", entity.irs_number)
    yield from _value("STATE-OF-INCORPORATION", entity.state_of_incorporation)
    yield from _value("FISCAL-YEAR-END", entity.fiscal_year_end)
    yield f"</{data}>"
    for values in entity.filing_values:
        yield from _filing_values(values)
    yield from _address("BUSINESS-ADDRESS", entity.business_address)
    yield from _address("MAIL-ADDRESS", entity.mail_address)
    for former in entity.former_names:
        yield from _former_name(former)
    yield f"</{role}>"


def _filing_values(values: FilingValues) -> Iterator[str]:
    yield "<FILING-VALUES>"
    yield from _value("FORM-TYPE", values.form)
    yield from _value("ACT", act_number(values.act))
    yield from _value("FILE-NUMBER", values.file_number)
    yield from _value("FILM-NUMBER", values.film_number)
    yield "</FILING-VALUES>"


def _address(tag: str, address: Address | None) -> Iterator[str]:
    if address is None:
        return
    yield f"<{tag}>"
    yield from _value("STREET1", address.street1)
    yield from _value("STREET2", address.street2)
    yield from _value("CITY", address.city)
    yield from _value("STATE", address.state)
    yield from _value("ZIP", address.zip)
    yield from _value("PHONE", address.phone)
    yield f"</{tag}>"


def _former_name(former: FormerName) -> Iterator[str]:
    yield "<FORMER-COMPANY>"
    yield from _value("FORMER-CONFORMED-NAME", former.name)
    yield from _value("DATE-CHANGED", _day(former.changed))
    yield "</FORMER-COMPANY>"


def _value(tag: str, value: str | None) -> Iterator[str]:
    if value:
        yield f"<{tag}>{_text(value)}"


def _text(value: str) -> str:
    """A value on one line, which cannot end the comment that it stands in."""
    return " ".join(value.split()).replace("-->", "--&gt;").replace("--!>", "--!&gt;")


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%Y%m%d}"
