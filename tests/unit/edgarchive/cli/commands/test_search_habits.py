"""What researchers, lawyers and journalists type out of habit: operators and spellings of other systems."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.cli import run
from tests.loopback import FIXTURES
from tests.unit.archives import keep_tickers

ANSWERED = (
    # operators of Westlaw, Lexis, Bloomberg and others
    ("'resign! /s officer'", 2, "resign! at position 1: ! is not a pattern here; write indemn*"),
    ("'resigned /p officer'", 2, "/p at position 10: there is no such operator; write NEAR/10, w/10 or PRE/10"),
    ("'resigned +5 officer'", 2, "+5 at position 10: there is no such operator; write PRE/10"),
    ("'resigned +s officer'", 2, "+s at position 10: there is no such operator; write PRE/10"),
    ("'resigned BUT NOT retired'", 2, "BUT NOT at position 10: there is no such operator; write NOT"),
    ("'resigned % retired'", 2, "% at position 10: % is not an operator here; write NOT between the words"),
    ("'resigned w/5 (officer or director)'", 2, "`or` after position 10 is a word; write OR in capitals"),
    ("'resigned|retired'", 2, "resigned|retired at position 1: | is not an operator here; write OR"),
    ("'resigned or retired'", 0, "no hits: `resigned` 1, `or` 7, `retired` 0, together 0; with `resigned OR retired`"),
    ("'chief or officer'", 0, "`or` was searched as a word; write OR in capitals for the operator"),
    ("'CO(lantern)'", 2, "CO( at position 1 restricts nothing here; write a field with a colon, such as name:apple"),
    ("'DATE(2015)'", 2, "DATE( at position 1 restricts nothing here"),
    ("'allcaps(board)'", 2, "allcaps( at position 1 restricts nothing here"),
    ("'date>2015'", 2, "date>2015 at position 1: a field ends with a colon; write it like filed:>=2020"),
    # quotation marks and the shell
    ("\"'board of directors'\"", 2, "single quotes at position 1 quote nothing here; use double quotes"),
    ("-retired", 2, "no such option: -r; a query that begins with - goes last: `edgarchive search -- -word`"),
    ("-- -retired -n 0", 2, "what follows -- is the query, and '-n 0' comes after it; put options before --"),
    ("--query resigned", 2, "no such option: --query; the query is an argument: `edgarchive search 'WORDS'`"),
    ("board of directors", 2, "a query is one argument, and 'of directors' comes after it; put quotes around"),
    # fields of EDGAR's full-text search and of APIs
    ("form-type:8-K", 2, "there is no field 'form-type' (at position 1); did you mean form:?"),
    ("formType:8-K", 2, "there is no field 'formType' (at position 1); did you mean form:?"),
    ("'filedAt:[2020-01-01 TO 2020-12-31]'", 2, "there is no field 'filedAt' (at position 1); did you mean filed:?"),
    ("filing_date:2020", 2, "there is no field 'filing_date' (at position 1); did you mean filed:?"),
    ("'resigned since:2019'", 2, "there is no field 'since' (at position 10); write filed:>=DATE"),
    ("until:2019-06-30", 2, "there is no field 'until' (at position 1); write filed:<=DATE"),
    ("companyName:lantern", 2, "there is no field 'companyName' (at position 1); did you mean name:?"),
    ("text:resigned", 2, "there is no field 'text' (at position 1); leave it out: words without a field"),
    ("'form :8-K'", 2, ":8-K at position 6: a colon follows a field directly; write it like form:8-K"),
    # forms, items and documents
    ("--form 8K", 0, "nothing in this archive has the form 8K; did you mean 8-K? (4 hits)"),
    ("--form 10", 0, "nothing in this archive has the form 10; did you mean 10*? (4 hits)"),
    ("--form DEF14A", 0, "nothing in this archive has the form DEF14A; did you mean DEF 14A? (1 hit)"),
    ("--form 10-K/A", 0, "nothing in this archive has the form 10-K/A; check its spelling, or mirror it"),
    ("--item 502", 0, "nothing in this archive has the item 502; did you mean 5.02? (2 hits)"),
    ("--item 5.02,5.03", 2, "'5.02,5.03' is not one item; give each value by itself, without commas or OR"),
    ("--form 'S-1 OR S-3'", 2, "'S-1 OR S-3' is not one form; give each value by itself, without commas or OR"),
    ("--type 99.1", 0, "nothing in this archive has the type 99.1; did you mean EX-99.1? (2 hits)"),
    ("--type EX-101", 0, "nothing in this archive has the type EX-101; XBRL is stored but not indexed"),
    ("--section exhibits", 2, "'exhibits' is not the name of a section; use an item such as 1A"),
    # dates
    ("-o hits.parquet", 2, "a search cannot write Parquet; use `edgarchive export hits --out FILE.parquet`"),
    ("--since 2099", 0, "no hits: nothing here was filed since 2099-01-01; filing dates here: 1994-11-10 to"),
    ("--since 01/31/2020", 2, "'01/31/2020' is not a date; write it like 2004, 2004-12 or 2004-12-31"),
    ("--since 2020Q1", 2, "'2020Q1' is not a date; write it like 2004, 2004-12 or 2004-12-31"),
    ("--added-since 99", 0, "no hits: nothing here was added by run 99 or later; the last run is 1"),
    # companies
    ("--cik 9000001,9000004", 2, "'9000001,9000004' is not one CIK; give each value by itself, without commas or OR"),
    ("--cik MLAN", 2, "'MLAN' is not a CIK; a CIK is a number"),
    ("'CIK 9000001'", 0, "no hits: `CIK` 0, `9000001` 0, together 0; with `cik:9000001`: 2 hits"),
    ("--ticker MLAN,TS-B", 2, "'MLAN,TS-B' is not one ticker; give each ticker by itself, without commas"),
    ("--ticker MLAM", 2, "EDGAR's list of tickers has no 'MLAM'; did you mean MLAN?"),
    ("--name 'Meridan Lantern'", 0, "nothing in this archive has the name Meridan Lantern; did you mean MERIDIAN"),
    ("--name MLAN", 0, "nothing in this archive has the name MLAN; check its spelling, or mirror it"),
    ("--sic 7370-7379", 2, "'7370-7379' is not a SIC code; a SIC code is a number, such as 7372 or '73*'"),
    ("--sic software", 2, "'software' is not a SIC code; a SIC code is a number"),
    # words
    ("zebra", 0, "no hits: `zebra` is nowhere in this archive"),
    ("acquistion", 0, "no hits: `acquistion` is nowhere in this archive; with `acquisition`: 1 hit"),
)  # fmt: skip

UNDERSTOOD = (
    ("--form 'Form 8-K'", "--form 8-K"),
    ("--form 'form 8-K*'", "--form '8-K*'"),
    ("--item 'Item 5.02'", "--item 5.02"),
    ("--item item5.02", "--item 5.02"),
    ("--item 'Item 5.02 Departure of Directors'", "--item 5.02"),
    ("--section 'Item 1A. Risk Factors'", "--section 1A"),
    ("--section 'Part I, Item 1. Business'", "--section 'I 1'"),
    ("accession:0009000900-04-000101.txt", "accession:0009000900-04-000101"),
    ("--type 'Exhibit 99.1'", "--type EX-99.1"),
    ("--type ex99", "--type EX-99"),
    ("--section 'Risk Factors'", "--section 1A"),
    ("--section MD&A", "--section mda"),
    ("--section 'Part I Item 1A'", "--section 'I 1A'"),
    ("--cik 'CIK: 0009000001'", "--cik 9000001"),
    ("--ticker '$mlan'", "--cik 9000001"),
    ("--ticker 'NYSE: MLAN'", "--cik 9000001"),
    ("--ticker 'TS/B US Equity'", "--cik 9000004"),
    ("--name 'Lantern, Meridian'", "--name 'MERIDIAN LANTERN CORP'"),
    ("--state Delaware", "--state DE"),
    ("--state 'new york'", "--state NY"),
    ("\u201cboard of directors\u201d", "'\"board of directors\"'"),
    ("'resigned \u2212retired'", "'resigned -retired'"),
    ("--since 2004-12 --until 2004-12", "--since 2004-12-01 --until 2004-12-31"),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the invented submissions and a list of tickers."""
    folder = tmp_path_factory.mktemp("habits") / "edgar"
    import_submissions([FIXTURES], settings=Settings(root=folder))
    keep_tickers(folder, **{"MLAN": 9000001, "TS-B": 9000004})
    return folder


@pytest.mark.parametrize("habit", ANSWERED, ids=lambda habit: habit[0])
def test_a_habit_that_means_nothing_here_is_answered(
    root: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, habit: tuple[str, int, str]
) -> None:
    """One line says what to type instead; nothing else is silently searched for."""
    typed, code, says = habit
    assert run(["--root", str(root), "search", *shlex.split(typed)]) == code
    out, err = capsys.readouterr()
    said = err.removeprefix("edgarchive: ").splitlines() if code else [one.message for one in caplog.records]
    assert [line.startswith(says) for line in said] == [True], said
    assert code == 0 or out == ""


@pytest.mark.parametrize(("typed", "plain"), UNDERSTOOD, ids=[one[0] for one in UNDERSTOOD])
def test_a_habit_that_can_only_mean_one_thing_is_understood(
    root: Path, capsys: pytest.CaptureFixture[str], typed: str, plain: str
) -> None:
    """It finds what our spelling finds."""
    found = []
    for text in (typed, plain):
        words = [text] if text.startswith("\u201c") else shlex.split(text)
        assert run(["--root", str(root), "search", *words, "--format", "accessions"]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]
