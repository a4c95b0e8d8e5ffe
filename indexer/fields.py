"""The table of search fields, from which the query language, explanations, facets and engine schemas derive.

A new field is one entry of `TABLE` and, to offer it as a filter, one attribute of `indexer.query.filters.Filters` and
`indexer.search.options.SearchOptions`, and one option of the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber, Cik, without_form_word
from archiver.startup.dataclass import dataclass
from indexer.entries import IndexEntry
from indexer.submission.items import code_as_written, without_item_word
from indexer.submission.states import state_code
from indexer.text.kinds import with_exhibit_prefix

Kind = Literal["text", "names", "value", "date", "number", "sections", "stem", "ticker"]
"""What a field holds: running text (words with their places, scored), several names, whole values, a date or a number.

Words of ``text`` and ``names`` are cut by `archiver.words`; a ``value`` is compared whole, folded by
`indexer.entries.exact`, without a score. ``sections`` are stretches of the text. Those of `NOT_INDEXED` only a query
has: ``stem`` asks for words of text by their stem, ``ticker`` for the CIK of the company that has it.
"""

NOT_INDEXED = frozenset({"stem", "ticker"})
"""The kinds that are not indexed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One search field.

    `name` is its name in an index and in the query language; `label` names it in an explanation; `finds` and `examples`
    document it. `values` takes from an entry what is indexed: a text for the kind ``text``, texts for ``names`` and
    ``value``, a date or None for ``date``, a number from 0 on for ``number``, spans for ``sections``. `per_document` is
    True where documents of one submission may differ in it. `facet` is the name by which hits can be counted by it
    (``year`` for the filing date), and `is_number` says that the counted values are numbers. `normalize` turns a typed
    value or pattern into the indexed one, or raises `UsageError`. `spell` turns an indexed value into what EDGAR
    writes: most of its codes have no small letters. `can_be_named` is False for a field that a query never names.
    `of_parties`: its values come from the parties, which a submission of many has in entries of their own
    (`indexer.entries.IndexEntry.parties`). `may_have_commas` is False where a comma can only stand between values.
    """

    name: str
    kind: Kind
    label: str
    finds: str = ""
    examples: tuple[str, ...] = ()
    values: Callable[[IndexEntry], Any] = lambda _: None
    per_document: bool = False
    facet: str | None = None
    is_number: bool = False
    normalize: Callable[[str], str] | None = None
    spell: Callable[[str], str] = str.upper
    can_be_named: bool = True
    of_parties: bool = False
    may_have_commas: bool = False


_MOMENT = "%Y%m%d%H%M%S"


def has_wildcards(typed: str) -> bool:
    """Whether a word or value has ``*`` or ``?``, which stand for other characters."""
    return "*" in typed or "?" in typed


def _sic_code(typed: str) -> str:
    digits = typed.strip()
    if has_wildcards(digits):
        return digits
    if not (digits.isascii() and digits.isdecimal()):
        raise UsageError(f"{typed[:40]!r} is not a SIC code", "a SIC code is a number, such as 7372 or '73*'")
    return digits.lstrip("0") or "0"


TABLE: tuple[Field, ...] = (
    Field(
        name="text",
        kind="text",
        label="text",
        values=lambda entry: entry.text,
        per_document=True,
        can_be_named=False,
    ),
    Field(
        name="form",
        kind="value",
        label="form",
        finds="form type; `form:8-K` is not `8-K/A`",
        examples=("form:8-K", "form:8-K*", 'form:"SC 13D"'),
        values=lambda entry: (entry.form,),
        facet="form",
        normalize=without_form_word,
    ),
    Field(
        name="cik",
        kind="value",
        label="CIK",
        finds="CIK of any entity, with or without leading zeros; no patterns",
        examples=("cik:1056386", "cik:0001056386"),
        values=lambda entry: tuple(
            str(int(one.cik)) for one in entry.entities if one.cik is not None and entry.parties != "apart"
        ),
        of_parties=True,
        facet="cik",
        is_number=True,
        normalize=lambda typed: str(int(Cik(typed))),
    ),
    Field(
        name="item",
        kind="value",
        label="item",
        finds="item code",
        examples=("item:5.02", "item:5", "item:5.*"),
        values=lambda entry: entry.items,
        facet="item",
        normalize=without_item_word,
        spell=code_as_written,
    ),
    Field(
        name="name",
        kind="names",
        label="a name",
        finds="words of one name of an entity, current or former, or of a fund's series or class, in any order",
        examples=("name:internap", 'name:"network services"', "name:McDonald's", "name:inter*"),
        values=lambda entry: (*entry.names, *entry.series),
        of_parties=True,
        may_have_commas=True,
    ),
    Field(
        name="type",
        kind="value",
        label="document type",
        finds="document type; `type:EX-10` includes `EX-10.1` but not `EX-101`",
        examples=("type:EX-99.1", "type:EX-99*"),
        values=lambda entry: (entry.type,) if entry.type else (),
        per_document=True,
        facet="type",
        normalize=with_exhibit_prefix,
    ),
    Field(
        name="accession",
        kind="value",
        label="accession number",
        finds="accession number, with or without dashes, or a pattern with them",
        examples=("accession:0001193125-04-218426", "accession:0001193125-04-*"),
        values=lambda entry: (entry.accession,),
        normalize=lambda typed: typed if has_wildcards(typed) else AccessionNumber.from_text(typed),
    ),
    Field(
        name="filed",
        kind="date",
        label="filing date",
        finds="filing date",
        examples=("filed:2004", "filed:2004-12", "filed:2015-2021", "filed:[2004-01-01 TO 2004-12-31]"),
        values=lambda entry: entry.filing_date,
        facet="year",
        is_number=True,
    ),
    Field(
        name="period",
        kind="date",
        label="period of report",
        finds="period of report",
        examples=("period:2004-09-30",),
        values=lambda entry: entry.period_of_report,
    ),
    Field(
        name="added",
        kind="date",
        label="date added",
        finds="day (UTC) on which the filing was added to the archive",
        examples=("added:2026-11", "added:>=2026-11-20", "added:[2026-11-01 TO 2026-11-15]"),
        values=lambda entry: entry.added.date() if entry.added else None,
    ),
    Field(
        name="added_at",
        kind="number",
        label="time added",
        values=lambda entry: moment_number(entry.added),
        spell=lambda number: f"{datetime.strptime(number, _MOMENT):%Y-%m-%d %H:%M:%S} UTC",  # noqa: DTZ007 — it is in UTC
        can_be_named=False,
    ),
    Field(
        name="added_run",
        kind="number",
        label="run that added it",
        values=lambda entry: entry.added_run or 0,
        can_be_named=False,
    ),
    Field(
        name="sic",
        kind="value",
        label="SIC code",
        finds="SIC code of any entity, with or without leading zeros",
        examples=("sic:7389", "sic:73*", "sic:0100"),
        values=lambda entry: tuple(map(str, entry.sics)),
        of_parties=True,
        facet="sic",
        is_number=True,
        normalize=_sic_code,
    ),
    Field(
        name="state",
        kind="value",
        label="state of incorporation",
        finds="state of incorporation of any entity, as EDGAR's code or by name",
        examples=("state:DE", 'state:"New York"'),
        values=lambda entry: entry.states,
        normalize=state_code,
        of_parties=True,
        facet="state",
    ),
    Field(
        name="file",
        kind="value",
        label="SEC file number",
        finds="SEC file number",
        examples=("file:000-27265", "file:001-*"),
        values=lambda entry: entry.file_numbers,
        of_parties=True,
    ),
    Field(
        name="section",
        kind="sections",
        label="section",
        finds="section of a 10-K, 10-Q or 8-K, in which all words of the query must occur",
        examples=("section:1A", 'section:"II 1A"', "section:5.02", "section:risk-factors"),
        values=lambda entry: entry.sections,
        per_document=True,
        facet="section",
    ),
    Field(
        name="series",
        kind="names",
        label="a fund's series or class",
        finds="words of the name, the id or the ticker of a fund's series or class",
        examples=('series:"500 index"', "series:VFIAX", "series:S000002839"),
        values=lambda entry: entry.series,
        of_parties=True,
        may_have_commas=True,
    ),
    Field(
        name="city",
        kind="value",
        label="business city",
        finds="city of the business address of any entity",
        examples=("city:atlanta", 'city:"new york"'),
        values=lambda entry: entry.cities,
        of_parties=True,
        may_have_commas=True,
    ),
    Field(
        name="location",
        kind="value",
        label="business state",
        finds="state or country of the business address of any entity, as EDGAR's code",
        examples=("location:GA",),
        values=lambda entry: entry.business_states,
        normalize=state_code,
        of_parties=True,
        facet="location",
    ),
    Field(
        name="film",
        kind="value",
        label="film number",
        finds="film number",
        examples=("film:041221453",),
        values=lambda entry: entry.film_numbers,
        of_parties=True,
    ),
    Field(
        name="fye",
        kind="value",
        label="fiscal year end",
        finds="fiscal year end of any entity, month and day",
        examples=("fye:1231", "fye:06*"),
        values=lambda entry: entry.fiscal_year_ends,
        of_parties=True,
    ),
    Field(
        name="description",
        kind="text",
        label="description",
        finds="words of the document's description alone",
        examples=('description:"press release"',),
        values=lambda entry: entry.description,
        per_document=True,
    ),
    Field(
        name="parties",
        kind="value",
        label="parties",
        values=lambda entry: (entry.parties,) if entry.parties else (),
        spell=str,
        can_be_named=False,
    ),
    Field(
        name="ticker",
        kind="ticker",
        label="ticker",
        finds="ticker of the company, in the list stored by `sync --ticker`",
        examples=("ticker:AAPL", "ticker:BRK.B"),
    ),
    Field(
        name="stem",
        kind="stem",
        label="stem",
        finds="words of text and description with the same stem",
        examples=("stem:resigned", 'stem:"boards of directors"'),
        per_document=True,
    ),
)

BY_NAME = {field.name: field for field in TABLE}
QUERY_FIELDS = tuple(field.name for field in TABLE if field.can_be_named)
"""The fields that a query may name. Words without a field are searched in `TEXT_FIELDS`."""

TEXT_FIELDS = ("text", "description")
"""The fields in which words without a field are searched, most important first."""

VALUE_FIELDS = tuple(field.name for field in TABLE if field.kind == "value")
"""The fields whose values are matched whole, folded by `indexer.entries.exact`, without a score."""

NAME_FIELDS = tuple(field.name for field in TABLE if field.kind == "names")
"""The fields of several names, each of which is matched separately."""

DATE_FIELDS = tuple(field.name for field in TABLE if field.kind == "date")
NUMBER_FIELDS = tuple(field.name for field in TABLE if field.kind == "number")
DOCUMENT_FIELDS = frozenset(field.name for field in TABLE if field.per_document)
"""The fields that may differ between documents of one submission."""

PARTY_FIELDS = frozenset(field.name for field in TABLE if field.of_parties)
"""The fields of what the parties of a submission are: entries of their own may have them."""

Facet = str
"""A name by which hits can be counted: one of `FACETS`."""

FACETS: tuple[Facet, ...] = tuple(field.facet for field in TABLE if field.facet)
"""``year`` is that of the filing date, ``type`` that of the found document."""

SUBMISSION_FACETS: tuple[Facet, ...] = tuple(field.facet for field in TABLE if field.facet and not field.per_document)
"""The facets that are the same for all documents of a submission."""

PARTY_FACETS: frozenset[Facet] = frozenset(field.facet for field in TABLE if field.facet and field.of_parties)
"""The facets by what the parties are."""

_BY_FACET = {field.facet: field for field in TABLE if field.facet}


def document_of(entry: IndexEntry) -> dict[str, Any]:
    """The value of each field of an index for `entry`; None or empty if it has none, 0 for numbers.

    Besides the fields of `TABLE` (dates as numbers, see `date_number`): ``accepted``, a number like 20041222160512,
    ``number``, the 18 digits of the accession number, and ``record``, the data of a hit.
    """
    document = {field.name: field.values(entry) for field in TABLE if field.kind not in NOT_INDEXED}
    document |= {name: date_number(document[name]) for name in DATE_FIELDS}
    return document | {
        "accepted": moment_number(entry.acceptance_datetime),
        "number": int(entry.accession.digits),
        "record": entry.stored(),
    }


MAX_NUMBER = (1 << 63) - 1
"""The largest number in a number field, in every engine."""


def date_number(day: date | None) -> int:
    """A date as a number for an index: 20041222, or 0 for none."""
    return day.year * 10_000 + day.month * 100 + day.day if day else 0


def moment_number(moment: datetime | None) -> int:
    """A time as a number for an index, to the second: 20041222160512, or 0 for none."""
    if moment is None:
        return 0
    return date_number(moment) * 1_000_000 + moment.hour * 10_000 + moment.minute * 100 + moment.second


def facet_value(facet: Facet, indexed: str | int) -> int | str:
    """A counted value: a number if the field's values are numbers, otherwise in EDGAR's spelling."""
    field = _BY_FACET[facet]
    return int(indexed) if field.is_number else field.spell(str(indexed))
