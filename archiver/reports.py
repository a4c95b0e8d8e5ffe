"""What a sync did, or would do."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.identifiers import AccessionNumber, FormType


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """A submission that could not be had: its address, the class name of the error, what happened.

    `accession` is None where a whole file of the Feed could not be read.
    """

    accession: AccessionNumber | None
    url: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `planned` = `present` + `stored` + `absent` + `failed`.

    `bytes` are the decoded bytes stored; `requests` count every attempt, index file and redirect; `withdrawn` counts
    the submissions newly found missing from EDGAR's index; `indexed` those that went into the full-text index.
    `absent_submissions` names what the index lists and EDGAR does not serve. `run` is its number in the journal.
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
        """How many of the planned submissions are dealt with."""
        return self.present + self.stored + self.absent + self.failed


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was not taken in because it is no submission: its path, a member's name after ``!``, and why."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport(SyncReport):
    """What an import did, in the counts of a sync; the `url` of a failure is the file's path.

    A copy that differs from what is stored stands among the `failures`; `skipped` are files that are no submissions.
    """

    skipped: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedEstimate:
    """What the Feed would take in place of single fetches: requests, packed bytes, seconds."""

    requests: int
    estimated_bytes: int
    estimated_s: float


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a sync would do: how many submissions are selected and `present`, and the `requests` still to make.

    `missing` counts those by form, the most first; `estimated_bytes` are decoded bytes by the forms' averages, and
    `estimated_s` seconds at the set rate. `feed` is what the Feed would take, where that is likely to be faster.
    """

    planned: int
    present: int
    requests: int
    missing: dict[FormType, int]
    estimated_bytes: int
    estimated_s: float
    feed: FeedEstimate | None
