from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from archiver.errors import UnreadableSubmissionError
from indexer.submission.header import (
    Address,
    ClassContract,
    FilingValues,
    FormerName,
    Series,
    parse_header,
)
from indexer.submission.sgml import outline
from tests.paths import INVENTED
from tests.unit.spellings import in_both, in_labels, in_tags

_LABELS = b"""<SEC-DOCUMENT>0000950103-25-008153.txt : 20250630
<SEC-HEADER>0000950103-25-008153.hdr.sgml : 20250630
<ACCEPTANCE-DATETIME>20250630172828
ACCESSION NUMBER:\t\t0000950103-25-008153
CONFORMED SUBMISSION TYPE:\tSC TO-T/A
PUBLIC DOCUMENT COUNT:\t\t9
CONFORMED PERIOD OF REPORT:\t20250628
FILED AS OF DATE:\t\t20250701
DATE AS OF CHANGE:\t\t20250630
EFFECTIVENESS DATE:\t\t20250702
GROUP MEMBERS:\t\tA
GROUP MEMBERS:\t\tB

SUBJECT COMPANY:\t

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tACME WIDGETS INC
\t\tCENTRAL INDEX KEY:\t\t\t0000000320
\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\tELECTRONIC COMPUTERS [3571]
\t\tORGANIZATION NAME:           \t06 Technology
\t\tEIN:\t\t\t\t942404110
\t\tSTATE OF INCORPORATION:\t\t\tDE
\t\tFISCAL YEAR END:\t\t\t0928

\tFILING VALUES:
\t\tFORM TYPE:\t\tSC 13D/A
\t\tSEC ACT:\t\t1934 Act
\t\tSEC FILE NUMBER:\t005-83522
\t\tFILM NUMBER:\t\t25523922

\tBUSINESS ADDRESS:\t
\t\tSTREET 1:\t\tONE ACME WAY
\t\tSTREET 2:\t\tSUITE 5
\t\tCITY:\t\t\tCUPERTINO
\t\tSTATE:\t\t\tCA
\t\tZIP:\t\t\t95014
\t\tBUSINESS PHONE:\t\t(408) 996-1010

\tFORMER COMPANY:\t
\t\tFORMER CONFORMED NAME:\tACME & SONS/DE/
\t\tDATE OF NAME CHANGE:\t20070109

\tFORMER COMPANY:\t
\t\tFORMER CONFORMED NAME:\tACME
\t\tDATE OF NAME CHANGE:\t19970808

FILED BY:\t\t

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tDOE JANE
\t\tCENTRAL INDEX KEY:\t\t\t0001674334

\tFILING VALUES:
\t\tFORM TYPE:\t\tSC TO-T/A

\tFORMER NAME:\t
\t\tFORMER CONFORMED NAME:\tROE JANE
\t\tDATE OF NAME CHANGE:\t20110101
"""

_TAGS = b"""<SUBMISSION>
<ACCEPTANCE-DATETIME>20250630172828
<ACCESSION-NUMBER>0000950103-25-008153
<TYPE>SC TO-T/A
<PUBLIC-DOCUMENT-COUNT>9
<PERIOD>20250628
<FILING-DATE>20250701
<DATE-OF-FILING-DATE-CHANGE>20250630
<EFFECTIVENESS-DATE>20250702
<GROUP-MEMBERS>A
<GROUP-MEMBERS>B
<SUBJECT-COMPANY>
<COMPANY-DATA>
<CONFORMED-NAME>ACME WIDGETS INC
<CIK>0000000320
<ASSIGNED-SIC>3571
<ORGANIZATION-NAME>06 Technology
<IRS-NUMBER>942404110
<STATE-OF-INCORPORATION>DE
<FISCAL-YEAR-END>0928
</COMPANY-DATA>
<FILING-VALUES>
<FORM-TYPE>SC 13D/A
<ACT>34
<FILE-NUMBER>005-83522
<FILM-NUMBER>25523922
</FILING-VALUES>
<BUSINESS-ADDRESS>
<STREET1>ONE ACME WAY
<STREET2>SUITE 5
<CITY>CUPERTINO
<STATE>CA
<ZIP>95014
<PHONE>(408) 996-1010
</BUSINESS-ADDRESS>
<FORMER-COMPANY>
<FORMER-CONFORMED-NAME>ACME & SONS/DE/
<DATE-CHANGED>20070109
</FORMER-COMPANY>
<FORMER-COMPANY>
<FORMER-CONFORMED-NAME>ACME
<DATE-CHANGED>19970808
</FORMER-COMPANY>
</SUBJECT-COMPANY>
<FILED-BY>
<COMPANY-DATA>
<CONFORMED-NAME>DOE JANE
<CIK>0001674334
</COMPANY-DATA>
<FILING-VALUES>
<FORM-TYPE>SC TO-T/A
</FILING-VALUES>
<FORMER-NAME>
<FORMER-CONFORMED-NAME>ROE JANE
<DATE-CHANGED>20110101
</FORMER-NAME>
</FILED-BY>
"""

