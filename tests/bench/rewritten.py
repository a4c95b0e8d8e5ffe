"""How many items of real reports are found after harmless changes: `scripts/bench rewritten [FOLDER] [--every N]`.

FOLDER is as for `scripts/bench sections`; N takes every Nth report alone. The changes are in
`tests.unit.indexer.sections.rewriting` and `html_rewriting`; reports in plain text have no changes of markup.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from indexer.submission.submission import parse_submission
from tests.bench.measure import print_table
from tests.bench.sections import reports, submission
from tests.paths import SHARED
from tests.unit.indexer.sections.html_rewriting import HTML_HEADINGS
from tests.unit.indexer.sections.rewriting import HEADINGS, SURROUNDINGS, in_pieces

CHANGES = {**HEADINGS, **SURROUNDINGS, **{f"HTML: {name}": change for name, change in HTML_HEADINGS.items()}}


def main(arguments: list[str]) -> None:
    """Print the share of wrong items by change and form. Exits with a message where there are no reports."""
    every = int(arguments[arguments.index("--every") + 1]) if "--every" in arguments else 1
    folders = [one for one in arguments if not one.startswith("-") and not one.isdecimal()]
    folder = Path(folders[0]) if folders else SHARED / "sections"
    if not (folder / "truth.json").exists():
        sys.exit(f"there are no reports in {folder}: name a folder as tests/bench/sections.py describes it")
    counts: Counter[tuple[str, str, str]] = Counter()
    forms = ("10-K", "10-Q", "8-K")
    for number, report in enumerate(reports(folder, with_8k=True)):
        if number % every:
            continue
        pieces = in_pieces(parse_submission(submission(report)).documents[0].text(), report.form)
        if pieces is None or report.has_index:
            continue
        for name, change in CHANGES.items():
            if name.startswith("HTML") and pieces.has_broken_lines:
                continue
            rewritten = change(pieces)
            counts[name, report.form, "items"] += len(rewritten.items)
            counts[name, report.form, "wrong"] += len(rewritten.mistakes())
    rows = [
        (
            " ⏎ ".join(name.split("\n")),
            *(_share(counts[name, form, "wrong"], counts[name, form, "items"]) for form in forms),
        )
        for name in CHANGES
    ]
    print_table("Wrong items of rewritten reports", ("change", *forms), rows)


def _share(wrong: int, items: int) -> str:
    return f"{100 * wrong / items:.1f} %" if items else "–"
