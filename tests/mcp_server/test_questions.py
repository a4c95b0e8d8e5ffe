"""Questions that people ask, each answered by the calls that a model would make, over real stdio."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.mcp_server.conftest import Host


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the call that answers it, and what must stand in the answer at these places."""

    asked: str
    tool: str
    arguments: dict[str, Any]
    answers: dict[str, object] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)


TEAL = "0009000900-19-000212"
BRAMBLECORN = "0009000900-21-000150"

QUESTIONS = (
    Question(
        "Which chief financial officer resigned from Teal & Sage?",
        "search_filings",
        {"query": "resigned", "item": "5.02", "name": "teal sage"},
        {"total": 1, "hits.0.accession": TEAL, "hits.0.section.item": "5.02", "next_offset": None},
        {"hits.0.snippet": "Zebulon Crake resigned", "hits.0.url": "https://www.sec.gov/Archives/edgar/data/9000004/"},
    ),
    Question(
        "Who succeeds him, and what is she paid?",
        "read_filing",
        {"accession": TEAL, "section": "5.02"},
        {"section.item": "5.02", "form": "8-K", "next_offset": None},
        {"text": "annual base salary of $415,000"},
    ),
    Question(
        "What are Bramblecorn's risk factors?",
        "read_filing",
        {"accession": BRAMBLECORN, "section": "risk-factors"},
        {"section.part": "I", "section.item": "1A", "document.type": "10-K"},
        {"text": "crow infestation"},
    ),
    Question(
        "How did Bramblecorn's sales develop?",
        "read_filing",
        {"accession": BRAMBLECORN, "section": "mda"},
        {"section.item": "7"},
        {"text": "Net sales rose by $14.8 million"},
    ),
    Question(
        "Where does the report speak of grits?",
        "read_filing",
        {"accession": BRAMBLECORN, "around": "grits", "max_chars": 200},
        {"matches": 2},
        {"text": "crème brûlée grits"},
    ),
    Question(
        "What is the CIK of Bramblecorn Foods?",
        "find_company",
        {"company": "Bramblecorn Foods"},
        {"companies.0.cik": 9000007, "companies.0.filings": 1, "companies.0.sic_description": "GRAIN MILL PRODUCTS"},
    ),
    Question(
        "Who was Sagebrush Valve & Pipe?",
        "find_company",
        {"company": "Sagebrush Valve & Pipe"},
        {"companies.0.cik": 9000004, "companies.0.name": "Teal & Sage Dynamics, Inc.", "companies.1": None},
    ),
    Question(
        "What is the CIK of the company with the ticker AAPL?",
        "find_company",
        {"company": "AAPL"},
        {"companies": []},
        {"note": "As a ticker: this archive has no list of tickers. No company in this archive matches."},
    ),
    Question(
        "Which company is CIK 9000004?",
        "find_company",
        {"company": "0009000004"},
        {"companies.0.name": "Teal & Sage Dynamics, Inc.", "companies.0.first_filing_date": "2018-09-21"},
    ),
    Question(
        "Is there an archive entry for Bramblecorn Corporation?",
        "find_company",
        {"company": "Bramblecorn Corporation"},
        {"companies.0.cik": 9000007},
        {"note": "No name has all of these words"},
    ),
    Question("How many 8-Ks are there?", "count_filings", {"form": "8-K"}, {"total": 4, "counts": []}),
    Question(
        "How many filings per year since 2020?",
        "count_filings",
        {"by": "year", "since": "2020"},
        {
            "total": 4,
            "counts": [{"value": year, "name": None, "count": 1} for year in (2020, 2021, 2022, 2023)],
        },
    ),
    Question(
        "Which companies write of hydroelectric power?",
        "count_filings",
        {"query": "hydroelectric", "by": "cik"},
        {"total": 1, "counts.0.count": 1},
        {"counts.0.name": "BRIGHTWATER POWER"},
    ),
    Question(
        "What is the newest filing?",
        "search_filings",
        {"sort": "newest", "limit": 1},
        {"total": 15, "hits.0.filing_date": "2023-04-27", "next_offset": 1, "hits.0.snippet": None},
    ),
    Question(
        "And the oldest annual report?",
        "search_filings",
        {"form": "10-K*", "sort": "oldest"},
        {"total": 2, "hits.0.filing_date": "1996-03-28", "hits.1.accession": BRAMBLECORN},
    ),
    Question(
        "Which press releases speak of the drought?",
        "search_filings",
        {"query": "drought", "type": "EX-99*", "documents": True},
        {"total": 1, "hits.0.document.type": "EX-99.1", "hits.0.document.sequence": 2},
        {"hits.0.snippet": "Gullwing dam"},
    ),
    Question(
        "Does any report name cybersecurity as a risk?",
        "search_filings",
        {"query": "cybersecurity", "section": "1A"},
        {"total": 1, "hits.0.accession": BRAMBLECORN, "hits.0.section.item": "1A"},
    ),
    Question(
        "Which report with a list of subsidiaries speaks of cybersecurity in another document?",
        "search_filings",
        {"query": "cybersecurity subsidiaries", "within": "filing"},
        {"total": 1, "hits.0.accession": BRAMBLECORN},
    ),
    Question(
        "Does one document of it have both?",
        "count_filings",
        {"query": "cybersecurity subsidiaries", "within": "document"},
        {"total": 0},
    ),
    Question(
        "How many amended 8-Ks have an exhibit?",
        "count_filings",
        {"form": "8-K*", "amendments": True, "exhibits": True, "by": "type"},
        {"total": 1, "counts.0.value": "EX-16.1"},
    ),
    Question(
        "Which main documents speak of the drought?",
        "search_filings",
        {"query": "drought", "main": True, "amendments": False},
        {"total": 0},
    ),
    Question(
        "Who is resigning, in any form of the word?",
        "search_filings",
        {"query": "resigning", "stem": True, "item": "5.02", "since": "2019", "until": "2019-05"},
        {"total": 1, "hits.0.accession": TEAL},
    ),
    Question(
        "Who files together with Hollow Oak?",
        "search_filings",
        {"name": "hollow oak"},
        {"total": 1, "hits.0.form": "SC 13D/A", "hits.0.entity_count": 2},
    ),
    Question(
        "What documents does Bramblecorn's report have?",
        "get_filing",
        {"accession": f"https://www.sec.gov/Archives/edgar/data/9000007/{BRAMBLECORN}.txt"},
        {"document_count": 4, "documents.1.type": "EX-21.1", "documents.0.sections.1.item": "1A", "withdrawn": False},
    ),
    Question(
        "Who are its subsidiaries?",
        "read_filing",
        {"accession": BRAMBLECORN, "document": "EX-21.1"},
        {"document.filename": "brcn-ex211.htm", "section": None},
        {"text": "Subsidiaries of Bramblecorn Foods"},
    ),
    Question(
        "The same by its number?",
        "read_filing",
        {"accession": BRAMBLECORN.replace("-", ""), "document": 2},
        {"document.filename": "brcn-ex211.htm"},
    ),
    Question(
        "What does the archive hold?",
        "archive_status",
        {},
        {"archive.filings": 15, "form_count": 10, "forms.0.form": "8-K", "index_error": None},
    ),
    Question(
        "Has anybody filed about unicorns?",
        "search_filings",
        {"query": "unicorn"},
        {"total": 0, "hits": [], "next_offset": None, "archive.filings": 15},
        {"note": "this does not show that none exists on EDGAR"},
    ),
    Question(
        "Is there a company named Unicorn?",
        "find_company",
        {"company": "Unicorn"},
        {"companies": []},
        {"note": "No company in this archive matches. The archive holds 15 filings, filed from 1994-11-10"},
    ),
)


