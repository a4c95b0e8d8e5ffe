from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.planning.plan import Outcome, Plan, SubmissionRef
from archiver.planning.tally import Tally
from archiver.reports import SyncFailure
from archiver.runtime.progress import ProgressUpdate

NUMBERS = [AccessionNumber(f"0001193125-04-{sequence:06d}") for sequence in range(12)]


def refs() -> Iterator[SubmissionRef]:
    """One reference for each number."""
    return (SubmissionRef(number, FormType("8-K"), date(2004, 12, 6), Cik(1)) for number in NUMBERS)


@given(st.lists(st.tuples(st.sets(st.sampled_from(NUMBERS)), st.sampled_from(Outcome)), max_size=20))
def test_the_kept_counts_are_those_of_the_plan(marks: list[tuple[set[AccessionNumber], Outcome]]) -> None:
    """However often a submission changes its outcome, the counts are what the plan's rows say."""
    with Plan() as plan:
        plan.add(refs())
        plan.add(refs())
        for numbers, outcome in marks:
            plan.mark(numbers, outcome)
        rows = {outcome: [plan.outcome(number) for number in NUMBERS].count(outcome) for outcome in Outcome}
        assert {outcome: plan.count(outcome) for outcome in Outcome} == rows
        report = Tally(plan).report
        assert report.planned == plan.count() == len(NUMBERS)
        assert report.done == len(NUMBERS) - rows[Outcome.MISSING]


def test_the_report_names_what_is_absent_and_what_failed() -> None:
    """By accession number, and counts each once, with what earlier runs have finished."""
    with Plan() as plan:
        tally = Tally(plan, requests=iter(range(3, 99)).__next__)
        plan.add(refs())
        tally.finished_before = 5
        plan.mark(NUMBERS[:2], Outcome.ABSENT)
        plan.mark(NUMBERS[2:4], Outcome.STORED)
        failure = SyncFailure(NUMBERS[2], "", "DamageError", "gone")
        tally.fail(failure)
        tally.fail(SyncFailure(None, "", "DamagedBodyError", "a file of the Feed"))
        report = tally.finish()
    assert (report.planned, report.present, report.stored, report.absent, report.failed) == (17, 5, 1, 2, 1)
    assert report.absent_submissions == tuple(NUMBERS[:2])
    assert report.failures[0] == failure
    assert len(report.failures) == 2


@pytest.mark.parametrize("planned", [False, True])
def test_the_total_is_unknown_until_something_is_planned(*, planned: bool) -> None:
    """While the indexes are read nobody knows how much it will be."""
    with Plan() as plan:
        if planned:
            plan.add(refs())
        total = len(NUMBERS) if planned else None
        assert Tally(plan).progress("reading the indexes") == ProgressUpdate("reading the indexes", total=total)
