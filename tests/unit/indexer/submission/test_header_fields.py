from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.submission.header_fields import Section, read_fields


def test_labels_nest_by_their_sections() -> None:
    """What stands more than once is a list, sections are nested, order is kept, blank values are there."""
    fields = read_fields("""\
ACCESSION NUMBER:\t\t1
SROS:\t\t\tNASD
SROS:\t\t\tNYSE
ITEM INFORMATION:\t\t

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tA: B

\tFILING VALUES:
\t\tSEC ACT:\t\t

\tFILING VALUES:
\t\tSEC ACT:\t\t1934 Act
""").fields()
    assert list(fields) == ["ACCESSION NUMBER", "SROS", "ITEM INFORMATION", "FILER"]
    assert fields == {
        "ACCESSION NUMBER": "1",
        "SROS": ["NASD", "NYSE"],
        "ITEM INFORMATION": "",
        "FILER": {
            "COMPANY DATA": {"COMPANY CONFORMED NAME": "A: B"},
            "FILING VALUES": [{"SEC ACT": ""}, {"SEC ACT": "1934 Act"}],
        },
    }


def test_tags_nest_by_their_closing_tags() -> None:
    """Leaves have no end tag; an empty tag is a section where its closing tag follows."""
    fields = read_fields("""\
<SUBMISSION>
<TYPE>485BPOS
<PRIVATE-TO-PUBLIC>
<FILER>
<COMPANY-DATA>
<CONFORMED-NAME>A
<ORGANIZATION-NAME>
</COMPANY-DATA>
</FILER>
<NEW-DATA>
<SERIES>
<SERIES-ID>S1
</SERIES>
<SERIES>
<SERIES-ID>S2
</SERIES>
</NEW-DATA>
""").fields()
    assert fields == {
        "TYPE": "485BPOS",
        "PRIVATE-TO-PUBLIC": "",
        "FILER": {"COMPANY-DATA": {"CONFORMED-NAME": "A", "ORGANIZATION-NAME": ""}},
        "NEW-DATA": {"SERIES": [{"SERIES-ID": "S1"}, {"SERIES-ID": "S2"}]},
    }


def test_raw_tags_in_a_labelled_header_stand_outside_the_entities() -> None:
    """Series data after the last entity is the submission's; accession numbers inside a section stay in it."""
    fields = read_fields("""\
FILER:

\tMAIL ADDRESS:\t
\t\tZIP:\t\t\t53202
<SERIES-DATA>
<OWNER-CIK>1
</SERIES-DATA>
<MULTI>
ACCESSION NUMBER:\t\t2
ACCESSION NUMBER:\t\t3
</MULTI>
PUBLIC REFERENCE ACCESSION NUMBER:\t\t4
""").fields()
    assert fields == {
        "FILER": {"MAIL ADDRESS": {"ZIP": "53202"}},
        "SERIES-DATA": {"OWNER-CIK": "1"},
        "MULTI": {"ACCESSION NUMBER": ["2", "3"]},
        "PUBLIC REFERENCE ACCESSION NUMBER": "4",
    }


@pytest.mark.parametrize(("line", "value"), [("<GROUP-MEMBERS>>", ""), ("<GROUP-MEMBERS>> 5 INC", "> 5 INC")])
def test_a_second_bracket_behind_a_tag_is_no_value(line: str, value: str) -> None:
    """Alone it is none; before words it may be theirs."""
    assert read_fields(f"{line}\n<GROUP-MEMBERS>LANTERN INC\n").fields() == {"GROUP-MEMBERS": [value, "LANTERN INC"]}


