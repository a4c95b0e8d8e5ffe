"""The command line: a module for each verb, options, output and messages."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from archiver.errors import EdgarchiveError, StorageError, UsageError
from archiver.events import event
from archiver.startup.dataclass import dataclass
from edgarchive.cli.arguments.usage import help_instead, usage_message
from edgarchive.cli.examples import epilog
from edgarchive.cli.logs import start_logging
from edgarchive.cli.options import Common
from edgarchive.cli.printing.terminal import noted
from edgarchive.cli.verbs import VerbGroup
from edgarchive.formats import clean

_log = logging.getLogger(__name__)

_INTERRUPTED = 130
_USAGE = 2
_DEFECT = 1
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}

app = typer.Typer(
    name="edgarchive",
    cls=VerbGroup,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=epilog("edgarchive"),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 — typer calls it so
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 — slow, and needed only here

        sys.stdout.write(f"edgarchive {version('edgarchive')}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    *,
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The archive's folder. [EDGARCHIVE_ROOT]", show_default="user data folder"),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="The settings file. [EDGARCHIVE_CONFIG]", show_default="edgarchive.toml"
        ),
    ] = None,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Log more: -v, -vv.", show_default=False)
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Log errors only and show no progress.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log one JSON object per line, for programs.")] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Mirror SEC EDGAR submissions to disk and search their full text.

    Exit codes: 0 done, 1 internal error, 2 usage or settings, 3 finished but some submissions failed, 4 EDGAR
    refused or could not be reached, 5 verify found damage, 6 archive locked, 7 disk full or not writable,
    130 interrupted.
    """
    help_instead(context)
    verbosity = -1 if quiet else verbose
    start_logging(verbosity, as_json=log_json)
    _log.info("%s begins", context.invoked_subcommand, extra=event("began", verb=context.invoked_subcommand))
    context.obj = Common(root=root, config=config_file, verbosity=verbosity, log_json=log_json)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Errors become one line on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # on a terminal that lacks a character, print ? instead of failing
            stream.reconfigure(errors="replace")
    began_s, as_json = time.monotonic(), "--log-json" in arguments
    try:
        code = app(list(arguments), prog_name="edgarchive", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # typer exits with 1
            return _reader_gone()
        raise
    except (Exception, KeyboardInterrupt) as error:
        failure = _failure(error)
        if failure.code == _DEFECT and os.environ.get("EDGARCHIVE_TRACEBACK"):
            raise
        return _fail(failure, as_json=as_json)
    if code == _INTERRUPTED:  # typer also turns Ctrl-C into this code
        return _fail(_failure(KeyboardInterrupt()), as_json=as_json)
    code = code if isinstance(code, int) else 0
    seconds = round(time.monotonic() - began_s, 3)
    _log.info("ended with %d after %g s", code, seconds, extra=event("ended", exit_code=code, seconds=seconds))
    return code


def _reader_gone() -> int:
    """The exit code when the reader of a pipe closes it."""
    _discard_output()
    return 0


def _discard_output() -> None:
    """Let nothing more be written to stdout, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True, slots=True)
class _Failure:
    """What ended a command: the message, the exit code, the class of the error."""

    message: str
    code: int
    error: str


def _failure(error: BaseException) -> _Failure:
    kind = type(error).__name__
    if isinstance(error, EdgarchiveError):
        return _Failure(str(error), error.exit_code, kind)
    if isinstance(error, TyperException):
        return _Failure(usage_message(error), _USAGE, UsageError.__name__)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        message = "interrupted; what was stored stays, the next run continues from there"
        return _Failure(message, _INTERRUPTED, KeyboardInterrupt.__name__)
    if (reason := _disk_message(error)) is not None:
        return _Failure(reason, StorageError.exit_code, StorageError.__name__)
    message = f"internal error: {kind}: {error}; please report it, with EDGARCHIVE_TRACEBACK=1 set"
    return _Failure(message, _DEFECT, kind)


def _disk_message(error: BaseException) -> str | None:
    """The message for a disk or a limit of the system that failed a call; None for other errors."""
    if isinstance(error, OSError) and isinstance(error.filename, (str, bytes)):  # a disk can fail at any call
        reason = (error.strerror or str(error)).lower()
        return f"cannot use {os.fsdecode(error.filename)}: {reason}; check the disk and its permissions"
    if isinstance(error, OSError) and error.errno in _NO_ROOM:  # of stdout, which has no name, or while a file grows
        return f"cannot write: {(error.strerror or str(error)).lower()}; free space where the output goes"
    if any(isinstance(one, OSError) and one.errno in _NO_DESCRIPTOR for one in _with_causes(error)):
        return "too many open files; raise the limit, for example with `ulimit -n 1024`"
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it followed: uvloop raises others when no file can be opened."""
    cause: BaseException | None = error
    seen = set[int]()
    while cause is not None and id(cause) not in seen:  # one may follow itself
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__


def _fail(failure: _Failure, *, as_json: bool) -> int:
    """Report what ended the command; as a log record if a program reads the log, whatever its level."""
    try:
        sys.stdout.flush()
    except OSError:  # perhaps what ended it
        _discard_output()
    if as_json:
        start_logging(-1, as_json=True)  # the options may be what could not be parsed
        facts = event("failed", exit_code=failure.code, error=failure.error)
        _log.error("%s", failure.message, extra=facts)
    else:
        line = noted(f"edgarchive: {clean(failure.message)}", sys.stderr)
        sys.stderr.write(f"{line}\n")
    return failure.code
