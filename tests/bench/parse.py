"""Reading: where a submission's parts lie, its header, and the text of its HTML, in MB/s on one core.

The baseline of splitting and header is a bare search for the documents' tags, that of the text is lxml's tree.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

from lxml import html

from indexer.submission.header import parse_header
from indexer.submission.sgml import outline
from indexer.submission.submission import parse_submission
from indexer.text.html_text import html_text
from indexer.text.kinds import unwrap
from tests.bench.measure import measured, print_table
from tests.paths import CORPUS
from tests.unit.submissions import submission_bytes

_REAL, _INVENTED = "real", "invented"
_INVENTED_COUNT = 40
_INVENTED_BYTES = 800_000
"""What EDGAR's submissions have on average."""

_ROW = '<tr style="height:12pt"><td width="70%%"><font size="2">Net sales &amp; other %d</font></td><td>$</td></tr>\n'
_REPEATS = 5


def submissions(kind: str) -> list[bytes]:
    """The corpus's submissions, or invented ones of EDGAR's average size: four HTML documents each."""
    if kind == _REAL:
        paths = sorted(path for pattern in ("*.txt", "*.nc", "*.sgml") for path in CORPUS.glob(pattern))
        return [data for path in paths if b"<DOCUMENT>" in (data := path.read_bytes())]
    rows = "".join(_ROW % number for number in range(_INVENTED_BYTES // 4 // len(_ROW)))
    document = (
        f"<DOCUMENT>\n<TYPE>EX-99\n<SEQUENCE>1\n<FILENAME>a.htm\n<TEXT>\n<html><table>{rows}</table></html>\n"
        "</TEXT>\n</DOCUMENT>\n"
    )
    return [submission_bytes(f"0009000900-04-{number:06}", documents=document * 4) for number in range(_INVENTED_COUNT)]


def html_bodies(kind: str) -> list[bytes]:
    """The HTML documents of `submissions`, out of their wrappers."""
    return [
        unwrap(document.body())
        for data in submissions(kind)
        for document in parse_submission(data).documents
        if document.kind == "html"
    ]


def find_tags(data: bytes) -> int:
    """The baseline of splitting: every document's tag searched for, and nothing else."""
    count, at = 0, -1
    while (at := data.find(b"<DOCUMENT>", at + 1)) >= 0:
        count += 1
    return count


def header_and_split(data: bytes) -> int:
    """The typed header, and where the documents lie."""
    parts = outline(data)
    return len(parse_header(parts.header).entities) + len(parts.documents)


def split(data: bytes) -> int:
    """Where the documents lie, and their own heads."""
    return len(outline(data).documents)


def whole(data: bytes) -> int:
    """Header, documents and their kinds."""
    return len(parse_submission(data).documents)


def lxml_text(data: bytes) -> int:
    """The baseline of the text: all text nodes of lxml's tree, scripts and what is hidden among them."""
    return len(html.document_fromstring(data, parser=html.HTMLParser(huge_tree=True)).text_content())


def our_text(data: bytes) -> int:
    """The text as it is searched."""
    return len(html_text(data))


def run(source: Callable[[str], list[bytes]], work: Callable[[bytes], int], kind: str) -> tuple[int, int, float]:
    """How many inputs of how many bytes, and the fewest CPU seconds that `work` took for all of them."""
    inputs = source(kind)
    best_s = min(_cpu_s(work, inputs) for _ in range(_REPEATS))
    return len(inputs), sum(map(len, inputs)), best_s


def _cpu_s(work: Callable[[bytes], int], inputs: list[bytes]) -> float:
    started = time.process_time()
    for data in inputs:
        work(data)
    return time.process_time() - started


def _rows(kind: str) -> Iterator[tuple[object, ...]]:
    groups = ((submissions, (find_tags, split, header_and_split, whole)), (html_bodies, (lxml_text, our_text)))
    for source, works in groups:
        baseline_s = 0.0
        for work in works:
            count, size, cpu_s = measured(run, source, work, kind).result
            baseline_s = baseline_s or cpu_s
            yield (
                f"{kind}: {work.__name__}",
                count,
                size / 1e6,
                size / cpu_s / 1e6,
                cpu_s / count * 1e6,
                cpu_s / baseline_s,
            )


def main(arguments: list[str]) -> None:
    """Print MB/s for the corpus where there is one, and for invented submissions of EDGAR's average size."""
    argparse.ArgumentParser(prog="scripts/bench parse", description=__doc__).parse_args(arguments)
    kinds = [_REAL, _INVENTED] if CORPUS.exists() else [_INVENTED]
    print_table(
        f"parse: best of {_REPEATS}, one core, bytes already in memory",
        ("work", "inputs", "MB", "MB/s", "CPU µs each", "time / baseline"),
        [row for kind in kinds for row in _rows(kind)],
    )
