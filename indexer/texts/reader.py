"""Reading texts from the text store, or else by parsing the submission."""

from __future__ import annotations

from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from indexer.texts.model import StoredSubmission, extract, with_fallback
from indexer.texts.store import TextStore


class TextReader:
    """Submissions with their texts and sections. Several threads may use one.

    The results are the same for an archive without texts or with outdated ones, but slower.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.store = TextStore.open(archive.root)

    def submission(self, accession: AccessionNumber) -> StoredSubmission:
        """The submission `accession`. Raises `NotInArchiveError`, `DamageError`."""
        sha256 = self._archive.record(accession).sha256
        stored = self.store.submission(accession, sha256=sha256)
        if stored is None:
            return self._parsed(accession, sha256)
        return with_fallback(stored, lambda: self._parsed(accession, sha256))

    def close(self) -> None:
        """Close the text store; the archive stays open."""
        self.store.close()

    def _parsed(self, accession: AccessionNumber, sha256: str) -> StoredSubmission:
        from indexer.submission.submission import parse_submission  # noqa: PLC0415 — a parser: kept texts need none

        return extract(parse_submission(self._archive.read(accession), accession=accession), sha256=sha256)
