"""Text of documents on a terminal."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgarchive.cli.printing.terminal import Style
from edgarchive.cli.printing.texts import print_text

MARK = "\x1b[1;38;5;16;48;5;220m"


def printed(capsys: pytest.CaptureFixture[str], text: str, style: Style, *marks: tuple[int, int]) -> list[str]:
    """The lines that come of a text."""
    print_text(text, style, marks)
    return capsys.readouterr().out.split("\n")[:-1]


def test_paragraphs_are_wrapped_and_tables_keep_their_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """A row that fits stays as it is; what continues a paragraph is indented as it is."""
    text = "one two three four five\n\n  six seven eight nine ten\nRevenue        1,234"
    assert printed(capsys, text, Style(on=False, width=20)) == [
        "one two three four",
        "five",
        "",
        "  six seven eight",
        "  nine ten",
        "Revenue        1,234",
    ]


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        ("(c)  one two three four", ["(c)  one two three", "     four"]),
        ("\u00a8\tone two three", ["\u00a8       one two", "        three"]),
        ("  (ii)\tone two three", ["  (ii)  one two", "        three"]),
        ("Revenue      1,234      2,345      3,456", ["Revenue", "    1,234      2,345", "    3,456"]),
        ("one two three four  5", ["one two three", "    four  5"]),
        ("one\ttwo          ", ["one     two"]),
        ("\tone two three", ["        one two", "        three"]),
    ],
)
def test_a_row_that_is_too_wide_breaks_between_words(
    capsys: pytest.CaptureFixture[str], row: str, lines: list[str]
) -> None:
    """Below its last cell, or further in where that begins too far right; a terminal would break inside of a word."""
    assert printed(capsys, row, Style(on=False, width=20)) == lines


def test_marks_are_where_the_words_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Also over a line break, behind characters that are not shown, and in a table."""
    text = "a\u202ebc resigned\n  the chief officer\nx    y"
    start = text.index("resigned")
    lines = printed(
        capsys,
        text,
        Style(on=True, width=40),
        (start, start + 8),
        (text.index("chief"), text.index("x")),
        (len(text) - 1, len(text)),
    )
    assert lines == [f"abc {MARK}resigned\x1b[0m", f"  the {MARK}chief officer\x1b[0m", f"x    {MARK}y\x1b[0m"]


@given(
    st.text(alphabet="ab \n\u202e", max_size=80), st.lists(st.tuples(st.integers(0, 80), st.integers(0, 9)), max_size=4)
)
def test_no_character_is_lost(text: str, starts: list[tuple[int, int]]) -> None:
    """Whatever is marked, the words come in order, each once."""
    marks = [(start, min(len(text), start + length)) for start, length in starts if start < len(text) and length]
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        print_text(text, Style(on=True, width=20), merged(marks))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert plain.split() == text.replace("\u202e", "").split()


def merged(marks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Marks in order that do not overlap, as a highlighter gives them."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(marks):
        if not found or start >= found[-1][1]:
            found.append((start, stop))
    return found
