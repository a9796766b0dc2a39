from bench.ejabberd import CONFIGURATION
from bench.goals import APART, GOALS, Results
from bench.table import goal_rows, rows_apart
from bench.workloads import BESIDE_EJABBERD

MEASURED: Results = {
    "room-ejabberd": {
        "ours": [{"messages_per_second": 900.0}],
        "ejabberd": [{"messages_per_second": 300.0}],
    },
    "paced-ejabberd": {
        "ours": [{"p50": 3.0, "p99": 4.0}],
        "ejabberd": [{"p50": 2.0, "p99": 8.0}],
    },
}


def test_the_goals_beside_ejabberd_are_three() -> None:
    _head, *lines = goal_rows(MEASURED)
    assert [(*line[2:4], line[4].partition(":")[0]) for line in lines] == [
        ("≥ 3.0 × ejabberd", "3.00", "met"),
        ("≤ 1.0 × ejabberd", "1.50", "not met"),
        ("≤ 1.0 × ejabberd", "0.5", "met"),
    ]


def test_both_stand_in_the_table() -> None:
    _head, *lines = rows_apart(MEASURED)
    assert [line[2:] for line in lines[:2]] == [["projchat", "900"], ["ejabberd", "300"]]


def test_every_goal_is_measured() -> None:
    measured = {work.name: work.contenders for work in BESIDE_EJABBERD}
    asked = [goal for goal in GOALS if goal.against == "ejabberd"]
    assert {goal.workload for goal in asked} == set(measured)
    assert all(goal.metric in APART[goal.workload][1] for goal in asked)
    assert all(names == APART[name][0] for name, names in measured.items())


def test_the_configuration_takes_the_port_and_the_database() -> None:
    text = CONFIGURATION.read_text().format(port=5222, database="/folder/chat.sqlite3")
    assert "  - port: 5222\n" in text
    assert "sql_database: /folder/chat.sqlite3\n" in text
