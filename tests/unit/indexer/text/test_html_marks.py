from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.html_marks import BLOCK, CELL, MIN_GAP_PT, Marks, style_of
from indexer.text.html_text import html_text

_FOOTNOTE = "position:relative;top:-3.5pt;vertical-align:baseline;font-size:6.5pt"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # raised, so a word of its own
        ("sales<sup>1</sup> rose", "sales 1 rose"),
        ("$1,234<SUP STYLE='font-size:85%; vertical-align:top'>3</SUP> million", "$1,234 3 million"),
        (f"booked<span style='{_FOOTNOTE}'>2</span> about", "booked 2 about"),
        ("<span style='position:relative;bottom:.8ex'>1</span>The Company", "1 The Company"),
        ("cash<font style='vertical-align:super'>1</font>", "cash 1"),
        ("cash<font style='vertical-align:text-top;font-size:70%'>1</font>flow", "cash 1 flow"),
        ("cash<span style='vertical-align:30%'>1</span>", "cash 1"),
        ("2022<sup><a href='#f'>1</a></sup>", "2022 1"),
        ("2022<sup><span style='vertical-align:super'>1</span></sup>.", "2022 1."),
        ("backlog<sup>1</sup><sup>2</sup>, 2023<sup>1</sup><sup>,</sup><sup>3</sup>", "backlog 12, 2023 1,3"),
        ("SKUs<sup>TM</sup> and Offering<SUP>SM</SUP>s", "SKUs TM and Offering SM s"),
        ("66<sup>2</sup>/3%, 10<sup>1</sup>/<sub>2</sub>", "66 2/3%, 10 1/2"),
        ("$5m<sup>2</sup>", "$5m 2"),
        # raised, and a part of the word
        ("the 10<sup>th</sup>, 1<SUP>st</SUP> and 2<sup><u>nd</u></sup>", "the 10th, 1st and 2nd"),
        ("5 m<sup>2</sup>, 30 km<span style='vertical-align:super'>2</span>, CO<sup>2</sup>", "5 m2, 30 km2, CO2"),
        ("M<sup>c</sup>Graw", "McGraw"),
        ("EBITDA<sup>(2)</sup> Rx<sup>&#174;</sup>", "EBITDA(2) Rx®"),
        ("CO<sub>2</sub> and H<span style='vertical-align:sub'>2</span>O", "CO2 and H2O"),
        ("wo<span style='vertical-align:baseline;top:-3pt'>rd</span>", "word"),
        ("wo<span style='vertical-align:top'>rd</span>", "word"),
        ("a<sup>1", "a 1"),
        ("a</sup>b", "ab"),
    ],
)
def test_footnote_marks_are_words_of_their_own(source: str, expected: str) -> None:
    """A mark above the line is not the end of a word or a number; ordinals, powers of units and CO2 are whole."""
    assert html_text(source.encode()) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<span>1</span><span style='padding-left:5pt'>Derivative</span>", "1 Derivative"),
        ("<span>1</span><span style='margin:0 0 0 2px'>Derivative</span>", "1 Derivative"),
        ("<span style='padding:0 4pt'>1</span>Derivative", "1 Derivative"),
        ("<span style='margin-right:1em'><b>1</b></span>Derivative", "1 Derivative"),
        ("<a style='margin-left:2%'>1</a><b style='margin-left:0.5%'>Derivative</b>", "1 Derivative"),
        ("the<span style='display:inline-block;width:4.38pt;'></span>quarter", "the quarter"),
        ("the<span style='display:inline-block;width:4.38pt'/>quarter", "the quarter"),
        ("<span style='display:inline-flex;min-width:4.5%'>11.</span><span>LEGAL</span>", "11. LEGAL"),
        ("a<img src='x.gif'>b", "a b"),
        ("<span style='float:left'>left</span><span style='float:right'>right</span>", "left right"),
        ("a<span style='visibility:hidden'>xx</span>b", "a b"),
        ("Ker<span style='padding-left:0pt'>ning</span>", "Kerning"),
        ("Ker<span style='padding-left:1pt;margin-top:9pt'>ning</span>", "Kerning"),
        ("Ker<span style='margin-left:-3pt'>ning</span>", "Kerning"),
        ("Ker<span style='display:inline-block'>ning</span>", "Kerning"),
    ],
)
def test_a_gap_of_one_and_a_half_points_parts_words(source: str, expected: str) -> None:
    """What margins, padding, spacers and pictures part is not one word; kerning parts nothing."""
    assert html_text(source.encode()) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("on-<div style='display:inline'>premise</div> so<div style='DISPLAY: inline;'>ft</div>", "on-premise soft"),
        ("<div style='display:inline'>a<div style='display:inline'>b</div></div>c<div>d</div>", "abc\nd"),
        ("sub<div style='display:inline-block'>scription</div>", "subscription"),
        ("<div style='display:inline-block;width:20%'>Name:</div><div style='display:inline'>Doe</div>", "Name: Doe"),
        ("<span style='display:block'>a</span><span style='display:block'>b</span>c", "a\nb\nc"),
    ],
)  # fmt: skip
def test_display_decides_what_ends_a_line(source: str, expected: str) -> None:
    """An element shown inside a line does not end it, whatever its name is; one shown as a block does."""
    assert html_text(source.encode()) == expected


