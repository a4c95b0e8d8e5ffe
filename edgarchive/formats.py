"""Output formats: JSON, byte counts, and text without terminal control sequences."""

from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from archiver.startup.patterns import lazy_pattern

_STEP = 1000.0
_PLAYS = lazy_pattern(
    "[\x00-\x08\x0b\r\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Characters that can control a terminal or mislead a reader: control, bidi, invisible, private ones.

Tab, line feed and form feed cannot; the soft hyphen and the joiners of some scripts are harmless.
"""

_FORMULA = lazy_pattern(r"""(^|[;,|\t\r\n])((?:["']|[^\S\t\r\n])*)(?=[=+\-@＝＋－＠])""")
"""Where a formula would begin (OWASP, "CSV Injection"): in a cell, or in what a spreadsheet that cuts at another
separator than ours takes for one. No blank is both a separator and what may follow one: that would take time by the
square of their number."""
_FORMULA_AT_START = lazy_pattern(r"""["'\s]*[=+\-@＝＋－＠]""")


def as_json_text(value: object, *, indent: int | None = None, default: Callable[[Any], Any] | None = None) -> str:
    """`value` as equivalent JSON, with characters that could control a terminal escaped.

    `default` converts values that JSON lacks.
    """
    return _PLAYS.sub(_escaped, json.dumps(value, default=default or _plain, ensure_ascii=False, indent=indent))


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def human_bytes(count: float) -> str:
    """A byte count in decimal units: ``28.5 kB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    return f"{count:.1f} TB"


def without_formulas(text: str, *, is_long: bool = False) -> str:
    """The text of a cell with an apostrophe before each place that a spreadsheet would take for a formula.

    A long text, which would no longer be that of the filing, has it only at its beginning.

    >>> without_formulas("ACME;=1+1")
    "ACME;'=1+1"
    """
    if is_long:
        return f"'{text}" if _FORMULA_AT_START.match(text) else text
    return _FORMULA.sub(r"\1'\2", text)


def without_root(text: str, root: Path) -> str:
    """A message for others than the archive's user: without the folder `root` of the archive, in which it may lie.

    >>> without_root("cannot read /home/me/archive/index", Path("/home/me/archive"))
    'cannot read index'
    """
    for folder in sorted({str(root.expanduser().absolute()), str(root.resolve())}, key=len, reverse=True):
        if folder != root.anchor:
            text = text.replace(f"{folder}/", "").replace(folder, "the archive")
    return text


def harmless(text: str) -> str:
    """`text`, with its lines, without characters that could control a terminal."""
    return _PLAYS.sub("", text)


def clean(text: str) -> str:
    """`text` from a filing on one line, without control and bidi characters."""
    return "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"})
