"""What all verbs share: the settings and the `--json` option."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.startup.dataclass import dataclass

if TYPE_CHECKING:
    from archiver.settings.settings import Settings

Forms = Annotated[list[str] | None, typer.Option(metavar="F", help="Form type, any case, globs ('8-K*').")]
Ciks = Annotated[
    list[str] | None, typer.Option(metavar="N|@FILE", help="CIK of any entity, or a file with one per line.")
]
Tickers = Annotated[list[str] | None, typer.Option(metavar="T", help="Ticker, looked up in EDGAR's list.")]
Since = Annotated[str | None, typer.Option(metavar="DATE", help="First filing date: 2015, 2015-06 or 2015-06-30.")]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="Last filing date: 2015, 2015-06 or 2015-06-30.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")]


@dataclass(frozen=True, slots=True)
class Common:
    """The options before the verb."""

    root: Path | None
    config: Path | None
    verbosity: int
    log_json: bool = False

    def settings(self, **values: object) -> Settings:
        """The settings; `values`, the verb's own options, take precedence."""
        from archiver.settings.settings import Settings  # noqa: PLC0415 — `--help` needs no settings, and pydantic is slow

        return Settings(root=self.root, config=self.config, **values)

    @property
    def shows_progress(self) -> bool:
        """Whether to show progress: only on a terminal, and not with -q or --log-json."""
        return self.verbosity >= 0 and not self.log_json and sys.stderr.isatty()

    @property
    def logs_progress(self) -> bool:
        """Whether to log progress at intervals: without a terminal, such as in a log file, unless -q."""
        return self.verbosity >= 0


def common(context: typer.Context) -> Common:
    """The options before the verb."""
    options = context.obj
    if not isinstance(options, Common):
        raise TypeError("the command line did not set its common options")
    return options


def accession_numbers(arguments: Iterable[str]) -> list[str]:
    """The accession numbers in arguments: numbers, ``@FILE`` with one per line, ``-`` for stdin.

    Raises `UsageError` for a file that cannot be read, or if there is no number.
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
