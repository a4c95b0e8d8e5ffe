"""Search held against looking: random words, phrases, patterns and filters, found by reading every document.

Over the corpus of real submissions where it is there, else over the invented ones of the loopback EDGAR.
"""

from __future__ import annotations

import fnmatch
import random
import re
import shutil
import unicodedata
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import UnreadableSubmissionError
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from indexer.index_folder import ENGINES
from indexer.search.library import Library
from indexer.submission.submission import parse_submission
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.loopback import FIXTURES
from tests.opensearch.fixtures import engine_environment
from tests.paths import CORPUS, ODDITIES
from tests.thorough import rounds
from tests.unit.archives import keep

ROUNDS = rounds(6, thorough=50)
"""Random queries of each kind."""

_MOST_BYTES = rounds(150_000, thorough=600_000)
"""Larger submissions are left out."""


@dataclass(frozen=True, slots=True)
class Read:
    """What stands in one document, read without our tokenizer: its words in order, and the facts of its submission."""

    accession: str
    sequence: int | None
    words: list[str]
    description: list[str]
    form: str
    type: str
    items: tuple[str, ...]
    ciks: frozenset[int]
    names: tuple[frozenset[str], ...]
    filed: date


Holds = Callable[[Read], bool]
"""Whether a document is what a query describes, worked out by looking."""


def split(text: str) -> list[str]:
    """The words of a text by the definition of docs/query-language.md, one character after the other."""
    seen = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    folded = "".join(c.casefold() for c in seen if unicodedata.category(c) != "Cf")
    return "".join(c if c.isalnum() else " " for c in folded).split()


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine that can be had."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in engine_environment(request, request.param).items():
            patch.setenv(variable, value)
        yield request.param


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Read]]:
    """An archive of all submissions, not indexed yet, and all that stands in it."""
    root = tmp_path_factory.mktemp("recall") / "edgar"
    found: list[Read] = []
    paths = sorted(p for p in CORPUS.glob("*") if p.suffix in {".txt", ".nc", ".sgml"} and ".hdr." not in p.name)
    with Archive.open(root, writable=True, create=True) as archive:
        seen: set[str] = set()
        for path in [*FIXTURES.glob("*.txt"), *ODDITIES.glob("00*"), *paths]:
            data = path.read_bytes()
            try:
                submission = parse_submission(data)
            except UnreadableSubmissionError:  # the corpus holds index files, too
                continue
            header = submission.header
            if header.accession in seen or len(data) > _MOST_BYTES:
                continue
            seen.add(header.accession)
            record = keep(archive, header.accession, data)
            names = (
                frozenset(split(name))
                for entity in header.entities
                for name in (entity.name, *(former.name for former in entity.former_names))
            )
            facts = {
                "accession": str(header.accession),
                "form": str(header.form),
                "items": header.items,
                "ciks": frozenset(int(entity.cik) for entity in header.entities if entity.cik is not None),
                "names": tuple(names),
                "filed": header.filing_date or record.filing_date,
            }
            searched = [document for document in submission.documents if not document.is_xbrl]
            if not searched:  # a paper filing: an entry without a document
                found.append(Read(sequence=None, words=[], description=[], type="", **facts))  # type: ignore[arg-type]
            found += [
                Read(
                    sequence=document.sequence,
                    words=split(document.text()),
                    description=split(document.description or ""),
                    type=document.type,
                    **facts,  # type: ignore[arg-type]  # a dict of several types
                )
                for document in searched
            ]
    return root, found


