"""No search holds up the others, whatever was written and whatever is looked for."""

import itertools
import threading

from hostile.blocking import MOST_SECONDS, wait_beside
from support.cast import done
from support.history import lengthen, replace_texts

LETTERS = "abcdefghijklmnopqrstuvwxy"
PAIRS = [a + b for a, b in itertools.product(LETTERS, LETTERS)]
LONGEST = 9_990
CYRILLIC = ("съешь ещё этих мягких французских булок да выпей чаю " * 200)[:LONGEST]


def fill(target, arena, count, content):
    """Bring a project to that many long messages, all alike, that are still to be indexed."""
    lengthen(target.server, arena.id, arena.owner.id, count)
    replace_texts(target.server, arena.id, content)
    # The first search indexes some and leaves the rest to the indexer.
    while done(search(arena, "no-such-word"))["incomplete"]:
        pass


def search(arena, query, **params):
    return arena.owner.get(f"{arena.api}/search", params={"q": query, **params}, timeout=60)


def search_all(arena, query):
    """Search to the end, part by part; how many were found."""
    count, before = 0, None
    while True:
        params = {"before": before} if before else {}
        answer = done(search(arena, query, **params))
        count, before = count + len(answer["results"]), answer["next"]
        if before is None:
            return count


def test_many_words_in_long_messages(target, arena, bystanders):
    """160 words of two letters over 300 messages took 9.3 s in one piece."""
    words = " ".join(itertools.islice(itertools.cycle(PAIRS), LONGEST // 3))
    fill(target, arena, 300, words)
    query = " ".join([*PAIRS[:155], "zq"])
    wait = wait_beside(target.server, lambda: search_all(arena, query), bystanders)
    assert wait.worst < MOST_SECONDS


def test_floods_of_combining_marks(target, arena, bystanders):
    """Forty of these made anybody's search take 6 to 14 s, and 1.5 s to be indexed."""
    content = "xabcx xbcdx xcdex a" + "\u0315" * 4900 + "\u0344" * 4900

    def attack():
        for _ in range(40):
            arena.post(arena.owner, content)
        for word in ("xbcdx", "abcde"):
            found.append(search_all(arena, word))

    found = []
    wait = wait_beside(target.server, attack, bystanders)
    assert found == [40, 0]
    assert wait.worst < MOST_SECONDS


def test_a_word_that_is_not_there_in_long_cyrillic_messages(target, arena, bystanders):
    """The parts of the word are everywhere, so each of the messages has to be tested."""
    fill(target, arena, 1000, CYRILLIC)
    wait = wait_beside(
        target.server, lambda: search_all(arena, "мягкихфранцузскихбулок"), bystanders
    )
    assert wait.worst < MOST_SECONDS


def test_four_who_search_without_a_pause(target, arena, bystanders):
    """Searches take turns with everybody else, and people with each other."""
    people = [arena.owner, *(target.newcomer() for _ in range(3))]
    arena.admit(*people[1:])
    fill(target, arena, 200, CYRILLIC)

    def loop(person):
        for _ in range(10):
            done(person.get(f"{arena.api}/search", params={"q": "французских"}))

    def attack():
        threads = [threading.Thread(target=loop, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wait_beside(target.server, attack, bystanders).worst < MOST_SECONDS


def test_the_summary_of_a_long_absence_is_bounded(target, arena, bystanders):
    """The sections of a summary end at a number of bytes, and asking is limited."""
    bob = target.newcomer()
    arena.admit(bob)
    lengthen(target.server, arena.id, arena.owner.id, 2000)
    replace_texts(target.server, arena.id, CYRILLIC[:-1] + "?")
    sizes = []

    def attack():
        for _ in range(10):
            answer = bob.get(f"{arena.api}/catch-up", params={"since": 0}, timeout=60)
            assert done(answer)["questions"]
            sizes.append(len(answer.content))

    assert wait_beside(target.server, attack, bystanders).worst < MOST_SECONDS
    assert max(sizes) < 512 * 1024
