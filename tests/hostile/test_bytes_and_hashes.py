"""Files and logins without a pause leave the others their turn."""

import os
import threading
from pathlib import Path

from hostile.blocking import MOST_SECONDS, wait_beside
from support.cast import done
from support.files import CHUNK, begin, send

# In /proc/…/stat, as proc(5) counts from 0.
NICE = 18
POLICY = 40


def all_at_once(act, arguments):
    threads = [threading.Thread(target=act, args=(each,)) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_parallel_uploads(target, arena, bystanders):
    """Twenty at once raised the time of a delivery from 5 to 95 ms."""
    made = [begin(arena.owner, arena, "x.bin", 5 * CHUNK) for _ in range(10)]
    tabs = [arena.owner.again() for _ in made]

    def send_all(place):
        for turn in range(5):
            done(send(tabs[place], arena, made[place]["id"], turn * CHUNK, b"x" * CHUNK))

    wait = wait_beside(target.server, lambda: all_at_once(send_all, range(len(made))), bystanders)
    assert wait.worst < MOST_SECONDS


def test_hashes_have_a_lower_priority_than_the_loop(target, arena):
    arena.owner.again()
    [worker] = target.server.worker_pids()
    nice = told_by_threads(worker, NICE)
    assert max(nice.values()) > nice[worker]
    # They let the loop interrupt them, and do not interrupt it.
    policies = told_by_threads(worker, POLICY)
    assert policies[worker] == os.SCHED_OTHER
    slow = {thread for thread in nice if nice[thread] > nice[worker]}
    assert {policies[thread] for thread in slow} == {os.SCHED_BATCH}


def told_by_threads(process, place):
    """What the kernel says of each thread: the number at this place of its stat."""
    stats = {int(path.parent.name): path for path in Path(f"/proc/{process}/task").glob("*/stat")}
    # The name of the program stands in brackets, and may hold blanks.
    fields = {thread: path.read_text().rpartition(")")[2] for thread, path in stats.items()}
    return {thread: int(text.split()[place - 2]) for thread, text in fields.items()}
