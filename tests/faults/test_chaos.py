"""Rows 1 and 2: twenty clients, many messages, cuts and kills, on both kinds of set-up."""

import pytest

from faults.chaos import Chaos
from faults.scene import Scene


@pytest.mark.row(
    "01",
    "10,000 messages, 2 workers, PostgreSQL, Redis, nginx, 20 mixed clients; 50 forced "
    "disconnects, 20 `kill -9` of a worker",
    "0 lost, 0 twice, 0 out of order; all converge within 20 s of the last fault",
)
def test_two_workers_behind_nginx(large: Scene, nginx, row, size):
    chaos = Chaos(large, nginx(large.server.port).url)
    row.measured(chaos.run(size(10_000, 400), size(50, 6), size(20, 3)))


@pytest.mark.row("02", "the same on SQLite with one worker", "the same")
def test_one_worker_on_sqlite(small: Scene, nginx, row, size):
    chaos = Chaos(small, nginx(small.server.port).url)
    row.measured(chaos.run(size(10_000, 400), size(50, 6), size(20, 2)))
