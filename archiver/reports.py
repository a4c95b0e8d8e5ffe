"""What a sync did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archiver.identifiers import AccessionNumber
from archiver.planner import SyncPlan


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """A submission that could not be had: its address, the class name of the error, what happened."""

    accession: AccessionNumber
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


class Tally:
    """Counts what a running sync does. `report` is how it stands, with its failures only once it is finished."""

    def __init__(self) -> None:
        self.report = SyncReport()
        self._failures: list[SyncFailure] = []

    def add(self, **counts: int) -> None:
        """Add to the counts of the report, by their names."""
        sums = {name: getattr(self.report, name) + count for name, count in counts.items()}
        self.report = replace(self.report, **sums)

    def fail(self, failure: SyncFailure) -> None:
        """Note a submission that could not be had."""
        self.add(failed=1)
        self._failures.append(failure)

    def finish(self, *, elapsed_s: float) -> SyncReport:
        """The whole report."""
        return replace(self.report, elapsed_s=elapsed_s, failures=tuple(self._failures))


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a sync would do: the plan, its requests, and, both estimated, decoded bytes and seconds at the set rate."""

    plan: SyncPlan
    requests: int
    estimated_bytes: int
    estimated_s: float
