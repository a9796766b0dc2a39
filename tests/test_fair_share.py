"""A share of the worker: what is over it waits, and people take turns."""

import threading
import time

from projchat.fair_share import FairShare, WorkBudget


def test_it_lets_a_burst_pass_and_then_keeps_to_the_rate():
    share = FairShare(100.0, burst=10.0)
    began = time.monotonic()
    for _ in range(20):
        share.wait("alice")
        share.charge(2.0)
    # 40 at 100 a second, less the burst, and the last one is not waited for.
    assert time.monotonic() - began >= (40 - 10 - 2) / 100 - 0.001


def test_what_was_not_taken_is_not_saved_up():
    share = FairShare(1000.0, burst=1.0)
    time.sleep(0.05)
    share.charge(20.0)
    began = time.monotonic()
    share.wait("alice")
    assert time.monotonic() - began >= (20 - 1) / 1000 - 0.001


def test_people_take_turns_however_much_one_asks_for():
    share, order = FairShare(100.0, burst=0.1), []

    def ask(name):
        share.wait(name)
        order.append(name)
        share.charge(1.0)

    share.charge(100.0)
    names = ["greedy"] * 6 + ["bob"]
    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert order.index("bob") <= 3


def test_a_budget_ends_and_releases_before_each_wait():
    released = []
    budget = WorkBudget(FairShare(1.0, 9.0), "alice", lambda: released.append(1), 0.02, 0.005)
    pieces = 0
    while budget.goes_on():
        with budget.work():
            busy_for(0.003)
        pieces += 1
    assert 2 <= pieces <= 7
    assert 1 <= len(released) <= pieces // 2


def test_a_pause_is_one_though_nothing_is_left():
    released = []
    budget = WorkBudget(FairShare(1.0, 9.0), "alice", lambda: released.append(1), 0.001, 0.001)
    budget.pause()
    assert released == []
    with budget.work():
        busy_for(0.002)
    assert not budget.goes_on()
    budget.pause()
    budget.pause()
    assert released == [1]


def busy_for(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
