import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from bench import versions
from bench.burdens import BURDENS, Client, Shift, burdened
from bench.fairness import PROBE
from bench.goals import BESIDE, FAIRNESS, GOALS, Results
from bench.runner import Cores
from bench.table import failure_lines, goal_rows, rows_beside
from support.server import ROOT

CALM = dict.fromkeys(FAIRNESS, 0.5)
BURDENED = {**dict.fromkeys(FAIRNESS, 0.75), "pieces_per_second": 9.0, "turned_away": 1}
RESULTS: Results = {
    "beside-logins": {
        "calm": [CALM],
        "burdened": [BURDENED],
        "before_calm": [CALM],
        "before_burdened": [{**BURDENED, "loop_p50": 20.0, "dropped": 2}],
    }
}
in_a_repository = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no repository here")
# A process that is served as an application is, as far as the probe can see.
WSGI = "import eventlet\n\neventlet.monkey_patch()\n"
WORKER = "import wsgi, time\n\ntime.sleep(0.3)\n"


def test_both_versions_stand_beside_their_baselines() -> None:
    head, *lines = rows_beside(RESULTS)
    assert head[2:5] == ["without it", "beside it", "ratio"]
    assert lines[0][1:] == [
        "delay of the event loop, p50, ms",
        *("0.5", "0.75", "1.50"),
        *("0.5", "20.0", "40.0"),
    ]
    refused = lines[-1]
    assert refused[1:] == ["what of it was refused", "", "1.00", "", "", "1.00", ""]


def test_without_a_version_before_its_columns_are_empty() -> None:
    rounds = RESULTS["beside-logins"]
    alone = {"beside-logins": {name: rounds[name] for name in ("calm", "burdened")}}
    assert all(line[5:] == ["", "", ""] for line in list(rows_beside(alone))[1:])


def test_the_goal_is_a_ratio_to_the_same_chat_without_the_burden() -> None:
    [_head, line] = goal_rows(RESULTS)
    assert line[2:] == ["≤ 2.0 × without the burden", "1.50", "met"]
    assert {goal.workload for goal in GOALS if goal.against == "calm"} == set(BESIDE)


def test_every_burden_is_in_the_table() -> None:
    assert {f"beside-{name}" for name in BURDENS} == set(BESIDE)


def test_whoever_was_dropped_is_told() -> None:
    [line] = failure_lines(RESULTS)
    assert line.startswith("the version before, beside the burden, 600 logins a minute: 2 dropped")


@pytest.mark.filterwarnings("ignore:Using fork:DeprecationWarning")
def test_a_burden_goes_on_until_the_context_ends() -> None:
    def busy(shift: Shift) -> Client:
        while True:
            shift.stopped.wait(0.01)
            yield True

    def unlucky(shift: Shift) -> Client:
        shift.stopped.wait(0.01)
        yield False
        raise requests.ConnectionError

    cores = Cores.of_this_machine().load
    with burdened([busy, busy], cores) as done:
        time.sleep(0.2)
    assert done().per_second > 0
    assert done().refused == 0
    with burdened([unlucky], cores) as done:
        time.sleep(0.2)
    assert done().per_second == 0
    assert done().refused > 1


def test_the_probe_measures_once_the_application_is_there(tmp_path: Path) -> None:
    (tmp_path / "wsgi.py").write_text(WSGI)
    delays = tmp_path / "delays"
    environment = {"PYTHONPATH": f"{PROBE}:{tmp_path}", "BENCH_LOOP_DELAY": str(delays)}
    words = [sys.executable, "-W", "ignore"]
    subprocess.run([*words, "-c", "pass"], env=environment, check=True, timeout=60)
    assert not delays.exists()
    subprocess.run([*words, "-c", WORKER], env=environment, check=True, timeout=60)
    lines = [line.split() for line in delays.read_text().splitlines()]
    assert lines
    assert all(float(moment) > 0 and float(delay) >= 0 for moment, delay in lines)


@in_a_repository
def test_a_version_is_named_by_its_commit() -> None:
    assert versions.commit_of("HEAD") == versions.commit_of(str(ROOT))


@in_a_repository
def test_a_version_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        versions.installed("no-such-version", tmp_path / "before")
