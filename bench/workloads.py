"""What is measured: each workload is a short story that a contender goes through in a round."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.contenders import Contender
from bench.figures import FAILURES, Sample
from bench.load import Load
from bench.meter import cpu_seconds, memory_kib

PEOPLE = 20
POSTERS = 8
STEP = 400
SETTLE_SECONDS = 1.5
# What a post leaves to be done a moment later is work for it, too.
AFTERWARDS_SECONDS = 0.4
RATES = (50, 100, 200, 400)
COMPARED = ("ours", "original", "node", "naive")
ALL = (*COMPARED, "floor", "null")
OF_A_POST = (*COMPARED, "bare", "floor")
Measure = Callable[[Contender, Load], Sample]


@dataclass(frozen=True)
class Workload:
    """One line of work, and who goes through it."""

    name: str
    title: str
    measure: Measure
    contenders: tuple[str, ...] = ALL
    rounds: int | None = None
    # The people of one round stay for the next.
    stays: bool = False
    # The server may use every core.
    spreads: bool = False


def room(listeners: int, posts: int, rate: float = 0) -> Measure:
    """Listeners enter, posters post: as fast as they are answered, or at a rate."""

    def measure(contender: Contender, load: Load) -> Sample:
        seats = contender.seats(PEOPLE)
        joining = load.run(seats, listeners=listeners)
        before = cpu_seconds(contender.pids)
        told = load.run(seats, posts=posts, posters=POSTERS, rate=rate)
        time.sleep(AFTERWARDS_SECONDS)
        return figures(told, cpu_seconds(contender.pids) - before) | failures(joining, told)

    return measure


def newcomers(step: int) -> Measure:
    """More people come and only stay; those of the rounds before are still there."""
    here: dict[Contender, float] = {}

    def measure(contender: Contender, load: Load) -> Sample:
        seats = contender.seats(PEOPLE)
        before, cpu_before = memory_kib(contender.pids), cpu_seconds(contender.pids)
        came = load.run(seats, listeners=step)
        cpu = cpu_seconds(contender.pids) - cpu_before
        load.run(seats, hold=SETTLE_SECONDS)
        held = memory_kib(contender.pids)
        here[contender] = here.get(contender, 0) + came["joined"]
        return {
            "connections": here[contender],
            "memory_kib": held,
            "kib_per_connection": (held - before) / max(1, came["joined"]),
            "cpu_per_join": 1e3 * cpu / max(1, came["joined"]),
            **failures(came),
        }

    return measure


def figures(told: dict[str, Any], cpu: float) -> Sample:
    """The figures of a run, by the load's account and the server's CPU time."""
    return {
        "deliveries_per_second": _rate(told["deliveries"], told["delivery_seconds"]),
        "messages_per_second": _rate(told["posts"], told["post_seconds"]),
        "cpu_per_delivery": 1e6 * cpu / max(1, told["deliveries"]),
        "cpu_per_post": 1e3 * cpu / max(1, told["posts"]),
        "p50": told["delivery_p50"],
        "p95": told["delivery_p95"],
        "p99": told["delivery_p99"],
        "post_p95": told["post_p95"],
        "server_share": cpu / told["seconds"],
        "load_share": told["cpu"] / told["seconds"],
        **failures(told),
    }


def failures(*runs: dict[str, Any]) -> Sample:
    """How often what must not happen has happened in these runs."""
    return {kind: sum(told[kind] for told in runs) for kind in FAILURES}


def _rate(count: float, seconds: float) -> float:
    return count / seconds if seconds else 0.0


TOGETHER = [
    Workload("fanout", "500 listeners, 8 posters", room(500, 500)),
    Workload("room", "100 listeners, 8 posters", room(100, 800)),
    Workload("post", "1 listener, 8 posters", room(1, 1500), OF_A_POST),
    Workload("paced", "100 listeners, 20 messages a second", room(100, 80, rate=20), COMPARED),
    *(
        Workload(
            f"paced-{rate}",
            f"100 listeners, {rate} messages a second",
            room(100, 2 * rate, rate=rate),
            COMPARED,
            rounds=1,
        )
        for rate in RATES
    ),
    Workload("memory", f"{STEP} more idle connections", newcomers(STEP), COMPARED[:3], stays=True),
]
WORKERS = Workload(
    "workers",
    "500 listeners, 8 posters, PostgreSQL and Redis",
    room(500, 500),
    ("one", "two"),
    spreads=True,
)
BESIDE_EJABBERD = [
    Workload(
        "room-ejabberd",
        "100 listeners, 8 posters, beside ejabberd",
        room(100, 800),
        ("ours", "ejabberd"),
    ),
    Workload(
        "paced-ejabberd",
        "100 listeners, 20 messages a second, beside ejabberd",
        room(100, 200, rate=20),
        ("ours", "ejabberd"),
    ),
]
TITLES = {work.name: work.title for work in [*TOGETHER, WORKERS, *BESIDE_EJABBERD]} | {
    "crowd": "10,000 connections in one worker",
    "beside-uploads": "20 uploads of 20 MB at once",
    "beside-logins": "600 logins a minute",
    "beside-searches": "4 people who search without a pause",
}
