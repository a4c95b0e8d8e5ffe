"""Where words must stand: side by side, near each other, in one name, in a section. One rule for who has the places."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Sequence

from indexer.query.bounds import Deadline

NAME_GAP = 1000
"""Places left free between two names. Longer than any name, so that words near each other are of one name."""

Places = list[list[int]]
"""For each part of a query, the places in one document where a word of it stands, in order."""


def inside(places: Sequence[int], stretches: Sequence[int]) -> list[int]:
    """Those of the ascending `places` that are in one of `stretches`, which are beginnings and ends in turn."""
    found: list[int] = []
    for first, end in zip(stretches[::2], stretches[1::2], strict=True):
        found += places[bisect_left(places, first) : bisect_left(places, end)]
    return found


def anywhere(_places: Places) -> bool:
    """Wherever the parts stand."""
    return True


def side_by_side(places: Places) -> bool:
    """Whether the parts stand in their order, each in the place after the one before."""
    return bool(_beginnings(places))


def in_one_name(places: Places) -> bool:
    """Whether all parts stand in one name; one word of it may be of several parts."""
    names = [{place // NAME_GAP for place in part} for part in places]
    return bool(set.intersection(*names))


def near(distance: int, times: Sequence[int], *, deadline: Deadline) -> Callable[[Places], bool]:
    """Whether all parts stand, each in a place of its own, with fewer than `distance` other places among them.

    `times` says for each part how often it must stand there.
    """
    wanted = [part for part, count in enumerate(times) for _ in range(count)]
    widest = len(wanted) - 1 + distance - 1

    def holds(places: Places) -> bool:
        window: deque[tuple[int, int]] = deque()  # place and part, over at most `widest` places
        missing = list(times)
        for place, part in sorted((place, part) for part, members in enumerate(places) for place in members):
            window.append((place, part))
            missing[part] -= 1
            while place - window[0][0] > widest:
                missing[window.popleft()[1]] += 1
            if max(missing) <= 0:
                deadline.check()
                if _have_own_places(window, wanted):
                    return True
        return False

    return holds


def apart(split: int, between: int, *, ordered: bool, deadline: Deadline) -> Callable[[Places], bool]:
    """Whether the first `split` parts and the other ones, each side by side, have at most `between` places between."""

    def holds(places: Places) -> bool:
        deadline.check()
        lefts, rights = sorted(_beginnings(places[:split])), sorted(_beginnings(places[split:]))
        width, other = split, len(places) - split
        return _follows(lefts, rights, width, between) or (not ordered and _follows(rights, lefts, other, between))

    return holds


def _beginnings(places: Places) -> set[int]:
    """Where the parts stand side by side."""
    starts = set(places[0])
    for number, part in enumerate(places[1:], 1):
        starts &= {place - number for place in part}
    return starts


def _follows(firsts: Sequence[int], seconds: Sequence[int], width: int, between: int) -> bool:
    """Whether one of `seconds` begins after one of `firsts`, of so many places, with at most `between` in between."""
    for first in firsts:
        at = bisect_left(seconds, first + width)
        if at < len(seconds) and seconds[at] - first - width <= between:
            return True
    return False


def _have_own_places(window: deque[tuple[int, int]], wanted: Sequence[int]) -> bool:
    """Whether each of the `wanted` parts can be given a place that no other has: a matching, by augmenting paths."""
    options: defaultdict[int, list[int]] = defaultdict(list)
    for place, part in window:
        options[part].append(place)
    if len({place for place, _ in window}) == len(window):
        return True  # no place is of two parts, and there are enough of each
    taken: dict[int, int] = {}

    def give(part: int, seen: set[int]) -> bool:
        for place in options[part]:
            if place not in seen:
                seen.add(place)
                if place not in taken or give(taken[place], seen):
                    taken[place] = part
                    return True
        return False

    return all(give(part, set()) for part in wanted)
