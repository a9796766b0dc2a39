"""Measure, print the table, and write docs/performance.md if everything was measured."""

import argparse
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace

from bench import crowd, ejabberd, fairness, page
from bench.contenders import START, Ours, data_folder
from bench.goals import SHOWN, Results, Rounds
from bench.runner import Cores, Runner
from bench.table import (
    failure_lines,
    goal_rows,
    markdown,
    rows,
    rows_apart,
    rows_before,
    rows_beside,
)
from bench.versions import commit_of, installed
from bench.workloads import BESIDE_EJABBERD, TOGETHER, WORKERS, Workload
from support.backend import Backend

ROUNDS = 5
MINUTES = 10


def main() -> None:
    """Do what was asked for; only a whole run is kept."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended."))
    options = _options()
    if options.workloads == ["page"]:
        page.write()
    elif options.workloads == ["crowd"]:
        results = {"crowd": crowd.measure(options.rounds, _say)}
        _show(results)
        page.keep("crowd", results)
    elif options.workloads == ["fairness"]:
        _show_fairness(options)
    elif options.workloads == ["ejabberd"]:
        results = _measure(BESIDE_EJABBERD, options)
        _show(results)
        _keep("ejabberd", BESIDE_EJABBERD, results, ejabberd.version())
    elif options.before:
        _compare_versions(options)
    else:
        _compare(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "workloads",
        nargs="*",
        help="only these, such as fanout; crowd; ejabberd; fairness; page writes the page",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--before", help="a commit to compare with, or a folder where one is installed"
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="no round begins later")
    return parser.parse_args()


def _compare(options: argparse.Namespace) -> None:
    works = [*TOGETHER, *([WORKERS] if Backend.from_environment().complete else [])]
    results = _measure(_chosen(works, options), options)
    _show(results)
    _keep("together", TOGETHER, results)
    _keep("workers", [WORKERS], results)


def _chosen(works: list[Workload], options: argparse.Namespace) -> list[Workload]:
    """Those of the workloads that were asked for; by default all."""
    chosen = [work for work in works if work.name in (options.workloads or [work.name])]
    if unknown := set(options.workloads) - {work.name for work in chosen}:
        sys.exit(f"There is no {', '.join(unknown)} in {', '.join(work.name for work in works)}.")
    return chosen


def _compare_versions(options: argparse.Namespace) -> None:
    """Take this version and one from before through the workloads in turn, and print the ratios."""
    chosen = [
        replace(work, contenders=("ours", "before"), rounds=options.rounds)
        for work in _chosen([work for work in TOGETHER if work.name in SHOWN], options)
    ]
    with data_folder() as folder:
        tree = installed(options.before, folder / "version")
        start = {**START, "before": lambda place: Ours(place, tree=tree)}
        runner = Runner(folder, Cores.of_this_machine(), _say)
        results = {
            work.name: runner.run(work, options.rounds, start, 60 * options.minutes)
            for work in chosen
        }
    print(f"\nBefore is {commit_of(options.before)}.\n\n{markdown(rows_before(results))}\n")
    print(*failure_lines(results), sep="\n")


def _show_fairness(options: argparse.Namespace) -> None:
    """The chat beside burdens; only beside a version from before it says enough to be kept."""
    results = fairness.measure(options.rounds, options.before, _say)
    for table in (rows_beside(results), goal_rows(results)):
        print(f"\n{markdown(table)}")
    print("", *failure_lines(results), sep="\n")
    if options.before and options.rounds >= ROUNDS:
        page.keep("fairness", results, f"before: {commit_of(options.before)}")
        print("docs/performance.md has these figures now (fairness).")


def _measure(chosen: Iterable[Workload], options: argparse.Namespace) -> Results:
    with data_folder() as folder:
        runner = Runner(folder, Cores.of_this_machine(), _say)
        start = {**START, "ejabberd": ejabberd.Ejabberd}
        return {
            work.name: runner.run(work, work.rounds or options.rounds, start, 60 * options.minutes)
            for work in chosen
        }


def _show(results: Results) -> None:
    for table in (rows(results), rows_apart(results), goal_rows(results)):
        if len(lines := list(table)) > 1:
            print(f"\n{markdown(lines)}")
    print("", *failure_lines(results), sep="\n")


def _keep(name: str, works: Iterable[Workload], results: Results, *versions: str) -> None:
    """Keep what was measured whole; a part of it leaves the page as it is."""
    if all(_is_whole(work, results.get(work.name, {})) for work in works):
        page.keep(name, {work.name: results[work.name] for work in works}, *versions)
        print(f"docs/performance.md has these figures now ({name}).")


def _is_whole(work: Workload, rounds: Rounds) -> bool:
    wanted = work.rounds or ROUNDS
    return all(len(rounds.get(name, ())) >= wanted for name in work.contenders)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
