"""Adding one body to the archive: checked while it streams, published only when it is complete."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import UTC, datetime

from archiver.catalogue.records import CatalogueRecord, VersionRecord, older_version
from archiver.checks.body import BodyFacts, BodyReader, read_facts, submission_in
from archiver.edgar.client import Answer
from archiver.errors import DamagedBodyError, DamageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.intake.records import new_record
from archiver.intake.refused import keep_refused_body
from archiver.planning.plan import SubmissionRef
from archiver.runtime.paths import is_taken
from archiver.store.archive import Archive
from archiver.store.durable import add_name, write_file_durably
from archiver.store.incoming import IncomingFile
from archiver.store.packing import Packer, pack

_log = logging.getLogger(__name__)


async def take_answer(
    archive: Archive, ref: SubmissionRef, answer: Answer, *, url: str, older: CatalogueRecord | None = None
) -> CatalogueRecord:
    """Stream an open response into the archive and return its row, which the caller adds to the catalogue.

    `url` is the requested address, not the target of a redirect, which a server could choose freely. `older` is the row
    of a stored submission to be replaced: it is kept beside the new file unless the bytes are the same.

    Received gzip is stored unchanged; anything else is packed here. A body that fails a check goes to the quarantine.
    Raises `DamagedBodyError`, and the errors of reading the response and writing the file.
    """
    reader = BodyReader(ref.accession)
    packer = None if answer.is_gzip else Packer()
    final = archive.layout.submission(ref.accession)
    async with IncomingFile(archive.layout.incoming, stem=ref.accession) as file:
        async for chunk in answer:
            reader.feed(chunk.decoded)
            await file.write(packer.pack(chunk.decoded) if packer else chunk.received)
        if packer:
            await file.write(packer.finish())
        facts = reader.facts()
        if fault := facts.fault(etag_md5=answer.etag_md5):
            await file.move(lambda path: keep_refused_body(archive, path))
            raise DamagedBodyError(fault)

        def record(stored_bytes: int) -> CatalogueRecord:
            return new_record(
                ref,
                facts,
                stored_bytes=stored_bytes,
                source="index",
                moment=datetime.now(UTC),
                run=archive.run,
                url=url,
                etag_md5=answer.etag_md5,
            )

        if older is not None and older.sha256 == facts.sha256:
            return record(older.stored_bytes)
        if older is None:
            await file.move(lambda path: archive.supersede(path, ref.accession, number_in=submission_in))
        else:
            beside = archive.layout.version_path(ref.accession, older.sha256)
            await asyncio.to_thread(add_name, final, beside, through=archive.layout.incoming)
            archive.catalogue.add_version(older_version(older))
            # otherwise a power failure may leave bytes without their row
            await asyncio.to_thread(archive.catalogue.make_durable)
            await file.publish_over(final)
        return record(file.size)


async def take_orphan(archive: Archive, ref: SubmissionRef, *, url: str) -> CatalogueRecord | None:
    """The row of a submission whose file exists without a row in the catalogue; otherwise None.

    A run killed between the two leaves such a file.
    """
    final = archive.layout.submission(ref.accession)
    facts = await asyncio.to_thread(whole_orphan, archive, ref.accession)
    if facts is None:
        return None
    return new_record(
        ref,
        facts,
        stored_bytes=final.stat().st_size,
        source="index",
        moment=datetime.now(UTC),
        run=archive.run,
        url=url,
    )


def whole_orphan(archive: Archive, accession: AccessionNumber) -> BodyFacts | None:
    """The facts of a file in its location without a valid row, if its own bytes prove it whole; otherwise None.

    One that cannot be read goes to the quarantine. One that only EDGAR's checksum can prove whole stays in its place
    until `Archive.supersede`. Raises `StorageError`.
    """
    final = archive.layout.submission(accession)
    if not is_taken(final):
        return None
    try:
        facts = read_facts(final, accession)
    except DamageError as error:
        facts_of_it = event("quarantined", accession=accession, reason=error.message)
        _log.warning("%s had no catalogue row and is damaged: %s", accession, error.message, extra=facts_of_it)
        archive.quarantine(final, final.name)
        return None
    return None if facts.fault(etag_md5=None) else facts


def store_version(
    archive: Archive, accession: AccessionNumber, data: bytes, *, kind: str, source: str, url: str
) -> None:
    """Store other bytes of a submission beside it, durably, with their row. Raises `StorageError`."""
    digest, packed = hashlib.sha256(data).hexdigest(), pack(data)
    write_file_durably(archive.layout.version_path(accession, digest), packed, through=archive.layout.incoming)
    now = datetime.now(UTC)
    archive.catalogue.add_version(
        VersionRecord(accession, digest, kind, source, url, len(data), len(packed), now, archive.run)
    )
