"""The fuzz targets: for each reader of strange bytes a function that takes any, and what must hold of its answer.

A target ends silently, or with the AssertionError of a broken promise, or with an exception that is none of ours: the
last two are finds. The same targets run under hypothesis, under atheris and in `scripts/bench fuzz`.
"""

from __future__ import annotations

import contextlib
import gzip
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

from yarl import URL

from archiver.checks.envelope import EnvelopeReader
from archiver.checks.header_facts import named_accession, read_header_facts
from archiver.edgar.endpoints import Quarter
from archiver.edgar.pacer import _pace_name
from archiver.edgar.responses import etag_md5, refusal, retry_after_s
from archiver.errors import DamagedBodyError, EdgarchiveError, IdentifierError, UnreadableSubmissionError, UsageError
from archiver.identifiers import AccessionNumber, FormType
from archiver.listings.daily_index import daily_files
from archiver.listings.folders import parse_list
from archiver.listings.master_index import last_day, parse_master_index, unpack_master_index
from archiver.listings.tickers import parse_tickers
from archiver.redaction import quoted
from archiver.settings.settings import Settings
from archiver.streams.chunks import ChunkReader
from archiver.streams.decoding import ContentDecoder, gunzip
from archiver.streams.tar import is_tar, tar_members
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.submission.header import parse_header
from indexer.submission.items import item_codes
from indexer.submission.sgml import outline
from indexer.submission.submission import parse_submission
from indexer.text.html_text import html_text
from indexer.text.uuencode import uudecode, uuencoded_name
from indexer.text.xml_text import xml_text
from tests.paths import CORPUS, INVENTED, ODDITIES

