"""Position rules for words: adjacent, near each other, in one name, in a section.

Every engine that has positions uses them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import TypeVar, assert_never

from indexer.query.bounds import Deadline
from indexer.query.nodes import Near, Phrase, Proximity, WordLike, span_words

NAME_GAP = 1000
"""Positions left free between two names; longer than any name, so that near words are in one name."""

STRETCH_GAP = 1000
"""Positions between two stretches of one section, for the same reason."""

Places = list[list[int]]
"""For each part of a query, the positions of its words in a document, in order."""


Holds = Callable[[Places], bool]
"""Whether a rule holds for the positions in one document."""

T = TypeVar("T", str, bytes)


def placement(
    leaf: Phrase | Near | Proximity, words: Callable[[WordLike], tuple[T, ...]], *, deadline: Deadline
) -> tuple[list[tuple[T, ...]], Holds]:
    """For each part of `leaf` its alternatives, of which `words` has those of one word, and the rule for positions."""
    match leaf:
        case Phrase(_, parts):
            return [words(part) for part in parts], side_by_side
        case Near(_, parts, distance):
            times = Counter(map(words, parts))
            return list(times), near(distance, tuple(times.values()), deadline=deadline)
        case Proximity(_, left, right, between, ordered):
            first, second = (
                [tuple(dict.fromkeys(word for part in place for word in words(part))) for place in span_words(span)]
                for span in (left, right)
            )
            return first + second, apart(len(first), between, ordered=ordered, deadline=deadline)
        case _:
            assert_never(leaf)


def inside(places: Sequence[int], stretches: Sequence[int]) -> list[int]:
    """Those of the ascending `places` that are inside `stretches`, a list of alternating begins and ends.

    Places in different stretches are moved apart, so that nothing in two of them is adjacent or near.
    """
    found: list[int] = []
    for number, (first, end) in enumerate(zip(stretches[::2], stretches[1::2], strict=True)):
        there = places[bisect_left(places, first) : bisect_left(places, end)]
        found += [place + number * STRETCH_GAP for place in there] if number else there
    return found


def anywhere(_places: Places) -> bool:
    """At any positions."""
    return True


def side_by_side(places: Places) -> bool:
    """Whether the parts are adjacent, in order."""
    return bool(_beginnings(places))


def in_one_name(places: Places) -> bool:
    """Whether all parts are in one name; one word may match several parts."""
    names = [{place // NAME_GAP for place in part} for part in places]
    return bool(set.intersection(*names))


def near(distance: int, times: Sequence[int], *, deadline: Deadline) -> Holds:
    """Whether all parts have positions of their own with fewer than `distance` others between them.

    `times` says how often each part must occur.
    """
    wanted = [part for part, count in enumerate(times) for _ in range(count)]
    widest = len(wanted) - 1 + distance - 1

    def holds(places: Places) -> bool:
        # only around the rarest part can all be near, and mostly they are around the first of its words
        earlier = -1
        for lead in min(places, key=len):
            around = [_between(part, max(earlier + 1, lead - widest), lead + widest) for part in places]
            if all(map(_has_at_least, around, times)) and fits(around):
                return True
            earlier = lead
        return False

    def fits(places: Places) -> bool:
        window: deque[tuple[int, int]] = deque()  # position and part, over at most `widest` positions
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


def apart(split: int, between: int, *, ordered: bool, deadline: Deadline) -> Holds:
    """Whether the first `split` parts and the others, each adjacent, have at most `between` positions between them."""

    def holds(places: Places) -> bool:
        deadline.check()
        lefts, rights = sorted(_beginnings(places[:split])), sorted(_beginnings(places[split:]))
        width, other = split, len(places) - split
        return _follows(lefts, rights, width, between) or (not ordered and _follows(rights, lefts, other, between))

    return holds


def _beginnings(places: Places) -> set[int]:
    """The positions where the parts begin next to each other."""
    starts = set(places[0])
    for number, part in enumerate(places[1:], 1):
        starts &= {place - number for place in part}
    return starts


def _between(places: Sequence[int], first: int, last: int) -> list[int]:
    """Those of the ascending `places` from `first` to `last`."""
    return list(places[bisect_left(places, first) : bisect_right(places, last)])


def _has_at_least(places: Sequence[int], count: int) -> bool:
    return len(places) >= count


def _follows(firsts: Sequence[int], seconds: Sequence[int], width: int, between: int) -> bool:
    """Whether one of `seconds` begins after one of `firsts`, which has `size` words, within `between` positions."""
    for first in firsts:
        at = bisect_left(seconds, first + width)
        if at < len(seconds) and seconds[at] - first - width <= between:
            return True
    return False


def _have_own_places(window: deque[tuple[int, int]], wanted: Sequence[int]) -> bool:
    """Whether each of the `wanted` parts can have a position of its own: bipartite matching by augmenting paths."""
    options: defaultdict[int, list[int]] = defaultdict(list)
    for place, part in window:
        options[part].append(place)
    if len({place for place, _ in window}) == len(window):
        return True  # no position is shared, and there are enough of each
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
