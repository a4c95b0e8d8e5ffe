"""What every engine is asked: the same entries, and queries over the whole language."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from archiver.errors import DamageError
from archiver.identifiers import Cik, FormType
from archiver.words import words
from indexer.engine import Engine
from indexer.entries import HitEntity, IndexEntry, SectionSpan, entries_of
from indexer.query.filters import Filters
from indexer.submission.submission import parse_submission
from tests.loopback import FIXTURES
from tests.unit.corpus import path_of, rows
from tests.unit.index_entries import add_all, entry

_WORDS = (
    "the board of directors resigned resign resigning resignation director company companies compani zebra acquisition "
    "acquistion merger alpha beta gamma delta 10 k 8 at t 1 234 été münchen naïve agreement agreements credit te tet "
    "test text tent"
).split()
_NAMES = (
    "ACME INC",
    "INTERNAP NETWORK SERVICES CORP",
    "INTERNAP NETWORK SERVICES CORP/WA",
    "WA WA CORP",
    "AT&T INC",
    "MCDONALDS CORP",
    "Moody's Corp",
)
_FORMS = ("8-K", "8-K/A", "10-K", "10-K405", "SC 13D/A", "4")
_ITEMS = (("5.02", "9.01"), ("2.02",), ("8.01", "9.01"), (), ("5.02",))
_TYPES = ("EX-99.1", "EX-10", "GRAPHIC", None)
_DAY = date(2003, 11, 20)


def fill(engine: Engine) -> None:
    """Write all entries, in three commits; some submissions are replaced and some deleted on the way."""
    groups = [list(group) for _, group in itertools.groupby(all_entries(), key=lambda one: one.accession)]
    for part in (groups[::3], groups[1::3], groups[2::3]):
        add_all(engine, itertools.chain.from_iterable(part))
        engine.commit()
    add_all(engine, [replace(group[0], text="gone") for group in groups[::10]])
    engine.commit()
    add_all(engine, itertools.chain.from_iterable(groups[::10]))
    engine.delete(groups[5][0].accession)
    engine.commit()


@cache
def all_entries() -> tuple[IndexEntry, ...]:
    """Invented entries, those of the loopback's submissions, and of real ones where there are any."""
    return (*_invented(), *_parsed())


