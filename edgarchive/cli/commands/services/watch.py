"""``edgarchive watch``: follow new filings as EDGAR publishes them."""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from archiver.errors import UsageError
from archiver.events import event
from archiver.identifiers import parse_date_span
from archiver.selection.cik_file import read_ciks
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from edgarchive.cli.arguments.completion import complete_saved
from edgarchive.cli.options import Ciks, Forms, Tickers, common
from edgarchive.cli.output import human_moment, plural
from edgarchive.watching.delivering import Deliverer, send_test
from edgarchive.watching.run import watch as watch_feed
from edgarchive.watching.searches import NamedSearch, chosen_searches, saved_searches
from edgarchive.watching.sinks.command import CommandSink
from edgarchive.watching.sinks.mail import Digest, MailServer, MailSink
from edgarchive.watching.sinks.sink import Sink
from edgarchive.watching.sinks.stdout import StdoutSink
from edgarchive.watching.sinks.webhook import WebhookSink
from edgarchive.watching.watcher import PollReport, Watcher

_log = logging.getLogger(__name__)
_notes = logging.getLogger("edgarchive.cli.notes")


def watch(
    context: typer.Context,
    *,
    form: Forms = None,
    cik: Ciks = None,
    ticker: Tickers = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Words of an entity's name, any order.")
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="NAME",
            help="Send alerts only for this saved search.",
            autocompletion=complete_saved,
        ),
    ] = None,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="Seconds between polls.", show_default="60")
    ] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Poll once and exit.")] = False,
    backfill: Annotated[
        str | None, typer.Option(metavar="DATE", help="Also send alerts for filings since DATE not yet stored.")
    ] = None,
    command: Annotated[
        list[str] | None, typer.Option("--exec", metavar="COMMAND", help="Run this for each alert, with JSON on stdin.")
    ] = None,
    webhook: Annotated[list[str] | None, typer.Option(metavar="URL", help="Post each alert here, signed.")] = None,
    mail: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Mail a digest to this address.")] = None,
    digest: Annotated[Digest, typer.Option(metavar="|".join(Digest), help="How often to send mail.")] = Digest.HOURLY,
    test: Annotated[bool, typer.Option("--test", help="Send a made-up alert to each receiver now, and exit.")] = False,
) -> int:
    """Watch EDGAR's feed of current filings: fetch and index new filings, and send alerts.

    Alerts go to stdout, one JSON object per line, unless --exec, --webhook or --mail is given. Without --form, --cik,
    --ticker and --name, the [[select]] tables of the settings file say what to watch. On its first start, watch sends
    alerts only for filings published from then on. Nothing is lost if it is stopped or killed.
    """
    settings = common(context).settings()
    sinks = _sinks(settings, command or [], webhook or [], mail or [], digest)
    if test:
        asyncio.run(send_test(sinks, now=datetime.now(UTC)))
        return 0
    selection = Selection(form, cik=read_ciks(cik) if cik else None, ticker=ticker, name=name)
    selections = [selection] if selection != Selection() else list(settings.selections())
    if not selections:
        raise UsageError(
            "nothing is selected",
            "name forms, CIKs, tickers or names (--form '*': all filings), or write [[select]] tables into the settings"
            " file",
        )
    searches = chosen_searches(saved_searches(settings), tuple(search)) if search else None
    since = parse_date_span(backfill)[0] if backfill else None
    asyncio.run(_watch(settings, selections, searches, sinks, since, every=every, once=once))
    return 0


def _sinks(
    settings: Settings, commands: list[str], webhooks: list[str], addresses: list[str], digest: Digest
) -> list[Sink]:
    secret = settings.webhook_secret.reveal() if settings.webhook_secret else None
    password = settings.smtp_password.reveal() if settings.smtp_password else None
    server = None
    if settings.smtp_host is not None:
        server = MailServer(
            settings.smtp_host, settings.smtp_port, settings.smtp_user, password, plain=settings.smtp_plain
        )
    sinks: list[Sink] = [
        *(CommandSink(one) for one in commands),
        *(WebhookSink(one, secret=secret, allow_private=settings.allow_private_webhooks) for one in webhooks),
        *(MailSink(one, sender=settings.mail_from, server=server, digest=digest) for one in addresses),
    ]
    return sinks or [StdoutSink()]


class _Polls:
    """Logs of each poll what matters to a person: that the watch has begun, and what is new."""

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._polls = 0

    def __call__(self, report: PollReport) -> None:
        """Log the result of the next poll."""
        self._polls += 1
        is_start = report.is_first and not report.alerts
        if is_start or (self._polls == 1 and not self._once):
            alerts = "begin with the next filing" if is_start else "continue"
            _notes.info("watching: alerts %s", alerts, extra=event("watching", pages=report.pages))
        if (self._once and not is_start) or report.new or report.alerts:
            facts = event("polled", new=report.new, stored=report.stored, alerts=report.alerts, pending=report.pending)
            logger = _notes if self._once else _log
            logger.info("%s, %s", plural(report.new, "new filing"), plural(report.alerts, "alert"), extra=facts)


async def _watch(
    settings: Settings,
    selections: list[Selection],
    searches: list[NamedSearch] | None,
    sinks: list[Sink],
    since: date | None,
    *,
    every: float,
    once: bool,
) -> None:
    stop = asyncio.Event()
    if not once:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    deliverer = Deliverer(settings, sinks)
    async with Watcher(settings, selections, searches=searches, sinks=sinks, backfill=since) as watcher:
        report = await watch_feed(watcher, deliverer, every_s=every, once=once, on_poll=_Polls(once=once), stop=stop)
    if report is not None and report.alerts:
        for sink in sinks:
            if isinstance(sink, MailSink):
                ready = sink.ready_at(datetime.now(UTC))
                facts = event("mail-waits", until=ready.isoformat())
                _notes.info("mail will be sent by the first run after %s", human_moment(ready), extra=facts)
