"""The command line: the only place that prints, exits, or installs uvloop. One file a verb."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from archiver.errors import EdgarchiveError
from edgarchive.cli.options import Common, start_logging
from edgarchive.cli.output import clean
from edgarchive.cli.verbs import VerbGroup

_INTERRUPTED = 130
_USAGE = 2
_DEFECT = 1

app = typer.Typer(
    name="edgarchive",
    cls=VerbGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 — typer calls it so
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 — slow, and for this alone

        sys.stdout.write(f"edgarchive {version('edgarchive')}\n")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    *,
    root: Annotated[
        Path | None, typer.Option(help="The archive's folder. [EDGARCHIVE_ROOT]", show_default="user data folder")
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="The settings file. [EDGARCHIVE_CONFIG]", show_default="edgarchive.toml"),
    ] = None,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Log more: -v, -vv.", show_default=False)
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Log errors only, show no progress.")] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Keep a true copy of SEC EDGAR submissions on disk, and search inside them.

    Exit codes: 0 done, 1 a defect of ours, 2 usage or settings, 3 finished but some submissions failed, 4 EDGAR
    refused or could not be reached, 5 verify found damage, 6 archive locked, 7 disk full or not writable,
    130 interrupted.
    """
    verbosity = -1 if quiet else verbose
    start_logging(verbosity)
    context.obj = Common(root=root, config=config_file, verbosity=verbosity)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Errors become one line on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows ?, and is no reason to fail
            stream.reconfigure(errors="replace")
    try:
        code = app(list(arguments), prog_name="edgarchive", standalone_mode=False)
        sys.stdout.flush()
    except EdgarchiveError as error:
        return _fail(str(error), error.exit_code)
    except TyperException as error:
        return _fail(f"{error.format_message().rstrip('.')}; see `edgarchive --help`", _USAGE)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough; nothing more may be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("EDGARCHIVE_TRACEBACK"):
            raise
        reason = f"{type(error).__name__}: {error}"
        return _fail(f"a defect in edgarchive: {reason}; please report it, with EDGARCHIVE_TRACEBACK=1 set", _DEFECT)
    if code == _INTERRUPTED:  # typer, too, turns Ctrl-C into this code
        return _fail("interrupted; what was stored stays, the next run goes on from there", _INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"edgarchive: {clean(message)}\n")
    return code
