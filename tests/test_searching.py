"""What makes two texts the same for a search, and what of a text it shows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projchat import searching
from projchat.searching import Query

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TEXTS = st.text(
    alphabet=st.sampled_from("абвёЁйabcßéİﬁ北京東한 -._'\"1\u0301\u200d👍ก"), max_size=30
)


@given(text=TEXTS, start=st.integers(0, 30), length=st.integers(1, 12))
def test_whatever_matches_has_the_tokens(text, start, length):
    query = Query.parse(text[start : start + length])
    plain = searching.plain(text)
    if query.terms and query.marks(plain) is not None:
        held = searching.grams(searching.fold(plain)) | {searching.ANY}
        assert all(held & set(clause) for clause in query.clauses([], NOW))


@pytest.mark.parametrize("word", ["x" * 10_000, "京" * 10_000])
def test_only_words_of_a_language_are_kept(word):
    kept = searching._kept_grams_of.cache_info().currsize
    assert searching.grams(word)
    assert searching._kept_grams_of.cache_info().currsize == kept


@given(text=TEXTS)
def test_every_word_finds_its_own_text(text):
    plain = searching.plain(text)
    for word in plain.split():
        assert Query.parse(word).marks(plain) is not None


@given(text=TEXTS, query=TEXTS)
def test_marks_lie_within_the_text(text, query):
    plain = searching.plain(text)
    marks = Query.parse(query).marks(plain) or []
    excerpt, shown = searching.excerpt(plain, marks)
    assert all(0 <= start < end <= len(excerpt) for start, end in shown)
    assert [end for _, end in marks] == sorted(end for _, end in marks)


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>one</p>\n<p>two<br>\nthree</p>", "one\ntwo\nthree"),
        ("<p>a &lt;b&gt; &amp;amp; <strong>c</strong></p>", "a <b> &amp; c"),
        ('<p><a href="https://x.example/?a&amp;b">https://x.example/?a&amp;b</a></p>', "https://x.example/?a&b"),
        ('<p><a href="https://x.example" rel="nofollow">here</a>!</p>', "here (https://x.example)!"),
        ('<p><a href="mailto:a@x.example">a@x.example</a></p>', "a@x.example"),
        ("<pre><code><span class=\"k\">def</span> f</code></pre>\n", "def f"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1\n2"),
    ],
)  # fmt: skip
def test_plain_text_is_what_is_read(html, plain):
    assert searching.plain(html) == plain


def test_a_long_range_of_days_is_covered_by_years():
    [clause] = Query.parse("before:2026-02-03 after:2024-12-31 x").clauses([], NOW)[1:]
    assert clause == ["~2024-12-31", "~2025", "~2026-01", "~2026-02-01", "~2026-02-02"]
    [clause] = Query.parse("before:2017-01-01 x").clauses([], NOW)[1:]
    assert clause == ["~2015", "~2016"]
    [clause] = Query.parse("after:2027-12-30 x").clauses([], NOW)[1:]
    assert clause == ["~2027-12-30", "~2027-12-31"]