@pytest.fixture(scope="module")
def library(
    engine: str, stored: tuple[Path, list[Read]], documents: list[Read], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """The archive, indexed by an engine, and opened."""
    root = tmp_path_factory.mktemp(engine) / "edgar"
    shutil.copytree(stored[0], root)
    with Archive.open(root, writable=True) as archive:
        asked = {read.accession for read in documents}
        for record in list(archive.catalogue.records()):
            if record.accession not in asked:
                archive.catalogue.remove(record.accession)
        index_archive(archive, IndexOptions(engine=engine))
    with Library(root, settings=Settings()) as opened:
        yield opened


@pytest.fixture(scope="module")
def documents(engine: str, stored: tuple[Path, list[Read]]) -> list[Read]:
    """What stands in it; for OpenSearch, which asks an index of each year, in every fourth year."""
    every = rounds(4, thorough=1) if engine == "opensearch" else 1
    return [read for read in stored[1] if read.filed.year % every == 0]


@pytest.fixture
def dice() -> random.Random:
    """The same random choices in every run."""
    return random.Random(20_041_222)  # noqa: S311 — the same in every run


def check(library: Library, documents: list[Read], holds: Holds, query: str | None, **filters: Any) -> None:
    """Exactly the documents that `holds` accepts are found, and their submissions counted."""
    expected = sorted((read.accession, read.sequence or 0) for read in documents if holds(read))
    results = library.search(query, documents=True, limit=len(documents), snippets=False, **filters)
    got = sorted((str(hit.accession), (hit.document and hit.document.sequence) or 0) for hit in results)
    assert got == expected, query
    assert library.search(query, limit=0, **filters).total == len({accession for accession, _ in expected}), query


def somewhere(test: Callable[[list[str]], bool]) -> Holds:
    """`test` holds for the words of the text, or for those of the description."""
    return lambda read: test(read.words) or test(read.description)


def says(word: str) -> Holds:
    """Has the word."""
    return somewhere(lambda words: word in words)


def says_any(wanted: Container[str]) -> Holds:
    """Has one of these words."""
    return somewhere(lambda words: any(word in wanted for word in words))


def says_phrase(phrase: list[str]) -> Holds:
    """Has these words side by side; the last may be the beginning of a word, with ``*``."""

    def fits(words: list[str]) -> bool:
        *whole, last = words
        return whole == phrase[:-1] and (last == phrase[-1] or fnmatch.fnmatchcase(last, phrase[-1]))

    def test(words: list[str]) -> bool:
        starts = (place for place, word in enumerate(words) if word == phrase[0])
        return any(fits(found) for start in starts if len(found := words[start : start + len(phrase)]) == len(phrase))

    return somewhere(test)


def says_near(first: str, second: str, distance: int) -> Holds:
    """Has two different words at most `distance` places apart."""

    def test(words: list[str]) -> bool:
        firsts = [place for place, word in enumerate(words) if word == first]
        seconds = [place for place, word in enumerate(words) if word == second]
        return any(abs(one - two) <= distance for one in firsts for two in seconds)

    return somewhere(test)


def both(*tests: Holds) -> Holds:
    """All of them hold."""
    return lambda read: all(test(read) for test in tests)


def one_of(*tests: Holds) -> Holds:
    """One of them holds."""
    return lambda read: any(test(read) for test in tests)


def no(test: Holds) -> Holds:
    """It does not hold."""
    return lambda read: not test(read)


def has(field: str, value: object) -> Holds:
    """A fact is `value`, or holds it."""

    def test(read: Read) -> bool:
        fact = getattr(read, field)
        return bool(value in fact if isinstance(fact, tuple | frozenset) else value == fact)

    return test


def has_type(asked: str) -> Holds:
    """It is a document of that type, or of one below it: EX-10 also stands for EX-10.1, and not for EX-101."""
    return lambda read: read.type == asked or read.type.startswith(f"{asked}.")


def has_name(asked: set[str]) -> Holds:
    """One of the names has all these words."""
    return lambda read: any(asked <= name for name in read.names)


def some_document(documents: list[Read], dice: random.Random) -> Read:
    """One with enough words."""
    return dice.choice([read for read in documents if len(read.words) > 20])


def test_every_word_is_found_where_it_stands(library: Library, documents: list[Read], dice: random.Random) -> None:
    """Frequent words, rare ones, numbers, single letters and words of other scripts: each exactly where it stands."""
    vocabulary = sorted({word for read in documents for word in read.words})
    odd = [word for word in vocabulary if not word.isascii()]
    frequent = ["the", "of", "and", "a", "not", "or", "to", "0", "s"]
    for word in (*frequent, *dice.sample(vocabulary, ROUNDS), *dice.sample(odd, min(20, len(odd)))):
        check(library, documents, says(word), word)


def test_every_phrase_is_found_where_it_stands(library: Library, documents: list[Read], dice: random.Random) -> None:
    """Phrases of two to eight words as they stand in documents, stop words and numbers included."""
    for _ in range(ROUNDS):
        words = some_document(documents, dice).words
        start = dice.randrange(len(words) - 8)
        phrase = words[start : start + dice.randint(2, 8)]
        check(library, documents, says_phrase(phrase), f'"{" ".join(phrase)}"')


def test_text_is_found_as_it_is_printed(library: Library, dice: random.Random) -> None:
    """A stretch of a document, copied with its punctuation, dashes, apostrophes and accents, finds that document."""
    everything = library.search(limit=500, snippets=False).hits
    for _ in range(ROUNDS):
        hit = dice.choice(everything)
        stretch = re.split(r'[\s"“”„«»*~]+', hit.text())
        phrase = " ".join(stretch[(start := dice.randrange(len(stretch))) : start + 6])
        if split(phrase):
            found = library.search(f'"{phrase}"', limit=1000, snippets=False)
            assert hit.accession in {other.accession for other in found}, phrase


def test_words_near_each_other_are_found_in_any_order(
    library: Library, documents: list[Read], dice: random.Random
) -> None:
    """Two words at most N places apart, and no others."""
    for _ in range(ROUNDS):
        words = some_document(documents, dice).words
        place, gap = dice.randrange(10, len(words) - 10), dice.choice([-7, -5, -3, -1, 1, 2, 4, 6])
        first, second, distance = words[place], words[place + gap], dice.randint(1, 7)
        if first != second:
            check(library, documents, says_near(first, second, distance), f'"{first} {second}"~{distance}')


def test_patterns_stand_for_the_words_they_match(library: Library, documents: list[Read], dice: random.Random) -> None:
    """Prefixes and patterns, alone and in a phrase."""
    vocabulary = sorted({word for read in documents for word in (*read.words, *read.description)})
    for _ in range(ROUNDS // 2):
        words = some_document(documents, dice).words
        place = dice.choice([place for place, word in enumerate(words[:-1]) if len(word) > 1])
        word, following = words[place], words[place + 1]
        for pattern in (f"{word[:2]}*", f"{word[:2]}*{word[-1]}", f"{word[:1]}{'?' * (len(word) - 1)}"):
            check(library, documents, says_any(frozenset(fnmatch.filter(vocabulary, pattern))), pattern)
        beginning = f"{following[:3]}*"
        check(library, documents, says_phrase([word, beginning]), f'"{word} {beginning}"')


def test_fuzzy_words_stand_for_those_few_edits_away(
    library: Library, documents: list[Read], dice: random.Random
) -> None:
    """One or two letters more, less or other, the first one right."""
    vocabulary = sorted({word for read in documents for word in (*read.words, *read.description)})
    for word in dice.sample([word for word in vocabulary if word.isascii() and len(word) in range(5, 14)], ROUNDS // 4):
        for limit in (1, 2):
            near = {other for other in vocabulary if other[0] == word[0] and edits(word, other, limit) <= limit}
            check(library, documents, says_any(near), f"{word}~{limit}")


def edits(one: str, two: str, limit: int) -> int:
    """The letters to insert, delete, replace or swap with a neighbour, worked out row by row."""
    if abs(len(one) - len(two)) > limit:
        return limit + 1
    rows = [list(range(len(two) + 1))]
    for number, letter in enumerate(one, 1):
        row, above = [number], rows[-1]
        for place, other in enumerate(two, 1):
            row.append(min(above[place] + 1, row[-1] + 1, above[place - 1] + (letter != other)))
            if number > 1 and place > 1 and letter == two[place - 2] and one[number - 2] == other:
                row[-1] = min(row[-1], rows[-2][place - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


def test_words_and_fields_combine(library: Library, documents: list[Read], dice: random.Random) -> None:
    """AND, OR, NOT and parentheses over words and fields."""
    for _ in range(ROUNDS):
        read, other = some_document(documents, dice), some_document(documents, dice)
        a, b, c = dice.choice(read.words), dice.choice(read.words), dice.choice(other.words)
        form, kind = f'form:"{read.form}"', f'type:"{read.type}"'
        check(library, documents, both(says(a), says(b)), f"{a} {b}")
        check(library, documents, both(one_of(says(a), says(c)), no(says(b))), f"({a} OR {c}) NOT {b}")
        facts = one_of(has("form", read.form), no(has_type(read.type)))
        check(library, documents, both(says(a), facts), f"{a} AND ({form} OR NOT {kind})")


def test_filters_select_what_headers_say(library: Library, documents: list[Read], dice: random.Random) -> None:
    """CIK, form, item, name, type and dates, each alone and with words."""
    for _ in range(ROUNDS):
        read = some_document(documents, dice)
        word = dice.choice(read.words)
        check(library, documents, both(says(word), has("form", read.form)), word, form=read.form)
        check(library, documents, has_type(read.type), None, type=read.type)
        check(library, documents, both(says(word), lambda r: r.filed <= read.filed), word, until=read.filed)  # noqa: B023
        check(library, documents, lambda r: r.filed >= read.filed, None, since=read.filed)  # noqa: B023
        for item in read.items:
            check(library, documents, both(says(word), has("items", item)), word, item=item)
        for cik in read.ciks:
            check(library, documents, both(says(word), has("ciks", cik)), word, cik=f"{cik:010d}")
        for name in filter(None, read.names):
            asked = dice.sample(sorted(name), min(2, len(name)))
            check(library, documents, both(says(word), has_name(set(asked))), word, name=" ".join(asked))
