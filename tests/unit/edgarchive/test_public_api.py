"""The public names of the library."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import edgarchive
from archiver import errors
from archiver.store.archive import Archive
from indexer.update.update import index_archive
from tests.loopback import FIXTURES
from tests.paths import ROOT
from tests.unit.archives import keep


def test_all_is_sorted_and_complete() -> None:
    """`__all__` names every public object of the package once, in order, and each can be had."""
    homes = [name for names in edgarchive._HOMES.values() for name in names]
    assert edgarchive.__all__ == sorted(edgarchive.__all__)
    assert sorted(homes) == edgarchive.__all__
    assert set(edgarchive.__all__) <= set(dir(edgarchive))
    for name in edgarchive.__all__:
        assert getattr(edgarchive, name).__module__.partition(".")[0] in {"archiver", "indexer", "edgarchive"}
    assert edgarchive.__version__ == version("edgarchive")
    with pytest.raises(AttributeError, match="Mirrror"):
        edgarchive.Mirrror  # noqa: B018 — asking is the test


@pytest.mark.slow
def test_a_program_loads_what_it_uses() -> None:
    """Importing the package, asking for help and searching load nothing of what a sync needs."""
    for use in ("", "edgarchive.Library", "import edgarchive.cli; edgarchive.cli.run(['search', '--help'])"):
        code = (
            f"import sys, edgarchive; {use}\nassert not {{'aiohttp', 'uvloop', 'rich', 'tenacity'}} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    code = (
        "import sys; from edgarchive.cli import run; run(['-h']); assert not {'whoosh', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


@pytest.mark.slow
def test_a_search_loads_no_parser_and_no_network(tmp_path: Path) -> None:
    """A word in a small archive, with its snippet, takes neither pydantic, nor what reads filings, nor HTTP."""
    with Archive.open(tmp_path, writable=True, create=True) as archive:
        for path in sorted(FIXTURES.glob("*-04-*.txt")):
            keep(archive, path.stem, path.read_bytes())
        index_archive(archive)
    unused = {
        *(
            "aiohttp",
            "asyncio",
            "ctypes",
            "email",
            "http",
            "multiprocessing",
            "numpy",
            "pydantic",
            "rich",
            "socket",
            "ssl",
        ),
        *("indexer.matcher", "indexer.sections.headings", "indexer.submission.submission", "indexer.text.html_text"),
        *("indexer.search.diagnosis.diagnose", "indexer.update.update", "tenacity", "urllib.request", "uvloop"),
    }
    code = f"""if True:
        import sys
        from edgarchive.cli import run
        assert run(['--root', {str(tmp_path)!r}, 'search', 'lantern', '--form', '8-K', '-n', '3']) == 0
        assert not {unused!r} & set(sys.modules), {unused!r} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def test_every_error_is_public() -> None:
    """Whatever edgarchive raises can be caught by a public name."""
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.EdgarchiveError)
    }
    assert defined <= set(edgarchive.__all__)


def test_the_async_library_has_the_methods_of_the_library() -> None:
    """`Library` and `AsyncLibrary` are twins: same names, same parameters, same defaults."""
    for name, method in inspect.getmembers(edgarchive.Library, inspect.isfunction):
        if not name.startswith("_"):
            twin = getattr(edgarchive.AsyncLibrary, name)
            assert inspect.signature(twin).parameters == inspect.signature(method).parameters
            assert inspect.iscoroutinefunction(twin)


@pytest.mark.parametrize("engine", ["whoosh", "tantivy", "opensearch"])
@pytest.mark.slow
def test_an_engine_alone_is_loaded(engine: str) -> None:
    """Whoever indexes and searches with tantivy or OpenSearch never loads Whoosh, nor the other way round."""
    pytest.importorskip({"opensearch": "opensearchpy"}.get(engine, engine))
    others = {"whoosh", "tantivy", "opensearchpy"} - {{"opensearch": "opensearchpy"}.get(engine, engine)}
    code = f"""if True:
        import sys
        from indexer.index_folder import engine_class
        engine_class({engine!r})
        import edgarchive.cli
        from indexer.query.build import parse_query
        from indexer.passages.snippets import Highlighter
        Highlighter(parse_query('stem:resigned acquistion~1 "re* b"~3 co*d')).snippet("resigned")
        assert not {others!r} & set(sys.modules), {others!r} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
