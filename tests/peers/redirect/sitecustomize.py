"""For the peers' processes alone: EDGAR's names lead to this machine, as by a hosts entry, and nothing else is reached.

``PEER_HTTP_PORT`` and ``PEER_HTTPS_PORT`` stand for ports 80 and 443, which only root may listen on.
"""

from __future__ import annotations

import os
import socket
from typing import Any

EDGAR = ("www.sec.gov", "data.sec.gov", "efts.sec.gov")
_PORTS = {80: int(os.environ["PEER_HTTP_PORT"]), 443: int(os.environ["PEER_HTTPS_PORT"])}

_getaddrinfo = socket.getaddrinfo
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _named(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name in EDGAR:
        return _getaddrinfo("127.0.0.1", _PORTS.get(port, port), *arguments, **options)
    if name not in {"127.0.0.1", "::1", "localhost", None}:
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is not on this machine")
    return _getaddrinfo(host, port, *arguments, **options)


def _check(own: socket.socket, address: Any) -> None:
    if own.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1"}:
        raise OSError(f"{address[0]} is not on this machine")


def _connect_here(own: socket.socket, address: Any) -> None:
    _check(own, address)
    _connect(own, address)


def _connect_ex_here(own: socket.socket, address: Any) -> int:
    _check(own, address)
    return _connect_ex(own, address)


socket.getaddrinfo = _named
socket.socket.connect = _connect_here  # type: ignore[method-assign, assignment]
socket.socket.connect_ex = _connect_ex_here  # type: ignore[method-assign, assignment]