_LEAST = b"ACCESSION NUMBER:\t\t0000950103-25-008153\nCONFORMED SUBMISSION TYPE:\t8-K\n"


def test_every_field_of_a_labelled_header() -> None:
    """Each value comes out typed and in its place."""
    header = parse_header(_LABELS)
    assert (header.accession, header.form) == ("0000950103-25-008153", "SC TO-T/A")
    assert (header.filing_date, header.period_of_report) == (date(2025, 7, 1), date(2025, 6, 28))
    assert (header.date_as_of_change, header.effectiveness_date) == (date(2025, 6, 30), date(2025, 7, 2))
    assert header.acceptance_datetime == datetime(2025, 6, 30, 17, 28, 28)  # noqa: DTZ001 - EDGAR states no zone
    assert header.public_document_count == 9
    subject, filer = header.entities
    assert (subject.role, subject.cik, subject.name) == ("SUBJECT COMPANY", 320, "ACME WIDGETS INC")
    assert (subject.sic, subject.sic_description) == (3571, "ELECTRONIC COMPUTERS")
    assert (subject.irs_number, subject.state_of_incorporation) == ("942404110", "DE")
    assert (subject.fiscal_year_end, subject.organization_name) == ("0928", "06 Technology")
    assert [*subject.filing_values] == [
        FilingValues(subject.filing_values[0].form, "1934 Act", "005-83522", "25523922")
    ]
    assert subject.filing_values[0].form == "SC 13D/A"
    assert subject.business_address == Address("ONE ACME WAY", "SUITE 5", "CUPERTINO", "CA", "95014", "(408) 996-1010")
    assert subject.mail_address is None
    assert subject.former_names == (
        FormerName("ACME & SONS/DE/", date(2007, 1, 9)),
        FormerName("ACME", date(1997, 8, 8)),
    )
    assert (filer.role, filer.cik, filer.sic, filer.sic_description) == ("FILED BY", 1674334, None, None)
    assert filer.former_names == (FormerName("ROE JANE", date(2011, 1, 1)),)
    assert header.group_members == ("A", "B")
    assert header.fields["GROUP MEMBERS"] == ["A", "B"]
    assert header.fields["SEC-HEADER"] == "0000950103-25-008153.hdr.sgml : 20250630"


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n", b"\n\n"])
@pytest.mark.parametrize("source", [_LABELS, _TAGS], ids=["labels", "tags"])
def test_both_spellings_and_all_line_ends_give_the_same_header(source: bytes, line_end: bytes) -> None:
    """Only the SIC's description, which tags do not have, and the names of the raw fields differ."""
    assert in_both(parse_header(source.replace(b"\n", line_end))) == in_both(parse_header(_LABELS))


_INVENTED = sorted(INVENTED.glob("*.txt"))
_DEPARTURE = "Departure of Directors or %s; Election of Directors; Appointment of %s"
_ITEMS = {
    "0009000900-03-000077": {"5": "Other events", "7": "Financial statements and exhibits"},
    "0009000900-04-000101": {
        "5.02": _DEPARTURE % (("Principal Officers",) * 2),
        "9.01": "Financial Statements and Exhibits",
    },
    "0009000900-16-000045": {
        "4.01": "Changes in Registrant's Certifying Accountant",
        "9.01": "Financial Statements and Exhibits",
    },
    "0009000900-22-000318": {
        "2.02": "Results of Operations and Financial Condition",
        "9.01": "Financial Statements and Exhibits",
    },
    "0009000900-19-000212": {
        "5.02": _DEPARTURE % (("Certain Officers",) * 2) + ": Compensatory Arrangements of Certain Officers"
    },
}