@pytest.mark.parametrize(
    "hidden",
    [
        "<span style='display:none'>no</span>",
        "<span style=display:none>no</span>",
        "<div style='color:red; DISPLAY : none !important'><div>no</div></div>",
        "<p style='display:none'>no</p>",
        "<span hidden>no</span>",
        "<span style='font-size:0'>no</span>",
        "<span style='font-size:0.01pt'>no</span>",
        "<template>no</template>",
        "<ix:header><ix:hidden>no</ix:hidden></ix:header>",
        "<IX:HEADER><ix:hidden>no</ix:hidden></IX:HEADER>",
        "<ix:header id='x'>no</ix:header>",
    ],
)
def test_what_is_hidden_leaves_a_word_whole(hidden: str) -> None:
    """Whatever hides it, hidden text is neither shown nor does it part what is around it."""
    assert html_text(f"vis{hidden}ible".encode()) == "visible"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p style='display:none'>no<p>yes</p>", "yes"),
        ("<p style='display:none'>no<b></b>" + "<i></i>" * 600 + "<p>yes</p>", "yes"),
        ("<div style='font-size:0'><span style='font-size:10pt'>yes</span></div>", "yes"),
        ("<a title='hidden'>yes</a> <span class=hidden>yes</span>", "yes yes"),
        ("<ix:header/>yes", "yes"),
    ],
)
def test_what_is_not_hidden_is_shown(source: str, expected: str) -> None:
    """Neither what follows a hidden paragraph without an end, nor what only looks hidden, is lost."""
    assert html_text(source.encode()) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<table><tr><td>Cash</td><td>&#8203;</td><td>5</td></tr><tr><td>&#8203;</td></tr></table>", "Cash\t5"),
        ("<p>one</p><p>&#8203;\N{ZERO WIDTH SPACE}&#xFEFF;</p><p>two</p>", "one\ntwo"),
        ("re&shy;sig\N{SOFT HYPHEN}na&#8203;tion", "resignation"),
        ("a&#8195;b&emsp;&nbsp; c\N{EM SPACE}d\N{NO-BREAK SPACE}&#10;e", "a b c d e"),
    ],
)
def test_invisible_characters_are_nothing(source: str, expected: str) -> None:
    """Cells and lines of them are empty, words with them are whole, and every space is a blank."""
    assert html_text(source.encode()) == expected


_WORD = st.text("abcxyz", min_size=4, max_size=8)
_UNITS = {"pt": 1.0, "px": 0.75, "in": 72.0, "mm": 72 / 25.4}


@given(
    st.lists(
        st.tuples(_WORD, st.floats(0, 9), st.sampled_from(sorted(_UNITS)), st.sampled_from(["margin", "padding"]))
    ),
    st.sampled_from(["span", "font", "b", "a"]),
)
def test_words_are_parted_by_the_width_of_the_gap_alone(pieces: list[tuple[str, float, str, str]], name: str) -> None:
    """For any widths and units, pieces are one word exactly where less than the least gap is between them."""
    source, expected = "", ""
    for word, width, unit, side in pieces:
        source += f"<{name} style='color:red;{side}-left:{width:.4f}{unit}'>{word}</{name}>"
        expected += (" " if round(width, 4) * _UNITS[unit] >= MIN_GAP_PT else "") + word
    assert html_text(source.encode()) == expected.strip()


@given(st.binary(max_size=60))
def test_no_style_fails(source: bytes) -> None:
    """Whatever stands in a style or a tag has a meaning, if only none."""
    assert style_of(source).display is not None
    assert isinstance(Marks()[source], bytes)


def test_remembered_tags_are_bounded() -> None:
    """Neither tags with ids nor long ones stay in memory for ever, and what was forgotten has the same mark again."""
    marks = Marks()
    hidden = b"td style='display:none'"
    assert [marks[b"ix:nonFraction id='f-1'"], marks[b"td title='%b'" % (b"x" * 1_000)]] == [b"", CELL]
    assert not marks
    special = marks[hidden], marks.special(hidden)
    for number in range(20_000):
        assert marks[b"p id='%d'" % number] == BLOCK
    marks.trim()
    assert not marks
    assert (marks[hidden], marks.special(hidden)) == special


def test_only_a_special_tag_has_an_effect_beyond_its_mark() -> None:
    """Asking for that of another one is an error, since its mark says all."""
    with pytest.raises(ValueError, match="has a mark"):
        Marks().special(b"td")