Target = Callable[[bytes], None]
_MOST_LINE_BYTES = 63
"""Of a line of uuencode: blanks at its end may be lost, so one character can stand for all of them."""
_LEAST_GROWTH, _MOST_GROWTH = 256, 40
"""Text that a reader makes of n bytes: at most 256 and 40 n characters."""


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data` cut in places that depend on it alone."""
    at, step = 0, 1 + (len(data) % 7)
    while at < len(data):
        yield data[at : at + step]
        at, step = at + step, step * 3 % 1021 + 1


def _is_bounded(text: str, data: bytes) -> bool:
    return len(text) <= _LEAST_GROWTH + _MOST_GROWTH * len(data)


def header(data: bytes) -> None:
    """A header is read, the same way each time, or refused by the one error."""
    with contextlib.suppress(UnreadableSubmissionError):
        assert parse_header(data) == parse_header(data)


def header_facts(data: bytes) -> None:
    """The facts that place a submission are valid identifiers, and the index rows made of them can be read."""
    with contextlib.suppress(IdentifierError):
        facts = read_header_facts(data)
        assert AccessionNumber(str(facts.accession)) == facts.accession
        assert all(row.accession == facts.accession for row in facts.rows())
    with contextlib.suppress(UnreadableSubmissionError):
        assert named_accession(data) in {None, parse_submission(data).header.accession}


def sgml(data: bytes) -> None:
    """Documents lie one after the other inside the bytes."""
    found, position = outline(data), 0
    for document in found.documents:
        assert position <= document.start <= document.end <= len(data)
        position = document.end


def submission(data: bytes) -> None:
    """Everything of a submission can be asked for; a broken encoding is all that may be said of a document."""
    with contextlib.suppress(UnreadableSubmissionError):
        read = parse_submission(data)
        for document in read.documents:
            assert _is_bounded(document.text(), data)
            assert all(0 <= part.start <= part.end <= len(document.text()) for part in document.sections())
            with contextlib.suppress(UnreadableSubmissionError):
                document.content()


def html(data: bytes) -> None:
    """Text of a bounded length, without the reader's own marks."""
    text = html_text(data)
    assert _is_bounded(text, data)
    assert not {"\x01", "\x02"} & set(text)


def xml(data: bytes) -> None:
    """Text of a bounded length, whatever is defined or nested."""
    assert _is_bounded(xml_text(data), data)


def uuencode(data: bytes) -> None:
    """A line gives 63 bytes at most, and only what has a begin line is decoded."""
    for body in (data, b"begin 644 a\n" + data):
        with contextlib.suppress(ValueError):
            assert len(uudecode(body)) <= _MOST_LINE_BYTES * len(body)
            assert uuencoded_name(body) is not None


def master_index(data: bytes) -> None:
    """Rows are of valid identifiers, whichever way they were read; a body that is none is refused."""
    for body in (data, b"CIK|Company Name|Form Type|Date Filed|Filename\n" + b"-" * 80 + b"\n" + data):
        with contextlib.suppress(DamagedBodyError):
            text = unpack_master_index(body)
            last_day(text, since=date(1993, 1, 1), until=date(9999, 12, 31))
            for row in parse_master_index(text):
                assert AccessionNumber(str(row.accession)) == row.accession
                assert 0 <= row.cik < 10**10
                assert FormType(row.form) == row.form


def lists(data: bytes) -> None:
    """Folder lists and the list of tickers are read or refused; only names of daily files become days."""
    with contextlib.suppress(DamagedBodyError):
        for name in daily_files(parse_list(data).values(), Quarter(2004, 4)):
            assert Quarter.of(name) == Quarter(2004, 4)
    with contextlib.suppress(DamagedBodyError):
        assert all(0 <= cik < 10**10 for cik in parse_tickers(data).values())


def query(data: bytes) -> None:
    """A query is a tree, the same each time, or an error that says where; so is each filter."""
    text = data.decode("utf-8", "replace")
    for stem in (False, True):
        with contextlib.suppress(UsageError):
            assert repr(parse_query(text, stem=stem)) == repr(parse_query(text, stem=stem))
    for filters in (
        Filters(form=[text]),
        Filters(item=[text]),
        Filters(name=[text]),
        Filters(type=[text]),
        Filters(cik=[text]),
    ):
        with contextlib.suppress(UsageError):
            filters.tree()


def settings(data: bytes) -> None:
    """A settings file gives settings that can be used, or one line that says why not."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        read = None
        with contextlib.suppress(UsageError):
            read = Settings(config=Path(file.name))
            read.selections()
    if read is None:
        return
    assert URL(read.base_url).host
    assert "/" not in _pace_name(read.base_url)
    assert not set("\0\n") & set(str(read.root))


def envelope(data: bytes) -> None:
    """The verdict does not depend on how the bytes come."""
    whole, cut = EnvelopeReader(), EnvelopeReader()
    whole.feed(data)
    for piece in _pieces(data):
        cut.feed(piece)
    assert whole.finish() == cut.finish()


def tar(data: bytes) -> None:
    """Members and their content do not depend on how the bytes come, and are no more than came."""
    assert _members([data]) == _members(_pieces(data))
    is_tar(data)


def _members(pieces: object) -> list[tuple[str, int, bool, bytes]]:
    found = []
    total = 0
    with contextlib.suppress(DamagedBodyError):
        for member in tar_members(ChunkReader(pieces), most=50):  # type: ignore[arg-type]
            content = b"".join(member.content)
            total += len(content)
            assert 0 <= len(content) <= member.size
            found.append((member.name, member.size, member.is_file, content))
    return found


def gzip_stream(data: bytes) -> None:
    """What is decoded does not depend on how the bytes come, and is what Python's own reader makes of them."""
    for encoding in ("gzip", "deflate", ""):
        whole, cut = _decoded(encoding, [data]), _decoded(encoding, list(_pieces(data)))
        # ISA-L itself passes over some damage of a gzip header that is cut, so that one of them may be refused alone.
        assert whole == cut or whole is None or cut is None
    with contextlib.suppress(DamagedBodyError, OSError, EOFError, zlib.error):
        ours = b"".join(gunzip([data]))
        assert gzip.decompress(data) == ours


def _decoded(encoding: str, pieces: list[bytes]) -> bytes | None:
    decoder = ContentDecoder(encoding)
    try:
        decoded = b"".join(part for piece in pieces for part in decoder.decode(piece))
        decoder.finish()
    except DamagedBodyError:
        return None
    return decoded


def items(data: bytes) -> None:
    """Every value is a code or unknown, and none is lost but blank ones."""
    values = data.decode("latin-1").splitlines()
    for form in ("8-K", "1-U", "D"):
        found = item_codes(values, form=FormType(form), filing_date=None)
        assert len(found.codes) + len(found.unknown) <= len(values)


def answers(data: bytes) -> None:
    """Whatever a server says, it is taken or refused in one plain line."""
    text = data.decode("latin-1")
    wish = retry_after_s(text)
    assert wish is None or wish >= 0
    assert etag_md5(text) is None or len(text) < 50
    for status in (200, 403, 429, 503):
        error = refusal(status, data, {"Retry-After": text})
        assert error is None or str(error).isprintable()
        assert error is None or isinstance(error, EdgarchiveError)
    assert quoted(text).isprintable()


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.__name__: target
        for target in (
            header,
            header_facts,
            sgml,
            submission,
            html,
            xml,
            uuencode,
            master_index,
            lists,
            query,
            settings,
            envelope,
            tar,
            gzip_stream,
            items,
            answers,
        )
    }
)
"""Every target by its name."""

_HERE = Path(__file__).parent
CRASHES = _HERE / "crashes"
"""Inputs that once were a find, in a folder for each target: replayed by every run of the tests."""
_MOST_SEED_BYTES = 40_000

_OWN: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "html": (
            b"<html><p style='display:none'>x</p><table><tr><td>a<td>b&amp;&#146;<!-- c --></table><pre> x\n y</pre>",
        ),
        "xml": (b"<?xml version='1.0'?><a><b:transactionShares><value>100</value></b:transactionShares>&lt;&#65;</a>",),
        "uuencode": (b"begin 644 a.pdf\n#0V%T\n`\nend\n",),
        "master_index": (b"320|ACME|8-K|2004-12-22|edgar/data/320/0001193125-04-218426.txt\n",),
        "lists": (
            b'{"directory":{"item":[{"name":"master.20041222.idx","last-modified":"12/22/2004 10:00:00 PM"}]}}',
            b'{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."}}',
        ),
        "query": (b'form:8-K* AND ("a b"~5 OR resign*) NOT name:acme~1 filed:[2004 TO 2005-12-31] stem:x cik:320',),
        "settings": (
            b'user_agent = "A b@e.fr"\nbase_url = "http://h:1/"\n[[select]]\nciks = [1, "@x"]\nuntil = 2015-01-01',
            b'root = "~/x"\nrate = 5\nselect = [{forms = ["8-K*"], limit = 3}]\n',
        ),
        "items": (b"Departure of Directors or Principal Officers\n5.02\n<ITEMS>06b\n57\n",),
        "answers": (
            b"<html><title>x you@example.com</title>Request Rate Threshold Exceeded",
            b"Thu, 01 Jan 2026 00:02:00 GMT",
        ),
    }
)


def seeds(name: str) -> list[bytes]:
    """What a target begins from: invented input, real files where they are beside the checkout, and old finds."""
    submissions = [path.read_bytes() for path in [*sorted(INVENTED.glob("*.txt")), *sorted(ODDITIES.glob("00*"))]]
    if CORPUS.is_dir():
        real = [path for path in sorted(CORPUS.glob("0*")) if path.is_file() and path.stat().st_size < _MOST_SEED_BYTES]
        submissions += [path.read_bytes() for path in real[:: max(1, len(real) // 20)]]
    made: dict[str, list[bytes]] = {
        "gzip_stream": [gzip.compress(one, mtime=0) for one in submissions[:5]],
        "tar": [tarfile.TarInfo("a").tobuf(kind) + bytes(1024) for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)],
    }
    own = [*_OWN.get(name, ()), *made.get(name, ())]
    return [*(own or submissions), *(path.read_bytes() for path in sorted((CRASHES / name).glob("*")))]
