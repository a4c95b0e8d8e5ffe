"""The OpenSearch engine against a real server: refusals, other clusters, foreign indexes, full queues, rebuilding."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("opensearchpy")

from opensearchpy import OpenSearch

from archiver.errors import ArchiveFormatError, IndexMissingError, IndexServerError, QueryError
from archiver.settings.settings import Settings
from indexer.entries import IndexEntry
from indexer.index_folder import create_index, open_index, remove_index
from indexer.opensearch_engine import searching, writing
from indexer.opensearch_engine.connection import PLACE
from indexer.opensearch_engine.engine import OpenSearchEngine
from indexer.opensearch_engine.writing import index_name
from indexer.query.build import parse_query
from tests.opensearch.fixtures import started
from tests.opensearch.server import Server
from tests.thorough import THOROUGH
from tests.unit.index_entries import accession, add, add_all, count, entry


@pytest.fixture
def settings(opensearch: Server) -> Settings:
    """Settings that lead to the server."""
    return Settings(opensearch_url=opensearch.url)


@pytest.fixture
def engine(tmp_path: Path, settings: Settings) -> Iterator[OpenSearchEngine]:
    """An empty index."""
    made = create_index(tmp_path / "index", engine="opensearch", settings=settings)
    assert isinstance(made, OpenSearchEngine)
    yield made
    made.close()
    remove_index(tmp_path / "index", settings=settings, keep=tmp_path)  # fewer shards make the next ones quicker


@pytest.fixture(scope="module")
def narrow() -> Iterator[Server]:
    """A node of these tests alone, with room for one request in its queue."""
    server = started(extra="thread_pool.write.size: 1\nthread_pool.write.queue_size: 1")
    yield server
    server.stop()


def find(engine: object, query: str | None = None) -> list[int]:
    """The last digits of the accession number of every hit, newest first."""
    assert isinstance(engine, OpenSearchEngine)
    result = engine.search(None if query is None else parse_query(query), limit=None, sort="newest")
    assert result.total == len(result.hits)
    return [int(json.loads(hit.stored)["accession"][-6:]) for hit in result.hits]


def put(engine: OpenSearchEngine, *numbers: int) -> None:
    """Add submissions of one word, and commit."""
    for number in numbers:
        add(engine, accession(number), [entry(number, "zebra")])
    engine.commit()


def test_a_year_has_the_shards_that_are_set(tmp_path: Path, opensearch: Server) -> None:
    """They count when its index is made, and the documents of one submission share one of them."""
    settings = Settings(opensearch_url=opensearch.url, opensearch_shards=3)
    engine = create_index(tmp_path / "index", engine="opensearch", settings=settings)
    assert isinstance(engine, OpenSearchEngine)
    put(engine, *range(1, 31))
    assert find(engine, "zebra") == list(range(30, 0, -1))
    alias = json.loads((tmp_path / "index" / PLACE).read_bytes())["alias"]
    shards = engine._client.cat.shards(index=alias, format="json")
    assert [int(shard["docs"]) > 0 for shard in shards if not shard["index"].endswith("-0000")] == [True] * 3
    engine.close()


def test_no_server_is_one_line(tmp_path: Path) -> None:
    """Where nobody listens, the error says so and what to do, and ends with exit code 7."""
    with pytest.raises(IndexServerError, match="there is no OpenSearch at http://127") as caught:
        create_index(tmp_path / "index", engine="opensearch", settings=Settings(opensearch_url="http://127.0.0.1:9"))
    assert caught.value.exit_code == 7
    assert "\n" not in str(caught.value)


def test_no_password_is_shown(tmp_path: Path) -> None:
    """Neither an error nor the settings have the password in them."""
    settings = Settings(opensearch_url="http://127.0.0.1:9", opensearch_user="me", opensearch_password="hush")  # noqa: S106
    with pytest.raises(IndexServerError) as caught:
        create_index(tmp_path / "index", engine="opensearch", settings=settings)
    assert "hush" not in str(caught.value) + repr(settings) + str(settings.to_dict())


def test_an_index_of_another_cluster_is_not_touched(
    engine: OpenSearchEngine, tmp_path: Path, settings: Settings
) -> None:
    """An index whose place names another cluster is an error, and nothing is made anew."""
    put(engine, 1)
    place = tmp_path / "index" / PLACE
    kept = json.loads(place.read_text())
    place.write_text(json.dumps(kept | {"cluster_uuid": "another"}))
    with pytest.raises(IndexServerError, match="another cluster"):
        open_index(tmp_path / "index", settings=settings)
    assert find(engine) == [1]


def test_an_index_that_is_gone_is_missing(engine: OpenSearchEngine, tmp_path: Path, settings: Settings) -> None:
    """Where somebody removed the indexes, the error says to rebuild."""
    engine._client.indices.delete(index=",".join(engine._client.indices.get_alias(name=engine._alias)))
    with pytest.raises(IndexMissingError, match="rebuild"):
        open_index(tmp_path / "index", settings=settings)


def test_a_foreign_index_is_refused(engine: OpenSearchEngine, tmp_path: Path, settings: Settings) -> None:
    """An index behind our alias with other fields is named, and not written to."""
    engine._client.indices.create(index="foreign", body={"aliases": {engine._alias: {}}})
    engine._client.indices.put_mapping(index="foreign", body={"properties": {"other": {"type": "keyword"}}})
    with pytest.raises(ArchiveFormatError, match="foreign"):
        open_index(tmp_path / "index", settings=settings)
    engine._client.indices.delete(index="foreign")


def test_a_read_only_index_refuses_and_then_goes_on(engine: OpenSearchEngine) -> None:
    """A block is an error that names it; once it is lifted, the same submissions are found."""
    put(engine, 1)
    engine._put_settings(**{"blocks.write": True})
    with pytest.raises(IndexServerError, match="block"):
        put(engine, 2)
    engine._put_settings(**{"blocks.write": None})
    put(engine, 2)
    assert find(engine) == [2, 1]


def test_a_long_word_and_a_long_value_keep_their_places(engine: OpenSearchEngine) -> None:
    """Words longer than the server takes are found whole, and what follows them stands where it stood."""
    word = "x" * 900
    other = "x" * 899 + "y"
    add(engine, accession(1), [entry(1, f"before {word} after", file_numbers=("9" * 40_000,))])
    engine.commit()
    for query in (word, f'"before {word} after"', '"before after"~2', "xxx*"):
        assert find(engine, query) == [1]
    assert find(engine, other) == find(engine, '"before after"~1') == []


def test_a_submission_that_moves_to_another_year_is_found_once(engine: OpenSearchEngine) -> None:
    """A changed filing date takes its documents to another index, and none stays behind."""
    add(engine, accession(1), [entry(1, "zebra"), entry(1, "zebra", position=1)])
    engine.commit()
    add(engine, accession(1), [entry(1, "zebra", filing_date=date(2006, 1, 2))])
    engine.commit()
    assert find(engine, "filed:2006") == find(engine) == [1]
    assert count(engine) == 1


def test_an_index_that_a_killed_writer_began_is_taken_up_or_removed(
    engine: OpenSearchEngine, tmp_path: Path, settings: Settings
) -> None:
    """One that is not behind the alias yet is filled by the next writer of its year, and goes with the others."""
    for year in (2005, 2006):
        engine._client.indices.create(index=index_name(engine._generation, year))
    add(engine, accession(1), [entry(1, "zebra", filing_date=date(2005, 1, 2))])
    engine.commit()
    assert find(engine, "zebra") == [1]
    engine.close()
    remove_index(tmp_path / "index", settings=settings, keep=tmp_path)
    client = OpenSearch(settings.opensearch_url)
    assert client.indices.get(index=f"{engine._generation}-*") == {}
    client.close()


def test_a_cluster_that_has_no_room_for_shards_says_so(tmp_path: Path, narrow: Server) -> None:
    """Its own reason is told, and once there is room the same commit is taken."""
    engine = create_index(tmp_path / "index", engine="opensearch", settings=Settings(opensearch_url=narrow.url))
    assert isinstance(engine, OpenSearchEngine)
    engine._client.cluster.put_settings(body={"transient": {"cluster.max_shards_per_node": 1}})
    add(engine, accession(1), [entry(1, "zebra")])
    try:
        with pytest.raises(IndexServerError, match="maximum shards"):
            engine.commit()
    finally:
        engine._client.cluster.put_settings(body={"transient": {"cluster.max_shards_per_node": None}})
    engine.commit()
    assert find(engine, "zebra") == [1]
    engine.close()


def test_a_full_queue_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: Server) -> None:
    """With room for one request in the queue of the server, everything is taken all the same, and nothing twice."""
    monkeypatch.setattr(writing, "PORTION_BYTES", 10_000)
    monkeypatch.setattr(writing, "SENDERS", 16)
    added = refused = 0
    made = create_index(tmp_path / "index", engine="opensearch", settings=Settings(opensearch_url=narrow.url))
    assert isinstance(made, OpenSearchEngine)
    while not refused and added < 4000:  # a quick server may take the first hundreds as fast as they come
        numbers = range(added + 1, added + 101)
        texts = {number: f"zebra {number} " * 200 for number in numbers}
        add_all(made, [entry(number, texts[number], filing_date=date(2000 + number % 3, 1, 1)) for number in numbers])
        made.commit()
        added += 100
        pools = made._client.nodes.stats(metric="thread_pool")["nodes"].values()
        refused = sum(node["thread_pool"]["write"]["rejected"] for node in pools)
    assert made.search(parse_query("zebra"), limit=0, documents=True).total == added
    made.close()
    assert refused > 0


_SMALLER = 1 if THOROUGH else 20
"""So much smaller than usual is the window, and so many times fewer are the hits."""
_MANY, _OF_A_YEAR = 12_000 // _SMALLER, 9_000 // _SMALLER


def test_more_hits_than_a_window_are_counted_and_given_exactly(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what the server gives in one answer, totals, pages and facets are still exact, over years and shards."""
    for name, usual in (("WINDOW", 10_000), ("_COUNTED_AT_ONCE", 10_000), ("_BUCKETS", 50_000)):
        assert getattr(searching, name) == usual
        monkeypatch.setattr(searching, name, usual // _SMALLER)
    settings = settings.replace(opensearch_shards=2)
    engine = create_index(tmp_path / "index", engine="opensearch", settings=settings)

    def entries() -> Iterator[IndexEntry]:
        for number in range(1, _MANY + 1):
            filed = date(2004 + number // _OF_A_YEAR, 1, 2)
            for position in range(2):
                yield entry(number, "zebra", position=position, type=f"EX-{position}", filing_date=filed)

    add_all(engine, entries())
    engine.commit()
    assert isinstance(engine, OpenSearchEngine)
    engine._put_settings(max_result_window=searching.WINDOW)  # what goes beyond is refused by the server
    query = parse_query("zebra")
    page = engine.search(query, sort="oldest", limit=3, offset=_MANY - 2)
    assert page.total == _MANY
    assert [json.loads(hit.stored)["accession"] for hit in page.hits] == [accession(_MANY - 1), accession(_MANY)]
    assert engine.search(query, limit=0).total == _MANY
    assert len(engine.search(query, limit=None, documents=True).hits) == 2 * _MANY
    assert [(one.value, one.count) for one in engine.facet(query, "form")] == [("8-K", _MANY)]
    years = [(2004, _OF_A_YEAR - 1), (2005, _MANY - _OF_A_YEAR + 1)]
    assert [(one.value, one.count) for one in engine.facet(query, "year")] == years
    assert [(one.value, one.count) for one in engine.facet(query, "type")] == [("EX-0", _MANY)]
    engine.close()


def test_a_rebuild_takes_over_the_alias_while_searches_go_on(
    engine: OpenSearchEngine, tmp_path: Path, settings: Settings
) -> None:
    """Readers of the old index get answers all along, then those of the new one; the old indexes are gone."""
    put(engine, 1, 2)
    reader = open_index(tmp_path / "index", settings=settings)
    before = set(engine._client.indices.get_alias(name=engine._alias))
    wrong: list[list[int]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            found = find(reader)
            if found not in ([2, 1], [3, 2, 1]):
                wrong.append(found)

    thread = threading.Thread(target=search)
    thread.start()
    new = create_index(tmp_path / "index.new", engine="opensearch", settings=settings)
    assert isinstance(new, OpenSearchEngine)
    put(new, 1, 2, 3)
    new.replace(tmp_path / "index")
    new.close()
    assert find(reader) == [3, 2, 1]
    done.set()
    thread.join()
    assert wrong == []
    assert not before & set(engine._client.indices.get_alias(name=engine._alias))
    assert json.loads((tmp_path / "index.new" / PLACE).read_text())["alias"] == engine._alias
    reader.close()


def test_a_query_of_too_many_words_for_the_cluster_is_an_error_of_the_query(engine: OpenSearchEngine) -> None:
    """The cluster counts words inside of a section once for each form; nothing is wrong with the server."""
    add_all(engine, [entry(1, "zebra")])
    engine.commit()
    words = " OR ".join(f"w{number}" for number in range(250))
    assert find(engine, f"zebra ({words} OR zebra)") == [1]
    for query in (f"section:1A ({words})", "q" * 4000 + "*"):
        with pytest.raises(QueryError, match="too many words"):
            find(engine, query)
