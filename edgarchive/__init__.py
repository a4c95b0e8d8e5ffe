"""A true local copy of SEC EDGAR submissions, and full-text search inside them.

These names are the library; everything else may move.
"""

from archiver.errors import (
    AbsentError,
    ArchiveFormatError,
    BlockedError,
    DamagedBodyError,
    DamageError,
    EdgarchiveError,
    EdgarError,
    FetchError,
    IdentifierError,
    IndexMissingError,
    LockedError,
    NotInArchiveError,
    QueryError,
    SettingsError,
    StorageError,
    TooLargeError,
    TroubleError,
    UnreachableError,
    UnreadableSubmissionError,
    UsageError,
)
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.reports import DryRun, SyncFailure, SyncReport
from archiver.selection import Selection
from archiver.settings import Settings
from edgarchive.mirror import Mirror, sync_archive
from indexer.engine import FacetCount
from indexer.entries import HitEntity
from indexer.header import Entity, SubmissionHeader
from indexer.library import AsyncLibrary, Library
from indexer.results import Hit, HitDocument, Results
from indexer.submission import Document, Submission

__all__ = [
    "AbsentError",
    "AccessionNumber",
    "ArchiveFormatError",
    "AsyncLibrary",
    "BlockedError",
    "Cik",
    "DamageError",
    "DamagedBodyError",
    "Document",
    "DryRun",
    "EdgarError",
    "EdgarchiveError",
    "Entity",
    "FacetCount",
    "FetchError",
    "FormType",
    "Hit",
    "HitDocument",
    "HitEntity",
    "IdentifierError",
    "IndexMissingError",
    "Library",
    "LockedError",
    "Mirror",
    "NotInArchiveError",
    "QueryError",
    "Results",
    "Selection",
    "Settings",
    "SettingsError",
    "StorageError",
    "Submission",
    "SubmissionHeader",
    "SyncFailure",
    "SyncReport",
    "TooLargeError",
    "TroubleError",
    "UnreachableError",
    "UnreadableSubmissionError",
    "UsageError",
    "sync_archive",
]
