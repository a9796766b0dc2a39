"""From samples to figures: a median with its range, and ratios within one round."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

Sample = dict[str, float]
# What must not happen, by the names that run.h has for it.
FAILURES = {
    "refused": "not let in at once, and tried again",
    "dropped": "dropped",
    "bad_posts": "posts refused",
    "lost": "deliveries lost",
    "twice": "deliveries doubled",
    "disordered": "deliveries out of order",
}


class Spread(NamedTuple):
    """The median of several rounds, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of some values, of which there must be one at least."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        if self.low == self.high:
            return rounded(self.median)
        return f"{rounded(self.median)} ({rounded(self.low)} to {rounded(self.high)})"


def spread(samples: Sequence[Sample], metric: str) -> Spread:
    """The spread of one figure over the rounds."""
    return Spread.of([sample[metric] for sample in samples])


def ratios(ours: Sequence[Sample], theirs: Sequence[Sample], metric: str) -> Spread:
    """Ours over theirs, each round for itself: what slows the machine slows both."""
    pairs = zip(ours, theirs, strict=False)
    return Spread.of([one[metric] / other[metric] for one, other in pairs])


def rounded(value: float) -> str:
    """Three significant digits, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.{1 if abs(value) >= 10 else 2}f}"
