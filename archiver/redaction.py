"""Words of a server made safe to show: cut, in ASCII, and without mail addresses."""

from __future__ import annotations

import re

_MAIL_ADDRESS = re.compile(r"[^\s@<>'\"]+(?:@|%40)[^\s@<>'\"]+", re.IGNORECASE)
_MOST_QUOTED = 120


def quoted(words: str) -> str:
    """Words of a server for a message: plain ASCII, cut, and without mail addresses, as it may send back our own."""
    return ascii(_MAIL_ADDRESS.sub("(address)", words))[1:-1][:_MOST_QUOTED]
