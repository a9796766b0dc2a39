"""Row 12: one reader never reads, another one trickles; both still answer the server's pings."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest
import websocket

from faults.scene import Scene, wait
from support.person import Person

PATH = "/api/socket/?EIO=4&transport=websocket"
FAT = "x" * 8000
GROWTH_MIB = 40


class Sluggard:
    """A socket in the room that reads `rate` bytes a second and claims to be alive."""

    def __init__(self, person: Person, project_id: int, rate: int) -> None:
        self.person = person
        self.ended = threading.Event()
        url = person.server.url.replace("http", "ws", 1) + PATH
        self.ws = websocket.create_connection(
            url,
            cookie=person.cookie_header(),
            timeout=10,
            sockopt=((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),),
        )
        self.ws.recv()
        self.ws.send("40")
        self.ws.recv()
        self.ws.send(f'421["join_room",{{"projectId":{project_id}}}]')
        while not str(self.ws.recv()).startswith("43"):
            pass
        self.ws.sock.setblocking(True)
        threading.Thread(target=self._live, args=(rate,), daemon=True).start()

    def _live(self, rate: int) -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while not self.ended.is_set():
                self.ws.send("3")
                if rate:
                    self.ws.sock.recv(rate)
                time.sleep(1)
        self.ended.set()

    def close(self) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self.ws.sock.close()


def memory(pids: list[int]) -> float:
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * 4096 / 2**20


@pytest.mark.brief
@pytest.mark.row(
    "12",
    "a reader that never reads, one that trickles",
    "disconnected, memory flat, the others undisturbed",
)
def test_slow_readers_are_let_go(small: Scene, row, size):
    small.node_readers(3)
    small.reader()
    writer = small.writer()
    sluggards = [Sluggard(small.newcomer(), small.project.id, rate) for rate in (0, 0, 100, 100)]
    for each in sluggards:
        small.stack.callback(each.close)
    before = memory(small.server.worker_pids())
    peak = before
    began = time.monotonic()
    left: float | None = None
    slowest = 0.0
    for _ in range(size(6000, 1500)):
        sent = time.monotonic()
        writer.send(f"{FAT} {writer.new_id()}")
        slowest = max(slowest, time.monotonic() - sent)
        peak = max(peak, memory(small.server.worker_pids()))
        if left is None and not _present(small, sluggards):
            left = time.monotonic() - began
    if left is None:
        left = wait(lambda: not _present(small, sluggards), 30, "They are still there.")
        left += time.monotonic() - began
    small.converge(15)
    count = small.judge()
    assert peak - before < GROWTH_MIB, f"{before:.0f} MiB grew to {peak:.0f} MiB"
    row.measured(
        f"{count} messages of 8 kB: 2 that never read and 2 at 100 B/s were disconnected within "
        f"{left:.0f} s; memory {before:.0f} to at most {peak:.0f} MiB; slowest POST "
        f"{slowest * 1000:.0f} ms, all others complete"
    )


def _present(scene: Scene, sluggards: list[Sluggard]) -> bool:
    ids = {each.person.id for each in sluggards}
    detail = scene.alice.get(scene.project.api).json()
    return any(person["id"] in ids for person in detail["presence"])
