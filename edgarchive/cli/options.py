"""What every verb shares: the settings, the `--json` option."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from archiver.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")]


@dataclass(frozen=True, slots=True)
class Common:
    """The options that stand before the verb."""

    root: Path | None
    config: Path | None
    verbosity: int
    log_json: bool = False

    def settings(self, **values: object) -> Settings:
        """The settings, with `values` of the verb's own options above all others."""
        from archiver.settings import Settings  # noqa: PLC0415 — `--help` needs no settings, and pydantic is slow

        return Settings(root=self.root, config=self.config, **values)

    @property
    def shows_progress(self) -> bool:
        """Progress is for people: only on a terminal, and not with -q or --log-json."""
        return self.verbosity >= 0 and not self.log_json and sys.stderr.isatty()

    @property
    def logs_progress(self) -> bool:
        """Elsewhere, such as in a log file, a line now and then, unless -q."""
        return self.verbosity >= 0


def common(context: typer.Context) -> Common:
    """The options that stood before the verb."""
    options = context.obj
    if not isinstance(options, Common):
        raise TypeError("the command line did not set its common options")
    return options


def accession_numbers(arguments: Iterable[str]) -> list[str]:
    """The accession numbers that arguments name: numbers, ``@FILE`` with one a line, ``-`` for the lines of stdin.

    Raises `UsageError` for a file that cannot be read, or where there is no number at all.
    """
    from archiver.errors import UsageError  # noqa: PLC0415 — `--help` needs none of it

    found: list[str] = []
    for argument in arguments:
        if argument != "-" and not argument.startswith("@"):
            found.append(argument)
            continue
        try:
            text = sys.stdin.read() if argument == "-" else Path(argument[1:]).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read {argument[1:]}: {error}", "name a text file with one number per line"
            ) from None
        found += [line.partition("#")[0].strip() for line in text.splitlines() if line.partition("#")[0].strip()]
    if not found:
        raise UsageError("no accession number was given", "name at least one")
    return found
