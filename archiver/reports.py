"""What a sync did, or would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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


class Tally:
    """Counts what a running sync does. `requests` says how many requests have been made, ever."""

    def __init__(self, *, requests: Callable[[], int] = lambda: 0) -> None:
        self._counts = SyncReport()
        self._failures: list[SyncFailure] = []
        self._requests = requests
        self._requests_before = requests()

    @property
    def report(self) -> SyncReport:
        """How it stands; the failures are counted, and listed once it is finished."""
        return replace(self._counts, requests=self._requests() - self._requests_before)

    @property
    def failures(self) -> Sequence[SyncFailure]:
        """The submissions so far that could not be had."""
        return self._failures

    def add(self, **counts: int) -> None:
        """Add to the counts of the report, by their names."""
        sums = {name: getattr(self._counts, name) + count for name, count in counts.items()}
        self._counts = replace(self._counts, **sums)

    def fail(self, failure: SyncFailure, *, counted: bool = True) -> None:
        """Note a submission that could not be had, or (not `counted`) what is no submission of the plan."""
        self.add(failed=counted)
        self._failures.append(failure)

    def finish(self, *, elapsed_s: float) -> SyncReport:
        """The whole report."""
        return replace(self.report, elapsed_s=elapsed_s, failures=tuple(self._failures))


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
