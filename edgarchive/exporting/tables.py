"""The tables of an export: their columns, in order, with types and descriptions."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from archiver.startup.dataclass import dataclass

ColumnType = Literal["text", "texts", "int", "ints", "float", "bool", "date", "datetime"]


class Table(StrEnum):
    """The tables that can be exported."""

    FILINGS = "filings"
    ENTITIES = "filing_entities"
    DOCUMENTS = "documents"
    SECTIONS = "sections"
    HITS = "hits"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, type and description."""

    name: str
    type: ColumnType
    meaning: str


_ACCESSION = Column("accession", "text", "accession number")
_CIK = Column("cik", "int", "CIK of the first entity that has one")
_NAME = Column("name", "text", "name of that entity")
_FORM = Column("form", "text", "form type, as EDGAR spells it")
_DATE = Column("filing_date", "date", "filing date")
_PERIOD = Column("period_of_report", "date", "conformed period of report")
_WORDS = Column("words", "int", "number of words of the text")

COLUMNS: dict[Table, tuple[Column, ...]] = {
    Table.FILINGS: (
        _ACCESSION,
        _FORM,
        _DATE,
        Column("acceptance_datetime", "datetime", "when EDGAR accepted it, US Eastern time without a zone"),
        _PERIOD,
        _CIK,
        _NAME,
        Column("ciks", "ints", "CIKs of all entities"),
        Column("names", "texts", "names of all entities"),
        Column("items", "texts", "item codes of the header"),
        Column("items_derived", "bool", "whether the items are from headings, as the header of an 8-K left them blank"),
        Column("sic", "int", "SIC code of the first entity that has one"),
        Column("state", "text", "state of incorporation of the first entity that has one"),
        Column("documents", "int", "number of documents"),
        Column("bytes", "int", "size of the submission"),
        Column("sha256", "text", "SHA-256 of the submission"),
        Column("source", "text", "index, feed or import"),
        Column("added", "datetime", "when it was added to the archive, UTC"),
        Column("withdrawn", "datetime", "when EDGAR was seen to have withdrawn it, UTC"),
        Column("url", "text", "EDGAR's page of the filing"),
    ),
    Table.ENTITIES: (
        _ACCESSION,
        Column("cik", "int", "CIK of the entity"),
        Column("name", "text", "its name in this filing"),
        Column("role", "text", "its role, EDGAR's label"),
        Column("sic", "int", "its SIC code"),
        Column("state", "text", "its state of incorporation"),
        Column("business_state", "text", "state of its business address"),
        Column("business_city", "text", "city of its business address"),
        Column("fiscal_year_end", "text", "its fiscal year end, MMDD"),
        Column("irs_number", "text", "its IRS number"),
        Column("file_number", "text", "file number of its first filing value"),
        Column("film_number", "text", "film number of its first filing value"),
    ),
    Table.DOCUMENTS: (
        _ACCESSION,
        _CIK,
        _NAME,
        _FORM,
        _DATE,
        _PERIOD,
        Column("sequence", "int", "number of the document in the filing"),
        Column("type", "text", "document type, such as EX-10.1"),
        Column("filename", "text", "file name, as filed"),
        Column("description", "text", "description, as filed"),
        Column("bytes", "int", "size as filed, in EDGAR's encoding"),
        _WORDS,
        Column("text", "text", "extracted text"),
    ),
    Table.SECTIONS: (
        _ACCESSION,
        _CIK,
        _NAME,
        _FORM,
        _DATE,
        Column("period", "date", "conformed period of report"),
        Column("sequence", "int", "number of the document in the filing"),
        Column("part", "text", "part of the report: I to IV; none in an 8-K"),
        Column("item", "text", "item, such as 1A or 5.02"),
        Column("title", "text", "heading, as written"),
        Column("text", "text", "text, heading included"),
        _WORDS,
        Column("is_reference", "bool", "whether the text only refers to another place"),
    ),
    Table.HITS: (
        _ACCESSION,
        _FORM,
        _DATE,
        _PERIOD,
        Column("ciks", "ints", "CIKs of all entities"),
        Column("names", "texts", "names of all entities"),
        Column("items", "texts", "item codes of the header"),
        Column("items_derived", "bool", "whether the items are from headings, as the header of an 8-K left them blank"),
        Column("sequence", "int", "number of the document in the filing"),
        Column("type", "text", "document type"),
        Column("filename", "text", "file name, as filed"),
        Column("score", "float", "score; empty if only filters were given"),
        Column("section", "text", "item that contains the first match"),
        Column("before", "text", "words before the first match"),
        Column("match", "text", "the first match"),
        Column("after", "text", "words after it"),
        Column("match_count", "int", "number of matches in the document"),
        Column("url", "text", "EDGAR's page of the filing"),
    ),
}
