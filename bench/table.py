"""The tables: what everybody reached, and what projchat had to reach."""

from collections.abc import Iterable, Iterator, Sequence

from bench.contenders import NAMES
from bench.figures import FAILURES, Sample, ratios, spread
from bench.goals import (
    APART,
    BESIDE,
    FAIRNESS,
    GOALS,
    METRICS,
    OF_THE_OTHERS,
    SHOWN,
    Goal,
    Results,
    Rounds,
)
from bench.workloads import COMPARED, TITLES

COLUMNS = (*COMPARED, "bare", "floor", "null")


def rows(results: Results) -> Iterator[list[str]]:
    """A row for each figure of each workload, a column for each contender."""
    yield ["work", "figure", *(NAMES[name] for name in COLUMNS)]
    for workload, metrics in SHOWN.items():
        for metric in (*metrics, "server_share", "load_share"):
            cells = [_cell(results.get(workload, {}).get(name, ()), metric) for name in COLUMNS]
            if any(cells):
                yield [TITLES[workload], _words(metric), *cells]


def rows_apart(results: Results) -> Iterator[list[str]]:
    """A row for each figure and contender of the runs that stand by themselves."""
    yield ["work", "figure", "", "reached"]
    for workload, (names, metrics) in APART.items():
        for metric in metrics:
            for name in names:
                if cell := _cell(results.get(workload, {}).get(name, ()), metric):
                    yield [TITLES[workload], _words(metric), NAMES[name], cell]


def rows_beside(results: Results) -> Iterator[list[str]]:
    """A row for each figure of the chat beside a burden, in this version and in the one before."""
    versions = {"": "", "before_": ", before"}
    kinds = ("without it", "beside it", "ratio")
    yield ["beside", "figure", *(f"{kind}{words}" for words in versions.values() for kind in kinds)]
    for workload in BESIDE:
        rounds = results.get(workload, {})
        for metric in (*FAIRNESS, *OF_THE_OTHERS) if rounds else ():
            cells = [cell for mark in versions for cell in _cells_beside(rounds, mark, metric)]
            yield [TITLES[workload], _words(metric), *cells]


def _cells_beside(rounds: Rounds, mark: str, metric: str) -> tuple[str, str, str]:
    calm, beside = rounds.get(f"{mark}calm", ()), rounds.get(f"{mark}burdened", ())
    is_compared = calm and beside and metric not in OF_THE_OTHERS
    ratio = str(ratios(beside, calm, metric)) if is_compared else ""
    return _cell(calm, metric), _cell(beside, metric), ratio


def rows_before(results: Results) -> Iterator[list[str]]:
    """A row for each figure of each workload, in this version and in the one before."""
    yield ["work", "figure", NAMES["ours"], NAMES["before"], "ratio"]
    for workload, rounds in results.items():
        ours, before = rounds["ours"], rounds["before"]
        for metric in SHOWN[workload] if ours and before else ():
            ratio = str(ratios(ours, before, metric))
            cells = (_cell(ours, metric), _cell(before, metric), ratio)
            yield [TITLES[workload], _words(metric), *cells]


def goal_rows(results: Results, goals: Iterable[Goal] = GOALS) -> Iterator[list[str]]:
    """A row for each goal that this run says something about."""
    yield ["work", "figure", "goal", "reached", ""]
    for goal in goals:
        reached = goal.reached(results.get(goal.workload, {}))
        if reached is not None:
            verdict = "met" if goal.met(reached.median) else "not met"
            figure = METRICS[goal.metric].words
            if goal.remark and verdict != "met":
                verdict = f"{verdict}: {goal.remark}"
            yield [TITLES[goal.workload], figure, goal.words, str(reached), verdict]


def failure_lines(results: Results) -> Iterator[str]:
    """What must not happen and did: messages lost, doubled or out of order, people dropped."""
    for workload, rounds in results.items():
        for name, samples in rounds.items():
            counts = {kind: sum(sample.get(kind, 0) for sample in samples) for kind in FAILURES}
            found = [f"{count:.0f} {FAILURES[kind]}" for kind, count in counts.items() if count]
            if found:
                yield f"{NAMES[name]}, {TITLES[workload]}: {', '.join(found)}."


def markdown(table: Iterable[Sequence[str]]) -> str:
    """A table as Markdown."""
    head, *body = table
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _words(metric: str) -> str:
    named = METRICS[metric]
    return f"{named.words}, {named.unit}" if named.unit else named.words


def _cell(samples: Sequence[Sample], metric: str) -> str:
    if not samples or metric not in samples[0]:
        return ""
    return str(spread(samples, metric))
