"""Answering messages that the SDK cannot read, which it ignores in silence: their sender would wait forever."""

from __future__ import annotations

import contextlib
import json
from contextvars import Context
from types import TracebackType
from typing import Any, Self

import anyio
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, JSONRPCNotification
from pydantic import ValidationError

_INVALID_JSON = "json_invalid"
_LONGEST_ID = 200
_NOTIFICATIONS = "notifications/"
_NO_ID = "a request needs an id that is an integer or a string"


class AnsweringStream:
    """The messages of the SDK's stream `received`. Anything else is answered with an error through `sent`."""

    def __init__(self, received: Any, sent: Any) -> None:
        self._received = received
        self._sent = sent

    @property
    def last_context(self) -> Context | None:
        """The context of the latest message, which the SDK restores."""
        context: Context | None = self._received.last_context
        return context

    async def receive(self) -> SessionMessage | Exception:
        """The next message. Raises `anyio.EndOfStream`."""
        while True:
            message: SessionMessage | Exception = await self._received.receive()
            if isinstance(message, ValidationError):
                answer = refusal(message)
            elif isinstance(message, SessionMessage) and _lacks_id(message):
                answer = _error(INVALID_REQUEST, _NO_ID)
            else:
                return message
            with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # nobody reads any more
                await self._sent.send(SessionMessage(answer))

    async def aclose(self) -> None:
        """Close the stream."""
        await self._received.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def refusal(error: ValidationError) -> JSONRPCError:
    """The response of JSON-RPC 2.0 to a message that caused `error`, with the message's id where it can be read."""
    wrong = error.errors(include_url=False, include_context=False)
    if wrong[0]["type"] == _INVALID_JSON:
        code, said = PARSE_ERROR, str(wrong[0]["msg"])
        message = _loads(wrong[0]["input"])
    else:
        code, said = INVALID_REQUEST, "the message is not one of JSON-RPC 2.0"
        message = next((one["input"] for one in wrong if isinstance(one["input"], dict)), None)
    return _error(code, said, _id_of(message))


def _error(code: int, message: str, number: int | str | None = None) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=code, message=message))


def _lacks_id(message: SessionMessage) -> bool:
    """Whether it is a request that the SDK takes for a notification, since its id is none: 1.5, null or an object."""
    return isinstance(message.message, JSONRPCNotification) and not message.message.method.startswith(_NOTIFICATIONS)


def _loads(line: object) -> object:
    """What Python reads in a line that the SDK's stricter parser refuses: lone surrogates, numbers of any length."""
    try:
        return json.loads(str(line))
    except (ValueError, RecursionError):
        return None


def _id_of(message: object) -> int | str | None:
    """The id of a request; None for anything else, and for a request without a usable id."""
    found = message.get("id") if isinstance(message, dict) and "method" in message else None
    if isinstance(found, bool) or not isinstance(found, int | str) or len(str(found)) > _LONGEST_ID:
        return None
    return found if isinstance(found, int) or found.isprintable() else None
