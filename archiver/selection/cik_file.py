"""Lists of CIKs: numbers, and files with one CIK per line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archiver.errors import IdentifierError, UsageError
from archiver.identifiers import Cik

_MOST_CHARS = 100_000_000
"""Ten times as many as a list of all of EDGAR's filers has; a device has no end."""


def read_ciks(values: Iterable[int | str], *, folder: Path = Path()) -> list[int | str]:
    """`values` with each ``@FILE`` replaced by the lines of that file.

    Empty lines and ``#`` comments are ignored. A relative FILE is looked up in `folder`. Raises `UsageError` for a file
    that cannot be read or contains no CIK, and for a line that is not a CIK.
    """
    ciks: list[int | str] = []
    for value in values:
        if not (isinstance(value, str) and value.startswith("@")):
            ciks.append(value)
            continue
        try:
            with (folder / Path(value[1:]).expanduser()).open(encoding="utf-8-sig") as file:
                text = file.read(_MOST_CHARS + 1)
            if len(text) > _MOST_CHARS:
                raise ValueError(f"it has more than {_MOST_CHARS:,} characters")
            lines = text.splitlines()
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(
                f"cannot read the CIKs of {value[1:]}: {reason}", "give a text file with one CIK per line"
            ) from error
        found = [
            _read(cik, f"{value[1:]}, line {number}")
            for number, line in enumerate(lines, start=1)
            if (cik := line.partition("#")[0].strip())
        ]
        if not found:
            raise UsageError(f"{value[1:]} has no CIK, so it selects nothing", "give a text file with one CIK per line")
        ciks += found
    return ciks


def _read(text: str, place: str) -> Cik:
    try:
        return Cik(text)
    except IdentifierError as error:
        raise UsageError(f"{place}: {error.message}", "give a text file with one CIK per line") from error
