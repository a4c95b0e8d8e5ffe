"""Text of filers for people, without characters that deceive a reader."""

from __future__ import annotations

from archiver.startup.patterns import lazy_pattern

_DECEPTIVE = lazy_pattern(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """`text` from a filing for a page, feed or notebook, without controls, bidi marks, tags, and what XML forbids."""
    return _DECEPTIVE.sub("", text)
