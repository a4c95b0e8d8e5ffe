"""``edgarchive verify``: check files, catalogue and index against each other, and repair them if asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from archiver.audit.findings import Finding
from archiver.errors import UsageError
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import plural, print_json, say
from edgarchive.cli.progress import progress_bar
from edgarchive.formats import clean
from edgarchive.verifying import VerifyReport, acknowledge_signatures, repair_archive, verify_archive

_DAMAGE_FOUND = 5
_SHOWN = 20
"""Findings of a kind that are printed: a restored catalogue may lack a million rows."""


def verify(
    context: typer.Context,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Check only that files exist and have the right size.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what is found: re-fetch files, rebuild catalogue and index.")
    ] = False,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option("--acknowledge", metavar="ACC", help="Accept this submission's invalid signature; check nothing."),
    ] = None,
    no_index: Annotated[bool, typer.Option("--no-index", help="With --repair: do not touch the index.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check every stored file (sha256, closing tag, SEC signature) and the index.

    Without --repair nothing is changed. With it, broken files go to the quarantine and are fetched again. Findings are
    listed; if any remain, the exit code is 5. An acknowledged invalid signature is counted but is not a finding.
    """
    if no_index and not repair:
        raise UsageError("--no-index is for --repair", "leave it out")
    if acknowledge and (quick or repair):
        raise UsageError("--acknowledge checks nothing", "leave out --quick and --repair")
    options = common(context)
    settings = options.settings()
    if acknowledge:
        new = acknowledge_signatures(acknowledge, settings=settings)
        if as_json:
            print_json({"acknowledged": new})
        else:
            say(f"{plural(new, 'invalid signature')} acknowledged")
        return 0
    with progress_bar("checking", visible=options.shows_progress, lines=options.logs_progress) as progress:
        if repair:
            report = repair_archive(settings, quick=quick, index=not no_index, progress=progress)
        else:
            report = verify_archive(settings, quick=quick, progress=progress)
    _print_report(report, as_json=as_json)
    return _DAMAGE_FOUND if report.findings else 0


def _print_report(report: VerifyReport, *, as_json: bool) -> None:
    counts = {
        "checked": report.checked,
        "ok": report.ok,
        "signed": report.signed,
        "acknowledged": report.acknowledged,
    }
    if as_json:
        repaired = {} if report.repaired is None else {"repaired": report.repaired}
        print_json({**counts, "findings": report.findings, **repaired})
        return
    for line in (*_lines(report.repaired or (), "repaired: "), *_lines(report.findings)):
        say(line)
    say(f"{plural(report.checked, 'submission')} checked, {report.ok:,} ok, {report.signed:,} signed by the SEC")
    if report.acknowledged:
        say(f"{plural(report.acknowledged, 'invalid signature')} acknowledged")
    if report.repaired is not None:
        say(f"{len(report.repaired):,} repaired")
    say(plural(len(report.findings), "finding"))
    if any(finding.kind == "signature" for finding in report.findings):
        say("`edgarchive verify --acknowledge ACCESSION` accepts an invalid signature that you have reviewed")


def _lines(findings: Sequence[Finding], prefix: str = "") -> Iterator[str]:
    """A line for each finding, at most `_SHOWN` of a kind, and how many more of it there are."""
    counts = Counter[str]()
    for finding in findings:
        counts[finding.kind] += 1
        if counts[finding.kind] <= _SHOWN:
            where = finding.accession or finding.path
            yield f"{prefix}{finding.kind}: {f'{clean(where)}: ' if where else ''}{clean(finding.message)}"
    for kind, count in counts.items():
        if count > _SHOWN:
            yield f"{prefix}{kind}: and {count - _SHOWN:,} more; --json lists all"