def test_stray_closing_tags_and_wrong_tabs_do_no_harm() -> None:
    """The headers of 2000 close sections with tags they never opened, indent deeper each time and break SIC codes."""
    fields = read_fields("""\
FILER:

\tCOMPANY DATA:\t
\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\t [3571
]\t\tIRS NUMBER:\t\t\t\t94
</COMPANY-DATA>

\t\tFILING VALUES:
\t\t\tSEC ACT:\t\t
</FILING-VALUES>

\t\t\tBUSINESS ADDRESS:\t
\t\t\t\tZIP:\t\t\t95014
</BUSINESS-ADDRESS>

\t\t\t\tMAIL ADDRESS:\t
\t\t\t\t\tZIP:\t\t\t95015
</MAIL-ADDRESS>
</FILER>
</NEVER>
""").fields()
    assert fields == {
        "FILER": {
            "COMPANY DATA": {"STANDARD INDUSTRIAL CLASSIFICATION": "[3571]", "IRS NUMBER": "94"},
            "FILING VALUES": {"SEC ACT": ""},
            "BUSINESS ADDRESS": {"ZIP": "95014"},
            "MAIL ADDRESS": {"ZIP": "95015"},
        }
    }


def test_sections_and_labels_nobody_knows_are_kept_where_they_stand() -> None:
    """An unknown role with its data, an unknown section and an unknown label keep their names and places."""
    fields = read_fields("""\
NEW ROLE:\t

\tCOMPANY DATA:\t
\t\tCENTRAL INDEX KEY:\t\t1

\tODD DATA:
\t\tODD LABEL:\t\tx
LAST LABEL: \ty
""").fields()
    assert fields == {
        "NEW ROLE": {"COMPANY DATA": {"CENTRAL INDEX KEY": "1"}, "ODD DATA": {"ODD LABEL": "x"}},
        "LAST LABEL": "y",
    }


def test_a_line_that_is_no_field_goes_on_with_the_value_before() -> None:
    """EDGAR breaks long values; text before any field is kept under no name."""
    fields = read_fields("""\
stray
STANDARD INDUSTRIAL CLASSIFICATION:\tREAL ESTATE
 INVESTMENT TRUSTS [6798]
""").fields()
    assert fields == {"": "stray", "STANDARD INDUSTRIAL CLASSIFICATION": "REAL ESTATE INVESTMENT TRUSTS [6798]"}


_LINES = [
    *[
        "FILER:",
        "\tCOMPANY DATA:",
        "\t\tCENTRAL INDEX KEY:\t1",
        "\t\t\tODD:",
        "ITEM INFORMATION:",
        "<CIK>2",
        "",
        "words",
    ],
    *[
        "<FILER>",
        "</FILER>",
        "<COMPANY-DATA>",
        "</COMPANY-DATA>",
        "<SERIES>",
        "</SERIES>",
        "]",
        "] X: y",
        ":",
        "<",
        "</>",
    ],
]


def leaves(section: Section) -> list[str]:
    """All values in `section` and in the sections it holds."""
    inner = [leaf for child in section.split()[1] for leaf in leaves(child)]
    return [member for _, _, member in section.members if isinstance(member, str)] + inner


@given(st.lists(st.sampled_from(_LINES), max_size=40))
def test_no_value_is_dropped(lines: list[str]) -> None:
    """Whatever the order of lines, each value that a line brings is there as often as it was written."""
    found = leaves(read_fields("\n".join(["FIRST:", *lines])))
    for line, value in (("\t\tCENTRAL INDEX KEY:\t1", "1"), ("<CIK>2", "2"), ("] X: y", "y")):
        assert sum(leaf.startswith(value) for leaf in found) == lines.count(line)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """No header fails."""
    assert isinstance(read_fields(text).fields(), dict)


@pytest.mark.timeout(30)  # what is quadratic here takes minutes
@pytest.mark.parametrize("piece", ["<A>\n", "</A>\n", "word\n", "\tL:\n", "FILER:\n\tCOMPANY DATA:\n", "A ", "]\n"])
@pytest.mark.slow
def test_time_is_linear_and_depth_is_bounded(piece: str) -> None:
    """A header of 100 000 equal lines is read in moments, and its nesting does not exhaust the stack."""
    assert isinstance(read_fields(piece * 100_000 + "</A>").fields(), dict)
