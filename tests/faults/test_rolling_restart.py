"""Row 17: the processes are restarted one after the other behind the nginx that is shipped."""

import itertools
import secrets
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest
import requests
import websocket

from deploy.pair import Pair
from deploy.site import nginx
from faults.conftest import INSIST
from faults.scene import wait
from faults.services import Missing
from support.backend import Backend
from support.person import Person

CLIENTS = 60
PEOPLE = 6
WRITERS = 4
RETRY_SECONDS = 0.5
PATIENCE = 20
MOST_FAILURES = 2
FAILURES = ("502", "503", "504", "cut")
VARIANTS = ("sticky.conf", "websocket-only.conf")


class FastRetrier(threading.Thread):
    """A socket that tries again every half second, and counts what its tries were answered."""

    def __init__(self, url: str, person: Person, project_id: int) -> None:
        super().__init__(daemon=True)
        self.url = url.replace("http", "ws", 1) + "/api/socket/?EIO=4&transport=websocket"
        self.cookie = f"{person.cookie_header()}; projchat_route={secrets.token_hex(16)}"
        self.project_id = project_id
        self.connected = False
        self.answers = Counter[str]()
        self.stopped = threading.Event()
        self._socket: websocket.WebSocket | None = None

    def run(self) -> None:
        """Stay connected until it is told to stop."""
        while not self.stopped.is_set():
            try:
                self._socket = websocket.create_connection(
                    self.url, cookie=self.cookie, timeout=PATIENCE
                )
            except websocket.WebSocketBadStatusException as refused:
                self.answers[str(refused.status_code)] += 1
            except (OSError, websocket.WebSocketException):
                self.answers["cut"] += 1
            else:
                self.answers["101"] += 1
                with suppress(OSError, websocket.WebSocketException):
                    self._listen(self._socket)
            self.connected = False
            self.stopped.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """Leave."""
        self.stopped.set()
        if self._socket is not None:
            self._socket.shutdown()

    def _listen(self, opened: websocket.WebSocket) -> None:
        """Join, and stay until it is sent away: that is no failure, the next try may be one."""
        while frame := opened.recv():
            if frame.startswith("0"):
                opened.send("40")
            elif frame.startswith("40"):
                opened.send(f'420["join_room",{{"projectId":{self.project_id}}}]')
            elif frame.startswith("430"):
                self.connected = True
            elif frame == "2":
                opened.send("3")


@pytest.fixture
def make_pair(tmp_path, postgresql, broker, seed):
    """Two processes on PostgreSQL and Redis."""
    try:
        nginx()
    except Missing as missing:
        if INSIST:
            pytest.fail(f"This run insists on all services, but {missing}.", pytrace=False)
        pytest.skip(str(missing))
    made = Pair(tmp_path, Backend(postgresql.url, broker.url), seed)
    yield made
    made.scene.close()


@pytest.mark.row(
    "17",
    "rolling restart through the shipped nginx, 10 times, 60 sockets that retry every 0.5 s",
    "0 lost, at most 2 requests that a client sees fail",
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_rolling_restart_keeps_serving(make_pair, variant, row, size):
    pair, scene, times = make_pair, make_pair.scene, size(10, 1)
    site = pair.site(variant)
    people = [scene.alice, *(scene.newcomer() for _ in range(PEOPLE - 1))]
    project_id = scene.project.id
    crowd = [
        FastRetrier(site.url, person, project_id)
        for person, _ in zip(itertools.cycle(people), range(CLIENTS), strict=False)
    ]
    for client in crowd:
        client.start()
    scene.reader(site.url)
    writers = [scene.writer(site.url) for _ in range(WRITERS)]
    for writer in writers:
        writer.person.http.cookies.set("projchat_route", secrets.token_hex(16))
        writer.write(100_000, pause=0.1)
    wait(lambda: all(client.connected for client in crowd), 30, "Not all are connected.")
    slowest = 0.0
    for _ in range(times):
        for process in pair.processes:
            process.stop(timeout=40)
            process.start()
            wait(lambda at=process.url: is_ready(at), 20, "The process is not ready.")
        began = time.monotonic()
        wait(lambda: all(client.connected for client in crowd), 60, "Not all came back.")
        slowest = max(slowest, time.monotonic() - began)
    for writer in writers:
        writer.stop()
    for client in crowd:
        client.stop()
    scene.converge(20)
    count = scene.judge(strangers=False)
    assert not any(writer.gave_up for writer in writers)
    sockets = sum((client.answers for client in crowd), Counter[str]())
    requests_ = sum((writer.receipts.statuses for writer in writers), Counter[str]())
    failed = sum(each[answer] for each in (sockets, requests_) for answer in FAILURES)
    site.close()
    row.measured(
        f"{times} restarts of both, {count} messages, 0 lost; {failed} failed: sockets were "
        f"answered {dict(sockets)}, requests {dict(requests_)}; all {CLIENTS} sockets stood "
        f"{slowest:.1f} s after the last process served"
    )
    assert failed <= MOST_FAILURES, (dict(sockets), dict(requests_))


def is_ready(url: str) -> bool:
    """Whether a process serves again."""
    try:
        return requests.get(f"{url}/readyz", timeout=2).ok
    except requests.RequestException:
        return False