def at(answer: Any, place: str) -> Any:
    """What stands at ``a.0.b`` of an answer; None behind the end of a list."""
    for step in place.split("."):
        key = int(step) if isinstance(answer, list) else step
        answer = None if isinstance(key, int) and key >= len(answer) else answer[key]
    return answer


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.asked)
def test_a_question_is_answered(host: Host, question: Question) -> None:
    """The call gives what the filings say."""
    answer = host.ask(question.tool, **question.arguments)
    assert {place: at(answer, place) for place in question.answers} == question.answers
    for place, words in question.holds.items():
        assert words in at(answer, place)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search_filings", {"query": "resigned"}),
        ("search_filings", {"query": "unicorn"}),
        ("count_filings", {"query": "unicorn"}),
        ("find_company", {"company": "teal"}),
        ("archive_status", {}),
    ],
)
def test_every_answer_of_a_search_says_what_the_archive_contains(
    host: Host, tool: str, arguments: dict[str, Any]
) -> None:
    """Nothing found must not be taken for nothing filed."""
    answer = host.ask(tool, **arguments)
    assert answer["archive"] == {
        "filings": 15,
        "not_indexed": 0,
        "first_filing_date": "1994-11-10",
        "last_filing_date": "2023-04-27",
    }
    assert "The archive holds 15 filings, filed from 1994-11-10 to 2023-04-27" in answer["note"]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("search_filings", {"query": "(resigned"}, "parenthesis"),
        ("search_filings", {"since": "2020-13"}, "is not a date"),
        ("search_filings", {"cik": []}, "an empty list for cik"),
        ("search_filings", {"ticker": "AAPL"}, "no list of tickers"),
        ("search_filings", {"limit": 51}, "less than or equal to 50"),
        ("search_filings", {"limit": 0}, "greater than or equal to 1"),
        ("search_filings", {"offset": -1}, "greater than or equal to 0"),
        ("search_filings", {"query": "a" * 4001}, "at most 4000 characters"),
        ("count_filings", {"by": "color"}, "choose from: form, cik"),
        ("get_filing", {"accession": "9"}, "is not an accession number"),
        ("get_filing", {"accession": "0009000900-99-000001"}, "is not in this archive"),
        ("read_filing", {"accession": BRAMBLECORN, "section": "9B"}, "it has: I 1, I 1A, II 7"),
        ("read_filing", {"accession": BRAMBLECORN, "section": "nonsense"}, "is not the name of a section"),
        ("read_filing", {"accession": BRAMBLECORN, "document": "EX-77"}, "it has: 1 10-K, 2 EX-21.1"),
        ("read_filing", {"accession": BRAMBLECORN, "document": 3}, "has no text"),
        ("read_filing", {"accession": BRAMBLECORN, "around": "unicorn"}, "does not occur in this text"),
        ("read_filing", {"accession": BRAMBLECORN, "around": "grits", "offset": 807}, "does not occur after offset"),
        ("read_filing", {"accession": BRAMBLECORN, "offset": 9999}, "the text has 808 characters"),
        ("read_filing", {"accession": BRAMBLECORN, "max_chars": 50_001}, "less than or equal to 50000"),
        ("read_filing", {"accession": "0009000900-02-000013"}, "filed on paper"),
        ("find_company", {"company": ""}, "at least 1 character"),
        ("search_filings", {"company": "Teal"}, "has no argument 'company'; it has: query, cik, ticker, name"),
        ("archive_status", {"verbose": True}, "has no argument 'verbose'"),
        ("search_filings", {"offset": 10**30}, "offset: Input should be less than or equal to 100000"),
        ("read_filing", {"accession": TEAL, "offset": 10**30}, "is at or after the end"),
        ("get_filing", {"accession": TEAL, "documents_offset": 10**30}, "is at or after the end"),
        ("search_filings", {"query": ["a"], "limit": {}}, "query: Input should be a valid string; limit: "),
        ("search_filings", {"form": [1] * 101}, "at most 100 items"),
        ("count_filings", {"by": "x" * 100_000}, "by: String should have at most 100 characters"),
        ("search_filings", {"query": "x" * 1_000_000}, "at most 4000 characters"),
        ("read_filing", {"accession": TEAL, "document": "x" * 1_000_000}, "at most 300 characters"),
        ("read_filing", {"accession": TEAL, "around": "\0\x1b[2J\u202e"}, "does not occur"),
        ("search_filings", {"query": "(" * 4000}, "nested parentheses"),
        ("search_filings", {"query": "the NEAR/20 " * 200 + "the"}, "join two at a time"),
        ("search_filings", {"query": "ab* " * 900}, "more than 256 words"),
        ("search_filings", {"query": "?*" * 100}, "matches every word"),
        ("search_filings", {"form": "\ud7ff" * 201}, "at most 200 characters"),
        ("no_such_tool", {}, "Unknown tool"),
    ],
)
def test_an_error_reaches_the_model_in_words(host: Host, tool: str, arguments: dict[str, Any], words: str) -> None:
    """What is wrong and what to do, never a traceback or a bare "error"."""
    told = host.error(tool, **arguments)
    assert words in told
    assert "Traceback" not in told
    assert len(told) <= 1000
    assert not any(ord(character) < ord(" ") for character in told)


