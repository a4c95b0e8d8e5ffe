"""What is measured: the engines that can be had, and, over the same texts, stock Whoosh and SQLite's FTS5."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from whoosh.analysis import LowercaseFilter, RegexTokenizer
from whoosh.fields import ID, KEYWORD, NUMERIC, STORED, TEXT, Schema
from whoosh.index import create_in

from archiver.errors import DamageError, UsageError
from archiver.store.archive import Archive
from indexer.entries import IndexEntry, entries_of
from indexer.index_folder import ENGINES, REMOTE, engine_class, engine_of, open_index
from indexer.submission.submission import parse_submission
from tests.opensearch.server import Server

EMBEDDED = [name for name in ENGINES if name not in REMOTE]
"""The engines that need no server."""

_HEAP = "2g"


@contextlib.contextmanager
def engines(asked: list[str], *, nodes: int = 1) -> Iterator[list[str]]:
    """Those of `asked` whose packages are installed, with a server of `nodes` nodes for those that need one."""
    found = [name for name in asked if _is_installed(name)]
    if not REMOTE.intersection(found):
        yield found
        return
    server = Server.start(nodes=nodes, heap=_HEAP)
    os.environ["EDGARCHIVE_OPENSEARCH_URL"] = server.url
    try:
        yield found
    finally:
        server.stop()


def index_bytes(folder: Path) -> int:
    """The size of the index in `folder`, or of one copy of it on its server."""
    if engine_of(folder) not in REMOTE:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    from indexer.opensearch_engine.engine import OpenSearchEngine  # noqa: PLC0415 — an extra package

    with contextlib.closing(open_index(folder)) as index:
        assert isinstance(index, OpenSearchEngine)
        stats = index._client.indices.stats(index=index._alias, metric="store")
        return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])


def _is_installed(name: str) -> bool:
    try:
        engine_class(name)
    except UsageError:
        return False
    return True


def read_entries(root: Path) -> Iterator[IndexEntry]:
    """The entries of every submission that can be read: what each engine has to do before it can index."""
    with Archive.open(root) as archive:
        for record in archive.catalogue.records_by_filing_date():
            try:
                submission = parse_submission(archive.read(record.accession))
            except DamageError:
                continue
            yield from entries_of(submission, sha256=record.sha256, filing_date=record.filing_date)


def reading_alone(root: Path, _folder: Path) -> int:
    """Read and parse, index nothing; how many characters of text there are."""
    return sum(len(entry.text) for entry in read_entries(root))


def stock_whoosh(root: Path, folder: Path) -> int:
    """An index as Whoosh's documentation makes one, with its own text fields and writer."""
    words = RegexTokenizer(r"[^\W_]+") | LowercaseFilter()
    schema = Schema(
        text=TEXT(words), description=TEXT(words), name=TEXT(words), form=ID(), type=ID(), item=KEYWORD(),
        cik=KEYWORD(), accession=ID(), filed=NUMERIC(sortable=True), record=STORED(),
    )  # fmt: skip
    folder.mkdir()
    writer = create_in(str(folder), schema).writer(limitmb=256)
    for entry in read_entries(root):
        writer.add_document(
            text=entry.text,
            description=entry.description,
            name=" ".join(entry.names),
            form=entry.form,
            type=entry.type,
            item=" ".join(entry.items),
            cik=" ".join(str(entity.cik) for entity in entry.entities),
            accession=entry.accession,
            filed=int(f"{entry.filing_date:%Y%m%d}"),
            record=entry.stored(),
        )
    writer.commit()
    return 0


def sqlite_fts5(root: Path, folder: Path) -> int:
    """A contentless FTS5 table with positions, and the facts beside it."""
    folder.mkdir()
    database = sqlite3.connect(folder / "fts5.sqlite3")
    database.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        "CREATE VIRTUAL TABLE entry USING fts5(text, description, name, content = '', tokenize = 'unicode61');"
        "CREATE TABLE fact (id INTEGER PRIMARY KEY, form TEXT, filed TEXT, record TEXT);"
        "CREATE INDEX fact_form ON fact (form);"
    )
    for number, entry in enumerate(read_entries(root), 1):
        database.execute(
            "INSERT INTO entry (rowid, text, description, name) VALUES (?, ?, ?, ?)",
            (number, entry.text, entry.description, " ".join(entry.names)),
        )
        database.execute(
            "INSERT INTO fact VALUES (?, ?, ?, ?)",
            (number, entry.form, entry.filing_date.isoformat(), entry.stored()),
        )
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return 0
