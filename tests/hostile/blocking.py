"""How long others wait for the server while somebody attacks it."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import requests

from support.server import Server

EVERY = 0.02
BASELINE_SECONDS = 0.5
# The bound of the tests: noise of a machine that many use stays far below, what is mended here
# was far above. What the server is held to on a quiet machine stands in docs/performance.md.
MOST_SECONDS = 2.0


class Wait(NamedTuple):
    """The worst answer of /healthz in seconds, before an attack and beside it."""

    baseline: float
    worst: float


def wait_beside(server: Server, attack: Callable[[], object]) -> Wait:
    """Ask /healthz all the time, first at rest and then while the attack runs; print both."""
    workers = server.worker_pids()
    with _Probe(server) as probe:
        time.sleep(BASELINE_SECONDS)
        baseline = probe.take_worst()
        attack()
    wait = Wait(baseline, probe.take_worst())
    print(f"blocked for {wait.worst * 1e3:.0f} ms, at rest {wait.baseline * 1e3:.0f} ms")
    assert server.worker_pids() == workers, "A worker was killed."
    return wait


class _Probe:
    def __init__(self, server: Server) -> None:
        self._url = f"{server.url}/healthz"
        self._worst = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "_Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def take_worst(self) -> float:
        worst, self._worst = self._worst, 0.0
        return worst

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._stopped.wait(EVERY):
                began = time.monotonic()
                session.get(self._url, timeout=60).raise_for_status()
                self._worst = max(self._worst, time.monotonic() - began)
