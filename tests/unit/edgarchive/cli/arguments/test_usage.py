"""What newcomers type who know other programs, and what they are told."""

from __future__ import annotations

import re
import shlex

import pytest

from archiver.errors import IdentifierError
from archiver.identifiers import AccessionNumber
from edgarchive.cli import run
from edgarchive.cli.arguments.usage import _ELSEWHERE, _OTHER_VERBS
from edgarchive.cli.verbs import VERBS


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("search --company Bramblecorn", "no such option: --company; use --name"),
        ("search x --year 2021", "no such option: --year; use --since and --until"),
        ("search --after 2019", "no such option: --after; use --since"),
        ("search --to 2019", "no such option: --to; use --until"),
        ("search x --csv", "no such option: --csv; use --format"),
        ("search x --order date", "no such option: --order; use --sort"),
        ("search x --count 5", "no such option: --count; use --limit"),
        (
            "search x -n all",
            "invalid value for '-n' / '--limit': it must be a whole number; see `edgarchive search --help`",
        ),
        ("sync --years 2019", "no such option: --years; use --since and --until"),
        ("sync --symbol AAPL", "no such option: --symbol; use --ticker"),
        ("sync AAPL", "'AAPL' belongs to no option; write --ticker, --cik, --name or --form before it"),
        ("sync --ticker", "--ticker needs a value; write --ticker VALUE"),
        (
            "search chief executive",
            "a query is one argument, and 'executive' comes after it; put quotes around the whole query",
        ),
        ("export filings -o f.csv --limit 5", "--limit; an export has everything that is found, so narrow the search"),
        ("export sections", "missing option --out; add --out PATH"),
        (
            "export hits --out hits.xlsx",
            "an export cannot write .xlsx; name it .csv, or use `search -o` for a workbook",
        ),
        ("export sections -o x --threads 3", "no such option: --threads; use --jobs"),
        ("extract 0009000900-21-000150 --dir ex", "no such option: --dir; use --out"),
        ("extract 0009000900-21-000150 -o ex --document 1", "no such option: --document; use --documents"),
        ("find resigned", "there is no command 'find'; use `edgarchive search`"),
        ("download AAPL", "there is no command 'download'; use `edgarchive sync`"),
        ("config get rate", "no such command 'get'; see `edgarchive config --help`"),
        ("saved delete a", "no such command 'delete'; see `edgarchive saved --help`"),
        ("version", "there is no command 'version'; use `edgarchive --version`"),
        ("export hits x --out x.csv --fields cik", "no such option: --fields; an export has all columns"),
        ("reindex", "there is no command 'reindex'; use `edgarchive index`"),
        ("frobnicate", "no such command 'frobnicate'; see `edgarchive --help`"),
        ("status --company", "no such option: --company; see `edgarchive status --help`"),
    ],
)
def test_what_other_programs_call_it_gets_our_name(typed: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that says what to type instead, and exit code 2; never an option that the command has not."""
    assert run(shlex.split(typed)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("edgarchive: ")
    assert shown.err.endswith(f"{told}\n")


def test_no_name_is_ours_and_another_programs() -> None:
    """Each foreign word stands once, is no command of ours, and leads to one that exists."""
    verbs = [word for words in _OTHER_VERBS for word in words]
    assert len(set(verbs)) == len(verbs)
    assert not set(verbs) & set(VERBS)
    assert set(_OTHER_VERBS.values()) <= set(VERBS)
    options = [word for words in _ELSEWHERE for word in words]
    assert len(set(options)) == len(options)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("9000007", "for a CIK, `edgarchive search --cik 9000007` lists the filings"),
        ("AAPL", "for a ticker, `edgarchive search --ticker AAPL` lists the filings"),
        ("BRK.B", "for a ticker, `edgarchive search --ticker BRK.B` lists the filings"),
        ("bramblecorn", "write it like 0001193125-04-218426 or as 18 digits"),
    ],
)
def test_a_company_is_no_accession_number(typed: str, told: str) -> None:
    """Where an accession number is wanted, it says how to find the filings of what was typed."""
    with pytest.raises(IdentifierError, match=f"is not an accession number; {re.escape(told)}$"):
        AccessionNumber.from_text(typed)