@pytest.mark.parametrize("path", _INVENTED, ids=lambda path: path.stem)
def test_a_header_turned_into_the_other_spelling_and_back_is_the_same(path: Path) -> None:
    """What the served file says in labels, the dissemination file says in tags: every typed value is equal."""
    labelled = outline(path.read_bytes()).header.decode("cp1252")
    header = parse_header(labelled.encode())
    items = _ITEMS.get(path.stem, {})
    assert header.items == tuple(items)
    tagged = in_tags(labelled, list(items))
    again = in_labels(tagged, list(items.values()))
    assert "<TYPE>" in tagged
    assert "CONFORMED SUBMISSION TYPE:" in again
    assert in_both(parse_header(tagged.encode())) == in_both(header)
    assert in_both(parse_header(again.encode())) == in_both(header)


def test_series_and_classes_are_found_in_whatever_group_they_stand() -> None:
    """EDGAR groups them as existing, new and merging; each is there with its classes, in order."""
    data = b"""<SERIES-AND-CLASSES-CONTRACTS-DATA>
<EXISTING-SERIES-AND-CLASSES-CONTRACTS>
<SERIES>
<OWNER-CIK>0000000042
<SERIES-ID>S000000001
<SERIES-NAME>First & Fund
<CLASS-CONTRACT>
<CLASS-CONTRACT-ID>C000000001
<CLASS-CONTRACT-NAME>Class A
<CLASS-CONTRACT-TICKER-SYMBOL>FFXAX
</CLASS-CONTRACT>
<CLASS-CONTRACT>
<CLASS-CONTRACT-ID>C000000002
<CLASS-CONTRACT-NAME>Class B
</CLASS-CONTRACT>
</SERIES>
</EXISTING-SERIES-AND-CLASSES-CONTRACTS>
<NEW-SERIES-AND-CLASSES-CONTRACTS>
<OWNER-CIK>0000000042
<NEW-SERIES>
<SERIES-ID>S000000002
<SERIES-NAME>Second Fund
</NEW-SERIES>
</NEW-SERIES-AND-CLASSES-CONTRACTS>
</SERIES-AND-CLASSES-CONTRACTS-DATA>
"""
    first, second = parse_header(_LEAST + data).series
    classes = (ClassContract("C000000001", "Class A", "FFXAX"), ClassContract("C000000002", "Class B", None))
    assert first == Series(first.owner_cik, "S000000001", "First & Fund", classes)
    assert first.owner_cik == 42
    assert second == Series(None, "S000000002", "Second Fund", ())


def test_one_cik_may_be_filer_many_times() -> None:
    """Neither the number of entities nor of former names has a limit, and repetitions are kept."""
    former = b"\n\tFORMER COMPANY:\t\n\t\tFORMER CONFORMED NAME:\tOLD\n\t\tDATE OF NAME CHANGE:\t20010203\n"
    filer = b"\nFILER:\n\n\tCOMPANY DATA:\t\n\t\tCENTRAL INDEX KEY:\t\t\t0000000042\n" + former * 5
    entities = parse_header(_LEAST + filer * 33).entities
    assert [entity.cik for entity in entities] == [42] * 33
    assert {len(entity.former_names) for entity in entities} == {5}


def test_entities_stand_in_edgars_order_whatever_their_roles() -> None:
    """Roles that take turns are not sorted together."""
    block = b"%s:\n\n\tCOMPANY DATA:\t\n\t\tCENTRAL INDEX KEY:\t\t\t%d\n"
    roles = [b"FILER", b"SUBJECT COMPANY", b"FILER", b"SERIAL COMPANY", b"NEW ROLE"]
    header = parse_header(_LEAST + b"".join(block % (role, number) for number, role in enumerate(roles, 1)))
    assert [(entity.role.encode(), entity.cik) for entity in header.entities[:4]] == [
        *zip(roles[:4], range(1, 5), strict=True)
    ]
    assert header.entities[4].cik == 5


