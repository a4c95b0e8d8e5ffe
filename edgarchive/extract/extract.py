"""Extracting documents as filed, one folder per filing, so that HTML finds its images."""

from __future__ import annotations

import contextlib
import fcntl
import fnmatch
import hashlib
import html
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archiver.errors import EdgarchiveError, StorageError, UnreadableSubmissionError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists, is_dir, is_symlink
from archiver.startup.dataclass import dataclass
from archiver.store.durable import (
    fsync_directory,
    make_directories,
    remove_folder,
    storage_errors,
    sync_together,
    write_file_durably,
)
from archiver.store.layout import require_outside
from archiver.store.locking import lock_at
from archiver.visible import visible
from edgarchive.extract.names import SafeNames
from indexer.search.library import Library
from indexer.submission.submission import Document, Submission

MANIFEST, _VIEW = "manifest.json", ".view.html"
_VIEWER = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{accession}</title>
<style>
body {{ margin: 0; display: flex; height: 100vh; font: 15px system-ui; }}
nav {{ width: 16rem; overflow: auto; }}
iframe {{ flex: 1; border: 0; background: #fff; }}
</style></head>
<body><nav aria-label="Documents"><ul>
{links}
</ul></nav>
<iframe name="document" sandbox src="{source}" title="{title}"></iframe></body></html>
"""
_EXTENSIONS = {"html": ".htm", "xml": ".xml", "pdf": ".pdf", "text": ".txt"}


@dataclass(frozen=True, slots=True)
class ExtractedFile:
    """A document in the folder: its position in the filing, its name and description as filed, and its file.

    `sha256` and `size` are of the file. `error` is why a document could not be decoded; the file then has the bytes as
    they are in the submission.
    """

    sequence: int | None
    type: str
    filename: str | None
    description: str | None
    file: str
    size: int
    sha256: str
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry in the manifest."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ExtractedFiling:
    """A filing's folder. `sha256` is that of the submission; `was_there`: the folder was already complete."""

    accession: AccessionNumber
    folder: Path
    sha256: str
    files: tuple[ExtractedFile, ...]
    was_there: bool

    def to_dict(self) -> dict[str, Any]:
        """The filing as a JSON object."""
        return {
            "accession": str(self.accession),
            "folder": str(self.folder),
            "sha256": self.sha256,
            "files": [file.to_dict() for file in self.files],
        }


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """The result of extracting; `failures` are accession numbers, each with the reason."""

    filings: tuple[ExtractedFiling, ...]
    failures: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "filings": [filing.to_dict() for filing in self.filings],
            "failures": [{"accession": accession, "error": error} for accession, error in self.failures],
        }


def extract_filings(
    library: Library, accessions: Iterable[str], out: str | os.PathLike[str], *, documents: str | None = None
) -> ExtractReport:
    """Extract filings to ``OUT/ACCESSION/``, one after the other; an unreadable one is a failure of its own.

    `documents` is a glob for types or file names, such as ``EX-99*`` or ``*.jpg``. A complete folder is left unchanged,
    so a stopped run can be repeated. Raises `StorageError`, `UsageError`, `IdentifierError`.
    """
    filings, failures = [], []
    for accession in dict.fromkeys(AccessionNumber(one) for one in accessions):
        try:
            filings.append(extract_filing(library, accession, out, documents=documents))
        except EdgarchiveError as error:
            if error.exit_code not in {2, 5}:  # a full disk ends the run, a missing filing does not
                raise
            failures.append((str(accession), error.message))
    return ExtractReport(tuple(filings), tuple(failures))


def extract_filing(
    library: Library, accession: str, out: str | os.PathLike[str], *, documents: str | None = None
) -> ExtractedFiling:
    """Extract the documents of a filing as filed to ``OUT/ACCESSION/``, with a manifest of their names.

    uuencoded documents are decoded, wrappers such as ``<PDF>`` removed. The folder appears when it is complete. Raises
    `NotInArchiveError`, `DamageError`, `UnreadableSubmissionError`, `StorageError`.
    """
    number = AccessionNumber(accession)
    folder = Path(out) / number
    require_outside(library.root, folder)
    sha256 = library.record(number).sha256
    if (found := _read_manifest(folder, sha256, documents)) is not None:
        return ExtractedFiling(number, folder, sha256, found, was_there=True)
    with storage_errors(folder):
        _check_ours(folder)
    submission = library.submission(number)
    temporary = folder.with_name(f".{number}.part")
    with storage_errors(folder), _own_folder(temporary):
        if (found := _read_manifest(folder, sha256, documents)) is not None:  # another process has just made it
            temporary.rmdir()
            return ExtractedFiling(number, folder, sha256, found, was_there=True)
        files = tuple(_write(temporary, submission, documents))
        sync_together(temporary, [temporary / file.file for file in files])
        manifest = {
            "accession": str(number),
            "sha256": sha256,
            "documents": documents,
            "files": [file.to_dict() for file in files],
        }
        write_file_durably(temporary / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n")
        _check_ours(folder)
        _remove(folder)
        temporary.rename(folder)
        fsync_directory(folder.parent)
    return ExtractedFiling(number, folder, sha256, files, was_there=False)


def _check_ours(folder: Path) -> None:
    """Raise `UsageError` if there is something else than a folder of the files that a manifest in it names."""
    if not exists(folder):
        return
    if is_symlink(folder) or not is_dir(folder):
        raise UsageError(f"{folder} is a link or a file", "move it, or choose another --out")
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        ours = {MANIFEST, _VIEW, *(file["file"] for file in manifest["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    others = sorted({path.name for path in folder.iterdir()} - ours)
    if others:
        raise UsageError(
            f"{folder} has something that no extraction wrote: {visible(others[0])}", "move it, or choose another --out"
        )


def _remove(folder: Path) -> None:
    """Remove the folder of a filing, its manifest last: after a kill it still says whose files the others are."""
    if exists(folder):
        for path in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
            path.unlink()
        folder.rmdir()


@contextlib.contextmanager
def _own_folder(path: Path) -> Iterator[None]:
    """Make an empty folder, and wait while another process has it. Raises OSError."""
    make_directories(path.parent)
    descriptor = None
    while descriptor is None:
        descriptor = _locked_folder(path)
    try:
        for left_over in path.iterdir():  # by a kill
            remove_folder(left_over) if is_dir(left_over) and not is_symlink(left_over) else left_over.unlink()
        yield
    finally:
        os.close(descriptor)


def _locked_folder(path: Path) -> int | None:
    """A descriptor that locks the folder, which is made if it is missing; None if it has been moved or removed.

    Raises `UsageError` for a folder of another user, who could lead what is written there elsewhere.
    """
    is_new = False
    with contextlib.suppress(FileExistsError):
        path.mkdir()
        is_new = True
    with contextlib.suppress(FileNotFoundError):
        descriptor = lock_at(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, fcntl.LOCK_EX)
        if descriptor is None or is_new or os.fstat(descriptor).st_uid == os.geteuid():
            return descriptor
        os.close(descriptor)
        raise UsageError(f"{path} belongs to another user", "remove it, or choose another --out")
    return None


def _write_new(path: Path, content: bytes) -> None:
    """Write a new file. Raises `StorageError` if there is one, or a link, which would not be followed."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise StorageError(f"another program writes to {path.parent}", "choose another --out") from None


def _write(folder: Path, submission: Submission, pattern: str | None) -> Iterator[ExtractedFile]:
    names = SafeNames()
    names.take(MANIFEST)
    for position, document in enumerate(submission.documents, start=1):
        if not _is_wanted(document, pattern):
            continue
        number = document.sequence or position
        extension = _EXTENSIONS.get(str(document.kind), ".txt")
        name = names.name(document.filename, fallback=f"document-{number}{extension}")
        try:
            content, error = document.content(), None
        except UnreadableSubmissionError as broken:
            content, error = document.body(), broken.message
        _write_new(folder / name, content)
        yield ExtractedFile(
            sequence=document.sequence,
            type=document.type,
            filename=document.filename,
            description=document.description,
            file=name,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            error=error,
        )


def _is_wanted(document: Document, pattern: str | None) -> bool:
    if pattern is None:
        return True
    named = (document.type, document.filename or "")
    return any(fnmatch.fnmatchcase(text.upper(), pattern.upper()) for text in named)


def _read_manifest(folder: Path, sha256: str, pattern: str | None) -> tuple[ExtractedFile, ...] | None:
    """The files of a complete folder: made from these bytes, with the right sizes. None for any other."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if (manifest["sha256"], manifest["documents"]) != (sha256, pattern):
            return None
        files = tuple(ExtractedFile(**values) for values in manifest["files"])
        whole = all((folder / Path(file.file).name).stat().st_size == file.size for file in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return files if whole else None


def write_viewer(filing: ExtractedFiling, position: int = 0) -> Path:
    """Write a viewer page to the folder: a document in a sandboxed frame, and links to the others.

    Opened from disk, a filer's HTML could otherwise run scripts with the rights of a local file. `position` is that
    of the file to show. Returns the page's path. Raises `UsageError`, `StorageError`.
    """
    if not filing.files:
        raise UsageError(f"{filing.accession} has no documents", "`edgarchive show --raw` prints all of it")
    shown = filing.files[position]
    links = "\n".join(map(_link, filing.files))
    page = _VIEWER.format(
        accession=filing.accession, links=links, source=quote(shown.file), title=html.escape(visible(shown.type))
    )
    path = filing.folder / _VIEW
    with storage_errors(path):
        path.write_text(page, encoding="utf-8")
    return path


def _link(file: ExtractedFile) -> str:
    name = html.escape(visible(f"{file.type} {file.filename or file.file}"))
    about = f"<br><small>{html.escape(visible(file.description))}</small>" if file.description else ""
    return f'<li><a href="{quote(file.file)}" target="document">{name}</a>{about}</li>'
