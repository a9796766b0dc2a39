"""What ends a page of rows: their count or their bytes, but never before the first."""

import pytest

from projchat.document import Document
from projchat.models.page import Page, fill_page, interleave


# A row has 12 bytes and those of its text, with its comma.
@pytest.mark.parametrize(
    ("texts", "limit", "max_bytes", "taken", "has_more"),
    [
        ([], 5, 100, 0, False),
        (["a"] * 3, 5, 100, 3, False),
        (["a"] * 5, 5, 100, 5, False),
        (["a"] * 6, 5, 100, 5, True),
        (["a"] * 6, 9, 39, 3, True),
        (["a"] * 6, 9, 38, 2, True),
        (["я"] * 6, 9, 39, 2, True),
        (["a" * 1000, "a"], 9, 38, 1, True),
        (["a" * 1000], 9, 38, 1, False),
        (["a", "a" * 1000, "a"], 9, 38, 1, True),
    ],
)
def test_a_page_ends_at_its_bounds(texts, limit, max_bytes, taken, has_more):
    rows = [Document(text=text) for text in texts[:taken]]
    assert fill_page(({"text": text} for text in texts), limit, max_bytes) == Page(rows, has_more)


def test_nothing_is_fetched_beyond_the_row_that_does_not_fit():
    rows = iter([{"text": text} for text in ("a" * 50, "b" * 50, "c", "d")])
    assert fill_page(rows, 9, 100).has_more
    assert [row["text"] for row in rows] == ["c", "d"]


def test_two_are_interleaved_until_the_longer_ends():
    assert list(interleave([1, 2, 3], [4])) == [1, 4, 2, 3]
    assert list(interleave([], [4, 5])) == [4, 5]
