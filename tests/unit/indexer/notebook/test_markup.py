"""HTML for notebooks."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path

from lxml import html

from archiver.errors import UsageError
from indexer.engine import EngineHit
from indexer.entries import HitEntity
from indexer.notebook.markup import link
from indexer.passages.cutting import Snippet
from indexer.search.hits import Hit, HitDocument, LazyHits
from indexer.search.records import FormYear, Status
from indexer.search.results import Results
from indexer.submission.submission import parse_submission
from tests.unit.hits import made_up_hit
from tests.unit.submissions import ACCESSION, submission_bytes
from tests.web.hostile_filing import DECEPTIVE, hostile_names

EVIL = "<script>alert(1)</script> & Co"


def hostile_hit() -> Hit:
    """A hit of somebody who would like to run a script in a notebook."""
    hit = made_up_hit(document=HitDocument("8-K", 1, EVIL, EVIL), excerpt=Snippet(f"{EVIL} resigned", ((32, 39),)))
    return replace(hit, entities=(HitEntity(None, EVIL, "FILER"),), url="https://www.sec.gov/x?a=1&b=2")


def test_results_are_a_table_and_nothing_of_a_filer_is_markup() -> None:
    """A row a hit, with a link and the matches marked."""
    results = Results("resigned", 9, 0.0, (hostile_hit(), hostile_hit()))
    tree = html.fromstring(results._repr_html_())
    assert len(tree.xpath("//tbody/tr")) == 2
    assert not tree.xpath("//script")
    assert tree.xpath("//a/@href") == ["https://www.sec.gov/x?a=1&b=2"] * 2
    assert tree.xpath("//em")
    assert EVIL in tree.text_content()
    assert "9 hits, 2 shown" in tree.text_content()
    assert repr(results) == "<Results 'resigned': 9 hits, 2 shown>"
    assert "0 hits; diagnose() says why" in Results("resigned", 0, 0.0, ())._repr_html_()


def test_a_hit_and_a_submission_are_tables_too() -> None:
    """Of their facts, and of the documents."""
    assert not html.fromstring(hostile_hit()._repr_html_()).xpath("//script")
    shown = html.fragment_fromstring(parse_submission(submission_bytes())._repr_html_(), create_parent=True)
    assert ACCESSION in shown.text_content()
    assert "EX-99.1" in shown.text_content()


def test_nothing_of_a_filer_reorders_a_line() -> None:
    """Nor does it hide anything: a name is read as it is."""
    submission = parse_submission(hostile_names())
    hit = replace(hostile_hit(), entities=(HitEntity(None, DECEPTIVE, "FILER"),), excerpt=Snippet(DECEPTIVE, ()))
    results = Results(DECEPTIVE, 1, 0.0, (hit,))
    for shown in (submission, hit, results):
        assert not set(DECEPTIVE) & set(shown._repr_html_()) - set(string.printable), shown


def test_the_status_of_an_archive_is_tables(tmp_path: Path) -> None:
    """The facts and the forms, of which a filer chooses the names."""
    years = (FormYear(EVIL, 2020, 2), FormYear("8-K", 2020, 1), FormYear("8-K", 2021, 1000))
    status = Status(tmp_path, 1003, 0, 0, None, None, 3, None, years)
    shown = html.fragment_fromstring(status._repr_html_(), create_parent=True)
    assert not shown.xpath("//script")
    assert [row.text_content() for row in shown.xpath("//table[2]/tbody/tr")] == ["8-K1,001", f"{EVIL}2"]
    assert "not indexed3" in shown.text_content()


def test_hits_of_a_closed_library_show_why_they_do_not() -> None:
    """A notebook shows a line, no traceback."""

    def make(_: EngineHit) -> Hit:
        raise UsageError("the library is closed", "open it again")

    assert "the library is closed" in Results("x", 1, 0.0, LazyHits([EngineHit("{}", None)], make))._repr_html_()


def test_only_addresses_of_the_web_are_links() -> None:
    """`javascript:` is none."""
    assert link("x", "javascript:alert(1)") == "x"
    assert link("<x>", None) == "&lt;x&gt;"
