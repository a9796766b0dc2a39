"""No code that somebody writes down holds up the others while it is coloured."""

import time

import pytest

from hostile.blocking import MOST_SECONDS, wait_beside
from projchat import markup
from support.cast import done

# What makes patterns of one lexer or another look far ahead, again and again.
UNITS = ["\t", " ", "\n", "a ", "(", "<a ", "</", "/*", "'", '"', "\\", "-", "a=", "/function "]
WORST = [("c++", "\t"), ("c", " "), ("c", "\n"), ("css", "/function "), ("diff", " "), ("go", " ")]
# The clock of the processor; some patterns took up to 1.7 s each.
MOST_CPU_SECONDS = 0.5


def fenced(language, unit, length=markup.MAX_CODE):
    return f"```{language}\n{('a' + unit * length)[: length - 1]}\n```"


@pytest.mark.parametrize(("language", "unit"), WORST)
def test_the_worst_that_is_known(language, unit):
    assert cpu_seconds(fenced(language, unit)) < MOST_CPU_SECONDS


@pytest.mark.parametrize("language", ["c++", "css", "html", "java", "python", "sql"])
def test_every_language_ends_in_time(language):
    """A few of them here; what each takes is looked for by the same texts."""
    assert max(cpu_seconds(fenced(language, unit)) for unit in UNITS) < MOST_CPU_SECONDS


@pytest.mark.parametrize(
    "unit", ["![](", "[", "[](", "](javascript:alert(1))[", "[a](b", "[](<a", '[](a "', "[![[]("]
)
def test_brackets_that_may_begin_a_link_end_in_time(unit):
    """Each was looked at to the end of the text, for 0.2 s in all."""
    text = (unit * markup.MAX_LENGTH)[: markup.MAX_LENGTH]
    assert cpu_seconds(text) < MOST_CPU_SECONDS


def test_as_many_links_as_anybody_writes_are_links():
    assert markup.render("[a](http://b) " * 600).count("<a ") == 600


def test_ordinary_code_keeps_its_colours():
    code = "/* a comment\n   of two lines */\nint main() {\n\treturn 42;\n}"
    html = markup.render(f"```c\n{code}\n```")
    assert '<span class="c">/* a comment\n   of two lines */</span>' in html
    assert '<span class="m">42</span>' in html


def test_twenty_at_once(target, arena, bystanders):
    """What the limits allow in ten seconds blocked everybody for 23 s."""
    content = fenced("c++", "\t")

    def attack():
        for _ in range(20):
            arena.post(arena.owner, content)

    assert wait_beside(target.server, attack, bystanders).worst < MOST_SECONDS


def test_a_description_is_rendered_once(target, arena, bystanders):
    """It was coloured anew at each look of each member."""
    done(arena.owner.patch(arena.api, {"description": fenced("c++", "\t", 1985)}))

    def attack():
        for _ in range(20):
            assert "<pre>" in done(arena.owner.get(arena.api))["descriptionHtml"]

    assert wait_beside(target.server, attack, bystanders).worst < MOST_SECONDS


def cpu_seconds(text):
    markup.render(text)
    began = time.thread_time()
    markup.render(text)
    return time.thread_time() - began
