"""A local copy of SEC EDGAR submissions, and full-text search in it.

These names are the public library; everything else may change. Each is loaded when first used, so that a search does
not wait for the imports of a sync.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

    from archiver.audit.findings import Finding
    from archiver.catalogue.runs import Run
    from archiver.errors import (
        AbsentError,
        ArchiveFormatError,
        BlockedError,
        ConflictError,
        DamagedBodyError,
        DamageError,
        EdgarchiveError,
        EdgarError,
        FetchError,
        IdentifierError,
        IndexMissingError,
        IndexServerError,
        LockedError,
        NotInArchiveError,
        QueryError,
        QueryTimeoutError,
        RunCancelledError,
        SettingsError,
        StorageError,
        TooLargeError,
        TroubleError,
        UnreachableError,
        UnreadableSubmissionError,
        UsageError,
        WorkerDiedError,
    )
    from archiver.identifiers import AccessionNumber, Cik, FormType
    from archiver.reports import DryRun, FeedEstimate, ImportReport, SkippedFile, SyncFailure, SyncReport
    from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate
    from archiver.selection.selection import Selection
    from archiver.settings.settings import Settings
    from archiver.sync.last_sync import SyncState
    from edgarchive.cli.progress import ProgressBar
    from edgarchive.exporting.run import ExportReport, export
    from edgarchive.extract.extract import ExtractedFile, ExtractedFiling, ExtractReport, extract_filings
    from edgarchive.importing import import_submissions
    from edgarchive.indexing import index_archive
    from edgarchive.mcp_server.start import create_mcp_server
    from edgarchive.mirror import Mirror, sync_archive
    from edgarchive.verifying import VerifyReport, acknowledge_signatures, repair_archive, verify_archive
    from edgarchive.watching.delivering import Deliverer
    from edgarchive.watching.run import watch
    from edgarchive.watching.searches import NamedSearch, remove_search, run_search, save_search, saved_searches
    from edgarchive.watching.sinks.command import CommandSink
    from edgarchive.watching.sinks.mail import MailServer, MailSink
    from edgarchive.watching.sinks.stdout import StdoutSink
    from edgarchive.watching.sinks.webhook import WebhookSink
    from edgarchive.watching.watcher import PollReport, Watcher
    from edgarchive.web.app import create_app
    from indexer.archive.journal import StoredRecord
    from indexer.engine import FacetCount
    from indexer.entries import HitEntity
    from indexer.passages.cutting import Snippet
    from indexer.passages.excerpts import HitSection
    from indexer.search.async_library import AsyncLibrary
    from indexer.search.diagnosis.model import Alternative, Diagnosis, EmptySpan, FilterCount, PartCount, UnknownValue
    from indexer.search.hits import Hit, HitDocument
    from indexer.search.library import Library
    from indexer.search.options import SearchOptions
    from indexer.search.pairs import Match, Pair, PairMatches, match_pairs, read_pairs
    from indexer.search.records import FormYear, OtherVersion, Record, Status
    from indexer.search.results import Results, YearCount
    from indexer.section_rows import SectionRows
    from indexer.sections.sections import Section
    from indexer.submission.header import Entity, SubmissionHeader
    from indexer.submission.submission import Document, Submission
    from indexer.update.batches import IndexFailure
    from indexer.update.run import IndexReport

__all__ = [
    "AbsentError",
    "AccessionNumber",
    "Alternative",
    "ArchiveFormatError",
    "AsyncLibrary",
    "BlockedError",
    "CancelToken",
    "Cik",
    "CommandSink",
    "ConflictError",
    "DamageError",
    "DamagedBodyError",
    "Deliverer",
    "Diagnosis",
    "Document",
    "DryRun",
    "EdgarError",
    "EdgarchiveError",
    "EmptySpan",
    "Entity",
    "ExportReport",
    "ExtractReport",
    "ExtractedFile",
    "ExtractedFiling",
    "FacetCount",
    "FeedEstimate",
    "FetchError",
    "FilterCount",
    "Finding",
    "FormType",
    "FormYear",
    "Hit",
    "HitDocument",
    "HitEntity",
    "HitSection",
    "IdentifierError",
    "ImportReport",
    "IndexFailure",
    "IndexMissingError",
    "IndexReport",
    "IndexServerError",
    "Library",
    "LockedError",
    "MailServer",
    "MailSink",
    "Match",
    "Mirror",
    "NamedSearch",
    "NotInArchiveError",
    "OtherVersion",
    "Pair",
    "PairMatches",
    "PartCount",
    "PollReport",
    "Progress",
    "ProgressBar",
    "ProgressUpdate",
    "QueryError",
    "QueryTimeoutError",
    "Record",
    "Results",
    "Run",
    "RunCancelledError",
    "SearchOptions",
    "Section",
    "SectionRows",
    "Selection",
    "Settings",
    "SettingsError",
    "SkippedFile",
    "Snippet",
    "Status",
    "StdoutSink",
    "StorageError",
    "StoredRecord",
    "Submission",
    "SubmissionHeader",
    "SyncFailure",
    "SyncReport",
    "SyncState",
    "TooLargeError",
    "TroubleError",
    "UnknownValue",
    "UnreachableError",
    "UnreadableSubmissionError",
    "UsageError",
    "VerifyReport",
    "Watcher",
    "WebhookSink",
    "WorkerDiedError",
    "YearCount",
    "acknowledge_signatures",
    "create_app",
    "create_mcp_server",
    "export",
    "extract_filings",
    "import_submissions",
    "index_archive",
    "match_pairs",
    "read_pairs",
    "remove_search",
    "repair_archive",
    "run_search",
    "save_search",
    "saved_searches",
    "sync_archive",
    "verify_archive",
    "watch",
]

_HOMES = {
    "archiver.catalogue.runs": ("Run",),
    "archiver.errors": (
        "AbsentError",
        "ArchiveFormatError",
        "BlockedError",
        "ConflictError",
        "DamageError",
        "DamagedBodyError",
        "EdgarError",
        "EdgarchiveError",
        "FetchError",
        "IdentifierError",
        "IndexMissingError",
        "IndexServerError",
        "LockedError",
        "NotInArchiveError",
        "QueryError",
        "QueryTimeoutError",
        "RunCancelledError",
        "SettingsError",
        "StorageError",
        "TooLargeError",
        "TroubleError",
        "UnreachableError",
        "UnreadableSubmissionError",
        "UsageError",
        "WorkerDiedError",
    ),
    "archiver.identifiers": (
        "AccessionNumber",
        "Cik",
        "FormType",
    ),
    "archiver.runtime.progress": (
        "CancelToken",
        "Progress",
        "ProgressUpdate",
    ),
    "archiver.reports": (
        "DryRun",
        "FeedEstimate",
        "ImportReport",
        "SkippedFile",
        "SyncFailure",
        "SyncReport",
    ),
    "archiver.selection.selection": ("Selection",),
    "archiver.settings.settings": ("Settings",),
    "archiver.audit.findings": ("Finding",),
    "archiver.sync.last_sync": ("SyncState",),
    "edgarchive.cli.progress": ("ProgressBar",),
    "edgarchive.exporting.run": ("ExportReport", "export"),
    "edgarchive.extract.extract": (
        "ExtractReport",
        "ExtractedFile",
        "ExtractedFiling",
        "extract_filings",
    ),
    "edgarchive.watching.watcher": ("PollReport", "Watcher"),
    "edgarchive.watching.searches": ("NamedSearch", "remove_search", "run_search", "save_search", "saved_searches"),
    "edgarchive.watching.run": ("watch",),
    "edgarchive.watching.delivering": ("Deliverer",),
    "indexer.archive.journal": ("StoredRecord",),
    "edgarchive.watching.sinks.command": ("CommandSink",),
    "edgarchive.watching.sinks.mail": ("MailServer", "MailSink"),
    "edgarchive.watching.sinks.stdout": ("StdoutSink",),
    "edgarchive.watching.sinks.webhook": ("WebhookSink",),
    "edgarchive.importing": ("import_submissions",),
    "edgarchive.indexing": ("index_archive",),
    "edgarchive.mcp_server.start": ("create_mcp_server",),
    "edgarchive.mirror": (
        "Mirror",
        "sync_archive",
    ),
    "edgarchive.verifying": (
        "VerifyReport",
        "acknowledge_signatures",
        "repair_archive",
        "verify_archive",
    ),
    "edgarchive.web.app": ("create_app",),
    "indexer.engine": ("FacetCount",),
    "indexer.entries": ("HitEntity",),
    "indexer.submission.header": (
        "Entity",
        "SubmissionHeader",
    ),
    "indexer.search.async_library": ("AsyncLibrary",),
    "indexer.search.diagnosis.model": (
        "Alternative",
        "Diagnosis",
        "EmptySpan",
        "FilterCount",
        "PartCount",
        "UnknownValue",
    ),
    "indexer.search.hits": (
        "Hit",
        "HitDocument",
    ),
    "indexer.search.library": ("Library",),
    "indexer.search.options": ("SearchOptions",),
    "indexer.search.pairs": (
        "Match",
        "Pair",
        "PairMatches",
        "match_pairs",
        "read_pairs",
    ),
    "indexer.search.records": (
        "FormYear",
        "OtherVersion",
        "Record",
        "Status",
    ),
    "indexer.search.results": (
        "Results",
        "YearCount",
    ),
    "indexer.passages.excerpts": ("HitSection",),
    "indexer.passages.cutting": ("Snippet",),
    "indexer.section_rows": ("SectionRows",),
    "indexer.sections.sections": ("Section",),
    "indexer.submission.submission": (
        "Document",
        "Submission",
    ),
    "indexer.update.batches": ("IndexFailure",),
    "indexer.update.run": ("IndexReport",),
}
"""The module that defines each name."""


def __getattr__(name: str) -> object:
    """A public name, loaded; or ``__version__``."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("edgarchive")
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(importlib.import_module(home), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
