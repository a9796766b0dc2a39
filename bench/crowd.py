"""Ten thousand in one worker: 500 who talk, a storm of 9,500 who join, and then silence.

Run it with `make bench-crowd`; it takes some twenty minutes.
"""

from collections.abc import Callable

from bench.contenders import Contender, Ours, Seat, data_folder
from bench.figures import Sample
from bench.load import Load
from bench.meter import cpu_seconds, memory_kib, on_cores
from bench.runner import Cores
from bench.workloads import POSTERS, failures, figures

CROWD = 10_000
ACTIVE = 500
PEOPLE = 100
PROJECTS = 20
RATE = 10
STORM_SECONDS = 300
HOLD_SECONDS = 600
# The worker's default is full with the crowd itself; somebody must be able to post.
ROOM_FOR_POSTERS = {"GUNICORN_CMD_ARGS": f"--worker-connections {CROWD + 100}"}
Say = Callable[[str], None]


def measure(
    rounds: int, say: Say, crowd: int = CROWD, hold: int = HOLD_SECONDS
) -> dict[str, list[Sample]]:
    """Tell the whole story once; who talks is measured before and after the crowd has come."""
    cores = Cores.of_this_machine()
    with data_folder() as folder:
        with on_cores(cores.server):
            server = Ours(folder / "server", **ROOM_FOR_POSTERS)
        try:
            with Load(server, cores.load) as load:
                return _Story(server, load, say, crowd - ACTIVE, hold).told(rounds)
        finally:
            server.stop()


class _Story:
    def __init__(self, server: Contender, load: Load, say: Say, others: int, hold: int) -> None:
        self._server = server
        self._load = load
        self._say = say
        self._others = others
        self._hold = hold

    def told(self, rounds: int) -> dict[str, list[Sample]]:
        """The samples of each chapter."""
        talking = self._server.seats(PEOPLE // 5)
        others = self._server.seats(PEOPLE, PROJECTS)
        self._load.run(talking, listeners=ACTIVE)
        empty = [self._talk("empty", talking) for _ in range(1 + rounds)][1:]
        before = memory_kib(self._server.pids)
        storm = self._storm(talking, others)
        crowded = [self._talk("crowded", talking) for _ in range(1 + rounds)][1:]
        silence = self._silence(talking)
        held = memory_kib(self._server.pids)
        silence["kib_per_connection"] = (held - before) / max(1, storm["joined"])
        return {"empty": empty, "storm": [storm], "crowded": crowded, "held": [silence]}

    def _talk(self, name: str, seats: list[Seat]) -> Sample:
        before = cpu_seconds(self._server.pids)
        told = self._load.run(seats, posts=RATE * 10, posters=POSTERS, rate=RATE)
        sample = figures(told, cpu_seconds(self._server.pids) - before)
        self._say(f"{name}: p50 {sample['p50']:.1f} ms, p99 {sample['p99']:.1f} ms")
        return sample

    def _storm(self, talking: list[Seat], others: list[Seat]) -> Sample:
        """All others join at once, while those who are in go on talking."""
        before = cpu_seconds(self._server.pids)
        told = self._load.run(
            talking,
            others,
            listeners=self._others,
            window=self._others,
            posts=RATE * STORM_SECONDS,
            posters=POSTERS,
            rate=RATE,
            limit=STORM_SECONDS,
        )
        cpu = cpu_seconds(self._server.pids) - before
        sample = figures(told, cpu)
        sample["joined"] = told["joined"]
        sample["cpu_per_join"] = 1e3 * cpu / max(1, told["joined"])
        sample["joins_per_second"] = told["joined"] / max(0.001, told["join_seconds"])
        sample["join_p95"] = told["join_p95"]
        self._say(
            f"storm: {told['joined']} joined in {told['join_seconds']:.1f} s, "
            f"p95 {told['join_p95']:.0f} ms; posts meanwhile p95 {told['post_p95']:.0f} ms"
        )
        return sample

    def _silence(self, seats: list[Seat]) -> Sample:
        """Nobody says anything; nobody may be dropped."""
        before = cpu_seconds(self._server.pids)
        told = self._load.run(seats, hold=self._hold, limit=self._hold + 10)
        cpu = cpu_seconds(self._server.pids) - before
        self._say(f"held {told['seconds']:.0f} s: {told['dropped']} dropped")
        return {
            "seconds": told["seconds"],
            "server_share": cpu / told["seconds"],
            **failures(told),
        }
