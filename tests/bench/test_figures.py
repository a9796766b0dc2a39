import pytest

from bench.figures import Spread, ratios, rounded, spread


def test_a_spread_is_the_median_and_the_range() -> None:
    assert spread([{"p50": 3.0}, {"p50": 1.0}, {"p50": 2.0}], "p50") == Spread(2.0, 1.0, 3.0)


def test_a_spread_says_its_range_only_if_it_has_one() -> None:
    assert str(Spread(2.0, 1.0, 3.0)) == "2.00 (1.00 to 3.00)"
    assert str(Spread(2.0, 2.0, 2.0)) == "2.00"


def test_a_ratio_compares_within_each_round() -> None:
    """A round on a busy machine is slow for both, which tells nothing about either."""
    ours = [{"cpu": 1.0}, {"cpu": 10.0}, {"cpu": 1.0}]
    theirs = [{"cpu": 2.0}, {"cpu": 20.0}, {"cpu": 4.0}]
    assert ratios(ours, theirs, "cpu") == Spread(0.5, 0.25, 0.5)


@pytest.mark.parametrize(
    ("value", "words"),
    [(194321.4, "194,321"), (74.26, "74.3"), (5.128, "5.13"), (0.0612, "0.0612"), (0, "0")],
)
def test_figures_have_about_three_digits(value: float, words: str) -> None:
    assert rounded(value) == words
