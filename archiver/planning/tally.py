"""The state of a run: the outcomes in its plan, and counts kept outside the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from archiver.planning.plan import Outcome, Plan
from archiver.reports import SyncFailure, SyncReport
from archiver.runtime.progress import ProgressUpdate


class Tally:
    """Builds the report of a running sync. Submissions are counted by `plan` alone; other counts are added here.

    `requests` returns the number of requests sent so far. `finished_before` counts submissions that an earlier run
    finished, which are not in the plan; `bytes` the decoded bytes stored; `withdrawn` newly withdrawn submissions.
    While `is_planning`, the plan grows, and nothing counts as planned yet.
    """

    def __init__(self, plan: Plan, *, requests: Callable[[], int] = lambda: 0) -> None:
        self.finished_before = 0
        self.bytes = 0
        self.withdrawn = 0
        self.is_planning = False
        self._plan = plan
        self._failures: list[SyncFailure] = []
        self._requests = requests
        self._requests_before = requests()

    @property
    def report(self) -> SyncReport:
        """The current state; failures are counted here and listed in the final report."""
        return SyncReport(
            planned=0 if self.is_planning else self.finished_before + self._plan.count(),
            present=self.finished_before + self._plan.count(Outcome.PRESENT),
            stored=self._plan.count(Outcome.STORED),
            absent=self._plan.count(Outcome.ABSENT),
            failed=self._plan.count(Outcome.FAILED),
            withdrawn=self.withdrawn,
            bytes=self.bytes,
            requests=self._requests() - self._requests_before,
        )

    def so_far(self) -> SyncReport:
        """The current state with its failures; absent submissions are counted, and listed in the final report."""
        return replace(self.report, failures=tuple(self._failures))

    @property
    def failures(self) -> Sequence[SyncFailure]:
        """What could not be fetched so far."""
        return self._failures

    def fail(self, failure: SyncFailure) -> None:
        """Record a failure; a submission also fails in the plan."""
        if failure.accession is not None:
            self._plan.mark([failure.accession], Outcome.FAILED)
        self._failures.append(failure)

    def progress(self, phase: str) -> ProgressUpdate:
        """The current progress; the total is unknown while the indexes are read."""
        report = self.report
        return ProgressUpdate(
            phase,
            done=report.done,
            total=report.planned or None,
            failed=report.failed,
            bytes=report.bytes,
            requests=report.requests,
        )

    def finish(self, *, elapsed_s: float) -> SyncReport:
        """The final report."""
        return replace(
            self.report,
            elapsed_s=elapsed_s,
            failures=tuple(self._failures),
            absent_submissions=tuple(chain.from_iterable(self._plan.of(Outcome.ABSENT))),
        )
