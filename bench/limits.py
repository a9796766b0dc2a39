"""What PostgreSQL, Redis and the talk between processes take: the figures of docs/scaling.md.

PostgreSQL and Redis are started for this alone, with their defaults (a commit is on disk before
it is answered), and their own CPU time is read, which a busy machine changes less than the clock
does. Run it with `make bench-limits`; it needs pgbench and redis-benchmark, a minute or two.
"""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TypeVar

import redis

from faults.services import PostgreSQL, Redis, Service, program
from projchat.document import encode
from projchat.presence import Presence, with_ids
from support.backend import Backend
from support.cast import Cast
from support.history import add_projects, lengthen, settle
from support.server import Server

S = TypeVar("S", bound=Service)
HZ = os.sysconf("SC_CLK_TCK")
SECONDS = 6
CLIENTS = 16
PROJECTS = 1000
PUBLISHES = 50_000
HEARD = 20_000
PEOPLE = 10_000
EVENT_BYTES = 900

# What a post asks, as tests/test_queries.py names it.
POST = """
\\set project {first} + random(0, {more})
\\set client random(1, 1000000000000)
SELECT * FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = 1;
SELECT * FROM projects JOIN memberships ON project_id = projects.id
 WHERE user_id = {user} AND projects.id = :project;
BEGIN;
UPDATE projects SET version = version + 1, message_count = message_count + 1
 WHERE id = :project AND archived_at IS NULL RETURNING version, message_count \\gset
INSERT INTO messages (project_id, number, version, author_id, client_id, fingerprint, kind, body,
 html, created_at)
 VALUES (:project, :message_count, :version, {user},
 CAST(CAST(:client AS bigint) AS text), '', 'text',
 'A message of a usual length, some sixty letters, not much more.', '<p>The same</p>', now())
 ON CONFLICT (author_id, client_id) DO NOTHING RETURNING id;
UPDATE memberships SET last_read_number = :message_count
 WHERE project_id = :project AND user_id = {user};
COMMIT;
"""
PAGE = """
SELECT * FROM messages LEFT JOIN users ON users.id = author_id
 WHERE project_id = {first} AND number < 900000 ORDER BY number DESC LIMIT 50;
"""
HEADS = """
SELECT id, version FROM projects WHERE id IN ({ids});
"""


def main() -> None:
    """Print a table."""
    print("| what | a second | CPU each |")
    print("| --- | --- | --- |")
    for row in chain(_postgresql(), _redis(), _presence()):
        print(row, flush=True)


# --- PostgreSQL ---


def _postgresql() -> Iterator[str]:
    with _running(PostgreSQL()) as cluster, tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "server", Backend(cluster.url, None)).start()
        try:
            user = Cast(server).known("alice").id
            add_projects(server, user, 1001, 1000 + PROJECTS)
            lengthen(server, 1001, user, PROJECTS)
            settle(server)
            server.stop()
            ids = ", ".join(str(number) for number in range(1001, 1001 + PROJECTS))
            work = {
                "posts into one project": (POST, 0),
                f"posts into {PROJECTS} projects": (POST, PROJECTS - 1),
                "pages of 50 messages": (PAGE, 0),
                f"heads of {PROJECTS} projects": (HEADS, 0),
            }
            for name, (script, more) in work.items():
                path = Path(folder) / "script.sql"
                path.write_text(script.format(first=1001, more=more, user=user, ids=ids))
                rate, each = _pgbench(cluster, server.environment["DATABASE_URL"], path)
                yield f"| PostgreSQL: {name} | {rate:,.0f} | {each * 1e6:,.0f} µs |"
        finally:
            server.close()


def _pgbench(cluster: PostgreSQL, url: str, script: Path) -> tuple[float, float]:
    before = _cpu(cluster)
    done = subprocess.run(
        [
            *(program("pgbench"), "--no-vacuum", "--protocol", "prepared", "--file", str(script)),
            *("--client", str(CLIENTS), "--time", str(SECONDS), url),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    count = int(re.search(r"actually processed: (\d+)", done.stdout)[1])  # type: ignore[index]
    rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
    return rate, (_cpu(cluster) - before) / count


# --- Redis ---


def _redis() -> Iterator[str]:
    with _running(Redis()) as broker:
        for listeners in (1, 8, 32):
            rate, each = _publish(broker, listeners)
            yield f"| Redis: publishes to {listeners} | {rate:,.0f} | {each * 1e6:.1f} µs |"
        each = _hear(broker)
        yield f"| a process: events heard from another | {1 / each:,.0f} | {each * 1e6:.0f} µs |"


def _publish(broker: Redis, listeners: int) -> tuple[float, float]:
    """Publishes a second to so many listeners, and the CPU time of Redis for each."""
    ears = [
        subprocess.Popen(
            [program("redis-cli"), "-p", str(broker.port), "subscribe", "events"],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(listeners)
    ]
    try:
        _wait_for_listeners(broker, listeners)
        before, began = _cpu(broker), time.monotonic()
        subprocess.run(
            [
                *(program("redis-benchmark"), "-p", str(broker.port), "-n", str(PUBLISHES)),
                *("-c", "8", "-q", "publish", "events", "x" * EVENT_BYTES),
            ],
            check=True,
            capture_output=True,
        )
        rate = PUBLISHES / (time.monotonic() - began)
        return rate, (_cpu(broker) - before) / PUBLISHES
    finally:
        for ear in ears:
            ear.kill()
            ear.wait()


def _wait_for_listeners(broker: Redis, count: int) -> None:
    with redis.Redis(port=broker.port) as client:
        while client.pubsub_numsub("events")[0][1] < count:
            time.sleep(0.01)


def _hear(broker: Redis) -> float:
    """The CPU time of a process for one event that it hears, before it delivers any."""
    event = json.dumps({"from": "x" * 32, "what": "emit", "data": {"html": "x" * EVENT_BYTES}})
    with redis.Redis(port=broker.port) as client, client.pubsub() as channel:
        channel.subscribe("events")
        channel.get_message(timeout=5)
        spent = 0.0
        for _ in range(HEARD // 500):
            with client.pipeline(transaction=False) as pipeline:
                for _ in range(500):
                    pipeline.publish("events", event)
                pipeline.execute()
            began = time.process_time()
            for _ in range(500):
                message = channel.get_message(timeout=5)
                json.loads(message["data"])  # type: ignore[index]
            spent += time.process_time() - began
        return spent / HEARD


# --- Presence ---


def _presence() -> Iterator[str]:
    """What one process says of those who come and go, and what it costs each other one to hear."""
    here, there = Presence(), Presence()
    there.heard_everybody("other", **here.everybody_here())
    for number in range(PEOPLE):
        here.entered(f"project:{number // 10}", number, f"Somebody {number}")
    began = time.process_time()
    text = encode(here.news())
    said = time.process_time()
    news = json.loads(text)
    there.heard("other", news["turn"], with_ids(news["changes"]))
    heard = time.process_time() - said
    yield (
        f"| a process: telling of {PEOPLE:,} people who came, {len(text) / 1000:,.0f} kB | "
        f"| {(said - began) * 1000:.0f} ms |"
    )
    yield f"| each other process: hearing that | | {heard * 1000:.0f} ms |"


# --- Services ---


@contextmanager
def _running(service: S) -> Iterator[S]:
    service.start()
    try:
        yield service
    finally:
        service.close()


def _cpu(service: Service) -> float:
    """The seconds of CPU of a service and of its children, those that have ended too."""
    assert service.process is not None  # noqa: S101
    pid = service.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_seconds(int(each)) for each in (pid, *children))


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / HZ


if __name__ == "__main__":
    main()
