"""Counts as tables."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgarchive.cli.printing.counts import Counted, count_lines, crossed_lines
from edgarchive.cli.printing.terminal import columns

CELLS = [("8-K", year, year - 1990) for year in range(1995, 2025)] + [("10-K", 2024, 1_234_567)]


def test_the_table_of_forms_and_years_fits_80_columns() -> None:
    """The newest years have columns; what does not fit is summed up, and nothing is lost in the totals."""
    lines = list(crossed_lines(CELLS, width=80))
    assert max(columns(line) for line in lines) <= 80
    head, *rows = (line.split() for line in lines)
    assert (head[0], head[1], head[-2], head[-1]) == ("form", "earlier", "2024", "total")
    assert [row[0] for row in rows] == ["10-K", "8-K", "total"]
    for row in rows:
        numbers = [0 if cell == "-" else int(cell.replace(",", "")) for cell in row[1:]]
        assert sum(numbers[:-1]) == numbers[-1]
    assert rows[-1][-1] == f"{sum(count for _, _, count in CELLS):,}"


def test_many_forms_are_one_line() -> None:
    """Twenty have their own."""
    lines = list(crossed_lines([(f"F-{number}", 2020, number + 1) for number in range(50)], width=80))
    assert len(lines) == 1 + 20 + 1 + 1
    assert lines[-2].split()[:2] == ["30", "others"]


def test_nothing_counted_is_no_table() -> None:
    """No head either."""
    assert list(crossed_lines([], width=80)) == []
    assert list(count_lines([], width=80)) == []


def test_bars_are_for_a_screen() -> None:
    """They grow with the counts; in a pipe there are none."""
    counts = [Counted("2019", 800), Counted("2020", 100), Counted("2021", 1)]
    lines = list(count_lines(counts, width=60))
    assert [line.count("█") for line in lines] == [30, 3, 0]
    assert "▏" in lines[2]
    assert list(count_lines(counts, width=None)) == ["        800  2019", "        100  2020", "          1  2021"]


def test_names_stand_beside_values_and_are_cut_between_words() -> None:
    """At the width of the screen."""
    [line] = count_lines([Counted("9000001", 3, "MERIDIAN LANTERN " * 9)], width=60)
    assert columns(line) <= 60
    assert line.endswith(("MERIDIAN", "LANTERN"))


@given(
    st.lists(st.tuples(st.text("ABK-8", min_size=1, max_size=20), st.integers(1993, 2030), st.integers(1, 10**7))),
    st.integers(60, 200),
)
def test_every_table_fits(cells: list[tuple[str, int, int]], width: int) -> None:
    """Whatever is counted, and however wide the screen is."""
    assert all(columns(line) <= width for line in crossed_lines(cells, width=width))
