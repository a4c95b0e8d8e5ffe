from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from archiver import errors
from archiver.errors import BlockedError, EdgarchiveError, QueryError, TroubleError

EXIT_CODES = {
    "EdgarchiveError": 1,
    "UsageError": 2,
    "IdentifierError": 2,
    "SettingsError": 2,
    "QueryError": 2,
    "QueryTimeoutError": 2,
    "NotInArchiveError": 2,
    "EdgarError": 4,
    "BlockedError": 4,
    "UnreachableError": 4,
    "FetchError": 3,
    "AbsentError": 3,
    "TroubleError": 3,
    "DamagedBodyError": 3,
    "TooLargeError": 3,
    "ConflictError": 3,
    "DamageError": 5,
    "UnreadableSubmissionError": 5,
    "LockedError": 6,
    "StorageError": 7,
    "IndexServerError": 7,
    "ArchiveFormatError": 2,
    "WorkerDiedError": 1,
    "IndexMissingError": 2,
    "RunCancelledError": 130,
}
"""The exit codes that the design promises, by class."""


def tree(root: type[EdgarchiveError]) -> Iterator[type[EdgarchiveError]]:
    """`root` and every class of the module below it."""
    if root.__module__ == errors.__name__:
        yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_every_error_has_the_exit_code_that_the_design_promises() -> None:
    """Scripts can rely on the exit code of each kind of failure, and no class is without one."""
    assert {error.__name__: error.exit_code for error in tree(EdgarchiveError)} == EXIT_CODES


@pytest.mark.parametrize("kind", dict.fromkeys(tree(EdgarchiveError)))
def test_an_error_is_one_line_and_survives_pickling(kind: type[EdgarchiveError]) -> None:
    """A worker process can raise any error, and the person sees the same line: what happened; what to do."""
    again = pickle.loads(pickle.dumps(kind("the disk is full", "free some space")))  # noqa: S301 — our own bytes
    assert type(again) is kind
    assert str(again) == "the disk is full; free some space"
    assert (again.message, again.hint) == ("the disk is full", "free some space")


def test_an_error_without_a_hint_is_what_happened_alone() -> None:
    """No line ends with a stray semicolon."""
    assert str(EdgarchiveError("the disk is full")) == "the disk is full"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (QueryError("no", position=7), "position"),
        (BlockedError("no", retry_after_s=7), "retry_after_s"),
        (TroubleError("no", retry_after_s=7), "retry_after_s"),
    ],
)
def test_an_error_keeps_its_data_through_pickling(error: EdgarchiveError, name: str) -> None:
    """Where the query failed, and how long EDGAR asks to wait, cross process borders."""
    assert getattr(pickle.loads(pickle.dumps(error)), name) == 7  # noqa: S301 — our own bytes
