"""The rounds: every contender in turn, again and again, so that what slows one slows all."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from bench.contenders import NAMES, Contender
from bench.figures import FAILURES, Sample
from bench.load import Load
from bench.meter import on_cores
from bench.workloads import Workload

Rounds = dict[str, list[Sample]]


class Cores(NamedTuple):
    """Who runs where: the server on one core, the load on another."""

    server: set[int]
    load: set[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The first two cores that we may use; one for all where there is only one."""
        usable = sorted(os.sched_getaffinity(0))
        return cls({usable[0]}, {usable[1 % len(usable)]})


class Runner:
    """Takes contenders through workloads and keeps what they reached."""

    def __init__(self, folder: Path, cores: Cores, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._cores = cores
        self._say = say
        self._began = time.monotonic()

    def run(
        self,
        workload: Workload,
        rounds: int,
        start: dict[str, Callable[[Path], Contender]],
        deadline: float,
    ) -> Rounds:
        """All rounds of a workload, after one that only warms everybody up."""
        results: Rounds = {name: [] for name in workload.contenders}
        with ExitStack() as stack:
            turns = {
                name: self._start(stack, workload, name, start[name])
                for name in workload.contenders
            }
            for turn in range(1 + rounds):
                if time.monotonic() - self._began > deadline:
                    self._say(f"The time is up before round {turn} of {workload.name}.")
                    break
                for name in _rotated(workload.contenders, turn):
                    try:
                        with turns[name]() as (contender, load):
                            sample = workload.measure(contender, load)
                    except (OSError, RuntimeError) as error:
                        self._say(f"{NAMES[name]} failed in {workload.name}: {error}")
                        continue
                    if turn:
                        results[name].append(sample)
                    self._tell(workload, turn, rounds, name, sample)
        return results

    def _start(
        self,
        stack: ExitStack,
        workload: Workload,
        name: str,
        start: Callable[[Path], Contender],
    ) -> Callable[[], AbstractContextManager[tuple[Contender, Load]]]:
        """Start a contender; return how to meet it with a load, as a rule a fresh one each time."""
        cores = self._cores.server | self._cores.load if workload.spreads else self._cores.server
        with on_cores(cores):
            contender = start(self._folder / f"{workload.name}-{name}")
        stack.callback(contender.stop)
        if workload.stays:
            kept = stack.enter_context(Load(contender, self._cores.load))
            return lambda: nullcontext((contender, kept))

        @contextmanager
        def meet() -> Iterator[tuple[Contender, Load]]:
            with Load(contender, self._cores.load) as load:
                yield contender, load

        return meet

    def _tell(self, workload: Workload, turn: int, rounds: int, name: str, sample: Sample) -> None:
        figures = ", ".join(
            f"{metric} {value:.4g}"
            for metric, value in sample.items()
            if value or metric not in FAILURES
        )
        which = f"round {turn} of {rounds}" if turn else "warming up"
        seconds = time.monotonic() - self._began
        self._say(f"{seconds:5.0f} s  {workload.name}, {which}, {NAMES[name]}: {figures}")


def _rotated(names: Sequence[str], turn: int) -> Sequence[str]:
    place = turn % len(names)
    return [*names[place:], *names[:place]]
