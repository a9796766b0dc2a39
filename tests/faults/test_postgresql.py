"""Row 10: PostgreSQL is restarted, and its backends are terminated, while people write."""

import time

import pytest

from faults.scene import Scene

RECOVERY_SECONDS = 5
ALLOWED = {"200", "201", "503"}


@pytest.mark.brief
@pytest.mark.row(
    "10",
    "PostgreSQL restarted during writes; its backends terminated",
    "only 2xx and 503; what was acknowledged is there; pool back within 5 s",
)
def test_writing_goes_on_after_a_restart(large: Scene, postgresql, row, size):
    large.node_readers(2)
    large.reader()
    writers = [large.writer() for _ in range(6)]
    for writer in writers:
        writer.write(100_000, pause=0.05, changes=0.2)
    time.sleep(2)
    away, back = [], []
    for _ in range(size(5, 2)):
        away.append(postgresql.restart())
        back.append(_seconds_until_all_write(writers))
        time.sleep(2)
    for _ in range(size(20, 4)):
        postgresql.terminate_backends()
        back.append(_seconds_until_all_write(writers))
        time.sleep(0.5)
    for writer in writers:
        writer.stop()
    large.converge(20)
    count = large.judge()
    statuses = sum(
        (writer.receipts.statuses for writer in writers), start=type(writers[0].receipts.statuses)()
    )
    slowest = max(second for writer in writers for second in writer.receipts.seconds)
    assert set(statuses) <= ALLOWED, statuses
    assert max(back) < RECOVERY_SECONDS, back
    row.measured(
        f"{len(away)} restarts ({max(away):.1f} s at most), {len(back) - len(away)} times all "
        f"backends terminated: {count} messages, answers {dict(sorted(statuses.items()))}, the "
        f"slowest {slowest:.1f} s, all write again within {max(back):.1f} s"
    )


def _seconds_until_all_write(writers) -> float:
    began = time.monotonic()
    before = [writer.accepted for writer in writers]
    while any(writer.accepted <= count for writer, count in zip(writers, before, strict=True)):
        assert time.monotonic() - began < 30, "Nobody can write."
        time.sleep(0.02)
    return time.monotonic() - began
