"""The text of an XML document: each value on a line, after the name of its element."""

from __future__ import annotations

import html
from xml.parsers import expat

from archiver.startup.patterns import lazy_pattern
from indexer.text.charset import decode

_TAG = lazy_pattern(r"<[^<>]*>")
_MAX_NAME_CHARS = 200
"""Many values may share a name, and a long one would be written for each."""
_EMPTY_NAMES = frozenset({"value"})
"""Elements that only wrap the value of another: ``<transactionShares><value>100</value>`` of a Form 4.

At most one element stands before them, such as ``<withinFiveYears>`` in the ``<yearOfInc>`` of a Form D. The
``<value>`` of an ``<infoTable>`` of a 13F comes after several, and is what it says.
"""
_MOST_BEFORE = 1


def xml_text(data: bytes) -> str:
    """One line ``name: value`` for each element with text, names without prefix; attributes are left out.

    XML that is not well-formed or defines entities (forms never do, entity bombs must) gives its text without tags.
    """
    text = decode(data).strip()
    try:
        return "\n".join(_Lines().read(text))
    except expat.ExpatError:
        return "\n".join(line for part in _TAG.split(text) if (line := " ".join(_unescaped(part).split())))


def _unescaped(text: str) -> str:
    """`text` with character references resolved; unchanged if one has more digits than Python can convert."""
    try:
        return html.unescape(text)
    except ValueError:
        return text


class _Lines:
    """Collects the lines from expat's events."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: list[str] = []
        self._children = [0]
        self._text: list[str] = []

    def read(self, text: str) -> list[str]:
        # The charset is already known, whatever the declaration says.
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.EntityDeclHandler = self._entity
        parser.Parse(text.encode(errors="replace"), True)
        return self._lines

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._flush()
        own = name.rpartition(":")[2][:_MAX_NAME_CHARS]
        wraps = own in _EMPTY_NAMES and self._names and self._children[-1] <= _MOST_BEFORE
        self._names.append(self._names[-1] if wraps else own)
        self._children[-1] += 1
        self._children.append(0)

    def _end(self, _name: str) -> None:
        self._flush()
        self._names.pop()
        self._children.pop()

    def _flush(self) -> None:
        if value := " ".join("".join(self._text).split()):
            self._lines.append(f"{self._names[-1]}: {value}")
        self._text.clear()

    def _entity(self, *_declaration: object) -> None:
        raise expat.ExpatError("an entity declaration")
