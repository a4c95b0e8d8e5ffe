"""Adding thousands of submissions: checked and packed in threads, made durable in groups.

For the Feed and for imports. One thread reads; other threads pack small submissions, while large ones are packed as
they are read, so that memory use is constant. Files are renamed only after a sync of their whole group, and rows are
written only after the names are durable.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import Self

from archiver.catalogue.records import CatalogueRecord
from archiver.checks.body import BodyFacts, BodyReader, submission_in
from archiver.checks.header_facts import HeaderFacts
from archiver.errors import DamagedBodyError, DamageError, EdgarchiveError, FetchError, TooLargeError
from archiver.events import event
from archiver.intake.records import new_record, ref_of
from archiver.intake.refused import forget_refused, keep_refused_body
from archiver.intake.single import whole_orphan
from archiver.planning.plan import Outcome
from archiver.runtime.paths import exists
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.durable import create_temporary, publish_together, storage_errors
from archiver.store.packing import Packer

_log = logging.getLogger(__name__)

SMALL_BYTES = 8 << 20
"""A submission up to this size is packed by another thread, a larger one while it is read."""
_GROUP_FILES = 512
_GROUP_BYTES = 256 << 20

OnOutcome = Callable[[HeaderFacts, "IntakeResult"], None]


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """The outcome for one submission: stored, with its decoded bytes, or failed, with the error."""

    outcome: Outcome
    size: int = 0
    error: FetchError | DamageError | None = None


@dataclass(frozen=True, slots=True)
class _Packed:
    facts: HeaderFacts
    body: BodyFacts
    temporary: Path
    stored_bytes: int


class BulkIntake:
    """Adds submissions to `archive`; `settled` is called with each outcome, in the thread that calls `take`.

    `source` and `url` go into the rows. A context manager: leaving it without an error completes all submissions.
    Raises `StorageError`.
    """

    def __init__(
        self,
        archive: Archive,
        settled: OnOutcome,
        *,
        source: str,
        jobs: int,
        max_bytes: int,
        url: str | None = None,
    ) -> None:
        self._archive = archive
        self._settled = settled
        self._source = source
        self._url = url
        self._max_bytes = max_bytes
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="pack")
        self._most_waiting = 4 * jobs
        self._waiting: list[tuple[HeaderFacts, Future[_Packed]]] = []
        self._group: list[_Packed] = []
        self._named: set[str] = set()

    def has(self, facts: HeaderFacts) -> bool:
        """Whether the archive has the submission: row and file, or, after a kill, a complete file without a row."""
        if facts.accession in self._named:
            self.flush()
        if self._archive.kept([facts.accession]):
            return True
        orphan = whole_orphan(self._archive, facts.accession)
        if orphan is not None:
            size = self._archive.layout.submission(facts.accession).stat().st_size
            self._archive.catalogue.add(self._record(facts, orphan, stored_bytes=size))
        return orphan is not None

    def take(self, facts: HeaderFacts, chunks: Iterator[bytes]) -> None:
        """Add a submission that the archive lacks; its header has `facts`, and `chunks` are all its bytes.

        What `chunks` raises is raised, and the submission is then not added.
        """
        small: list[bytes] = []
        size = 0
        for chunk in chunks:
            small.append(chunk)
            size += len(chunk)
            if size > SMALL_BYTES:
                self._take_large(facts, chain(small, chunks))
                break
        else:
            self._named.add(facts.accession)
            self._waiting.append((facts, self._threads.submit(self._pack, facts, small)))
        while len(self._waiting) >= self._most_waiting:
            self._collect()
        if len(self._group) >= _GROUP_FILES or sum(packed.stored_bytes for packed in self._group) >= _GROUP_BYTES:
            self._publish()

    def _take_large(self, facts: HeaderFacts, chunks: Iterator[bytes]) -> None:
        """Pack a submission while it is read."""
        broken: list[EdgarchiveError] = []

        def noted() -> Iterator[bytes]:
            try:
                yield from chunks
            except EdgarchiveError as error:
                broken.append(error)
                raise

        try:
            packed = self._pack(facts, noted())
        except (FetchError, DamageError) as error:
            if broken:  # its source has failed, not the submission
                raise
            self._fail(facts, error)
        else:
            self._named.add(facts.accession)
            self._waiting.append((facts, _done(packed)))

    def _pack(self, facts: HeaderFacts, chunks: Iterable[bytes]) -> _Packed:
        """Check a submission and pack it into a temporary file that is not synced yet."""
        reader, packer = BodyReader(facts.accession, md5=False), Packer()
        folder, stored = self._archive.layout.incoming, 0
        with storage_errors(folder):
            descriptor, path = create_temporary(folder, stem=facts.accession)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for chunk in chunks:
                    reader.feed(chunk)
                    if reader.size > self._max_bytes:
                        raise TooLargeError(
                            f"the body has more than {self._max_bytes} bytes", "raise max_submission_bytes to allow it"
                        )
                    with storage_errors(folder):
                        stored += _write_all(file, packer.pack(chunk))
                with storage_errors(folder):
                    stored += _write_all(file, packer.finish())
            body = reader.facts()
            if fault := body.fault(etag_md5=None):
                keep_refused_body(self._archive, path)
                raise DamagedBodyError(fault)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _Packed(facts, body, path, stored)

    def _collect(self) -> None:
        """Wait for the oldest submission."""
        facts, future = self._waiting.pop(0)
        try:
            self._group.append(future.result())
        except (FetchError, DamageError) as error:
            self._fail(facts, error)

    def _fail(self, facts: HeaderFacts, error: FetchError | DamageError) -> None:
        self._named.discard(facts.accession)
        self._settled(facts, IntakeResult(Outcome.FAILED, error=error))

    def _drain(self) -> None:
        while self._waiting:
            self._collect()

    def _publish(self) -> None:
        """Make the group durable: bytes, names, rows, in this order."""
        group, self._group = self._group, []
        places = [(packed.temporary, self._archive.layout.submission(packed.facts.accession)) for packed in group]
        for packed, (_, place) in zip(group, places, strict=True):
            if exists(place):  # a file that nothing proves whole
                holds = submission_in(place) or packed.facts.accession
                self._archive.quarantine(place, self._archive.unused_aside(holds).name)
        publish_together(places)
        self._archive.catalogue.add(
            *(self._record(packed.facts, packed.body, stored_bytes=packed.stored_bytes) for packed in group)
        )
        for packed in group:
            self._named.discard(packed.facts.accession)
            forget_refused(self._archive, packed.facts.accession)
            accession, size = packed.facts.accession, packed.body.size
            facts = event("stored", accession=accession, form=packed.facts.form, bytes=size, source=self._source)
            _log.info("%s is stored, %d bytes", accession, size, extra=facts)
            self._settled(packed.facts, IntakeResult(Outcome.STORED, size=packed.body.size))

    def _record(self, facts: HeaderFacts, body: BodyFacts, *, stored_bytes: int) -> CatalogueRecord:
        return new_record(
            ref_of(facts),
            body,
            stored_bytes=stored_bytes,
            source=self._source,
            moment=datetime.now(UTC),
            run=self._archive.run,
            url=self._url,
        )

    def flush(self) -> None:
        """Complete everything taken so far."""
        self._drain()
        self._publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self.flush()
        finally:
            self._threads.shutdown(wait=True, cancel_futures=True)


def _write_all(file: FileIO, data: bytes) -> int:
    """Write all of `data`; returns its length. Unbuffered: closing a buffer would retry a failed write."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    return len(data)


def _done(packed: _Packed) -> Future[_Packed]:
    future: Future[_Packed] = Future()
    future.set_result(packed)
    return future
