from bench.goals import SHOWN, Goal, Results
from bench.table import failure_lines, goal_rows, markdown, rows, rows_apart, rows_before

FANOUT: Results = {
    "fanout": {
        "ours": [
            {"cpu_per_delivery": 5.0},
            {"cpu_per_delivery": 6.0},
        ],
        "node": [
            {"cpu_per_delivery": 7.0},
            {"cpu_per_delivery": 8.0, "lost": 2},
        ],
    }
}
AGAINST_NODE = Goal("fanout", "cpu_per_delivery", 0.8, "node", remark="The kernel takes it.")


def goal_line(goal: Goal, results: Results) -> list[str]:
    _head, *lines = goal_rows(results, [goal])
    assert len(lines) <= 1
    return lines[0] if lines else []


def test_a_goal_is_a_ratio_to_another_contender() -> None:
    line = goal_line(AGAINST_NODE, FANOUT)
    assert line[2:] == ["≤ 0.8 × plain Node", "0.732 (0.714 to 0.75)", "met"]


def test_a_goal_that_is_not_met_says_why() -> None:
    assert (
        goal_line(AGAINST_NODE._replace(bound=0.7), FANOUT)[-1] == "not met: The kernel takes it."
    )


def test_a_goal_may_be_a_bound() -> None:
    line = goal_line(Goal("fanout", "cpu_per_delivery", 5), FANOUT)
    assert line[2:] == ["≤ 5.00 µs", "5.50 (5.00 to 6.00)", "not met"]


def test_a_goal_may_ask_for_more() -> None:
    assert Goal("room", "messages_per_second", 0.8, "node", at_least=True).met(0.9)


def test_a_goal_that_was_not_measured_has_no_line() -> None:
    assert goal_line(AGAINST_NODE, {}) == []
    assert goal_line(AGAINST_NODE, {"fanout": {"ours": FANOUT["fanout"]["ours"]}}) == []


def test_versions_stand_beside_each_other_round_by_round() -> None:
    ours = [dict.fromkeys(SHOWN["post"], figure) for figure in (1.0, 3.0)]
    before = [dict.fromkeys(SHOWN["post"], figure) for figure in (2.0, 4.0)]
    results: Results = {
        "post": {"ours": ours, "before": before},
        "paced": {"ours": [], "before": []},
    }
    _head, *lines = rows_before(results)
    assert lines[-1][1:] == [
        "server CPU per post, ms",
        "2.00 (1.00 to 3.00)",
        "3.00 (2.00 to 4.00)",
        "0.625 (0.5 to 0.75)",
    ]


def test_the_table_has_a_column_for_each_contender() -> None:
    head, line = rows(FANOUT)
    assert line[head.index("projchat")] == "5.50 (5.00 to 6.00)"
    assert line[head.index("plain Node")] == "7.50 (7.00 to 8.00)"
    assert line[head.index("null server")] == ""


def test_a_run_that_stands_by_itself_has_a_table_of_its_own() -> None:
    _, line = rows_apart({"crowd": {"held": [{"dropped": 0}]}})
    assert line[1:] == ["connections dropped", "in silence", "0"]


def test_what_must_not_happen_is_told() -> None:
    assert list(failure_lines(FANOUT)) == [
        "plain Node, 500 listeners, 8 posters: 2 deliveries lost."
    ]


def test_a_table_becomes_markdown() -> None:
    assert markdown([["a", "b"], ["1", ""]]) == "| a | b |\n| --- | --- |\n| 1 |  |"
