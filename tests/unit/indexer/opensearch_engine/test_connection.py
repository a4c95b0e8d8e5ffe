"""The way to a cluster: TLS and passwords, what is no OpenSearch, and answers of a part of the shards."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opensearchpy")


from archiver.errors import IndexMissingError, IndexServerError, QueryTimeoutError, SettingsError
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.settings.values import SecretText
from indexer.opensearch_engine.connection import (
    Access,
    cluster_errors,
    cluster_uuid,
    require_acknowledged,
    require_all_shards,
    sound_answers,
)
from indexer.opensearch_engine.engine import OpenSearchEngine
from indexer.opensearch_engine.searching import Search
from indexer.opensearch_engine.writing import Sender
from indexer.query.bounds import one_search

PASSWORD = "correct horse"  # noqa: S105 — of a server of this test alone
OPENSEARCH = {"cluster_uuid": "abc", "version": {"distribution": "opensearch", "number": "2.19.1"}}


@dataclass
class Answering:
    """A server that gives one answer to everything, and what it was asked with."""

    url: str = ""
    status: int = 200
    kind: str = "application/json"
    answer: Any = field(default_factory=lambda: OPENSEARCH)
    authorizations: list[str | None] = field(default_factory=list)
    together: threading.Barrier | None = None
    """Answers that wait for each other."""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself, with its key."""
    path = tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key.pem"), "-out", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate with")
    return path


@pytest.fixture
def server() -> Iterator[Answering]:
    """One over plain HTTP."""
    yield from _serving(None)


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[Answering]:
    """One over TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    yield from _serving(context)


def _serving(context: ssl.SSLContext | None) -> Iterator[Answering]:
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.authorizations.append(self.headers.get("authorization"))
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if answering.together is not None:
                answering.together.wait(30)
            body = answering.answer if isinstance(answering.answer, bytes) else json.dumps(answering.answer).encode()
            self.send_response(answering.status)
            self.send_header("content-type", answering.kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815 (the names that the class looks for)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    answering.url = f"{'http' if context is None else 'https'}://127.0.0.1:{listening.server_address[1]}"
    yield answering
    listening.shutdown()
    listening.server_close()
    thread.join()


def ask(access: Access) -> str:
    """The identity of the cluster."""
    client = access.client()
    try:
        return cluster_uuid(client, access)
    finally:
        client.close()


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"cluster_uuid": "abc", "version": {"number": "7.10.2"}}, "no OpenSearch 7.10.2"),
        ({"cluster_uuid": "abc", "version": {"distribution": "opensearch", "number": "1.3.20"}}, "opensearch 1.3.20"),
        ({"hello": "world"}, r"no OpenSearch \?"),
    ],
)
def test_what_is_no_opensearch_is_named(server: Answering, answer: object, named: str) -> None:
    """Elasticsearch, a version too old, or something else altogether: the error says what it is and what is wanted."""
    server.answer = answer
    with pytest.raises(IndexServerError, match=f"is {named}; use OpenSearch 2.4 or later"):
        ask(Access(server.url))


def test_a_request_waits_no_longer_than_its_search(server: Answering) -> None:
    """Which had a time limit of its own for each of its requests."""
    server.together = threading.Barrier(2)
    client = Access(server.url).client()
    with contextlib.closing(client), one_search(0.2), pytest.raises(QueryTimeoutError):
        Search(client, Access(server.url), "any", query=None, filters=None, documents=True).page(
            "newest", limit=1, offset=0
        )
    server.together.wait(30)  # it was never answered


def test_many_searches_at_once_warn_of_nothing(server: Answering, caplog: pytest.LogCaptureFixture) -> None:
    """A client of `serve` decides how many there are, and must not fill the log."""
    client = Access(server.url).client()
    server.together = threading.Barrier(64)
    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(lambda _: client.info(), range(64))) == [OPENSEARCH] * 64
    client.close()
    assert caplog.messages == []


def test_a_cluster_that_we_trust_and_that_lets_us_in_is_used(tls_server: Answering, certificate: Path) -> None:
    """User and password are sent, by TLS, to a server with a certificate of the set CA."""
    settings = Settings(
        opensearch_url=tls_server.url,
        opensearch_user="me",
        opensearch_password=SecretText(PASSWORD),
        opensearch_ca_file=certificate,
    )
    assert ask(Access.of(settings)) == "abc"
    assert tls_server.authorizations == ["Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()]


def test_a_certificate_of_nobody_is_refused(tls_server: Answering) -> None:
    """Without the CA nothing is sent, and the error names the setting."""
    with pytest.raises(IndexServerError, match="opensearch_ca_file"):
        ask(Access(tls_server.url, "me", PASSWORD))
    assert tls_server.authorizations == []


def test_a_ca_file_that_is_not_there_is_a_settings_error(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(SettingsError, match=r"none\.pem"):
        Access("https://127.0.0.1:9", ca_file=tmp_path / "none.pem").client()


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "check opensearch_user"), (403, "remove index.blocks"), (503, "try again")]
)
def test_a_refusal_says_what_to_do_and_no_secret(
    server: Answering, status: int, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No message, log line or representation has the password in it."""
    caplog.set_level(logging.DEBUG)
    server.status = status
    server.answer = {"error": {"type": "refused", "reason": "no"}, "status": status}
    access = Access(server.url, "me", PASSWORD)
    with pytest.raises(IndexServerError, match=hint) as caught:
        ask(access)
    assert PASSWORD not in str(caught.value) + repr(access) + caplog.text
    assert "\n" not in str(caught.value)