def _invented() -> Iterator[IndexEntry]:
    chance = random.Random(17)  # noqa: S311 — the same entries each time
    for number in range(1, 121):
        form = chance.choice(_FORMS)
        day = _DAY + timedelta(days=chance.randrange(500))
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (EDGAR's own clock)
        names = tuple(chance.sample(_NAMES, chance.randint(0, 3)))
        facts: dict[str, object] = {
            "form": FormType(form),
            "filing_date": day,
            "acceptance_datetime": chance.choice([None, midnight + timedelta(hours=chance.randrange(24))]),
            "period_of_report": chance.choice([None, day - timedelta(days=chance.randrange(90))]),
            "items": chance.choice(_ITEMS),
            "names": names,
            "added": datetime(2026, 11, 1, 23, tzinfo=UTC) + timedelta(minutes=20 * (number * 37 % 100)),
            "added_run": number * 37 % 100 // 8 or None,
            "entities": tuple(HitEntity(Cik(chance.choice([320, 42, 1056386])), name, "FILER") for name in names[:2]),
            "sics": tuple(chance.sample([7389, 6021, 100], chance.randint(0, 2))),
            "series": tuple(
                chance.sample(["S000002839", "500 Index Fund", "Index Growth", "VFIAX"], chance.randint(0, 3))
            ),
            "cities": tuple(chance.sample(["ATLANTA", "NEW YORK"], chance.randint(0, 2))),
            "business_states": tuple(chance.sample(["GA", "NY"], chance.randint(0, 1))),
            "film_numbers": tuple(chance.sample(["041221453", "04999"], chance.randint(0, 1))),
            "fiscal_year_ends": tuple(chance.sample(["1231", "0630"], chance.randint(0, 1))),
            "states": tuple(chance.sample(["DE", "NY", "X1"], chance.randint(0, 2))),
            "file_numbers": tuple(chance.sample(["000-27265", "001-00001"], chance.randint(0, 1))),
        }
        for position in range(chance.choice([1, 1, 2, 3])):
            text = " ".join(chance.choices(_WORDS, k=int(chance.lognormvariate(2.7, 1))))
            half = len(words(text)) // 2
            yield entry(
                number,
                text,
                sections=_sections(half) if number % 3 and half > 1 else (),
                position=position,
                sequence=position + 1,
                type=chance.choice(_TYPES) if position else form,
                description=chance.choice([None, f"FORM {form}", "Letter to the board of directors"]),
                **facts,
            )
    yield entry(121, "", position=None, sequence=None, type=None, form=FormType("SC 13G"), names=("PAPER FILER CO",))


def _sections(half: int) -> tuple[SectionSpan, ...]:
    """Two sections of a text of twice as many words, all but the first of them."""
    return SectionSpan("10-K 1A", 1, half), SectionSpan("10-K 7", half, 2 * half)


def _parsed() -> Iterator[IndexEntry]:
    files = [*sorted(FIXTURES.glob("*.txt")), *(path_of(row["file"]) for row in rows("submission")[:80])]
    seen = set()
    for file in files:
        try:
            submission = parse_submission(file.read_bytes())
        except DamageError:
            continue
        if submission.header.accession not in seen:
            seen.add(submission.header.accession)
            for one in entries_of(submission, sha256="0" * 64, filing_date=_DAY, max_text_chars=100_000):
                yield replace(one, filing_date=_in_few_years(one.filing_date))


def _in_few_years(day: date) -> date:
    """A day of the same month in one of three years, as OpenSearch asks the shards of every year."""
    return date(_DAY.year + day.year % 3, day.month, min(day.day, 28))


QUERIES = (
    *("zebra", "the", "ZEBRA merger", "été", "munchen", "AT&T", "10-K", "1,234", "resigned's", "absent"),
    *('"board of directors"', '"directors of board"', '"the the"', '"absent words"', '"10 k 8"', '"a phrase of it"'),
    *('"board of direct*"', '"resign* resign*"', '"te* zebra"', '"the compan* of"'),
    *('"zebra merger"~1', '"zebra merger"~2', '"merger zebra"~2', '"zebra merger"~9', '"the of"~50', '"zebra zebra"~5'),
    *('"the board of"~3', '"of board the"~3', '"alpha beta gamma"~4'),
    *('"delta alpha beta gamma"~2', '"alpha beta alpha"~6'),
    *('"resign* board"~4', '"resigned resign*"~6', '"resign* of the"~5'),
    *("zebra NEAR/3 merger", "zebra w/0 merger", "the PRE/4 board", "board PRE/4 the", "zebra NEAR/5 zebra"),
    *('"board of directors" NEAR/6 resigned', '(resigned OR retired OR "credit te") NEAR/4 (director OR "the board")'),
    *("resign* w/5 resigned", "te* PRE/3 (alpha OR beta)", "stem:resigning NEAR/4 board", "tst~1 NEAR/3 the"),
    *("AT&T w/8 the", "description:(letter NEAR/3 board)", "-zebra", 'merger -"board of directors"', "-(zebra OR the)"),
    *("merger -form:8-K", "type:EX-10", "filed:2003-2004", "filed:2004-02..2004-06", "filed:>=2004-06-01"),
    *("filed:<2004", "0001193125-04-000007"),
    *("section:1A", "section:risk-factors zebra", "section:7 zebra", 'section:"II 7" "the board"', "section:8 the"),
    *('section:1A "board of directors"', "section:1A the NEAR/3 board", "section:7 resign*", "section:7 NOT zebra"),
    *("section:1A (zebra OR merger) form:8-K", "section:7 stem:resigning", "section:1A tst~1"),
    *('section:1A "te* zebra"',),
    *("(section:1A zebra) OR (section:7 merger)", "NOT (section:1A zebra)", 'section:7 "zebra the"~4'),
    *("section:1A section:7 zebra", "section:1A description:letter the"),
    *('series:"index fund"', "series:vfiax", "series:s0000*", "city:new*", "location:ga", "film:0412*", "fye:1231"),
    *("resign*", "te?t", "te*t", "t?st", "re*n*g", "10*", "absent*", "acquistion~1", "tst~1", "tet~2", "absentt~1"),
    *("stem:resigning", "stem:companies", 'stem:"the resigned director"', 'stem:"board resigning"~8', "stem:12"),
    *("zebra OR merger", "zebra AND merger", "NOT zebra", "zebra NOT merger", "NOT (zebra OR the)", "NOT NOTHING"),
    *("(zebra OR merger) AND (alpha OR NOT beta)", "NOT (NOT zebra AND the)", "zebra OR NOT zebra", "zebra OR resign*"),
    *('(zebra OR "board of directors"~5) AND NOT stem:agreement', "form:8-K AND NOT zebra", "zebra OR form:10-K"),
    *("form:8-K", "form:8-k*", "form:10-K40?", "form:*-K", "form:sc", 'form:"SC 13D/A"', "form:absent*", "form:4"),
    *("cik:320", "cik:0001056386", "item:5.02", "item:9.*", "item:5", "item:*01", "type:EX-99.1", "type:ex*"),
    *("sic:7389", "sic:100", "state:de", "state:x?", "file:000-27265", "file:000*", "accession:0001193125-04-000007"),
    *("accession:0001193125-04-00001*", "description:letter", 'description:"to the board"', "description:form"),
    *("description:lett*", 'description:"board letter"~5', "description:directrs~1"),
    *("name:internap", 'name:"services internap"', 'name:"inter* wa"', 'name:"acme internap"', 'name:"wa wa"'),
    *("name:McDonald's", 'name:"Mc Donalds Corporation"', "name:moodys", 'name:"A T and T"', "name:ATT"),
    *('name:"inter nap*"', "name:macdonald"),
    *('name:"inter nap network services corp wa x"', "name:mcdonald's~1", "VFIAX", "S000002839 OR zebra"),
    *('name:"wa w* corp"', "name:at", "name:interna~1", "name:a*", "NOT name:acme", "name:paper"),
    *("filed:2004", "filed:2004-02", "filed:[2004-02-01 TO 2004-06-30]", "filed:{2004-02-01 TO 2004-06-30}"),
    *("filed:[2005-01-01 TO]", "filed:[TO 2003-12-31]", "period:2004", "NOT period:[1993-01-01 TO]"),
    *("zebra filed:2004", "merger filed:2004 name:wa"),
    *("added:2026", "added:2026-11-02", "added:<2026-11-02", "zebra added:>=2026-11-02", "NOT added:2026"),
    *("added:[2026-11-02 TO 2026-11-03]", "added:2026-11-02..2026-11-02 form:8-K"),
)  # fmt: skip

FILTERS = (
    Filters(),
    Filters(form=["8-K", "10-K*"]),
    Filters(cik=[320, "0001056386"], item=["5.02"]),
    Filters(item=["9*"], since=date(2004, 3, 1)),
    Filters(name=["corp internap"]),
    Filters(name=["wa*"], until=date(2004, 9, 30)),
    Filters(type=["EX-*"]),
    Filters(type=["8-K"], form=["8-K*"], since=date(2004, 1, 1), until=date(2004, 12, 31)),
    Filters(form=["none"]),
    Filters(added_since=date(2026, 11, 2)),
    Filters(added_since=datetime(2026, 11, 2, 3, 20, tzinfo=UTC), form=["8-K"]),
    Filters(added_since=3),
)

FILTERED: Iterable[str | None] = (None, "zebra", '"board of directors"~9', "NOT the", "resign*", "form:8-K")
"""Queries that are asked with each of the filters; None: filters alone."""