@pytest.mark.parametrize("step", [200, 333])
def test_pages_give_the_whole_text_once(host: Host, step: int) -> None:
    """Following `next_offset` reads each character of a document once, in pages no longer than asked for."""
    whole = host.ask("read_filing", accession=BRAMBLECORN, max_chars=50_000)
    assert whole["next_offset"] is None
    assert len(whole["text"]) == whole["total_chars"] > 2 * step
    read, offset = "", 0
    while offset is not None:
        page = host.ask("read_filing", accession=BRAMBLECORN, offset=offset, max_chars=step)
        assert 0 < len(page["text"]) <= step
        read, offset = read + page["text"], page["next_offset"]
    assert read == whole["text"]


def test_pages_around_words_show_every_match(host: Host) -> None:
    """Following `next_offset` with `around` leads from match to match, and ends."""
    shown, offset = 0, 0
    while offset is not None:
        page = host.ask("read_filing", accession=BRAMBLECORN, around="grits", offset=offset, max_chars=200)
        assert "grits" in page["text"]
        assert offset < page["offset"] + len(page["text"])
        shown, offset = shown + page["text"].count("grits"), page["next_offset"]
    assert shown == page["matches"] == 2


def test_pages_of_hits_give_every_hit_once(host: Host) -> None:
    """Following `next_offset` lists each filing once."""
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = host.ask("search_filings", sort="newest", limit=4, offset=offset)
        found += [hit["accession"] for hit in page["hits"]]
        offset = page["next_offset"]
    assert len(found) == len(set(found)) == 15
