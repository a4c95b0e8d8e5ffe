"""A repeated search is answered as before, and at once with what is new when the archive has changed."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiohttp import ClientTimeout, web
from aiohttp.test_utils import TestClient, TestServer

from archiver.settings.settings import Settings
from edgarchive import AsyncLibrary, Library, UsageError, import_submissions
from edgarchive.indexing import index_archive
from edgarchive.watching.searches import remove_search, save_search
from edgarchive.web.archive import ServedArchive
from edgarchive.web.caching.recent import answer_recent
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.limits.gate import Gate
from edgarchive.web.limits.memory import limit_memory
from tests.paths import INVENTED
from tests.web.served import Served

SEARCH = "/search.json?q=the"
"""Its answer has the time that the search took."""

FILES = sorted(INVENTED.glob("*.txt"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of an archive with the first invented submissions."""
    settings = Settings(root=tmp_path / "archive")
    import_submissions(FILES[:6], settings=settings)
    return settings


def settings_of(settings: Settings, engine: str) -> Settings:
    """The same archive, with an index of this engine."""
    return Settings(root=settings.root, engine=engine)


@pytest.mark.parametrize(
    "path", [SEARCH, "/search?q=the", "/search.atom?q=the", "/LATEST/search-index?q=the", "/?q=the"]
)
def test_a_repeated_search_has_the_same_answer(served: Served, path: str) -> None:
    """The headers too, also if only they are asked for."""
    first = served.ask(path)
    for method in ("GET", "GET", "HEAD", "GET"):
        again = served.ask(path, method=method)
        assert (again.status, again.body) == (200, b"" if method == "HEAD" else first.body)
        assert {**again.headers, "date": ""} == {**first.headers, "date": ""}


def test_many_at_once_share_one_search(served: Served) -> None:
    """Those who ask while it is computed wait for it."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: served.ask("/search.json?q=the+OR+of"), range(32)))
    assert len({answer.body for answer in answers}) == 1  # with the same `took_ms`


def test_each_host_has_links_of_its_own(invented_archive: Path) -> None:
    """A feed has whole URLs."""
    with Served(invented_archive, allow_hosts=["archive.example"]) as server:
        here = server.ask("/search.atom?q=the")
        there = server.ask("/search.atom?q=the", headers={"Host": "archive.example"})
        behind_proxy = server.ask("/search.atom?q=the", headers={"X-Forwarded-Proto": "https"})
    assert b"http://archive.example/" in there.body
    assert b"archive.example" not in here.body
    assert b"https://127.0.0.1" in behind_proxy.body
    assert b"https://127.0.0.1" not in here.body


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
def test_every_change_is_seen_at_once(settings: Settings, engine: str) -> None:
    """An import, an index of its own, an index made anew, and one that is gone."""
    index_archive(settings_of(settings, engine), rebuild=True)
    with Served(settings) as server:
        before = server.ask(SEARCH).json()["total"]
        import_submissions(FILES[6:9], settings=settings, index=False)
        assert server.ask(SEARCH).json()["total"] == before
        index_archive(settings)
        with Library(settings=settings) as library:
            after = library.search("the").total
        assert server.ask(SEARCH).json()["total"] == after > before
        index_archive(settings_of(settings, "tantivy" if engine == "whoosh" else "whoosh"), rebuild=True)
        assert server.ask(SEARCH).json()["total"] == after
        (settings.root / "index").rename(settings.root / "gone")
        assert server.ask(SEARCH).status == 503


def test_the_start_page_is_not_kept(invented_archive: Path, served: Served) -> None:
    """A search that is saved is on it at once."""
    settings = Settings(root=invented_archive)
    for path in ("/", "/search", "/?q=", "/search?limit=5"):
        assert b"new-one" not in served.ask(path).body
        save_search(settings, "new-one", "the", {})
        try:
            assert b"new-one" in served.ask(path).body
        finally:
            remove_search(settings, "new-one")


def test_errors_are_not_kept(settings: Settings) -> None:
    """What failed is tried again."""
    index = settings.root / "index"
    with Served(settings) as server:
        index.rename(settings.root / "away")
        assert server.ask(SEARCH).status == 503
        (settings.root / "away").rename(index)
        assert server.ask(SEARCH).status == 200


async def test_memory_is_bounded(invented_archive: Path) -> None:
    """The search asked for least recently goes first; what is too large for all is not kept at all."""
    computed: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        computed.append(request.query["q"])
        return web.Response(body=b"x" * int(request.query.get("n", "1000")))

    app = web.Application(middlewares=[answer_recent(kept_bytes=2_500)])
    app.router.add_get("/search", answer)
    app[ARCHIVE] = ServedArchive(AsyncLibrary(invented_archive), Gate())
    async with TestClient(TestServer(app)) as client:
        for word in ("a", "b", "a", "c", "a", "b"):
            assert len(await (await client.get("/search", params={"q": word})).read()) == 1_000
        for _ in range(2):
            await client.get("/search", params={"q": "d", "n": "3000"})
    await app[ARCHIVE].library.close()
    assert computed == ["a", "b", "c", "b", "d", "d"]


async def test_what_a_client_did_not_wait_for_is_kept(invented_archive: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A page that is slow is reloaded: the search goes on once, not once for each reload. Its error is no defect."""
    computed: list[str] = []
    end = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        computed.append(request.query["q"])
        await end.wait()
        if request.query["q"] == "wrong":
            raise UsageError("wrong", "say it otherwise")
        return web.Response(body=b"found")

    app = web.Application(middlewares=[limit_memory(), answer_recent()])
    app.router.add_get("/search", answer)
    app[ARCHIVE] = ServedArchive(AsyncLibrary(invented_archive), Gate())
    async with TestClient(TestServer(app)) as client:
        for word in ("a", "a", "wrong", "a"):
            with pytest.raises(TimeoutError):
                await client.get("/search", params={"q": word}, timeout=ClientTimeout(total=0.2))
        end.set()
        assert await (await client.get("/search", params={"q": "a"})).read() == b"found"
    await app[ARCHIVE].library.close()
    assert computed == ["a", "wrong"]
    gc.collect()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
