"""How requests leave the machine: by the environment's proxy, to a server that proves who it is, to nobody else."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.edgar.client import Client
from archiver.errors import EdgarchiveError, UnreachableError
from tests.edgar_fixtures import CommandLine
from tests.hostile.raw_server import exactly, http, lying
from tests.loopback import LoopbackEdgar
from tests.paths import ROOT
from tests.unit.submissions import submission_bytes

BODY = submission_bytes()
HONEST = exactly(http(BODY))


async def read(client: Client, url: str) -> bytes:
    """The whole decoded body of `url`."""
    async with client.get(url, max_bytes=1_000_000) as answer:
        return b"".join([chunk.decoded async for chunk in answer])


async def test_the_proxy_of_the_environment_is_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy hears the whole address, and the name and password that the environment has for it."""
    async with lying(HONEST) as (proxy, heard):
        monkeypatch.setenv("HTTP_PROXY", proxy.replace("://", "://me:p%40ss@"))
        assert await read(client, "http://edgar.invalid/Archives") == BODY
    assert heard[0].startswith(b"GET http://edgar.invalid/Archives HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in heard[0]


async def test_no_proxy_leaves_a_host_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY is obeyed: the server is asked itself."""
    async with lying(HONEST) as (proxy, heard), lying(HONEST) as (base, direct):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,edgar.invalid")
        assert await read(client, base) == BODY
    assert (heard, len(direct)) == ([], 1)


async def test_a_tunnel_hides_the_contact_address(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that opens a tunnel to EDGAR gets the host and its own password, but not the contact address."""
    async with lying(exactly(http(b"", status="502 Bad Gateway"))) as (proxy, heard):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("://", "://me:p%40ss@"))
        with pytest.raises(UnreachableError):
            await read(client, "https://edgar.invalid/Archives")
    assert heard[0].startswith(b"CONNECT edgar.invalid:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in heard[0]
    assert b"example" not in heard[0].lower()


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
async def test_a_proxy_that_refuses_a_tunnel_is_named_without_its_password(
    client: Client, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """The message says that it is the proxy, and neither name nor password."""
    async with lying(exactly(http(b"", status=status))) as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("://", "://me:secret@"))
        with pytest.raises(UnreachableError, match="proxy") as caught:
            await read(client, "https://edgar.invalid/")
    assert "secret" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


async def test_a_proxy_that_is_not_there(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the proxy, not EDGAR."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
    with pytest.raises(UnreachableError, match=r"the proxy 127\.0\.0\.1") as caught:
        await read(client, "https://edgar.invalid/")
    assert "secret" not in f"{caught.value} {caught.value!r}"


async def test_passwords_of_netrc_are_sent_to_nobody(client: Client, tmp_path: Path) -> None:
    """A default entry of ~/.netrc is for programs that know of it."""
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    async with lying(HONEST) as (base, heard):
        assert await read(client, base) == BODY
    assert b"authorization" not in heard[0].lower()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody has signed but itself, and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    try:
        subprocess.run([*request, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate with")
    return cert, key


_READ = """
import asyncio, pathlib, sys
from archiver.edgar.client import Client
from archiver.edgar.pacer import Pacer

async def main(url, folder):
    pacer = Pacer(url, rate=1000, folder=pathlib.Path(folder))
    async with Client(user_agent="Example Research research@example.com", pacer=pacer, concurrency=1) as client:
        async with client.get(url, max_bytes=100_000) as answer:
            print(sum([len(chunk.decoded) async for chunk in answer]))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_server_that_cannot_prove_who_it_is(
    client: Client, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """It hears no request, and the run ends with one line; once SSL_CERT_FILE names its authority it is asked."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    async with lying(HONEST, tls=tls) as (base, heard):
        with pytest.raises(UnreachableError, match="self-signed") as caught:
            await read(client, base)
        assert heard == []
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(certificate[0])}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _READ, base, str(tmp_path), env=environment, stdout=subprocess.PIPE
        )
        asked, _ = await process.communicate()
    assert int(asked) == len(BODY)
    assert len(heard) == 1
    assert isinstance(caught.value, EdgarchiveError)
    assert "\n" not in str(caught.value)


def test_nobody_but_edgar_is_asked(edgar: LoopbackEdgar, cli: CommandLine, tmp_path: Path) -> None:
    """No telemetry: a whole day's work opens connections to the one host of `base_url`, and no name is looked up."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(
        "import atexit, sys\nseen = set()\n"
        "def hook(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto'):\n"
        "        seen.add(f'{event} {arguments[1] if event != \"socket.getaddrinfo\" else arguments[0]}')\n"
        "sys.addaudithook(hook)\n"
        f"atexit.register(lambda: open({str(tmp_path / 'seen')!r}, 'a').write(''.join(f'{{x}}\\n' for x in seen)))\n"
    )
    watched = {"PYTHONPATH": f"{tmp_path / 'watch'}:{ROOT}"}
    for command in (["sync", "--form", "8-K"], ["search", "resigned"], ["verify"], ["status"], ["config", "show"]):
        assert cli.run(*command, **watched).returncode == 0
    port = edgar.base_url.rpartition(":")[2]
    assert set((tmp_path / "seen").read_text().splitlines()) == {f"socket.connect ('127.0.0.1', {port})"}
