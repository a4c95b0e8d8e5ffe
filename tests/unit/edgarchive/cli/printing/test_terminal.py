"""Lines that fit a terminal, with marks that can be seen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgarchive.cli.printing.terminal import Style, columns, fitted, wrapped

_COLOURS = re.compile(r"\x1b\[([0-9;]*)m")


def palette(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a colour of the 256 that xterm defines."""
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    levels = (0, 95, 135, 175, 215, 255)
    number -= 16
    return levels[number // 36], levels[number // 6 % 6], levels[number % 6]


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_match_has_contrast_on_any_background() -> None:
    """It names its own foreground and background, and they differ by at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    code = _COLOURS.search(Style(on=True).match("x"))
    assert code is not None
    found = re.fullmatch(r"1;38;5;(\d+);48;5;(\d+)", code[1])
    assert found is not None
    dark, light = sorted(luminance(palette(int(number))) for number in found.groups())
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@given(st.text(alphabet="ab 界-\n", max_size=80), st.integers(12, 30))
def test_results_fit_and_lose_nothing(text: str, width: int) -> None:
    """A line that fits stays as it is; of a wider one every word stays whole, and what continues is further in."""
    shown = fitted(text, width)
    assert shown.split() == text.split()
    assert fitted(text, None) == text
    for line in shown.split("\n"):
        assert columns(line) <= width or len(line.split()) == 1
    if all(columns(line) <= width for line in text.split("\n")):
        assert shown == text


def test_a_wide_line_goes_on_further_in() -> None:
    """Below its own beginning, so that columns stay readable."""
    assert fitted("  one two  three\nfour", 12) == "  one two\n      three\nfour"


@given(st.text(alphabet="ab 界é́-", max_size=60), st.integers(1, 30))
def test_lines_break_between_words_alone(text: str, width: int) -> None:
    """Every word is in one line, whole and in order, and only a line of one word may be wider than there is place."""
    lines = [text[start:stop] for start, stop in wrapped(text, width)]
    assert [word for line in lines for word in line.split(" ") if word] == [word for word in text.split(" ") if word]
    assert all(columns(line) <= width or " " not in line for line in lines)


def test_without_a_width_nothing_is_cut() -> None:
    """A pipe gets one line."""
    assert list(wrapped("a b  c", None)) == [(0, 6)]


@pytest.mark.parametrize("width", [8, 12, 20, 80])
def test_marks_go_with_the_words(width: int) -> None:
    """Wrapped and marked, the text and what is marked in it are what they were."""
    text = "He resigned as chief financial officer of Lantern."
    spans = ((3, 11), (15, 38))
    lines = list(Style(on=True, width=width + 2).lines(text, spans, indent="  "))
    assert all(line.startswith("  ") for line in lines)
    plain = " ".join(_COLOURS.sub("", line).strip() for line in lines)
    assert plain == text
    marked = " ".join(part for line in lines for part in re.findall(r"\x1b\[1;[^m]*m(.*?)\x1b\[0m", line))
    assert marked == "resigned chief financial officer"


def test_a_first_line_can_begin_elsewhere() -> None:
    """So that what continues it is indented."""
    assert list(Style(on=False, width=20).lines("one two three four five", indent="    ", first="")) == [
        "one two three",
        "    four five",
    ]


def test_wide_characters_take_two_columns() -> None:
    """And those that combine with the one before take none."""
    assert [columns(text) for text in ("ab", "株式", "e\u0301")] == [2, 4, 1]


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": ""}, False),
    ],
)
def test_colour_is_for_terminals_or_forced(
    variables: dict[str, str], on: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe there is none, unless FORCE_COLOR asks for it; NO_COLOR is stronger; lines are not wrapped there."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Style.of_stdout() == Style(on=on is True, width=None)
