"""What projchat must show, each goal a ratio to another contender in the same run, or a bound."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.contenders import NAMES
from bench.figures import Sample, Spread, ratios, rounded, spread

Rounds = Mapping[str, Sequence[Sample]]
Results = Mapping[str, Rounds]


class Goal(NamedTuple):
    """A bound on a figure, or on its ratio to another contender's."""

    workload: str
    metric: str
    bound: float
    against: str | None = None
    at_least: bool = False
    subject: str = "ours"
    remark: str = ""

    @property
    def words(self) -> str:
        """As the table says it."""
        sign = "≥" if self.at_least else "≤"
        if self.against is None:
            return f"{sign} {rounded(self.bound)} {METRICS[self.metric].unit}".strip()
        return f"{sign} {self.bound} × {NAMES[self.against]}"

    def reached(self, rounds: Rounds) -> Spread | None:
        """What has been measured of it, if it has been."""
        ours = rounds.get(self.subject)
        if not ours:
            return None
        if self.against is None:
            return spread(ours, self.metric)
        theirs = rounds.get(self.against)
        return ratios(ours, theirs, self.metric) if theirs else None

    def met(self, value: float) -> bool:
        """Whether a value is good enough."""
        return value >= self.bound if self.at_least else value <= self.bound


class Metric(NamedTuple):
    """A figure and its unit."""

    words: str
    unit: str


METRICS = {
    "cpu_per_delivery": Metric("server CPU per delivery, the post included", "µs"),
    "deliveries_per_second": Metric("deliveries a second", "/s"),
    "messages_per_second": Metric("messages a second", "/s"),
    "cpu_per_post": Metric("server CPU per post", "ms"),
    "p50": Metric("latency of a delivery, p50", "ms"),
    "p99": Metric("latency of a delivery, p99", "ms"),
    "kib_per_connection": Metric("memory per idle connection", "KiB"),
    "cpu_per_join": Metric("server CPU per join", "ms"),
    "joins_per_second": Metric("joins a second", "/s"),
    "join_p95": Metric("time to join, p95", "ms"),
    "post_p95": Metric("time to post, p95", "ms"),
    "loop_p50": Metric("delay of the event loop, p50", "ms"),
    "loop_p99": Metric("delay of the event loop, p99", "ms"),
    "pieces_per_second": Metric("what was done for the others, a second", ""),
    "turned_away": Metric("what of it was refused", ""),
    "dropped": Metric("connections dropped", ""),
    "seconds": Metric("time held", "s"),
    "load_share": Metric("the load's share of its core", ""),
    "server_share": Metric("the server's share of its core", ""),
}
SHOWN = {
    "fanout": ("deliveries_per_second", "cpu_per_delivery", "p50", "p99"),
    "room": ("messages_per_second", "cpu_per_delivery"),
    "post": ("messages_per_second", "cpu_per_post"),
    "paced": ("p50", "p99", "cpu_per_post"),
    "memory": ("kib_per_connection", "cpu_per_join"),
}
# Runs that stand by themselves: who is compared, and in which figures.
APART = {
    "room-ejabberd": (
        ("ours", "ejabberd"),
        ("messages_per_second", "cpu_per_delivery", "server_share", "load_share"),
    ),
    "paced-ejabberd": (
        ("ours", "ejabberd"),
        ("p50", "p99", "cpu_per_post", "server_share", "load_share"),
    ),
    "workers": (("one", "two"), ("deliveries_per_second", "cpu_per_delivery", "p50", "p99")),
    "crowd": (
        ("empty", "storm", "crowded", "held"),
        (
            "p50",
            "p99",
            "post_p95",
            "joins_per_second",
            "join_p95",
            "cpu_per_join",
            "kib_per_connection",
            "dropped",
            "seconds",
            "server_share",
            "load_share",
        ),
    ),
}
# The chat beside what others ask for: which figures, in this version and in the one before.
FAIRNESS = ("loop_p50", "loop_p99", "p50", "p99", "server_share")
OF_THE_OTHERS = ("pieces_per_second", "turned_away")
BESIDE = ("beside-uploads", "beside-logins", "beside-searches")
A_POST = "0.23 is bare Flask; without the words for the search and the log's lines it is 0.56"
MOSTLY_POSTS = "nine tenths of the work are the post, see there"
A_MEDIAN = "half of it is the post, which renders, counts and checks what ejabberd's does not"
GOALS = [
    Goal("fanout", "cpu_per_delivery", 0.5, "original"),
    Goal("fanout", "cpu_per_delivery", 0.8, "node"),
    Goal("fanout", "cpu_per_delivery", 1.1, "floor"),
    Goal("fanout", "p50", 1.0, "node"),
    Goal("room", "messages_per_second", 0.8, "node", at_least=True, remark=MOSTLY_POSTS),
    Goal("post", "cpu_per_post", 0.55, "naive", remark=A_POST),
    Goal("paced", "p50", 1.0, "original"),
    Goal("paced", "p99", 1.0, "original"),
    Goal(
        "room-ejabberd",
        "messages_per_second",
        3.0,
        "ejabberd",
        at_least=True,
        remark=MOSTLY_POSTS,
    ),
    Goal("paced-ejabberd", "p50", 1.0, "ejabberd", remark=A_MEDIAN),
    Goal("paced-ejabberd", "p99", 1.0, "ejabberd"),
    Goal("memory", "kib_per_connection", 28),
    Goal("workers", "cpu_per_delivery", 1.2, "one", subject="two"),
    Goal("workers", "deliveries_per_second", 1.0, "one", at_least=True, subject="two"),
    Goal("crowd", "p99", 1.5, "empty", subject="crowded"),
    Goal("crowd", "kib_per_connection", 28, subject="held"),
    Goal("crowd", "dropped", 0, subject="held"),
    *(Goal(name, "loop_p50", 2.0, "calm", subject="burdened") for name in BESIDE),
]
