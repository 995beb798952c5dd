"""A TCP proxy before PostgreSQL that understands enough of the protocol to cut at the worst moment.

It counts exchanges: what a client sends up to the message that asks for an answer. Told to cut, it
drops both sides of the connection before the n-th such message is passed on, right after it, or
when the answer has come back and nobody has heard it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, get_args

from msgspec import Struct
from psycopg.conninfo import make_conninfo

Result = TypeVar("Result")
Moment = Literal["unsent", "unanswered", "unheard"]
MOMENTS: tuple[Moment, ...] = get_args(Moment)

ASKS_FOR_AN_ANSWER = b"QSc"  # simple query, sync, end of a copy
ENDS_AN_ANSWER = b"ZGW"  # ready for the next, or for a copy's rows
WRITES = (b"INSERT", b"UPDATE", b"DELETE", b"COPY", b"MERGE", b"CREATE", b"DROP")
HEADER = 5


class Cut(Struct, kw_only=True):
    """Where to cut: the n-th exchange, or the n-th that makes something durable."""

    moment: Moment
    left: int
    only_commits: bool = False
    done: bool = False


class Messages:
    """Bytes of one direction, given out as whole messages."""

    def __init__(self, *, starts: bool) -> None:
        self._bytes = bytearray()
        self._starts = starts

    def feed(self, more: bytes) -> list[bytes]:
        self._bytes += more
        found = []
        while (length := self._length()) is not None:
            found.append(bytes(self._bytes[:length]))
            del self._bytes[:length]
            self._starts = False
        return found

    def _length(self) -> int | None:
        """Of the next message; the very first of a client has no type byte."""
        skipped = 0 if self._starts else 1
        if len(self._bytes) < skipped + 4:
            return None
        length = skipped + int.from_bytes(self._bytes[skipped : skipped + 4], "big")
        return length if len(self._bytes) >= length else None


class Exchange:
    """What one client sends until it wants an answer, and whether that answer is a commit."""

    def __init__(self) -> None:
        self.status = b"I"
        self._texts: dict[bytes, bytes] = {}
        self._said = b""

    def take(self, message: bytes) -> None:
        body = message[HEADER:]
        match message[:1]:
            case b"Q":
                self._said += body
            case b"P":
                name, _, text = body.partition(b"\0")
                self._texts[name] = text
                self._said += text
            case b"B":
                name = body.partition(b"\0")[2].partition(b"\0")[0]
                self._said += self._texts.get(name, b"")
            case _:
                pass

    @property
    def commits(self) -> bool:
        """COMMIT itself, or a writing statement that is a transaction of its own."""
        said = self._said.upper()
        if b"COMMIT" in said:
            return True
        return self.status == b"I" and any(word in said for word in WRITES)

    def end(self) -> None:
        self._said = b""


class Proxy:
    """Listens on a port of its own, in a thread of its own. One cut at a time may be armed."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._cut: Cut | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def dsn(self, dsn: str) -> str:
        """The same database, through the proxy."""
        port = self._server.sockets[0].getsockname()[1]
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        return make_conninfo(dsn, host="127.0.0.1", port=port, **plain)

    def arm(self, cut: Cut) -> None:
        self._cut = cut

    def disarm(self) -> None:
        self._cut = None

    def _call(self, awaited: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(awaited, self._loop).result()

    async def _end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            server, asks = await asyncio.open_unix_connection(self._socket)
        except OSError:
            answers.transport.abort()
            self._tasks.discard(task)
            return
        both = _Both(self, answers, asks)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.wait(
                {
                    asyncio.create_task(both.asks(client)),
                    asyncio.create_task(both.answers(server)),
                },
                return_when=asyncio.FIRST_COMPLETED,
            )
        both.drop()
        self._tasks.discard(task)

    def due(self, exchange: Exchange) -> Cut | None:
        """The cut, if this exchange is the one it waits for."""
        cut = self._cut
        if cut is None or cut.done or (cut.only_commits and not exchange.commits):
            return None
        cut.left -= 1
        if cut.left:
            return None
        cut.done = True
        return cut


class _Both:
    """The two directions of one connection."""

    def __init__(
        self, proxy: Proxy, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._exchange = Exchange()
        self._deaf = False

    def drop(self) -> None:
        self._client.transport.abort()
        self._server.transport.abort()

    async def asks(self, client: asyncio.StreamReader) -> None:
        messages = Messages(starts=True)
        while more := await client.read(65_536):
            for message in messages.feed(more):
                self._exchange.take(message)
                if message[:1] in ASKS_FOR_AN_ANSWER and len(message) >= HEADER:
                    cut = self._proxy.due(self._exchange)
                    self._exchange.end()
                    if cut is not None and await self._end(cut, message):
                        return
                    if cut is not None:
                        continue
                self._server.write(message)
            await self._server.drain()

    async def _end(self, cut: Cut, message: bytes) -> bool:
        """Cut before, at or after the message; false while the answer is still to come."""
        if cut.moment == "unsent":
            self.drop()
            return True
        self._deaf = cut.moment == "unheard"
        self._server.write(message)
        await self._server.drain()
        if cut.moment == "unanswered":
            # Closed, not aborted: what was sent is still to arrive.
            self._client.transport.abort()
            self._server.close()
            return True
        return False

    async def answers(self, server: asyncio.StreamReader) -> None:
        messages = Messages(starts=False)
        while more := await server.read(65_536):
            heard = messages.feed(more)
            for message in heard:
                if message[:1] == b"Z":
                    self._exchange.status = message[HEADER : HEADER + 1]
            if self._deaf:
                if any(message[:1] in ENDS_AN_ANSWER for message in heard):
                    self.drop()
                    return
                continue
            self._client.write(more)
            await self._client.drain()
