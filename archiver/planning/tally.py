"""The state of a run: the outcomes in its plan, and counts kept outside the plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from archiver.planning.plan import Outcome, Plan
from archiver.reports import SyncFailure, SyncReport
from archiver.runtime.progress import READING, CancelToken, Progress, ProgressUpdate, no_progress


class Tally:
    """Builds the report of a running sync. Submissions are counted by `plan` alone; other counts are added here.

    `requests` returns the number of requests sent so far, `progress` is told of each step, and `cancel` stops the run.
    `finished_before` counts submissions that an earlier run finished, which are not in the plan; `bytes` the decoded
    bytes stored; `withdrawn` newly withdrawn submissions. While `is_planning`, the plan grows, and nothing counts as
    planned yet.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        requests: Callable[[], int] = lambda: 0,
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
    ) -> None:
        self.plan = plan
        self.cancel = cancel or CancelToken()
        self.finished_before = 0
        self.bytes = 0
        self.withdrawn = 0
        self.is_planning = False
        self._failures: list[SyncFailure] = []
        self._progress = progress
        self._requests = requests
        self._requests_before = requests()
        self._began_s = time.monotonic()

    @property
    def report(self) -> SyncReport:
        """The current state; failures are counted here and listed in the final report."""
        return SyncReport(
            planned=0 if self.is_planning else self.finished_before + self.plan.count(),
            present=self.finished_before + self.plan.count(Outcome.PRESENT),
            stored=self.plan.count(Outcome.STORED),
            absent=self.plan.count(Outcome.ABSENT),
            failed=self.plan.count(Outcome.FAILED),
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
            self.plan.mark([failure.accession], Outcome.FAILED)
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

    def tell(self, phase: str) -> None:
        """Tell `progress` of the current state."""
        self._progress(self.progress(phase))

    def read_quarter(self, done: int, total: int) -> None:
        """Before each quarter whose indexes are read: tell `progress` of it. Raises `RunCancelledError`."""
        self.cancel.check()
        self._progress(ProgressUpdate(READING, done=done, total=total, requests=self.report.requests))

    def finish(self) -> SyncReport:
        """The final report."""
        return replace(
            self.report,
            elapsed_s=time.monotonic() - self._began_s,
            failures=tuple(self._failures),
            absent_submissions=tuple(chain.from_iterable(self.plan.of(Outcome.ABSENT))),
        )
