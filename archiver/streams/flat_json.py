"""Parsing JSON lists or maps of small flat objects, such as EDGAR's folder lists, with bounded memory.

`json.loads` can create objects sixty times the size of a malicious text; here, one small object is created at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from archiver.errors import DamagedBodyError
from archiver.startup.patterns import lazy_pattern

_MOST_OBJECT_BYTES = 4096
_MOST_REST_BYTES = 1 << 16
_KEY_BYTES = 16
"""Bytes between two entries: a comma, and in a map a short key."""
_MOST_DEPTH = 2
"""The entries of a folder list are in an object inside an object."""
_FLAT = lazy_pattern(rb'\{(?:[^{}\[\]"\\]|"(?:[^"\\]|\\.){0,2048}")*+\}', re.DOTALL)
"""An object that contains no other; braces in strings are allowed."""


def flat_objects(body: bytes, *, most: int) -> Iterator[dict[str, Any]]:
    """The flat objects in a JSON text, in order; the rest of the text must be valid JSON and small.

    Raises `DamagedBodyError` for any other text, at its end at the latest, and for more than `most` objects.
    """
    rest: list[bytes] = []
    rest_bytes = at = count = 0
    for match in _FLAT.finditer(body):
        count += 1
        if count > most or match.end() - match.start() > _MOST_OBJECT_BYTES:
            raise DamagedBodyError("the list has more or larger entries than EDGAR's lists")
        rest.append(body[at : match.start()].strip())
        rest_bytes += len(rest[-1])
        at = match.end()
        if rest_bytes > _MOST_REST_BYTES + _KEY_BYTES * count:
            break
        yield _parsed(match.group())
    rest.append(body[at:].strip())
    if rest_bytes + len(rest[-1]) > _MOST_REST_BYTES + _KEY_BYTES * count:
        raise DamagedBodyError("the list has more text around its entries than EDGAR's lists")
    around = b"0".join(rest)
    if around.count(b"{") > _MOST_DEPTH:  # an entry that is not flat would be skipped silently
        raise DamagedBodyError("the list has entries unlike EDGAR's")
    _parsed(around)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedBodyError("the body is not the requested list") from error
