"""The end of each item's text, and whether it is only a reference to another place."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from archiver.startup.patterns import lazy_pattern
from indexer.sections.lines import line_start, trimmed_end
from indexer.sections.model import Divider, Heading, Listing, Section

_END = lazy_pattern(
    r"""S\ ?I\ ?G\ ?N\ ?A\ ?T\ ?U\ ?R\ ?E\ ?S?(?:\(S\))?(?:(?-i:\ (?:PAGE|AND)\b[^\n]{0,40}))?[^\w\n]*$
        |(?-i:Pursuant|PURSUANT)\s+to\s+the\s+requirements\s+of\b
          (?:(?!\bpursuant\s+to\s+the\s+requirements\b|\bsignatures?\b)[\s\S]){0,400}?\b(?:caused|signed)\b
        |(?:Pursuant\s+to|In\s+accordance\s+with)\s
          (?:(?!\bpursuant\s|\bsignatures?\b)[\s\S]){0,400}?\bcaused\s+this\s[\s\S]{0,80}?\bsigned\b""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
"""The heading of the signatures, or the sentence above them, but not a line of an exhibit's title."""
_REFERENCE = lazy_pattern(
    r"""incorporated\s+(?:herein\s+|in\s+this\s+\w+\s+)?by\s+(?:this\s+)?reference|by\s+reference\s+to
        |\b(?:see|refer\s+to|reference\s+is\s+made\s+to)\b|\bpages?\s+(?:[FSA]-)?[0-9]
        |(?:is|are|will\s+be|to\s+be)\s+(?:set\s+forth|included|contained|presented|disclosed|found|provided)\s+(?:in|under|on|below)""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END = lazy_pattern(r"(?<=[a-z0-9)”\"])[.;](?=\s|\Z)")
_JUST_ABOVE_CHARS = 80
_MIN_MORE_CHARS = 200
"""The least text of an item below a list of other items in it."""
_MAX_REFERENCE_CHARS = 2500
_REFERRING_SHARE = 0.6


def cut(
    text: str,
    places: Sequence[int],
    headings: Sequence[Heading],
    dividers: Sequence[Divider],
    listings: Sequence[Listing],
) -> Iterator[Section]:
    """The sections: each ends where the next heading, part or list of items begins.

    The last one ends before the signatures. Trailing page numbers are left out.
    """
    lists = [listing for listing in listings if len(listing.rows) > 1 and listing.is_own]
    starts = [listing.start for listing in lists]
    parts = [divider.start for divider in dividers]
    for number, heading in enumerate(headings):
        following = headings[number + 1] if number + 1 < len(headings) else None
        end = len(text) if following is None else line_start(text, following.start)
        if following is None:
            end = min([end, *(line_start(text, place) for place in _signatures(text, places, heading.body))])
        inner = [lists[place] for place in range(bisect_left(starts, heading.body), bisect_left(starts, end))]
        is_last = following is None
        end = next((one.start for one in inner if not _is_aside(one, len(headings), end, is_last=is_last)), end)
        between = dividers[bisect_left(parts, heading.body) : bisect_left(parts, end)]
        end = next((divider.start for divider in between if _opens(divider, heading, following, end, places)), end)
        yield _section(text, heading, end)


def _is_aside(listing: Listing, headings: int, end: int, *, is_last: bool) -> bool:
    """Whether a list only names a few of a report's items, in the text of one, which goes on below it up to `end`.

    Below the last item, one with a title is an index.
    """
    is_index = is_last and listing.is_titled
    return not is_index and 2 * len(listing.rows) <= headings and end - listing.end >= _MIN_MORE_CHARS


def titled(text: str, ended: Iterable[tuple[Heading, int]]) -> Iterator[Section]:
    """The sections of headings whose ends are known."""
    for heading, end in ended:
        yield _section(text, heading, end)


def _section(text: str, heading: Heading, border: int) -> Section:
    end = trimmed_end(text, heading.body, max(heading.body, border))
    body = text[heading.body : min(end, heading.body + _MAX_REFERENCE_CHARS + 1)]
    return Section(
        heading.part or None, heading.item, heading.heading, heading.start, end, heading.also, is_reference(body)
    )


def _opens(divider: Divider, heading: Heading, following: Heading | None, border: int, places: Sequence[int]) -> bool:
    """Whether the heading of a part ends the section: it opens the part of the next item, or is just above it.

    With an item's line below it, it is a running title.
    """
    if divider.part != heading.part and (following is None or divider.part == following.part):
        return True
    is_last = bisect_left(places, divider.end) == bisect_left(places, border)
    return is_last and border - divider.end <= _JUST_ABOVE_CHARS


def _signatures(text: str, places: Sequence[int], start: int) -> Iterator[int]:
    for place in places[bisect_left(places, start) :]:
        if _END.match(text, place):
            yield place
            return


def is_reference(body: str) -> bool:
    """Whether the text under a heading only refers to another place: most of its sentences are references."""
    if not body.strip() or len(body) > _MAX_REFERENCE_CHARS:
        return False
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(body) if sentence.strip()]
    referring = sum(map(len, sentences))
    least = _REFERRING_SHARE * referring
    for sentence in sentences:
        if referring < least:
            return False
        if _REFERENCE.search(sentence) is None:
            referring -= len(sentence)
    return referring >= least
