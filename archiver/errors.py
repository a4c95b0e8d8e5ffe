"""Every error that edgarchive raises, drawn as one tree.

Each class carries the exit code that the command line ends with. A message says what happened, a hint says what to do;
`str(error)` is the one line a person reads: ``what happened; what to do``.

::

    EdgarchiveError                    1
    ├── UsageError                     2   something the caller gave
    │   ├── IdentifierError            2   not an accession number, CIK or date
    │   ├── SettingsError              2   settings file, environment, missing identity
    │   ├── QueryError                 2   a query that cannot be read (`position`) or is too wide
    │   │   └── QueryTimeoutError      2   a search that took too long
    │   └── NotInArchiveError          2   no archive here, no such submission or document
    ├── EdgarError                     4   EDGAR refused, or could not be reached
    │   ├── BlockedError               4   the SEC's block page, 429
    │   └── UnreachableError           4   no connection, or EDGAR down for every attempt
    ├── FetchError                     3   one file could not be fetched; the run continues
    │   ├── AbsentError                3   EDGAR does not have it (S3 AccessDenied, NoSuchKey, 404)
    │   ├── TroubleError               3   5xx, cut connections: worth another attempt
    │   ├── DamagedBodyError           3   a response that is not the complete submission
    │   ├── TooLargeError              3   more decoded bytes than the settings allow
    │   └── ConflictError              3   an imported copy that differs from the stored one
    ├── DamageError                    5   stored bytes have changed
    │   └── UnreadableSubmissionError  5   bytes that are not an EDGAR submission
    ├── LockedError                    6   another process writes to the archive
    ├── StorageError                   7   disk full or not writable
    │   └── IndexServerError           7   the index server cannot be reached, or refuses
    ├── ArchiveFormatError             2   an archive or index of another format version
    ├── IndexMissingError              2   nothing is indexed yet, or the index must be rebuilt
    ├── WorkerDiedError                1   indexing processes died repeatedly
    └── RunCancelledError            130   the caller's `CancelToken` was cancelled
"""

from __future__ import annotations

from typing import ClassVar


class EdgarchiveError(Exception):
    """Root of all errors raised by edgarchive on purpose.

    `message` says what happened, `hint` what to do about it (may be empty).
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(EdgarchiveError):
    """Something the caller gave cannot be used."""

    exit_code = 2


class IdentifierError(UsageError, ValueError):
    """Text that is not a valid accession number, CIK or date."""


class SettingsError(UsageError, ValueError):
    """A setting is unknown, out of range, or missing (such as the identity)."""


class QueryError(UsageError, ValueError):
    """A query that cannot be parsed or would expand without limit.

    `position` counts characters from 0; None if no single position is at fault.
    """

    def __init__(self, message: str, hint: str = "", position: int | None = None) -> None:
        super().__init__(message, hint)
        self.position = position


class QueryTimeoutError(QueryError):
    """A search exceeded its time limit; it may succeed on a less busy machine."""


class NotInArchiveError(UsageError, LookupError):
    """There is no archive at this place, or it does not contain what was requested."""


class EdgarError(EdgarchiveError):
    """EDGAR refused a request or could not be reached: the run ends, and the next one continues."""

    exit_code = 4


class BlockedError(EdgarError):
    """EDGAR responded with a block page or 429. `retry_after_s` is the wait in seconds that it asked for, if any."""

    def __init__(self, message: str, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s


class UnreachableError(EdgarError):
    """No connection to EDGAR could be established, or no response came in time, again and again."""


class FetchError(EdgarchiveError):
    """One file could not be fetched; a run reports it and continues."""

    exit_code = 3


class AbsentError(FetchError):
    """EDGAR reports that the file does not exist (403 with S3's XML, 404)."""


class TroubleError(FetchError):
    """A temporary failure: 5xx, a broken connection, an empty response. Worth another attempt.

    `status` is the status of EDGAR's response, if there was one. `too_slow`: it did not come in time.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        retry_after_s: float | None = None,
        status: int | None = None,
        *,
        too_slow: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s
        self.status = status
        self.too_slow = too_slow


class DamagedBodyError(TroubleError):
    """A response with status 200 whose body is not the complete file: cut, not SGML, or not the MD5 of its ETag.

    `page` is the beginning of a web page received instead of the file, else empty.
    """

    def __init__(self, message: str, hint: str = "", retry_after_s: float | None = None, page: bytes = b"") -> None:
        super().__init__(message, hint, retry_after_s)
        self.page = page


class TooLargeError(FetchError):
    """The decoded body exceeds `max_submission_bytes`."""


class ConflictError(FetchError):
    """A copy of a stored submission that differs from it in the same format."""


class DamageError(EdgarchiveError):
    """Bytes in the archive differ from those that were stored."""

    exit_code = 5


class UnreadableSubmissionError(DamageError):
    """Bytes that are not an EDGAR submission, so nothing can be read from them."""


class LockedError(EdgarchiveError):
    """Another process is writing to the archive, the index or the same export."""

    exit_code = 6


class StorageError(EdgarchiveError):
    """The disk is full, or the location is not writable."""

    exit_code = 7


class IndexServerError(StorageError):
    """The index server cannot be reached, refuses requests, or has an unsupported version.

    `may_pass`: a retry may succeed soon (a full queue, a node that just disappeared).
    """

    def __init__(self, message: str, hint: str = "", *, may_pass: bool = False) -> None:
        super().__init__(message, hint)
        self.may_pass = may_pass


class ArchiveFormatError(EdgarchiveError):
    """The archive or index has a format that this version cannot read."""

    exit_code = 2


class IndexMissingError(EdgarchiveError):
    """There is no index to search, or it must be rebuilt first."""

    exit_code = 2


class WorkerDiedError(EdgarchiveError):
    """Worker processes that index submissions died repeatedly, probably for lack of memory."""


class RunCancelledError(EdgarchiveError):
    """The caller cancelled the run. What was done stays, and the next run continues from there."""

    exit_code = 130
