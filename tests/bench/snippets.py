"""What the snippets of ten hits over 10-Ks cost in CPU time: the same searches with and without them.

The 10-Ks are the largest of the corpus of real submissions, each under several accession numbers; without a corpus, an
invented one.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from archiver.errors import UnreadableSubmissionError
from archiver.store.archive import Archive
from indexer.search.library import Library
from indexer.submission.submission import parse_submission
from indexer.update.update import index_archive
from tests.bench.measure import print_table
from tests.paths import CORPUS
from tests.unit.archives import keep
from tests.unit.submissions import submission_bytes

HITS = 10
ROUNDS = 5
QUERIES = ("revenue", "revenue growth", '"net income"', "risk*", '"income taxes"~8', "stem:acquiring stem:companies")


def main(_arguments: list[str]) -> None:
    """Search, and print the medians in milliseconds."""
    bodies = ten_ks()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "edgar"
        index_in_turn(root, bodies, HITS)
        rows = []
        with Library(root) as library:
            for query in QUERIES:
                found, bare_s = _median_s(library, query, snippets=False)
                _, full_s = _median_s(library, query, snippets=True)
                rows.append((query, found, bare_s * 1000, full_s * 1000, (full_s - bare_s) * 1000 / max(1, found)))
    sizes = ", ".join(f"{len(data) / 1e6:.1f}" for _, data in bodies)
    print_table(
        f"{HITS} submissions of {sizes} MB in turn, median of {ROUNDS}",
        ("query", "hits", "search: CPU ms", "with snippets", "ms a hit"),
        rows,
    )


def _median_s(library: Library, query: str, *, snippets: bool) -> tuple[int, float]:
    taken_s = []
    for _ in range(ROUNDS):
        started = time.process_time()
        found = len(library.search(query, limit=HITS, snippets=snippets))
        taken_s.append(time.process_time() - started)
    return found, statistics.median(taken_s)


def index_in_turn(root: Path, bodies: Sequence[tuple[str, bytes]], count: int) -> None:
    """Make an indexed archive of `count` submissions: those of `ten_ks` in turn, each under its own number."""
    with Archive.open(root, writable=True, create=True) as archive:
        for number in range(count):
            accession = f"0009999999-24-{number:06d}"
            original, data = bodies[number % len(bodies)]
            keep(archive, accession, data.replace(original.encode(), accession.encode()))
        index_archive(archive)


def ten_ks() -> list[tuple[str, bytes]]:
    """Accession number and bytes of up to five large 10-Ks."""
    found: list[tuple[str, bytes]] = []
    for path in sorted(CORPUS.glob("*.txt")) if CORPUS.is_dir() else ():
        data = path.read_bytes()
        try:
            submission = parse_submission(data)
        except UnreadableSubmissionError:
            continue
        header = submission.header
        if header.form.startswith("10-K") and submission.documents:  # a header alone is no report
            found.append((header.accession, data))
    if not found:
        text = "<P>Net income grew, as did revenue from acquired companies; income taxes are a risk.</P>\n" * 20_000
        document = (
            f"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>a.htm\n<TEXT>\n<HTML>{text}</HTML>\n</TEXT>\n</DOCUMENT>\n"
        )
        found = [("0001193125-04-218426", submission_bytes(form="10-K", documents=document))]
    return sorted(found, key=lambda pair: -len(pair[1]))[:5]
