from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from archiver.edgar.endpoints import Quarter
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.model import MasterIndexEntry
from archiver.planning.plan import Plan
from archiver.planning.planner import Planner, fingerprint
from archiver.selection.selection import Selection

QUARTER = Quarter(2004, 4)
FIRST = "0001193125-04-000001"
SECOND = "0001193125-04-000002"
THIRD = "0001193125-04-000003"


@pytest.fixture
def plan() -> Iterator[Plan]:
    """An empty plan."""
    with Plan() as made:
        yield made


def entry(accession: str, day: int, *, cik: int = 1, form: str = "8-K") -> MasterIndexEntry:
    """A row of December 2004."""
    return MasterIndexEntry(Cik(cik), "ACME", FormType(form), date(2004, 12, day), AccessionNumber(accession))


def planner(plan: Plan, selections: list[Selection], *entries: MasterIndexEntry) -> Planner:
    """A planner that has taken `entries`, and has finished."""
    made = Planner(selections, plan)
    made.add(entries, quarter=QUARTER)
    made.finish()
    return made


def missing(plan: Plan) -> list[str]:
    """The accession numbers to fetch, in their order."""
    return [ref.accession for ref in plan.missing()]


def test_a_submission_of_several_entities_is_planned_once(plan: Plan) -> None:
    """The index names it once for each entity; it is fetched once, by the first."""
    planner(plan, [Selection()], *(entry(FIRST, 1, cik=cik) for cik in range(1, 62)))
    assert [(ref.accession, ref.cik) for ref in plan.missing()] == [(FIRST, 1)]


def test_several_selections_take_what_any_of_them_takes(plan: Plan) -> None:
    """And what two of them take stands in the plan once."""
    selections = [Selection(["8-K"]), Selection(ciks=[2]), Selection(["10-K"])]
    planner(plan, selections, entry(FIRST, 1), entry(SECOND, 2, cik=2), entry(THIRD, 3, form="10-Q"))
    assert missing(plan) == [SECOND, FIRST]


def test_a_limit_takes_the_newest_of_its_selection(plan: Plan) -> None:
    """By filing date and accession number, so that the next run takes the same."""
    made = planner(plan, [Selection(limit=2)], entry(FIRST, 1), entry(SECOND, 2), entry(THIRD, 3))
    assert made.is_full
    assert missing(plan) == [THIRD, SECOND]


def test_a_limit_counts_submissions_and_not_rows(plan: Plan) -> None:
    """Two rows of one submission leave room for another quarter."""
    assert not planner(plan, [Selection(limit=2)], entry(FIRST, 1, cik=1), entry(FIRST, 1, cik=2)).is_full


def test_one_selection_without_a_limit_needs_every_quarter(plan: Plan) -> None:
    """The limit of the other changes nothing for it."""
    selections = [Selection(["8-K"], limit=1), Selection(["10-K"])]
    made = planner(plan, selections, entry(FIRST, 1), entry(SECOND, 2), entry(THIRD, 1, form="10-K"))
    assert not made.is_full
    assert missing(plan) == [SECOND, THIRD]


def test_a_form_that_no_row_has_is_told_with_the_near_one(plan: Plan) -> None:
    """EDGAR adds form types, so it is no error; a glob and another case are none either."""
    forms = ["8K", "8-k", "10-K*", "QRSTU"]
    made = planner(plan, [Selection(forms)], entry(FIRST, 1), entry(SECOND, 2, form="10-Q"))
    assert made.unknown_forms() == {"8K": "8-K", "QRSTU": None}


def test_names_that_no_company_has_are_told_with_near_ones(plan: Plan) -> None:
    """A name is known once a row of any form has it; one that none has comes with what may be meant."""
    names = ["Acme", "Acmee", "zzzz"]
    made = planner(plan, [Selection(["10-K"], names=names)], entry(FIRST, 1), entry(SECOND, 2))
    assert made.unknown_names() == {"Acmee": ["ACME"], "zzzz": []}


def test_tickers_have_become_ciks_before(plan: Plan) -> None:
    """Else the selection would take everybody's filings."""
    with pytest.raises(UsageError, match="tickers"):
        Planner([Selection(tickers=["MLAN"])], plan)


def test_the_fingerprint_is_of_what_is_selected() -> None:
    """Neither order nor case makes another of it; a limit, which moves with time, has none."""
    one, other = Selection(["8-K", "10-K"], ciks=[1, 2]), Selection(["4"], since="2004-01-01")
    same = Selection(["10-k", "8-k"], ciks=["0000000002", 1])
    assert fingerprint([one, other]) == fingerprint([other, same])
    assert fingerprint([one]) != fingerprint([other])
    assert fingerprint([one, Selection(["4"], limit=3)]) is None
