"""Do people who chat wait while others send files, log in and search?

The same chat goes on without and beside each burden, in turn, in this version and in one from
before: `make bench-fairness BEFORE=<commit>`. How late the event loop is, is measured within the
server by bench/probe/, the same for both.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.burdens import BURDENS, Clients, burdened
from bench.contenders import Ours, data_folder
from bench.figures import Sample
from bench.goals import Results
from bench.load import Load
from bench.meter import cpu_seconds, go_first, on_cores
from bench.runner import Cores
from bench.versions import installed
from bench.workloads import PEOPLE, POSTERS, figures
from projchat.loop_delay import quantile
from support.server import ROOT

LISTENERS = 100
RATE = 20
SECONDS = 5
BEGIN_SECONDS = 1.5
CALM_SECONDS = 1.0
PROBE = Path(__file__).parent / "probe"
Say = Callable[[str], None]


def measure(rounds: int, before: str | None, say: Say) -> Results:
    """Measure all burdens in turn for so many rounds, after one that only warms up."""
    go_first()
    cores = Cores.of_this_machine()
    with data_folder() as folder, ExitStack() as stack:
        trees = {"": ROOT}
        if before:
            say(f"Installing {before}.")
            trees["before_"] = installed(before, folder / "before")
        servers = {}
        for mark, tree in trees.items():
            servers[mark] = Measured(folder / f"server{mark}", tree, cores)
            stack.callback(servers[mark].stop)
        results: Results = {f"beside-{name}": {} for name in BURDENS}
        for turn in range(1 + rounds):
            marks = list(servers)
            for mark in marks[turn % len(marks) :] + marks[: turn % len(marks)]:
                for name, (calm, beside) in servers[mark].round().items():
                    say(_told(f"{mark}{name}, round {turn} of {rounds}", calm, beside))
                    if turn:
                        kept = results[f"beside-{name}"]
                        kept.setdefault(f"{mark}calm", []).append(calm)
                        kept.setdefault(f"{mark}burdened", []).append(beside)
        return results


class Measured:
    """A version under measurement: its server, and who burdens it."""

    def __init__(self, folder: Path, tree: Path, cores: Cores) -> None:
        self._cores = cores
        self._delays = folder / "delays"
        environment = {"PYTHONPATH": str(PROBE), "BENCH_LOOP_DELAY": str(self._delays)}
        with on_cores(cores.server):
            self._server = Ours(folder, tree=tree, **environment)
        go_first(self._server.pid)
        self._seats = self._server.seats(PEOPLE)
        self._clients: dict[str, Clients] = {
            name: prepare(self._server) for name, prepare in BURDENS.items()
        }

    def round(self) -> dict[str, tuple[Sample, Sample]]:
        """Measure the chat without and beside each burden."""
        with Load(self._server, self._cores.load) as load:
            load.run(self._seats, listeners=LISTENERS)
            return {name: (self._chat(load), self._beside(load, name)) for name in BURDENS}

    def stop(self) -> None:
        """End the server."""
        self._server.stop()

    def _beside(self, load: Load, name: str) -> Sample:
        with burdened(self._clients[name], self._cores.load) as done:
            time.sleep(BEGIN_SECONDS)
            sample = self._chat(load)
        time.sleep(CALM_SECONDS)
        pieces, turned_away = done()
        return {**sample, "pieces_per_second": pieces, "turned_away": turned_away}

    def _chat(self, load: Load) -> Sample:
        """The figures of some seconds of chat."""
        before, began = cpu_seconds(self._server.pids), time.monotonic()
        told = load.run(self._seats, posts=RATE * SECONDS, posters=POSTERS, rate=RATE)
        ended = time.monotonic()
        sample = figures(told, cpu_seconds(self._server.pids) - before)
        delays = [1e3 * delay for moment, delay in self._measured() if began <= moment <= ended]
        return sample | {
            "loop_p50": quantile(delays, 0.5),
            "loop_p99": quantile(delays, 0.99),
            "loop_most": max(delays),
        }

    def _measured(self) -> Iterator[tuple[float, float]]:
        for line in self._delays.read_text().splitlines():
            moment, _, delay = line.partition(" ")
            yield float(moment), float(delay)


def _told(what: str, calm: Sample, beside: Sample) -> str:
    metrics = ("loop_p50", "loop_p99", "loop_most", "p50", "p99")
    pairs = ", ".join(f"{name} {calm[name]:.3g} → {beside[name]:.3g}" for name in metrics)
    return (
        f"{what}: {pairs}; {beside['pieces_per_second']:.3g}/s, "
        f"{beside['turned_away']:.0f} turned away, core {beside['server_share']:.2f}"
    )
