"""Lanes of native threads: so many at once, so many that wait, and the others are refused."""

import subprocess
import sys

# In a process of its own, since only a patched one has native threads beside its greenlets.
PROGRAM = """
import eventlet

eventlet.monkey_patch()

from eventlet import patcher
from projchat.offload import Lane, Overloaded

sleep = patcher.original("time").sleep
lane = Lane(at_once=1, most_waiting=3)
said = []


def call(number):
    try:
        said.append(lane.call(hold, number))
    except Overloaded:
        said.append("refused")


def hold(number):
    sleep(0.1)
    return number


for greenlet in [eventlet.spawn(call, number) for number in range(5)]:
    greenlet.wait()
call(5)
print(said)
"""


def test_it_keeps_an_order_and_refuses_what_is_too_much():
    words = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "['refused', 'refused', 0, 1, 2, 5]"
