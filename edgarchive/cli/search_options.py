"""The search options, shared by every verb that searches."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args

import typer
from typer.models import ArgumentInfo

from archiver.selection.cik_file import read_ciks
from edgarchive.cli.arguments.completion import complete_section
from edgarchive.cli.options import Ciks, Forms, Since, Tickers, Until
from indexer.engine import Sort
from indexer.query.scopes.filings import Unit
from indexer.search.options import SearchOptions


def _what(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY", help="Words, phrases and fields; see `edgarchive help query`.", show_default=False
        ),
    ] = None,
    *,
    cik: Ciks = None,
    ticker: Tickers = None,
    form: Forms = None,
    item: Annotated[list[str] | None, typer.Option(metavar="I", help="8-K item: 5.02, legacy 5, '5.*'.")] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Words of a name, current or former, any order.")
    ] = None,
    doctype: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="DOCTYPE", help="Document type; EX-10 includes EX-10.1; globs."),
    ] = None,
    section: Annotated[
        list[str] | None,
        typer.Option(
            metavar="S",
            help="Section that contains the words: 1A, 'II 1A', 5.02, mda.",
            autocompletion=complete_section,
        ),
    ] = None,
    series: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="A fund's series or class: name, id or ticker.")
    ] = None,
    sic: Annotated[list[str] | None, typer.Option(metavar="N", help="SIC code of any entity, globs ('73*').")] = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar="XX", help="State of incorporation, as EDGAR's code or by name.")
    ] = None,
    main: Annotated[
        bool, typer.Option("--main", help="Only main documents, without exhibits, images and data.")
    ] = False,
    exhibits: Annotated[bool, typer.Option("--exhibits", help="Only exhibits (document types EX-…).")] = False,
    amendments: Annotated[
        bool | None,
        typer.Option("--amendments/--no-amendments", help="Only amendments (forms …/A), or none.", show_default=False),
    ] = None,
    since: Since = None,
    until: Until = None,
    added_since: Annotated[
        str | None, typer.Option(metavar="DATE|RUN", help="Added to the archive since this day, UTC time or run.")
    ] = None,
    stem: Annotated[bool, typer.Option("--stem", help="Also match words with the same English stem.")] = False,
    within: Annotated[
        Unit, typer.Option(metavar="|".join(get_args(Unit)), help="All words must occur in one document or filing.")
    ] = "document",
) -> None:
    """What to search for."""


def _which(
    *,
    documents: Annotated[bool, typer.Option("--documents", help="One hit per document, not per filing.")] = False,
    sort: Annotated[
        Sort | None,
        typer.Option(
            metavar="|".join(get_args(Sort)), help="Order of the hits.", show_default="relevance; newest without QUERY"
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--limit",
            metavar="N",
            min=0,
            help="Maximum number of hits (0: count only).",
            show_default="10; all for csv, jsonl, xlsx, accessions",
        ),
    ] = None,
    offset: Annotated[int, typer.Option(metavar="N", min=0, help="Skip this many hits.")] = 0,
    no_snippets: Annotated[bool, typer.Option("--no-snippets", help="Leave out the snippets (faster).")] = False,
    passages: Annotated[
        int, typer.Option(metavar="N", min=0, help="Show the N best passages of each hit.", show_default=False)
    ] = 0,
    context_words: Annotated[
        int | None,
        typer.Option("--context", metavar="WORDS", min=0, help="Words to show on each side of a match."),
    ] = None,
) -> None:
    """Which of the hits, and in what order."""


def takes_search(*, pages: bool = True) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the search options; it gets them as the argument `options`, a `SearchOptions`.

    Without `pages`, options that choose among hits are left out, and all hits are wanted. A limit that was not given is
    None; the command decides what that means.
    """

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        shared = [*_parameters(_what), *(_parameters(_which) if pages else ())]

        @functools.wraps(command)
        def call(**values: Any) -> int:
            given = {parameter.name: values.pop(parameter.name) for parameter in shared}
            return command(options=_options(given), **values)

        signature = inspect.signature(command, eval_str=True)
        own = [
            parameter.replace(kind=parameter.KEYWORD_ONLY)
            for parameter in signature.parameters.values()
            if parameter.name not in {"context", "options"}
        ]
        arguments = [one for one in own if _is_argument(one)]  # they come before QUERY
        rest = [one for one in own if not _is_argument(one)]
        context = signature.parameters["context"].replace(kind=inspect.Parameter.KEYWORD_ONLY)
        every = [context, *arguments, *(one.replace(kind=one.KEYWORD_ONLY) for one in shared), *rest]
        call.__signature__ = signature.replace(parameters=every)  # type: ignore[attr-defined]  # typer reads it
        call.__annotations__ = {one.name: one.annotation for one in every}
        return call

    return decorate


def _is_argument(parameter: inspect.Parameter) -> bool:
    return any(isinstance(one, ArgumentInfo) for one in getattr(parameter.annotation, "__metadata__", ()))


def _parameters(template: Callable[..., None]) -> list[inspect.Parameter]:
    return list(inspect.signature(template, eval_str=True).parameters.values())


def _options(given: dict[str, Any]) -> SearchOptions:
    given["type"] = given.pop("doctype")
    given["cik"] = None if given["cik"] is None else read_ciks(given["cik"])
    given["snippets"] = not given.pop("no_snippets", False)
    given.setdefault("limit", None)
    return SearchOptions(**given)
