from __future__ import annotations

import pytest

from archiver.edgar.proxy import proxy_for
from archiver.errors import SettingsError


@pytest.mark.parametrize("named", ["http://", "http://host:port", "socks5://127.0.0.1:1080", "http://[::1", "://"])
def test_a_proxy_that_is_no_address_is_an_error(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """What cannot be used is said, and is not passed over: a request past the proxy may be just what must not be."""
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(SettingsError, match="proxy"):
        proxy_for("https://edgar.invalid/")


@pytest.mark.parametrize(
    ("named", "expected"),
    [("proxy:3128", "http://proxy:3128"), ("https://[::1]:8080/", "https://[::1]:8080"), ("http://p", "http://p")],
)
def test_a_proxy_may_be_spelt_in_several_ways(monkeypatch: pytest.MonkeyPatch, named: str, expected: str) -> None:
    """With and without scheme and port, as curl takes them."""
    monkeypatch.setenv("https_proxy", named)
    proxy = proxy_for("https://edgar.invalid/")
    assert proxy is not None
    assert (proxy.url, proxy.headers) == (expected, {})
    assert proxy_for("http://edgar.invalid/") is None


def test_name_and_password_are_no_part_of_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go into the header alone, which no repr shows."""
    monkeypatch.setenv("https_proxy", "http://me:p%40ss@proxy:3128")
    proxy = proxy_for("https://edgar.invalid/")
    assert proxy is not None
    assert proxy.headers == {"Proxy-Authorization": "Basic bWU6cEBzcw=="}
    assert repr(proxy) == "Proxy(url='http://proxy:3128')"
