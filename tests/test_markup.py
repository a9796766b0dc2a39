"""Message text: what is accepted, and the HTML that it becomes."""

import re
import sys
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from projchat import markup
from projchat.markup import clean, render

LINK = '<a href="{0}" target="_blank" rel="nofollow noopener noreferrer">{1}</a>'
# Not a measure but a guard: what grows as the square of its input would take far longer.
SECONDS_FOR_THE_WORST = 10.0

# -- What is accepted


def test_it_works() -> None:
    assert clean("Hello, Bob") == "Hello, Bob"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a  \n\n \t\n", "a"),
        ("\n \n\r\n  a", "  a"),
        ("e\u0301 \u200f\u202eabc \x1b[31m", "e\u0301 \u200f\u202eabc \x1b[31m"),
        ("x" * 10_000 + "\n\n", "x" * 10_000),
        ("🙂" * 10_000, "🙂" * 10_000),
    ],
)
def test_it_trims_line_ends_and_keeps_the_rest_as_typed(typed: str, stored: str) -> None:
    assert clean(typed) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        (" \r\n\t\u00a0\n", "empty"),
        ("x" * 10_001, "too_long"),
        ("a\0b", "nul"),
        ("a\ud83d", "surrogate"),
        ("\udc00", "surrogate"),
    ],
)
def test_it_rejects_what_cannot_be_stored(typed: str, code: str) -> None:
    with pytest.raises(ValueError, match=f"^{code}$"):
        clean(typed)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        once = clean(text)
    except ValueError:
        return
    assert clean(once) == once


# -- What it becomes


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello", "<p>Hello</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("1 < 2 & 3 > 2", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>"),
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("# Big", "<p><strong>Big</strong></p>"),
        ("not a heading\n===", "<p>not a heading<br>\n===</p>"),
        ("    not code", "<p>not code</p>"),
        ("---", "<hr>"),
        ("```\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
    ],
)
def test_it_shows_markdown(text: str, html: str) -> None:
    assert render(text) == html


def test_it_shows_tables() -> None:
    assert "<td>1</td>" in render("|a|b|\n|-|-|\n|1|2|")


@pytest.mark.parametrize(
    ("text", "href", "label"),
    [
        ("https://a.com/x_y_z", "https://a.com/x_y_z", "https://a.com/x_y_z"),
        ("http://localhost:3000/?q=1", "http://localhost:3000/?q=1", "http://localhost:3000/?q=1"),
        ("https://a.com/(b)", "https://a.com/(b)", "https://a.com/(b)"),
        ("github.com/a/b", "https://github.com/a/b", "github.com/a/b"),
        ("www.example.shop", "https://www.example.shop", "www.example.shop"),
        ("anna_k@example.com", "mailto:anna_k@example.com", "anna_k@example.com"),
        ("[words](https://a.com)", "https://a.com", "words"),
        ("[](https://a.com)", "https://a.com", "https://a.com"),
        ("<https://a.com>", "https://a.com", "https://a.com"),
        ("![a cat](https://a.com/cat.png)", "https://a.com/cat.png", "a cat"),
        ("![](https://a.com/cat.png)", "https://a.com/cat.png", "https://a.com/cat.png"),
        ("[![built](https://a.com/b.svg)](https://a.com)", "https://a.com", "built"),
        ("https://xn--e1afmkfd.com", "https://xn--e1afmkfd.com", "https://xn--e1afmkfd.com"),
    ],
)
def test_it_links(text: str, href: str, label: str) -> None:
    assert render(text) == f"<p>{LINK.format(href, label)}</p>"


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("See https://a.com.", "See {}."),
        ("(see https://a.com)", "(see {})"),
        ("**https://a.com**", "<strong>{}</strong>"),
        ("«https://a.com»?!", "«{}»?!"),
    ],
)
def test_it_leaves_the_sentence_its_punctuation(text: str, around: str) -> None:
    assert render(text) == f"<p>{around.format(LINK.format('https://a.com', 'https://a.com'))}</p>"


@pytest.mark.parametrize(
    "text",
    [
        "setup.py and main.rs",
        "version 1.2.3",
        "ftp://a.com",
        "javascript:alert(1)",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](//a.com)",
        "[a](/logout)",
        "<javascript:alert(1)>",
        "xhttp://a",
        "@anna.com",
    ],
)
def test_it_does_not_link(text: str) -> None:
    assert "<a" not in render(text)


def test_it_colours_code() -> None:
    html = render("```python\ndef f():\n    return 'a<b'\n```")

    assert '<span class="k">def</span>' in html
    assert '<span class="nf">f</span>' in html
    assert "a&lt;b" in html
    assert "style=" not in html


