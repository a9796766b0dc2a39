"""Everybody writes and reads while connections are cut and workers are killed."""

import time

from faults.proxy import FaultProxy
from faults.scene import Scene

HEAL_SECONDS = 20
PYTHON_WRITERS, OUTBOXES, PYTHON_READERS, NODE_READERS = 6, 4, 4, 6


class Chaos:
    """Twenty mixed clients; `run` spreads the faults evenly over the messages."""

    def __init__(self, scene: Scene, url: str) -> None:
        self.scene = scene
        self.network = FaultProxy(int(url.rpartition(":")[2]))
        scene.stack.callback(self.network.close)
        way = self.network.url
        self.writers = [scene.writer(way) for _ in range(PYTHON_WRITERS)]
        self.outboxes = scene.node_readers(OUTBOXES, way)
        self.readers = [scene.reader(way) for _ in range(PYTHON_READERS)]
        self.watchers = scene.node_readers(NODE_READERS, way)
        self.cuts = self.kills = 0

    def run(self, messages: int, cuts: int, kills: int) -> str:
        """Write so many messages with so many faults; what was measured."""
        faults = ["cut"] * cuts + ["kill"] * kills
        self.scene.rng.shuffle(faults)
        share = messages // (PYTHON_WRITERS + OUTBOXES)
        began = time.monotonic()
        for writer in self.writers:
            writer.write(share, pause=0.02)
        for name in self.outboxes:
            self.scene.outbox(name, share)
        for turn, fault in enumerate(faults, 1):
            self._wait_until_written(messages * turn / (len(faults) + 1), messages)
            getattr(self, f"_{fault}")()
        for writer in self.writers:
            writer.wait(1200)
        self.scene.wait_until_served()
        writing = time.monotonic() - began
        return self._verdict(writing)

    def _wait_until_written(self, wanted: float, messages: int) -> None:
        deadline = time.monotonic() + 600
        while (written := self._written()) < min(wanted, messages):
            assert time.monotonic() < deadline, f"Only {written} of {messages} are written."
            time.sleep(0.05)

    def _written(self) -> int:
        status = self.scene.node.status()
        return sum(len(writer.receipts.acknowledged) for writer in self.writers) + sum(
            status[name]["sent"] for name in self.outboxes
        )

    def _cut(self) -> None:
        if self.scene.rng.random() < 0.2:
            self.network.cut()
        else:
            self.scene.rng.choice(self.readers).cut()
            self.scene.node.order("cut", [self.scene.rng.choice(self.watchers + self.outboxes)])
        self.cuts += 1

    def _kill(self) -> None:
        deadline = time.monotonic() + 60
        while not self.scene.kill_worker():
            assert time.monotonic() < deadline, "No worker comes back."
            time.sleep(0.2)
        self.kills += 1

    def _verdict(self, writing: float) -> str:
        healed = self.scene.converge(HEAL_SECONDS)
        count = self.scene.judge()
        sent = self._written()
        return (
            f"{sent} messages ({count} rows) in {writing:.0f} s, {self.cuts} disconnects, "
            f"{self.kills} kills; 0 lost, 0 twice, 0 out of order; all equal {healed:.1f} s later"
        )
