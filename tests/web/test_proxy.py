"""The reverse proxy of config/Caddyfile.example, run for real: a password in front of the served archive.

Debian's ``caddy``; skipped where it is not installed.
"""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.web.process import ServerProcess
from tests.web.served import Answer

HOST = "filings.example.com"
PASSWORD = "a password of the test"  # noqa: S105
FILING = "0009000900-19-000212"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def proxy(invented_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, ServerProcess]]:
    """The port of a Caddy with the example's configuration, and the server behind it."""
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("no caddy here: apt-get install caddy")
    home, port = tmp_path_factory.mktemp("caddy"), _free_port()
    hashed = subprocess.run(
        [caddy, "hash-password", "--plaintext", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    config = home / "Caddyfile"
    # without an administration port, and on loopback alone
    head = "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n"
    config.write_text(head + (ROOT / "config" / "Caddyfile.example").read_text(encoding="utf-8"))
    with ServerProcess(invented_archive, "--allow-host", HOST) as server:
        environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_DATA_HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "EDGARCHIVE_SITE": f"http://{HOST}:{port}",
            "EDGARCHIVE_USER": "reader",
            "EDGARCHIVE_PASSWORD_HASH": hashed,
            "EDGARCHIVE_UPSTREAM": f"127.0.0.1:{server.port}",
        }
        command = [caddy, "run", "--config", str(config), "--adapter", "caddyfile"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                lines: list[str] = []
                for line in process.stderr:
                    lines.append(line)
                    if "serving initial configuration" in line:
                        break
                else:
                    pytest.fail("".join(lines))
                yield port, server
            finally:
                process.terminate()
                process.wait(30)


def _ask(port: int, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": f"{HOST}:{port}", **headers})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def _authorized(password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"reader:{password}".encode()).decode()


@pytest.mark.parametrize("path", ["/", "/search.json?q=the", f"/Archives/edgar/data/9000910/{FILING}.txt", "/healthz"])
def test_nothing_is_read_without_the_password(proxy: tuple[int, ServerProcess], path: str) -> None:
    """No password and a wrong one get 401; the right one gets what the server has."""
    port, _ = proxy
    assert _ask(port, path).status == 401
    assert _ask(port, path, Authorization=_authorized("another")).status == 401
    assert _ask(port, path, Authorization=_authorized()).status == 200


def test_the_proxy_changes_nothing_of_an_answer(proxy: tuple[int, ServerProcess]) -> None:
    """The policy of a page, and the bytes of a submission, arrive as they were sent."""
    port, _ = proxy
    page = _ask(port, "/search?q=the", Authorization=_authorized())
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    raw = _ask(port, f"/Archives/edgar/data/9000910/{FILING}.txt", Authorization=_authorized())
    assert raw.body == (ROOT / "tests" / "loopback" / "submissions" / f"{FILING}.txt").read_bytes()


def test_the_log_has_neither_password_nor_client(proxy: tuple[int, ServerProcess]) -> None:
    """The header with the password reaches the server, and is in no line of its log."""
    port, server = proxy
    for path in ("/search?q=logged", "/healthz"):  # a line is written after its answer, and before the next one
        _ask(port, path, Authorization=_authorized())
    assert "q=logged" in server.log
    assert PASSWORD not in server.log
    assert _authorized().partition(" ")[2] not in server.log
    assert "127.0.0.1:" not in server.log.replace(server.base_url, "")


def test_links_have_the_scheme_of_the_proxy(proxy: tuple[int, ServerProcess]) -> None:
    """Behind TLS, a feed and the search engine's description lead to https."""
    _, server = proxy
    headers = {"X-Forwarded-Proto": "https", "Host": HOST}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        for path in ("/search.atom?q=the", "/opensearch.xml"):
            connection.request("GET", path, headers=headers)
            body = connection.getresponse().read().decode()
            assert f"https://{HOST}/search" in body
            assert f"http://{HOST}" not in body
    finally:
        connection.close()
