"""An archive that version 0.1 made, with everything that it could have, is read, migrated, searched and verified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import Library
from indexer.index_folder import engine_of
from tests.damage.phases import publish_feed
from tests.edgar_fixtures import FAST, IDENTITY, CommandLine, command_line
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.old_archives import unpack_archive_of_0_1
from tests.unit.archives import tree

REFRESHED = "0009000900-04-000101"
WITHDRAWN = "0009000900-17-000120"
UNINDEXED = "0009000900-04-000300"
SIGNATURES = {("signature", "0009000910-02-000004"), ("signature", "0009000910-98-000017")}
EARLIER = b"was made by an earlier edgarchive; run `edgarchive index`, which rebuilds it"


@pytest.fixture(params=["whoosh", "tantivy"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CommandLine]:
    """The command line beside an archive of 0.1 and its settings file, which says nothing of the engine."""
    root = unpack_archive_of_0_1(tmp_path, engine=request.param)
    with LoopbackEdgar(FIXTURES, tickers={"MLC": 9000001}) as server:
        publish_feed(server)
        one = (FIXTURES / f"{REFRESHED}.txt").read_bytes()
        for number in (300, 301):
            server.add(one.replace(REFRESHED.encode(), f"0009000900-04-000{number}".encode()))
        server.remove(WITHDRAWN)
        settings = Settings(root=root, base_url=server.base_url, user_agent=IDENTITY, rate=FAST)
        made = command_line(settings, tmp_path)
        yield replace(made, environment=made.environment | {"EDGARCHIVE_CONFIG": "edgarchive.toml"})


def test_readers_read_it_as_it_is(old: CommandLine) -> None:
    """Nothing is written; a search, and what else needs the index, names the one command to give."""
    before = tree(old.folder)
    assert old.json("status")["submissions"] == 21
    shown = old.json("show", REFRESHED)
    assert [one["kind"] for one in shown["beside"]] == ["older"]
    assert old.json("show", WITHDRAWN)["withdrawn_at"] is not None
    search = old.run_here("search", "resigned")
    assert (search.returncode, EARLIER in search.stderr) == (2, True)
    assert EARLIER in old.run_here("status").stdout
    verified = old.run_here("verify", "--json")
    assert verified.returncode == 5
    assert {(one["kind"], one["accession"]) for one in json.loads(verified.stdout)["findings"]} == SIGNATURES
    assert b"the index was made by an earlier edgarchive and is not verified" in verified.stderr
    assert tree(old.folder) == before


def test_the_next_sync_migrates_it(old: CommandLine) -> None:
    """Nothing is fetched again or forgotten; the index keeps its engine; all is searched and verified."""
    root = old.folder / "archive"
    engine = engine_of(root / "index")
    stored, quarantine = tree(root / "submissions"), sorted((root / "quarantine").iterdir())
    done = old.run_here("sync", "--json")
    assert (done.returncode, b"earlier edgarchive: rebuilding it" in done.stderr) == (0, True)
    report = json.loads(done.stdout)
    assert {key: report[key] for key in ("stored", "failed", "indexed")} == {"stored": 0, "failed": 0, "indexed": 21}
    assert tree(root / "submissions") == stored
    assert sorted((root / "quarantine").iterdir()) == quarantine
    assert engine_of(root / "index") == engine
    assert old.json("show", WITHDRAWN)["withdrawn_at"] is not None
    with Library(root) as library:
        assert UNINDEXED in [hit.accession for hit in library.search("Thistlewood", limit=None)]
        assert library.search("Thistlewood", section="5.02").total > 0
    assert {(one["kind"], one["accession"]) for one in old.json("verify", code=5)["findings"]} == SIGNATURES
    for _, accession in sorted(SIGNATURES):
        assert old.run_here("verify", "--acknowledge", accession).returncode in {0, 5}
    assert old.json("verify")["findings"] == []
    assert old.json("index") == {"indexed": 0, "failed": 0, "failures": []}


def test_a_rebuild_keeps_the_engine_that_no_setting_names(old: CommandLine) -> None:
    """`index --rebuild` makes an index of the engine that it finds; only what is asked for changes it."""
    index = old.folder / "archive" / "index"
    engine = engine_of(index)
    assert old.run_here("index", "--rebuild").returncode == 0
    assert engine_of(index) == engine
    other = {"whoosh": "tantivy", "tantivy": "whoosh"}[str(engine)]
    asked = replace(old, environment=old.environment | {"EDGARCHIVE_ENGINE": other})
    assert asked.run_here("index", "--rebuild").returncode == 0
    assert engine_of(index) == other