@pytest.mark.parametrize("language", sorted(markup.LANGUAGES))
def test_it_knows_the_language(language: str) -> None:
    assert render(f"```{language}\na\n```").startswith("<pre><code>")


@pytest.mark.parametrize("language", ["", "nonsense", "../../etc", "python<script>"])
def test_it_shows_code_of_an_unknown_language_plain(language: str) -> None:
    assert render(f"```{language}\ndef\n```") == "<pre><code>def\n</code></pre>"


def test_it_shows_long_code_plain() -> None:
    assert "<span" not in render("```python\n" + "def\n" * 1500 + "```")


# -- What it must never become


TAGS = "a blockquote br code em hr li ol p pre s span strong table tbody td th thead tr ul"


class Allowed(HTMLParser):
    """Fails at anything that the page must not be given."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS.split()
        for name, value in attrs:
            assert (tag, name) in {
                ("a", "href"),
                ("a", "rel"),
                ("a", "target"),
                ("ol", "start"),
                ("span", "class"),
            }
            if name == "href":
                assert re.match(r"https?://|mailto:", value or "", re.IGNORECASE)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- --><style>*{}</style>",
    '[a](https://a.com "\\" onclick=alert\\(1\\)")',
    "[a](https://a.com&quot;onclick=)",
    "[a](javascript&#58;alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](\x01javascript:alert(1))",
    '<https://a.com/" onmouseover="x>',
    '```"><script>\n</code><script>\n```',
    "&#60;script&#62;",
    "`</code><script>`",
    "|<script>|\n|-|\n|</td><script>|",
    "[![a](https://b.com)](https://c.com) [*a](https://b.com)*",
]
PIECES = [*HOSTILE, *"[]()!<>*_`~#|-=+:.\\&\"'\n\t ", "a", "ж", "🙂", "\xa0", "\u2028", "\ufeff"]
PIECES += ["://", "http", "www.", ".com", "1.", "```", "@", "&amp;", "\x0b", "\x85", "\x1c", "\r"]
markdownish = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@pytest.mark.parametrize("text", HOSTILE)
def test_it_disarms(text: str) -> None:
    Allowed().feed(render(text))


@given(st.one_of(markdownish, st.text()))
@settings(max_examples=300, deadline=None)
def test_it_gives_nothing_but_what_is_allowed(text: str) -> None:
    Allowed().feed(render(text.replace("\0", "")))


PLAIN_PIECES = [
    *"abж🙂.,;:!?()\"'»…|+=-#>~&$%^{}/ \n\t",
    "\xa0",
    "\u3000",
    "1.",
    "2)",
    "word ",
    "...",
]
plainish = st.lists(st.sampled_from([*PLAIN_PIECES, "\ufeff", "\x85", "\u2028", "com", "&lt;"]))


@given(st.one_of(plainish.map("".join), st.text(st.characters(exclude_categories=["Cs"]))))
@example("first. second\nthird\n\n\nfourth")
@example("a\n\xa0\nb")
@settings(max_examples=1000, deadline=None)
def test_the_short_way_is_the_long_way(text: str) -> None:
    if not markup.SIGNIFICANT.search(text):
        assert render(text) == markup._render_markdown(text)


@pytest.mark.parametrize("text", ["Привет, как дела?", "ok :) - see you at 5, R&D…", "a -> b\nc"])
def test_plain_sentences_go_the_short_way(text: str) -> None:
    assert not markup.SIGNIFICANT.search(text)


# -- What it must not cost

WORDS = """
    [ ] ![ ![[ [a]( [a](b []( ]( [` `[ [< <[ [* *[ [a][ * **a a* *a** _a_ ` ``a ~ ~~a > - + 1. < <a
    <a@b> <http: & &amp; &#1; \\ | |- http:// http://a http://a. http://a.b/( http://a) http://[ ://
    a:// // www. www.a. a. a- a@ a@b.com mailto: xn-- xn--a. .com 1.1. a.com $ # = ( { " ' 🙂 :
    [![](http://a.b)](http://c.d) ![](http://a.b)
"""
LINES = [">\n", "#\n", "a\n\n", "---\n", "```\n", "```py\n", "|a|\n|-|\n", "[a]: b\n", "- a\n* a\n"]
SPACED = ["> ", "- ", "* a ", "1. ", "\t- ", "\n- a", "a\\\n", "a.com ", "https://a.com ", "а.рф "]
RUNS = [*WORDS.split(), *LINES, *SPACED]
NESTED = {
    "brackets": "[" * 5000 + "]" * 5000,
    "emphasis": "*a **b " * 700 + "c** d* " * 700,
    "backticks": "".join("`" * length + " " for length in range(1, 140)),
    "lists": "".join("  " * depth + "- a\n" for depth in range(95)),
    "quotes": ">" * 5000 + "a" * 5000,
    "lists in quotes": "> - " * 2500,
    "a wide table": "|" + "a|" * 1600 + "\n|" + "-|" * 1600 + "\n" + "|\n" * 1700,
    "a tall table": "|a|b|\n|-|-|\n" + "a\n" * 4990,
    "a reference used often": "[a]: " + "b" * 4900 + "\n" + "[a]" * 1600,
    "parentheses after an address": "http://a.b/" + "(" * 100 + ")" * 9000,
}
WORST = {run: (run * 10_000)[:10_000] for run in RUNS} | NESTED
CODE_RUNS = ["\n", "a\n", " \n", "a b ", '"\\', "//", "'", "{", "<!--", "<script>", "&", "a.", "[["]


@pytest.mark.parametrize("text", WORST.values(), ids=map(ascii, WORST))
def test_the_worst_stays_bounded(text: str) -> None:
    assert_bounded(text)


@pytest.mark.parametrize("language", sorted(markup.LANGUAGES))
def test_the_worst_code_stays_bounded(language: str) -> None:
    render(f"```{language}\na\n```")
    for run in CODE_RUNS:
        assert_bounded(f"```{language}\n" + (run * 10_000)[: markup.MAX_CODE])


def assert_bounded(text: str) -> None:
    assert len(text) <= 10_000
    started = time.thread_time()
    html = render(text)
    assert time.thread_time() - started < SECONDS_FOR_THE_WORST
    assert len(html) <= markup.MAX_HTML
    Allowed().feed(html)


def test_what_is_too_deep_is_shown_as_typed() -> None:
    assert render(">" * 30 + " all of it") == "<p>" + "&gt;" * 30 + " all of it</p>"


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_nesting_needs_few_frames(text: str) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        render(text)
    finally:
        sys.setrecursionlimit(limit)


# -- Mentions

PEOPLE = {"bob": "2", "Bob": "2", "боб": "3", "bob_smith": "4", "bob.smith": "5", "all": "all"}


def mark(whom: str, typed: str) -> str:
    return f'<span class="mention" data-user="{whom}">@{typed}</span>'


@pytest.mark.parametrize(
    ("text", "html", "mentioned"),
    [
        ("@bob", f"<p>{mark('2', 'bob')}</p>", {"2"}),
        ("Ask @Bob.", f"<p>Ask {mark('2', 'Bob')}.</p>", {"2"}),
        ("(@боб)", f"<p>({mark('3', 'боб')})</p>", {"3"}),
        ("_@bob_", f"<p><em>{mark('2', 'bob')}</em></p>", {"2"}),
        ("@bob_smith: hi", f"<p>{mark('4', 'bob_smith')}: hi</p>", {"4"}),
        ("@bob.smith...", f"<p>{mark('5', 'bob.smith')}...</p>", {"5"}),
        ("@all", f"<p>{mark('all', 'all')}</p>", {"all"}),
        ("> @bob", f"<blockquote>\n<p>{mark('2', 'bob')}</p>\n</blockquote>", {"2"}),
    ],
)
def test_a_mention_is_marked(text: str, html: str, mentioned: set[str]) -> None:
    assert markup.render_mentions(text, PEOPLE) == (html, mentioned)


@pytest.mark.parametrize(
    "text",
    [
        "bob",
        "@ bob",
        "`@bob`",
        "```\n@bob\n```",
        "a@bob",
        "@@bob",
        "@bob@example.org",
        "@bobby",
        "@bob_",
        "https://example.org/@bob",
        "[@bob](https://example.org)",
        '<span class="mention" data-user="2">bob</span>',
        "@nobody",
    ],
)
def test_what_only_looks_like_a_mention_is_none(text: str) -> None:
    html, mentioned = markup.render_mentions(text, PEOPLE)
    assert mentioned == set()
    assert "<span" not in html


@given(st.lists(st.sampled_from(["@bob", "@", "_", "*", "-", "`", " ", ".", "\n", "a", "[", "]"])))
def test_whoever_is_mentioned_is_among_the_names(parts: list[str]) -> None:
    text = "".join(parts)
    _, mentioned = markup.render_mentions(text, {"bob": "2"})
    assert not mentioned or "bob" in markup.names_in(text)
    assert len(markup.names_in("@a" + " @b".join(map(str, range(500))))) <= 50
