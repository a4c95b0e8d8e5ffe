"""A bar chart of hits per year, as numbers for an inline SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archiver.startup.dataclass import dataclass

WIDTH, HEIGHT, GAP = 320, 90, 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One year's bar: its position and size in the drawing, and its link."""

    year: int
    count: int
    url: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of all years from the first to the last, including years without hits."""

    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT


def year_chart(counts: Iterable[tuple[int, int]], link: Callable[[int], str]) -> Chart | None:
    """The chart of (year, hits); None for fewer than two years."""
    by_year = dict(counts)
    if len(by_year) < 2:  # noqa: PLR2004 — one bar compares with nothing
        return None
    years = range(min(by_year), max(by_year) + 1)
    most, step = max(by_year.values()), WIDTH / len(years)
    bars = []
    for number, year in enumerate(years):
        count = by_year.get(year, 0)
        height = max(1.5, HEIGHT * count / most) if count else 0.0
        bars.append(
            Bar(
                year,
                count,
                link(year),
                x=round(number * step, 2),
                y=round(HEIGHT - height, 2),
                width=round(max(1.0, step - GAP), 2),
                height=round(height, 2),
            )
        )
    return Chart(tuple(bars))
