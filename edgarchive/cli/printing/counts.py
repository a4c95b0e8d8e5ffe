"""Counts as tables that fit the screen: one value per line with a bar, or two kinds crossed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from archiver.startup.dataclass import dataclass
from edgarchive.cli.printing.terminal import MIN_WIDTH, columns, wrapped

_BAR = "█"
_PARTS_OF_BAR = " ▏▎▍▌▋▊▉"
_MAX_BAR = 30
_MAX_NAME = 16
_GAP = 2


@dataclass(frozen=True, slots=True)
class Counted:
    """A value with its count, and its name if the value alone says little."""

    value: str
    count: int
    name: str = ""


def screen_width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return max(MIN_WIDTH, shutil.get_terminal_size((80, 24)).columns)


def count_lines(counts: Sequence[Counted], *, width: int | None) -> Iterator[str]:
    """A line for each value: its count, a bar if `width` is given, value and name."""
    if not counts:
        return
    most = max(one.count for one in counts)
    digits = max(9, len(f"{most:,}"))
    longest = max(columns(one.value) for one in counts)
    names = any(one.name for one in counts)
    place = (
        0 if width is None else min(_MAX_BAR // 2 if names else _MAX_BAR, max(0, width - digits - longest - 3 * _GAP))
    )
    for one in counts:
        bar = f"  {_bar(one.count / most, place)}" if place else ""
        text = f"{one.value}{' ' * (longest - columns(one.value))}  {one.name}".rstrip() if one.name else one.value
        before = f"  {one.count:>{digits},}{bar}  "
        _, end = next(wrapped(text, None if width is None else width - columns(before)))
        yield before + text[:end]


def _bar(part: float, place: int) -> str:
    """A bar of at most `place` columns, filled to the fraction `part` in eighths, padded with spaces."""
    eighths = max(1, round(part * place * 8))
    full, rest = divmod(eighths, 8)
    bar = _BAR * full + (_PARTS_OF_BAR[rest] if rest else "")
    return bar + " " * (place - len(bar))


def crossed_lines(
    cells: Iterable[tuple[str, int, int]], *, width: int, head: str = "form", most: int = 20
) -> Iterator[str]:
    """A table of counts by name and year, at most `width` wide: recent years, and one column for earlier ones.

    The `most` most frequent names have their own lines; the others share one.
    """
    by_name: dict[str, Counter[int]] = {}
    for name, year, count in cells:
        by_name.setdefault(name, Counter())[year] += count
    if not by_name:
        return
    names = sorted(by_name, key=lambda name: (-by_name[name].total(), name))
    rows = [(_cut(name), by_name[name]) for name in names[:most]]
    if len(names) > most:
        others: Counter[int] = Counter()
        for name in names[most:]:
            others += by_name[name]
        rows.append((f"{len(names) - most:,} others", others))
    total: Counter[int] = Counter()
    for counts in by_name.values():
        total += counts
    rows.append(("total", total))
    yield from _table(rows, sorted(total), head=head, width=width)


def _table(rows: Sequence[tuple[str, Counter[int]]], years: list[int], *, head: str, width: int) -> Iterator[str]:
    first = max(columns(name) for name, _ in (*rows, (head, None)))
    shown = list(years)
    while True:
        earlier = years[: len(years) - len(shown)]
        heads = [*(["earlier"] if earlier else []), *map(str, shown), "total"]
        table = [
            [
                *([sum(counts[year] for year in earlier)] if earlier else []),
                *(counts[year] for year in shown),
                counts.total(),
            ]
            for _, counts in rows
        ]
        widths = [max(len(heads[at]), *(len(_number(row[at])) for row in table)) for at in range(len(heads))]
        if first + sum(_GAP + one for one in widths) + _GAP <= width or len(shown) <= 1:
            break
        shown = shown[1:]
    yield _line(head, heads, first, widths)
    for (name, _), row in zip(rows, table, strict=True):
        yield _line(name, [_number(cell) for cell in row], first, widths)


def _line(name: str, cells: Sequence[str], first: int, widths: Sequence[int]) -> str:
    right = "".join(f"{' ' * _GAP}{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{' ' * _GAP}{name}{' ' * (first - columns(name))}{right}"


def _number(count: int) -> str:
    """A count as a cell; 0 is a dash, so that gaps stand out."""
    return f"{count:,}" if count else "-"


def _cut(name: str) -> str:
    return name if columns(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
