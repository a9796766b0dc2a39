"""Row 11: another process holds SQLite's write lock; the disk is full."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.scene import Scene

LOCK_PATIENCE = 5.0
SLACK = 2.0
DISK_BYTES = 6 * 1024 * 1024


@contextmanager
def write_lock(path) -> Iterator[None]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.rollback()
        connection.close()


@pytest.mark.brief
@pytest.mark.row(
    "11a",
    "another process holds SQLite's write lock for 3 s, and for 8 s",
    "bounded 503, no false acknowledgement, recovers",
)
def test_a_held_lock_is_waited_for_and_then_refused(small: Scene, row, size):
    small.node_readers(2)
    writers = [small.writer() for _ in range(4)]
    for seconds in size((3, 8) * 3, (3, 8)):
        starts = [len(writer.receipts.seconds) for writer in writers]
        before = [writer.receipts.statuses["503"] for writer in writers]
        for writer in writers:
            writer.write(100_000, pause=0.05)
        time.sleep(0.5)
        with write_lock(small.server.instance / "projchat.sqlite3"):
            began = time.monotonic()
            time.sleep(0.2)
            read = time.monotonic()
            assert small.alice.get(f"{small.project.api}/messages").ok
            read = time.monotonic() - read
            time.sleep(seconds - (time.monotonic() - began))
        time.sleep(1)
        for writer in writers:
            writer.stop()
            writer.stopped.clear()
        slowest = max(
            second
            for writer, start in zip(writers, starts, strict=True)
            for second in writer.receipts.seconds[start:]
        )
        refused = sum(writer.receipts.statuses["503"] for writer in writers) - sum(before)
        assert slowest < LOCK_PATIENCE + SLACK
        assert bool(refused) == (seconds > LOCK_PATIENCE)
        row.measured(
            f"held {seconds} s: slowest answer {slowest:.1f} s, {refused} times 503, "
            f"reading took {read * 1000:.0f} ms meanwhile"
        )
    small.converge(15)
    small.judge()


def fill(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(descriptor, b"\0" * 4096)
    except OSError:
        os.close(descriptor)


@pytest.mark.row("11b", "the disk is full", "bounded 503, no false acknowledgement, recovers")
def test_a_full_disk_is_refused_and_recovered_from(make_scene, row, size, request):
    scene = make_scene(start=False)
    instance = scene.server.instance
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(instance)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    scene.stack.callback(lambda: subprocess.run(["umount", "-l", str(instance)], check=False))
    scene.start()
    names = scene.node_readers(2)
    writer = scene.writer()
    slowest, refused = 0.0, 0
    for turn in range(size(5, 2)):
        filler = instance / "filler"
        fill(filler)
        before = writer.receipts.statuses["503"]
        # The write-ahead log has room of its own for some.
        writer.write(100_000, changes=0.2)
        deadline = time.monotonic() + 60
        while writer.receipts.statuses["503"] < before + 3:
            assert time.monotonic() < deadline, writer.receipts.statuses
            time.sleep(0.05)
        filler.unlink()
        time.sleep(1)
        writer.stop()
        writer.stopped.clear()
        refused = writer.receipts.statuses["503"]
        slowest = max(writer.receipts.seconds)
        assert set(writer.receipts.statuses) <= {"200", "201", "503"}, (turn, names)
    assert slowest < LOCK_PATIENCE + SLACK
    scene.converge(15)
    count = scene.judge()
    row.measured(
        f"{size(5, 2)} times: {refused} times 503, slowest answer {slowest:.2f} s, "
        f"{count} messages, 0 lost"
    )