def test_a_part_of_the_shards_is_no_answer() -> None:
    """An answer of all shards is given on; of some of them it is an error that may pass."""
    access = Access("http://127.0.0.1:9")
    answer = {"_shards": {"total": 3, "successful": 3, "failed": 0}}
    assert require_all_shards(answer, access) is answer
    with pytest.raises(IndexServerError, match="1 of 3 shards") as caught:
        require_all_shards({"_shards": {"total": 3, "successful": 2, "failed": 0}}, access)
    assert caught.value.may_pass


def test_no_error_of_the_client_gets_out() -> None:
    """What cannot be connected to is our error."""
    access = Access("http://127.0.0.1:9")
    client = access.client()
    with pytest.raises(IndexServerError, match="there is no OpenSearch"), cluster_errors(access):
        client.info()
    client.close()


_ODD_ANSWERS = (b"", b"null", b"[]", b'"yes"', b"3", b'{"took": 1', b"[" * 200_000, b"<html>Bad gateway</html>")


@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain"])
@pytest.mark.parametrize("answer", [*_ODD_ANSWERS, b"{}"])
def test_what_is_no_answer_is_an_error_of_one_line(server: Answering, tmp_path: Path, answer: bytes, kind: str) -> None:
    """A proxy's page with status 200, an answer that is cut off: no documents count as accepted, and nothing breaks."""
    server.answer, server.kind = answer, kind
    settings = Settings(opensearch_url=server.url)
    (tmp_path / "opensearch.json").write_text('{"alias": "a", "cluster_uuid": "abc"}')
    access = Access.of(settings)
    with contextlib.closing(access.client()) as client:
        sender = Sender(client, access)
        for ask in (
            lambda: OpenSearchEngine.open(tmp_path, settings),
            lambda: OpenSearchEngine.create(tmp_path / "new", settings),
            lambda: sender.remove("a-1", [(AccessionNumber("0009000900-04-000101"), (2004, "1"))]),
        ):
            with pytest.raises(IndexServerError) as caught, sound_answers(access):
                ask()
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": {"type": "index_not_found_exception", "reason": "no such index [a-1]"}}, IndexMissingError),
        ({"error": "alias [a] missing", "status": 404}, IndexMissingError),
        (b"<html>Not Found</html>", IndexServerError),
        ({"message": "no route"}, IndexServerError),
    ],
)
def test_only_a_cluster_says_that_an_index_is_missing(
    server: Answering, answer: object, error: type[Exception]
) -> None:
    """A proxy that knows no such path is no reason to build an index again."""
    server.status, server.answer = 404, answer
    access = Access(server.url)
    with contextlib.closing(access.client()) as client:
        with pytest.raises(error) as caught, cluster_errors(access):
            client.search(index="a")
        assert type(caught.value) is error


@pytest.mark.parametrize("items", [[], [{"delete": {"status": 200}}] * 2])
def test_documents_that_no_item_names_are_not_accepted(server: Answering, items: list[object]) -> None:
    """An answer without errors acknowledges what its items name, and nothing else."""
    access = Access(server.url)
    place = (AccessionNumber("0009000900-04-000101"), (2004, "1"))
    with contextlib.closing(access.client()) as client:
        server.answer = {"errors": False, "items": [{"delete": {"status": 200}}]}
        Sender(client, access).remove("a-1", [place])
        server.answer = {"errors": False, "items": items}
        with pytest.raises(IndexServerError), sound_answers(access):
            Sender(client, access).remove("a-1", [place])


def test_a_change_that_is_not_acknowledged_was_not_made(server: Answering) -> None:
    """`{}` with status 200 comes from something else than a cluster."""
    with pytest.raises(IndexServerError, match="does not acknowledge"):
        require_acknowledged({}, Access(server.url))
    require_acknowledged({"acknowledged": True}, Access(server.url))