def test_items_are_codes() -> None:
    """Descriptions and codes are read by form and date; a blank and an unknown one stop nothing."""
    lines = (b"ITEM INFORMATION:\t\tOther Events", b"ITEM INFORMATION:\t\t", b"ITEM INFORMATION:\t\t57:")
    header = parse_header(_LEAST + b"\n".join((*lines, b"FILED AS OF DATE:\t\t20000124")))
    assert (header.items, header.unknown_items) == (("5",), ("57:",))
    assert parse_header(b"<ITEMS>5.02\n<ITEMS>9.01\n" + _LEAST).items == ("5.02", "9.01")


@pytest.mark.parametrize(
    ("sic", "expected"),
    [
        (b"STATE COMMERCIAL BANKS [6022]", (6022, "STATE COMMERCIAL BANKS")),
        (b" []", (None, None)),
        (b"SERVICES [OTHER] [7389]", (7389, "SERVICES [OTHER]")),
        (b"", (None, None)),
        (b"WORDS ALONE", (None, "WORDS ALONE")),
        (b" [3571\n]", (3571, None)),
    ],
)
def test_sic_codes_as_edgar_writes_them(sic: bytes, expected: tuple[int | None, str | None]) -> None:
    """Code and words are told apart, also where EDGAR left one of them out or broke the line."""
    data = b"FILER:\n\n\tCOMPANY DATA:\t\n\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\t%s\t\tIRS NUMBER:\t\t\t\t9\n"
    data = data.replace(b"\t\tIRS", b"\n\t\tIRS") if not sic.endswith(b"\n]") else data
    (entity,) = parse_header(_LEAST + data % sic).entities
    assert ((entity.sic, entity.sic_description), entity.irs_number) == (expected, "9")


@pytest.mark.parametrize(
    ("act", "expected"),
    [(b"34", "1934 Act"), (b"1940 Act", "1940 Act"), (b"35", "1935 Act"), (b"19", "19"), (b"", None)],
)
def test_acts_are_spelt_as_labels_spell_them(act: bytes, expected: str | None) -> None:
    """Two digits of a tag are the Act of that year, but not those that are left of a value that was cut."""
    (entity,) = parse_header(_LEAST + b"<FILER>\n<FILING-VALUES>\n<ACT>%s\n</FILING-VALUES>\n</FILER>\n" % act).entities
    assert entity.filing_values[0].act == expected


def test_values_that_cannot_be_read_are_none_and_still_in_the_fields() -> None:
    """A date that is none, a count in words and a CIK with letters are nothing guessed."""
    bad = b"FILED AS OF DATE:\t\t20001399\nPUBLIC DOCUMENT COUNT:\t\tTEN\n<ACCEPTANCE-DATETIME>2000\n"
    header = parse_header(_LEAST + bad + b"FILER:\n\tCOMPANY DATA:\n\t\tCENTRAL INDEX KEY:\tNONE\n")
    assert (header.filing_date, header.public_document_count, header.acceptance_datetime) == (None, None, None)
    assert header.entities[0].cik is None
    assert header.fields["FILED AS OF DATE"] == "20001399"


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"CONFORMED SUBMISSION TYPE:\t8-K\n", _LEAST[:45]])
def test_bytes_without_accession_number_or_form_are_no_submission(data: bytes) -> None:
    """They raise the one error that readers of submissions raise."""
    with pytest.raises(UnreadableSubmissionError, match="not an EDGAR submission"):
        parse_header(data)


def test_no_address_of_ours_is_in_the_message_of_a_header() -> None:
    """A server may have written it there, and the message goes to the log."""
    wrong = _LABELS.replace(b"\t0000950103-25-008153", b"\tAnn Example ann@example.com")
    with pytest.raises(UnreadableSubmissionError) as caught:
        parse_header(wrong)
    assert "example.com" not in str(caught.value)
