"""How a run stands: the outcomes that its plan has, and what no plan counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from archiver.planning.plan import Outcome, Plan
from archiver.progress import ProgressUpdate
from archiver.reports import SyncFailure, SyncReport


class Tally:
    """Makes the report of a running sync. Submissions are counted by `plan` alone; the rest is added here.

    `requests` says how many requests have been made, ever. `finished_before` are submissions that an earlier run has
    dealt with, which are not in the plan; `bytes` decoded bytes stored; `withdrawn` newly withdrawn submissions.
    """

    def __init__(self, plan: Plan, *, requests: Callable[[], int] = lambda: 0) -> None:
        self.finished_before = 0
        self.bytes = 0
        self.withdrawn = 0
        self._plan = plan
        self._failures: list[SyncFailure] = []
        self._requests = requests
        self._requests_before = requests()

    @property
    def report(self) -> SyncReport:
        """How it stands; the failures are counted, and listed once it is finished."""
        return SyncReport(
            planned=self.finished_before + self._plan.count(),
            present=self.finished_before + self._plan.count(Outcome.PRESENT),
            stored=self._plan.count(Outcome.STORED),
            absent=self._plan.count(Outcome.ABSENT),
            failed=self._plan.count(Outcome.FAILED),
            withdrawn=self.withdrawn,
            bytes=self.bytes,
            requests=self._requests() - self._requests_before,
        )

    def so_far(self) -> SyncReport:
        """How it stands, with the failures; what is absent is counted, and named once it is finished."""
        return replace(self.report, failures=tuple(self._failures))

    @property
    def failures(self) -> Sequence[SyncFailure]:
        """What could not be had so far."""
        return self._failures

    def fail(self, failure: SyncFailure) -> None:
        """Note what could not be had; a submission fails in the plan too."""
        if failure.accession is not None:
            self._plan.mark([failure.accession], Outcome.FAILED)
        self._failures.append(failure)

    def progress(self, phase: str) -> ProgressUpdate:
        """How it stands, for who watches; the total is not known while the indexes are read."""
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
        """The whole report."""
        return replace(
            self.report,
            elapsed_s=elapsed_s,
            failures=tuple(self._failures),
            absent_submissions=tuple(chain.from_iterable(self._plan.of(Outcome.ABSENT))),
        )
