"""Reports of syncs and imports, and of dry runs."""

from __future__ import annotations

from archiver.identifiers import AccessionNumber, FormType
from archiver.startup.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """A submission that could not be fetched: its address, the class name of the error, and the message.

    `accession` is None if a whole file of the Feed, or a file or folder to import, could not be read.
    """

    accession: AccessionNumber | None
    url: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The result of a sync. `planned` = `present` + `stored` + `absent` + `failed`.

    `bytes` are the decoded bytes stored; `requests` counts every attempt, index file and redirect; `withdrawn` counts
    submissions newly missing from EDGAR's index; `indexed` those added to the full-text index. `absent_submissions`
    lists what is in the index but not on EDGAR's server. `run` is the number in the journal.
    """

    planned: int = 0
    present: int = 0
    stored: int = 0
    absent: int = 0
    failed: int = 0
    withdrawn: int = 0
    indexed: int = 0
    bytes: int = 0
    requests: int = 0
    elapsed_s: float = 0.0
    failures: tuple[SyncFailure, ...] = ()
    absent_submissions: tuple[AccessionNumber, ...] = ()
    run: int | None = None

    @property
    def done(self) -> int:
        """How many of the planned submissions are finished."""
        return self.present + self.stored + self.absent + self.failed


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was not imported because it is not a submission: its path, a member's name after ``!``, and why."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport(SyncReport):
    """The result of an import, with the counts of a sync; the `url` of a failure is the file's path.

    A copy that differs from the stored submission is one of the `failures`; `skipped` are files that are not
    submissions.
    """

    skipped: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedEstimate:
    """The cost of using the Feed instead of single requests: requests, compressed bytes, seconds."""

    requests: int
    estimated_bytes: int
    estimated_s: float


@dataclass(frozen=True, slots=True)
class DryRun:
    """The result of a dry run: submissions selected and `present`, and the `requests` still to send.

    `missing` counts the others by form, most frequent first. `estimated_bytes` are decoded bytes from the averages of
    the forms, `estimated_s` seconds at the configured rate. `feed` is the cost of the Feed if that is probably faster.
    """

    planned: int
    present: int
    requests: int
    missing: dict[FormType, int]
    estimated_bytes: int
    estimated_s: float
    feed: FeedEstimate | None
