"""CIKs as people keep them: numbers, and files with one CIK a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archiver.errors import UsageError


def read_ciks(values: Iterable[int | str], *, folder: Path = Path()) -> list[int | str]:
    """`values` with each ``@FILE`` replaced by the lines of that file.

    Empty lines and ``#`` comments do not count. A relative FILE is looked for in `folder`. Raises `UsageError` for a
    file that cannot be read.
    """
    ciks: list[int | str] = []
    for value in values:
        if not (isinstance(value, str) and value.startswith("@")):
            ciks.append(value)
            continue
        try:
            lines = (folder / Path(value[1:]).expanduser()).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError, RuntimeError) as error:
            raise UsageError(
                f"cannot read the CIKs of {value[1:]}: {error}", "give a text file, one CIK a line"
            ) from error
        ciks.extend(cik for line in lines if (cik := line.partition("#")[0].strip()))
    return ciks
