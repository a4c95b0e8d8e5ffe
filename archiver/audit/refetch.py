"""Fetching from EDGAR what a repair found lost."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.errors import EdgarError
from archiver.identifiers import AccessionNumber
from archiver.planning.plan import Outcome, Plan, SubmissionRef
from archiver.planning.tally import Tally
from archiver.runtime.blocking import run_blocking
from archiver.runtime.progress import CancelToken, Progress
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.journal import journal
from archiver.sync.downloader import Downloader


def refetch(
    archive: Archive, settings: Settings, wanted: Sequence[SubmissionRef], *, progress: Progress, cancel: CancelToken
) -> dict[AccessionNumber, str | None]:
    """Fetch `wanted` into `archive`; returns None for each stored submission, otherwise the reason for the failure.

    This is a run of its own in the journal. It blocks. Raises `StorageError`, `RunCancelledError`.
    """
    with Plan(archive.layout.incoming) as plan:
        plan.add(wanted)

        async def fetch() -> tuple[dict[AccessionNumber | None, str], str]:
            """The messages of failures, and what ended the run before its end."""
            stopped = ""
            async with Downloader(settings) as downloader:
                tally = Tally(plan, requests=lambda: downloader.edgar.requests, progress=progress, cancel=cancel)
                try:
                    with journal(archive, "repair", {"fetch": len(wanted)}, tally.finish):
                        await downloader.fetch_planned(archive, tally)
                except EdgarError as error:
                    stopped = str(error)
            return {failure.accession: failure.message for failure in tally.failures}, stopped

        messages, stopped = run_blocking(fetch)

        def fault(accession: AccessionNumber) -> str | None:
            outcome = plan.outcome(accession)
            if outcome is Outcome.STORED:
                return None
            return "EDGAR does not have it" if outcome is Outcome.ABSENT else messages.get(accession) or stopped

        return {ref.accession: fault(ref.accession) for ref in wanted}
