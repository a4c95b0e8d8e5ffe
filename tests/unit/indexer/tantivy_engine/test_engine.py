"""The tantivy engine beside what `tests/conformance` asks of all: kills, damage, a full disk, bounds of its own."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.errors import DamageError, IndexMissingError, QueryError, StorageError
from archiver.runtime.retrying import with_retries
from indexer.engine import Engine
from indexer.entries import SectionSpan
from indexer.query import bounds
from indexer.query.build import parse_query
from tests.unit.index_entries import accession, add, add_all, count, entry, part_of

TantivyEngine = pytest.importorskip("indexer.tantivy_engine.engine", exc_type=ImportError).TantivyEngine


def find(engine: Engine, query: str) -> list[int]:
    """The sequence part of the accession number of every hit, the oldest first."""
    hits = engine.search(parse_query(query), limit=None, sort="oldest").hits
    return [int(json.loads(hit.stored)["accession"][-6:]) for hit in hits]


def put(engine: Engine, number: int, text: str) -> None:
    """Add one submission, and commit."""
    add(engine, accession(number), [entry(number, text)])
    engine.commit()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty index."""
    made: Engine = TantivyEngine.create(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("delay_s", [0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7])
@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_index(tmp_path: Path, delay_s: float) -> None:
    """A kill at any moment leaves the last commit, whole, and the next writer goes on from there."""
    TantivyEngine.create(tmp_path).close()
    child = multiprocessing.get_context("spawn").Process(target=_commit_without_end, args=(str(tmp_path),))
    child.start()
    while not any(tmp_path.rglob("*.store")):
        child.join(0.01)
    child.join(delay_s)
    child.kill()
    child.join()
    engine: Engine = TantivyEngine.open(tmp_path, writable=True)
    assert list(engine.check()) == []
    found = find(engine, '"zebra alpha"')
    assert found == list(range(1, len(found) + 1))
    assert count(engine) == len(found) == len(list(engine.stored()))
    put(engine, len(found) + 1, "zebra alpha")
    assert find(engine, '"zebra alpha"') == [*found, len(found) + 1]
    assert list(engine.check()) == []
    engine.close()


def test_all_entries_are_listed_however_many_a_submission_has(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are listed at a time: `verify` reads all of them, and ends."""
    monkeypatch.setattr(f"{TantivyEngine.__module__}._PAGE_DOCUMENTS", 2)
    documents = {1: 1, 2: 7, 3: 2, 4: 1}
    for number, most in documents.items():
        add_all(engine, [entry(number, "zebra", position=place, sequence=place + 1) for place in range(most)])
    engine.commit()
    listed = [(one, sequence) for one, _, sequence in engine.stored()]
    assert sorted(listed) == [(accession(one), place + 1) for one, most in documents.items() for place in range(most)]


def _commit_without_end(path: str) -> None:
    """What the killed process does: commits of one part, replacing the last submission each time."""
    engine: Engine = TantivyEngine.open(Path(path), writable=True)
    make = engine.part_writer()
    for number in itertools.count(1):
        part = make()
        for one in {max(1, number - 1), number}:
            part.add(accession(one), [entry(one, "zebra alpha " * 50)])
        engine.adopt(part.finish())
        engine.commit()


def test_a_cut_part_is_not_adopted(engine: Engine) -> None:
    """A part without all of its documents is damage, and nothing of it gets into the index."""
    put(engine, 1, "zebra")
    writer = engine.part_writer()()
    writer.add(accession(2), [entry(2, "zebra"), entry(2, "zebra", position=1)])
    part = writer.finish()
    lines = part.path.read_bytes().splitlines(keepends=True)
    part.path.write_bytes(lines[0])
    with pytest.raises(DamageError):
        engine.adopt(part)
    put(engine, 3, "zebra")
    assert find(engine, "zebra") == [1, 3]


@pytest.mark.parametrize("damage", ["none", "empty", "cut", "gone"])
@pytest.mark.slow
def test_an_unreadable_index_is_one_error(tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with the files, the error is ours and says to rebuild."""
    made: Engine = TantivyEngine.create(tmp_path)
    put(made, 1, "zebra")
    made.close()
    meta = tmp_path / "tantivy" / "meta.json"
    match damage:
        case "empty":
            meta.write_bytes(b"")
        case "cut":
            store = next(tmp_path.rglob("*.store"))
            store.write_bytes(store.read_bytes()[:-10])
        case "gone":
            next(tmp_path.rglob("*.idx")).unlink()
    with pytest.raises(IndexMissingError):
        find(TantivyEngine.open(tmp_path / "missing" if damage == "none" else tmp_path), "zebra")


@pytest.fixture(scope="module")
def with_deletion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index from which a submission was deleted: its file of deletions is that of one of two segments."""
    folder = tmp_path_factory.mktemp("deleted") / "index"
    for _ in range(20):
        folder.mkdir()
        made: Engine = TantivyEngine.create(folder)
        for number in range(1, 41):
            add(made, accession(number), [entry(number, f"zebra {number} " * 20)])
        made.commit()
        made.delete(accession(2))
        made.commit()
        made.close()
        if _files_of_commit(folder, "del"):
            return folder
        shutil.rmtree(folder)  # tantivy's threads have shared the submissions so that it has joined the segments
    raise AssertionError("tantivy joins every segment with a deletion")


def _files_of_commit(folder: Path, ending: str) -> list[Path]:
    """The files with this ending that are of the latest commit, of the segment with deletions first."""
    segments = json.loads((folder / "tantivy" / "meta.json").read_text())["segments"]
    of_segments = [(one["segment_id"].replace("-", ""), one["deletes"]) for one in segments]
    names = [
        f"{name}.{deleted['opstamp']}.del" if ending == "del" else f"{name}.{ending}"
        for name, deleted in sorted(of_segments, key=lambda one: one[1] is None)
        if deleted or ending != "del"
    ]
    return [folder / "tantivy" / name for name in names]


@pytest.mark.parametrize("ending", ["store", "term", "idx", "pos", "fieldnorm", "fast", "del"])
def test_a_flipped_bit_is_found(with_deletion: Path, tmp_path: Path, ending: str) -> None:
    """Every byte of an index is under a checksum, or as tantivy writes it; the check names the file that is not."""
    folder = tmp_path / "index"
    shutil.copytree(with_deletion, folder)
    file = _files_of_commit(folder, ending)[0]
    engine: Engine = TantivyEngine.open(folder)
    whole = file.read_bytes()
    versions = whole.rindex(b'{"version"'), whole.rindex(b',"crc"')  # tantivy takes others that it knows
    for place in {*range(0, len(whole), max(1, len(whole) // 50)), *range(versions[0], len(whole))}:
        if versions[0] <= place < versions[1] and whole[place : place + 1].isdigit():
            continue
        damaged = bytearray(whole)
        damaged[place] ^= 1
        file.unlink()
        file.write_bytes(damaged)
        assert [name for name, _ in engine.check()] == [f"tantivy/{file.name}"], place
    engine.close()


def _take(engine: Engine, part: object) -> None:
    engine.adopt(part)
    engine.commit()


def test_a_disk_that_fills_up_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    """When there is no room, the error is ours, and the index still answers and takes the next commit."""
    engine: Engine = TantivyEngine.create(tmp_path)
    put(engine, 1, "zebra")
    large = part_of(engine, [(accession(2), [entry(2, " ".join(f"zebra{number}" for number in range(50_000)))])])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(StorageError) as failure:
            _take(engine, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert find(engine, "zebra") == [1]
    put(engine, 3, "zebra")  # while somebody still holds the error, and by it the frames that wrote
    assert find(engine, "zebra") == [1, 3]
    assert "File too large" in str(failure.value)
    engine.close()


def test_patterns_in_a_phrase_that_expand_too_far_are_refused(engine: Engine) -> None:
    """Each pattern of a phrase may stand for as many words as any; what tantivy takes no more of is said as such."""
    half = bounds.MAX_EXPANSIONS - 10
    put(engine, 1, " ".join(f"al{number} be{number}" for number in range(half)))
    assert find(engine, '"al1 be*"') == [1]
    with pytest.raises(QueryError, match="more than 16384 words"):
        find(engine, '"al* be*"')


def test_equal_scores_are_equal_in_every_segment(engine: Engine) -> None:
    """The same words score the same wherever they stand, so that ties are broken by date and nothing else."""
    text = "alpha beta gamma delta epsilon zeta"
    for number in range(1, 7):
        add(engine, accession(number), [entry(number, text), entry(100 + number, "alpha " * number)])
        put(engine, 200 + number, " ".join(["filler", *text.split()[:number]]))
    hits = engine.search(parse_query("zeta OR alpha OR delta OR gamma OR stem:beta"), limit=None).hits
    found = [hit for hit in hits if json.loads(hit.stored)["accession"] in map(accession, range(1, 7))]
    assert len({hit.score for hit in found}) == 1
    assert [int(json.loads(hit.stored)["accession"][-6:]) for hit in found] == [6, 5, 4, 3, 2, 1]


def test_words_near_each_other_in_too_many_ways_are_refused(engine: Engine) -> None:
    """Many places cannot be compared at once in tantivy: the bound is an error that names it."""
    put(engine, 1, "a b c d e")
    assert find(engine, '"e d c b"~3') == [1]
    with pytest.raises(QueryError, match="ways"):
        find(engine, '"e d c b a"~50')
    put(engine, 2, "a b c d e f g h i j k l m")
    with pytest.raises(QueryError, match="ways"):  # counted: 13 words have six billion orders
        find(engine, '"m l k j i h g f e d c b a"~9')


@pytest.mark.parametrize("letter", ["q", "\N{CYRILLIC SMALL LETTER A}"])
@pytest.mark.parametrize("length", [29_999, 30_000, 59_999, 60_001, 65_531, 200_000])
def test_a_word_of_any_length_is_found_by_its_beginning(engine: Engine, letter: str, length: int) -> None:
    """By itself, tantivy leaves out a word of more than 65 530 bytes, so that ``NOT`` would find its document."""
    text = f"alpha {letter * length} gamma"
    add_all(engine, [entry(1, text, sections=(SectionSpan("10-K 1A", 0, 3),)), entry(2, text), entry(3, "alpha gamma")])
    engine.commit()
    assert find(engine, f"{letter * 3}*") == [1, 2]
    assert find(engine, f'"alpha {letter * 3}* gamma"') == [1, 2]
    assert find(engine, f"section:1A {letter * 3}*") == [1]
    assert find(engine, f"NOT {letter * 3}*") == [3]


@pytest.mark.timeout(30)  # each order of twenty equal words would take for ever
@pytest.mark.parametrize("times", [12, 20, 150])
def test_a_word_many_times_near_itself_takes_moments(engine: Engine, times: int) -> None:
    """Equal words have one order, and one other word among them as many as there are places for it."""
    put(engine, 1, "a " * times)
    put(engine, 2, "a " * (times - 1) + "b")
    assert find(engine, f'"{"a " * times}"~1') == [1]
    assert find(engine, f'"b {"a " * (times - 1)}"~1') == [2]


@pytest.mark.slow
def test_a_closed_index_has_the_files_of_its_segments_only(engine: Engine, tmp_path: Path) -> None:
    """Closing lets segments be joined to the end: none that are to be joined, or have been, stay on disk."""
    for number in range(1, 9):  # as many as tantivy joins, in the background, after the last commit
        put(engine, number, " ".join(f"zebra{number}x{word}" for word in range(30_000)))
    engine.close()
    folder = tmp_path / "tantivy"
    segments = json.loads((folder / "meta.json").read_bytes())["segments"]
    assert [f"{segment['segment_id'].replace('-', '')}.store" for segment in segments] == [
        file.name for file in folder.glob("*.store")
    ]
    assert len(segments) == 1


def test_a_list_of_files_that_is_rewritten_between_commits_stays_readable(engine: Engine, tmp_path: Path) -> None:
    """Segments are joined on threads of tantivy, which gives the new list to its owner alone."""
    (tmp_path / "meta.json").touch(0o640)
    (tmp_path / "meta.json").chmod(0o640)
    put(engine, 1, "zebra")
    meta = tmp_path / "tantivy" / "meta.json"
    assert meta.stat().st_mode & 0o777 == 0o640
    meta.chmod(0o600)

    def is_readable() -> None:
        assert meta.stat().st_mode & 0o777 == 0o640

    with_retries(is_readable, retry_if=AssertionError, patience_s=20)


def test_near_words_are_bounded_before_the_search(engine: Engine) -> None:
    """Patterns near each other, and many near phrases, which would take gigabytes or minutes, are refused at once."""
    letters = "abcdefghij"
    put(engine, 1, " ".join(f"{start}{one}{two}" for start in ("re", "co", "in") for one in letters for two in letters))
    many = " ".join(f'"rea{one} cob{one} inc{one} red{one} coe{one}"~5' for one in letters)
    for query in ('"re* co* in*"~50', many):
        with pytest.raises(QueryError, match="too many ways"):
            engine.search(parse_query(query))
    assert find(engine, "rea*") == [1]


_LONG = "r" * 300


def test_a_long_word_next_to_a_pattern_takes_little_memory(engine: Engine, tmp_path: Path) -> None:
    """Each way to stand near is written out with words, not with automata, which take kilobytes for each letter."""
    put(engine, 1, f"alpha {_LONG} beta gamma1 delta")
    put(engine, 2, f"gamma2 x delta {_LONG}")
    engine.close()
    child = multiprocessing.get_context("spawn").Process(target=_search_in_four_gigabytes, args=(str(tmp_path),))
    child.start()
    child.join(100)
    assert child.exitcode == 0


def _search_in_four_gigabytes(folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    engine: Engine = TantivyEngine.open(Path(folder))
    assert find(engine, f'"{_LONG} gam* delta alpha"~7') == [1]
    assert find(engine, f'"{_LONG} gam* delta"~7') == [1, 2]
    engine.close()


def test_a_word_too_long_for_an_automaton_is_found_next_to_a_pattern(engine: Engine) -> None:
    """It is not taken for damage of the index; where it cannot be written out, that is said."""
    long = "r" * 2000
    put(engine, 1, f"{long} gamma1 gamma2")
    assert find(engine, f'"{long} gam*"') == [1]
    assert find(engine, f"{long} NEAR/5 gam*") == [1]
    put(engine, 2, " ".join(f"be{number} de{number}" for number in range(300)))
    with pytest.raises(QueryError, match="too many ways"):
        find(engine, f'"{long} be* de*"')
    assert find(engine, '"be1 de*"') == [2]


def test_many_ways_in_many_documents_are_refused_before_the_search(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tantivy compares them without looking at the time: how often is counted by the documents with the rarest word."""
    for number in range(20):
        add(engine, accession(number), [entry(number, "the risk of a board" + " zebra" * (number == 3))])
    engine.commit()
    monkeypatch.setattr("indexer.tantivy_engine.translating.MAX_COMPARED", 1000)
    for query, found in (
        ('"the risk of"~3', 20),
        ('"zebra the of"~9', 1),
        ('"the board"~50', 20),
        ("the NEAR/50 board", 20),
        ('("the risk" OR zebra) NEAR/4 board', 20),
    ):
        assert engine.search(parse_query(query)).total == found, query
    for query in (
        '"the risk of"~9',
        '"the risk of"~3 OR "of the board"~3 OR "risk of board"~4',
        '"the risk" NEAR/49 board',
    ):
        with pytest.raises(QueryError, match="take too long"):
            engine.search(parse_query(query))


def test_near_words_in_long_documents_take_little_memory(engine: Engine, tmp_path: Path) -> None:
    """All ways at once would keep the positions of each word in a document thousands of times: here, six gigabytes."""
    put(engine, 1, "alpha beta gamma " * 50_000)
    put(engine, 2, "alpha x beta gamma")
    put(engine, 3, "gamma " + "x " * 30 + "alpha " + "y " * 19 + "beta")
    put(engine, 4, "gamma " + "x " * 30 + "alpha " + "y " * 20 + "beta")
    engine.close()
    child = multiprocessing.get_context("spawn").Process(target=_find_in_two_gigabytes, args=(str(tmp_path),))
    child.start()
    child.join(100)
    assert child.exitcode == 0


def _find_in_two_gigabytes(folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    engine: Engine = TantivyEngine.open(Path(folder))
    assert find(engine, '"alpha beta gamma"~50') == [1, 2, 3]
    several = " OR ".join(f'("alpha beta" OR gamma) PRE/{between} (beta OR alpha)' for between in range(30, 50))
    assert find(engine, several) == [1, 3, 4]
    engine.close()
