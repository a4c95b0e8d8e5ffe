"""What keeping texts costs on disk, and what reading one document from the text store takes.

Beside each: reading the stored submission and extracting the text again, which is what a search without kept texts does
for each snippet. The 10-Ks are those of the measurement of snippets, the small filings are the invented ones.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from indexer.submission.submission import parse_submission
from indexer.texts.store import TextStore
from tests.bench.export import reports, small_filings
from tests.bench.measure import print_table

READS = 200


def main(_arguments: list[str]) -> None:
    """Fill two archives, read documents of each in random order, and print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, root in (("10-Ks", reports(Path(folder))), ("small filings", small_filings(Path(folder)))):
            with Archive.open(root) as archive, TextStore.open(root) as store:
                stats = store.stats()
                chance = random.Random(4)  # noqa: S311 — the same order each time
                chosen = chance.choices([record.accession for record in archive.catalogue.records()], k=READS)
                kept_ms = _median_ms(chosen, partial(_kept, store))
                again_ms = _median_ms(chosen[: READS // 10], partial(_extracted, archive))
            rows.append(
                (
                    name,
                    len(set(chosen)),
                    stats.text_bytes / 1e6,
                    stats.stored_bytes / stats.text_bytes,
                    kept_ms,
                    again_ms,
                    again_ms / kept_ms,
                )
            )
    print_table(
        f"Texts: CPU time, median of {READS} reads of the first document",
        ("of what", "read", "MB of text", "on disk, of the text", "kept ms", "extracted again ms", "ratio"),
        rows,
    )


def _kept(store: TextStore, accession: AccessionNumber) -> list[str]:
    submission = store.read(accession)
    return [] if submission is None else [document.text() for document in submission.documents[:1]]


def _extracted(archive: Archive, accession: AccessionNumber) -> list[str]:
    return [document.text() for document in parse_submission(archive.read(accession)).documents[:1]]


def _median_ms(accessions: Sequence[AccessionNumber], read: Callable[[AccessionNumber], object]) -> float:
    taken_ms = []
    for accession in accessions:
        started = time.process_time()
        read(accession)
        taken_ms.append((time.process_time() - started) * 1000)
    return statistics.median(taken_ms)
