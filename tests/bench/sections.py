"""How many items of real reports are found where they stand, beside edgartools: `scripts/bench sections --edgartools`.

A folder may be named. It has reports and their items as ``../shared/sections`` beside the checkout has them: the
reports (NAME.gz), `files.tsv` with their forms, `truth.json` with their items, and 8-Ks in `8k/`. Only letters and
digits count, in lower case, so it does not matter how a tool spaces a table.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.submission.submission import parse_submission
from tests.bench.measure import print_table
from tests.paths import ROOT, SHARED
from tests.peers.environment import peers_python
from tests.unit.submissions import submission_bytes

BEGIN = 50
"""Letters and digits that may stand between an item's begin and the section's: the heading, at most."""

BEFORE_END, AFTER_END = 60, 100
"""Letters and digits by which a section may end too soon, and too late: a running title or page number follows."""

_CLIENT = ROOT / "tests" / "peers" / "clients" / "use_edgartools_sections.py"
_MIN_CHARS = 30
"""An edge is recognized by so many letters and digits, if the item has them."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of `form`, as filed, and what is known of its items."""

    name: str
    form: str
    body: bytes
    items: list[dict[str, Any]]
    has_index: bool


def main(arguments: list[str]) -> None:
    """Print the shares by form. Exits with a message where there are no reports."""
    folders = [one for one in arguments if not one.startswith("-")]
    folder = Path(folders[0]) if folders else SHARED / "sections"
    if not (folder / "truth.json").exists():
        sys.exit(f"there are no reports in {folder}: name a folder as the first lines of {__file__} describe it")
    compare = "--edgartools" in arguments
    tools = {"edgarchive": _own, **({"edgartools": _edgartools} if compare else {})}
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for report in reports(folder, with_8k=not compare):
        for tool, sections in tools.items():
            started_s = time.process_time()
            found, taken_s = sections(report)
            count = counts[report.form, tool]
            count.update(_judged(report, found))
            count.update(
                reports=1, bytes=len(report.body), ms=round((taken_s or time.process_time() - started_s) * 1000)
            )
    rows = [
        (
            form,
            tool,
            count["reports"],
            count["items"],
            *(_share(count, what) for what in ("found", "begin", "end", "both")),
            count["false"],
            count["bytes"] / 1e3 / max(1, count["ms"]),
        )
        for (form, tool), count in sorted(counts.items())
    ]
    columns = (
        "form",
        "tool",
        "reports",
        "items",
        "found",
        "begin right",
        "end right",
        "both right",
        "false",
        "MB/s of CPU",
    )
    print_table("Items of real reports", columns, rows)


def reports(folder: Path, *, with_8k: bool) -> Iterator[Report]:
    """The reports of `folder`."""
    forms = dict(line.split("\t")[:2] for line in (folder / "files.tsv").read_text().splitlines()[1:])
    for one in json.loads((folder / "truth.json").read_text()):
        body = gzip.decompress((folder / f"{one['name']}.gz").read_bytes())
        yield Report(one["name"], forms[one["name"]], body, one["items"], "index" in one)
    if with_8k and (folder / "8k" / "8k-truth.json").exists():
        truth = json.loads((folder / "8k" / "8k-truth.json").read_text())
        with zipfile.ZipFile(folder / "8k" / "8-k.zip") as packed:
            for name, items in truth.items():
                listed = [
                    {"item": item, "start_sure": True, "end_sure": True, **facts} for item, facts in items.items()
                ]
                yield Report(name, "8-K", packed.read(name), listed, has_index=False)


def normalized(text: str) -> str:
    """The letters and digits of `text`, in lower case."""
    ascii_ = re.sub(r"[^\x00-\x7f]", lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return re.sub("[^a-z0-9]", "", ascii_.lower())


def _judged(report: Report, sections: list[tuple[str, str]]) -> Counter[str]:
    """What is right of the `sections` of a report: their items, with the part in a 10-Q, and texts."""
    count: Counter[str] = Counter()
    first: dict[str, str] = {}
    for key, text in sections:
        first.setdefault(key, normalized(text))
    for item in report.items:
        count["items"] += 1
        section = next((first[key] for key in (item["item"], *item.get("with", ())) if key in first), None)
        if section is None:
            continue
        begins = not item["start_sure"] or _begins(section, item["first"])
        ends = not item["end_sure"] or _ends(section, item["last"])
        count.update(found=1, begin=begins, end=ends, both=begins and ends)
    known = {key for item in report.items for key in (item["item"], *item.get("with", ()))}
    if not report.has_index:  # such a report has items in its index that nobody has listed
        count["false"] += sum(key not in known for key, _ in sections)
    return count


def _begins(text: str, first: str) -> bool:
    """Whether `text` and the item begin within `BEGIN` of each other."""
    return _near(text, first, BEGIN) or _near(first, text, BEGIN)


def _ends(text: str, last: str) -> bool:
    return _near(text[::-1], last[::-1], AFTER_END) or _near(last[::-1], text[::-1], BEFORE_END)


def _near(text: str, wanted: str, within: int) -> bool:
    wanted = wanted[:_MIN_CHARS]
    return bool(wanted) and text[: within + len(wanted)].find(wanted) >= 0


def _own(report: Report) -> tuple[list[tuple[str, str]], float | None]:
    document = parse_submission(submission(report)).documents[0]
    text = document.text()
    found = []
    for section in document.sections():
        item = re.sub(r"\(?T\)?$", "", section.item)
        found.append((f"{section.part} {item}" if report.form == "10-Q" else item, text[section.start : section.end]))
    return found, None


def submission(report: Report) -> bytes:
    """The report in EDGAR's envelope, where it has none of its own."""
    body = report.body
    name = report.name
    if b"<DOCUMENT>" in body[:20_000]:
        head, body = re.split(rb"<TEXT>\r?\n?", body[body.index(b"<DOCUMENT>") :], maxsplit=1)
        body = body.split(b"</TEXT>", 1)[0]
        if given := re.search(rb"<FILENAME>([^\r\n]*)", head):
            name = given[1].decode("latin-1").strip()
    envelope = submission_bytes(
        form=report.form,
        documents=f"<DOCUMENT>\n<TYPE>{report.form}\n<SEQUENCE>1\n<FILENAME>{name}\n<TEXT>\n|BODY|\n</TEXT>\n</DOCUMENT>\n",
    )
    return envelope.replace(b"|BODY|", body)


def _edgartools(report: Report) -> tuple[list[tuple[str, str]], float | None]:
    """The sections that edgartools finds, by its own Python; what it takes is without its start."""
    done = subprocess.run([peers_python(), _CLIENT, report.form], input=report.body, capture_output=True, check=True)
    answer = json.loads(done.stdout)
    return [(key, text) for key, text in answer["sections"]], answer["cpu_s"]


def _share(count: Counter[str], what: str) -> str:
    return f"{100 * count[what] / max(1, count['items']):.1f} %"
