"""A bad network between clients and the server: it cuts, delays, throttles and swallows."""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

HEAD_END = b"\r\n\r\n"
UPGRADE = re.compile(rb"\r\nupgrade: *websocket\r\n", re.IGNORECASE)
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BLOCK = 16 * 1024
RESET = struct.pack("ii", 1, 0)


@dataclass
class Fate:
    """When one connection is cut: after so many bytes of its first body, or of the answers."""

    body: int | None = None
    down: int | None = None

    def passes(self, direction: str, gone: bytes, data: bytes) -> int | None:
        """How much of `data` still passes after `gone`; None for all of it."""
        limit = self.down if direction == "down" else self._up(gone + data)
        return None if limit is None or len(gone + data) < limit else limit - len(gone)

    def _up(self, sent: bytes) -> int | None:
        if self.body is None or HEAD_END not in sent:
            return None
        return sent.index(HEAD_END) + len(HEAD_END) + self.body


class Connection:
    """One client's way to the server and back."""

    def __init__(self, proxy: "FaultProxy", fate: Fate, *writers: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.fate = fate
        self.writers = writers

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        """Pass on one direction until it ends, or until its fate is met."""
        gone = b""
        while data := await reader.read(BLOCK):
            left = self.fate.passes(direction, gone, data)
            if left is not None:
                writer.write(data[:left])
                await writer.drain()
                # What has passed shall arrive before the cut.
                await asyncio.sleep(0.01)
                break
            gone = (gone + data)[:BLOCK]
            if not gone[len(data) :] and UPGRADE.search(data) and not await self.upgrade():
                break
            await self.proxy.hold(direction, len(data))
            if direction not in self.proxy.swallows:
                writer.write(data)
                await writer.drain()

    async def upgrade(self) -> bool:
        """Let a WebSocket begin as the proxy lets it; False if the connection ends here."""
        how = self.proxy.websockets
        if how == "refused":
            self.writers[0].write(FORBIDDEN)
            await self.writers[0].drain()
            await asyncio.sleep(0.05)
        elif how == "swallowed":
            while self.proxy.websockets == how:
                await asyncio.sleep(0.1)
        elif how is not None:
            asyncio.get_running_loop().call_later(how, self.cut)
        return how not in ("refused", "swallowed")

    def cut(self) -> None:
        """Reset both ends, as when a cable is pulled and the other side gives up."""
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            if sock is not None:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class FaultProxy:
    """A TCP proxy in a thread of its own; what it does may be changed at any time."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.delay = 0.0
        self.bytes_per_second: float | None = None
        # "up" and "down": read, and passed on to nobody.
        self.swallows: set[str] = set()
        # What becomes of a WebSocket: "refused", "swallowed", or cut after so many seconds.
        self.websockets: str | float | None = None
        # Asked for each new connection.
        self.fate: Callable[[], Fate] = Fate
        self.closed = False
        self.accepted = 0
        self._stopped: set[str] = set()
        self._connections: set[Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def cut(self) -> int:
        """Cut every connection; how many there were."""
        return self._run(self._cut())

    def shut(self, closed: bool = True) -> None:
        """Let nobody in, or somebody again."""
        self.closed = closed

    def stop(self, *directions: str) -> None:
        """Let nothing pass in these directions until `go`; it waits."""
        self._stopped = set(directions)

    def go(self) -> None:
        """Let everything pass again."""
        self._stopped = set()
        self.swallows = set()
        self.websockets = None
        self.closed = False
        self.delay = 0.0
        self.bytes_per_second = None
        self.fate = Fate

    def close(self) -> None:
        """End."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def hold(self, direction: str, size: int) -> None:
        """Wait for as long as the network takes."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.bytes_per_second:
            await asyncio.sleep(size / self.bytes_per_second)
        while direction in self._stopped:
            await asyncio.sleep(0.02)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.closed:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        connection = Connection(self, self.fate(), writer, far_writer)
        self._connections.add(connection)
        ways = [
            asyncio.ensure_future(connection.carry(reader, far_writer, "up")),
            asyncio.ensure_future(connection.carry(far_reader, writer, "down")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._connections.discard(connection)
            connection.cut()

    async def _cut(self) -> int:
        cut = list(self._connections)
        for connection in cut:
            connection.cut()
        return len(cut)

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
