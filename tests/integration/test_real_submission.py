"""The whole job on a real submission of 2004, where the corpus is at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archiver.settings.settings import Settings
from tests.edgar_fixtures import FAST, IDENTITY, CommandLine, command_line
from tests.loopback import LoopbackEdgar
from tests.paths import CORPUS

ACCESSION = "0001193125-04-218426"
FILE = CORPUS / f"{ACCESSION}.txt"
SYNC = ("sync", "--form", "8-K", "--cik", "0001056386", "--since", "2004-12-01", "--until", "2004-12-31")

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the corpus of real submissions is not here")


@pytest.fixture(scope="module")
def edgar() -> Iterator[LoopbackEdgar]:
    """A loopback EDGAR with the one real submission."""
    with LoopbackEdgar([FILE]) as server:
        yield server


@pytest.fixture(scope="module")
def cli(edgar: LoopbackEdgar, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command line on an archive of it."""
    folder = tmp_path_factory.mktemp("real")
    cli = command_line(Settings(root=folder / "a", base_url=edgar.base_url, user_agent=IDENTITY, rate=FAST), folder)
    assert cli.json(*SYNC)["stored"] == 1
    return cli


def test_it_is_stored_byte_for_byte_and_once(cli: CommandLine, edgar: LoopbackEdgar) -> None:
    """`show --raw` gives the exact bytes; a second sync asks for no submission."""
    assert cli.run("show", ACCESSION, "--raw").stdout == FILE.read_bytes()
    assert cli.json(*SYNC)["present"] == 1
    assert len(edgar.requests_for("/Archives/edgar/data")) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("board of directors", "--item", "5.02"),
        ("--cik", "1056386"),
        ("--form", "8-K"),
        ("--name", "internap"),
        ("--item", "9.01"),
        ('"Patricia L. Higgins"',),
        ("shurtleff resign*",),
        ("cik:0001056386 AND item:5.02",),
        ("--name", "Internap Network Services Corp/WA"),
        ("--type", "EX-99.1", "Alcoa"),
    ],
    ids=" ".join,
)
def test_it_is_found(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """Words, phrases, prefixes, fields and every filter find it."""
    found = cli.json("search", *arguments)
    assert [hit["accession"] for hit in found["hits"]] == [ACCESSION]
    assert found["total"] == 1


@pytest.mark.parametrize("arguments", [("zebra",), ("--item", "1.01"), ("--cik", "42")], ids=" ".join)
def test_it_is_not_found_by_what_it_does_not_say(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """Other words and filters find nothing."""
    assert cli.json("search", *arguments)["total"] == 0


def test_the_secs_signature_is_checked(cli: CommandLine) -> None:
    """`verify` says one checked, ok and signed."""
    assert cli.json("verify") == {"checked": 1, "ok": 1, "signed": 1, "acknowledged": 0, "findings": []}
