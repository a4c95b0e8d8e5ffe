"""Saved searches, from the catalogue and from the settings file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from archiver.catalogue.watching import SavedSearch
from archiver.errors import DamageError, NotInArchiveError, SettingsError, UsageError
from archiver.identifiers import Cik
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.store.archive import Archive
from indexer.query.build import parse_query
from indexer.search.library import Library
from indexer.search.options import SearchOptions
from indexer.search.results import Results

_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PAGES = ("limit", "offset", "sort", "snippets", "documents", "query")
"""Options that choose among hits and do not apply to a single new filing."""

_ANY_COMPANY = Cik(1)
"""A placeholder for a ticker's CIK while only the syntax of a search is checked."""


@dataclass(frozen=True, slots=True)
class NamedSearch:
    """A named search. `source` is ``catalogue`` or ``settings``."""

    name: str
    options: SearchOptions
    source: str

    def to_dict(self) -> dict[str, Any]:
        """The search as a JSON object."""
        return {"name": self.name, "source": self.source, **self.options.to_dict()}


def checked(name: str, query: str | None, filters: Mapping[str, Any], *, source: str = "catalogue") -> NamedSearch:
    """A search that can be matched against one new filing. Raises `UsageError`, `QueryError`."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:40]!r} is not a valid name for a search", "use letters, digits, dot, dash and underscore"
        )
    for option in filters:
        if option in _PAGES:
            raise UsageError(f"{option} does not apply to a single new filing", "leave it out")
    known = [field for field in SearchOptions.__dataclass_fields__ if field not in _PAGES and field != "_"]
    unknown = [option for option in filters if option not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        raise UsageError(f"there is no filter {unknown[0]!r}", f"did you mean {near[0]}?" if near else ", ".join(known))
    options = SearchOptions(query, **filters)
    if options.query is not None and options.query.strip():
        parse_query(options.query, stem=options.stem, cik_of=lambda _: _ANY_COMPANY)
    elif not filters:
        raise UsageError(f"the search {name} finds everything", "give a query or a filter")
    return NamedSearch(name, options, source)


def save_search(settings: Settings, name: str, query: str | None, filters: Mapping[str, Any]) -> NamedSearch:
    """Save a search in the catalogue, replacing one of the same name. Raises `UsageError`, `QueryError`, `LockedError`.

    Creates the archive if there is none yet. A ticker must be in the archive's copy of EDGAR's list, if it has one.
    """
    search = checked(name, query, filters)
    if name in settings_searches(settings):
        raise UsageError(f"the settings file has a search {name}", "choose another name, or edit the settings file")
    values = search.options.to_dict()
    text = values.pop("query", "")
    with Archive.open(settings.root, writable=True, create=True) as archive:
        with Library(settings=settings) as library:
            if library.stored.tickers_sha256() is not None:  # else `watch` gets the list
                library.question(search.options)
        archive.catalogue.saved_searches.set(SavedSearch(name, text, values, datetime.now(UTC)))
    return search


def remove_search(settings: Settings, name: str) -> None:
    """Remove a saved search. Raises `UsageError` if the catalogue has none of this name."""
    if name in settings_searches(settings):
        raise UsageError(f"the search {name} is in the settings file", "remove it there")
    with Archive.open(settings.root, writable=True) as archive:
        if not (_NAME.fullmatch(name) and archive.catalogue.saved_searches.remove(name)):
            raise _unknown(name, [one.name for one in archive.catalogue.saved_searches.all()])


def saved_searches(settings: Settings) -> dict[str, NamedSearch]:
    """All searches by name: those saved in the archive, if there is one, and of the settings file.

    Raises `SettingsError`, and `DamageError` for one that was never saved so.
    """
    return _saved_in(settings) | settings_searches(settings)


def settings_searches(settings: Settings) -> dict[str, NamedSearch]:
    """The ``[[search]]`` tables of the settings file by name. Raises `SettingsError`."""
    found, faults = _read_tables(settings)
    if faults:
        raise faults[0]
    return found


def usable_searches(settings: Settings) -> tuple[dict[str, NamedSearch], tuple[SettingsError, ...]]:
    """As `saved_searches`, without invalid ``[[search]]`` tables, and the errors in those."""
    tables, faults = _read_tables(settings)
    return _saved_in(settings) | tables, faults


def _saved_in(settings: Settings) -> dict[str, NamedSearch]:
    """The searches of the catalogue; none if there is no archive yet."""
    try:
        with Archive.open(settings.root) as archive:
            saved = archive.catalogue.saved_searches.all()
    except NotInArchiveError:
        return {}
    found = {}
    for one in saved:
        try:
            options = SearchOptions(one.query or None, **one.filters)
        except (TypeError, ValueError, AttributeError, UsageError) as error:  # names and values of any kind
            raise DamageError(
                f"the saved search {one.name[:40]!r} is damaged: {error}",
                "remove it by `edgarchive saved remove`, and save it again",
            ) from error
        found[one.name] = NamedSearch(one.name, options, "catalogue")
    return found


def _read_tables(settings: Settings) -> tuple[dict[str, NamedSearch], tuple[SettingsError, ...]]:
    """The valid ``[[search]]`` tables, and the errors in the others."""
    found: dict[str, NamedSearch] = {}
    faults: list[SettingsError] = []
    for number, table in enumerate(settings.search, start=1):
        try:
            search = checked(table.name, table.query or None, table.filters(), source="settings")
        except UsageError as error:
            faults.append(SettingsError(f"[[search]] table {number}: {error.message}", error.hint))
            continue
        if search.name in found:
            faults.append(SettingsError(f"[[search]] table {number}: {search.name} is defined twice", "rename one"))
            continue
        found[search.name] = search
    return found, tuple(faults)


def chosen_searches(all_searches: Mapping[str, NamedSearch], names: tuple[str, ...]) -> list[NamedSearch]:
    """The searches with these names. Raises `UsageError` for an unknown one."""
    for name in names:
        if name not in all_searches:
            raise _unknown(name, list(all_searches))
    return [all_searches[name] for name in dict.fromkeys(names)]


def run_search(settings: Settings, name: str, *, limit: int | None = 10) -> Results:
    """The hits of a saved search in the whole archive. Raises as `Library.search`, `UsageError`."""
    search = chosen_searches(saved_searches(settings), (name,))[0]
    with Library(settings=settings) as library:
        return library.run(search.options.replace(limit=limit)).materialize()


def _unknown(name: str, known: list[str]) -> UsageError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = "`edgarchive saved list` names them" if known else "`edgarchive saved add` saves one"
    hint = f"did you mean {near[0]}?" if near else hint
    return UsageError(f"there is no saved search {name[:40]!r}", hint)
