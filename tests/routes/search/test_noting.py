"""The words of a message are noted after it was posted, and whatever happens meanwhile is right."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from support.cast import done
from support.history import lengthen
from support.surgery import execute

WAITING = "SELECT message_count - indexed_count FROM projects WHERE id = :id"
# The index cannot be written, as on a disk that is full; all else can.
FULL = {
    "sqlite": [
        "CREATE TRIGGER full_disk BEFORE UPDATE OF indexed_count ON projects"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''the disk is full''; END'",
        "CREATE TRIGGER full_disk BEFORE UPDATE OF indexed_count ON projects"
        " FOR EACH ROW EXECUTE FUNCTION full_disk()",
    ],
}
FREED = {
    "sqlite": ["DROP TRIGGER full_disk"],
    "postgresql": ["DROP TRIGGER full_disk ON projects", "DROP FUNCTION full_disk()"],
}


@contextmanager
def full_disk(server):
    """The index cannot be written meanwhile."""
    name = "postgresql" if server.environment.get("DATABASE_URL") else "sqlite"
    for statement in FULL[name]:
        execute(server, statement)
    try:
        yield
    finally:
        for statement in FREED[name]:
            execute(server, statement)


def found(person, project, query):
    """The numbers of the messages that a search finds."""
    answer = done(person.get(f"{project.api}/search", params={"q": query}))
    return [each["number"] for each in answer["results"]]


def wait_for_the_index(database, project):
    deadline = time.monotonic() + 10
    while database.value(WAITING, id=project.id):
        assert time.monotonic() < deadline, "The words are not noted."
        time.sleep(0.05)


def test_what_was_just_posted_is_found(alice, project):
    for turn in range(5):
        number = project.post(alice, f"fresh word{turn}")["number"]
        assert found(alice, project, f"word{turn}") == [number]


def test_it_is_noted_though_nobody_searches(alice, project, database):
    for turn in range(3):
        project.post(alice, f"quiet {turn}")
    wait_for_the_index(database, project)
    assert len(found(alice, project, "quiet")) == 3


def test_an_edit_and_a_deletion_before_the_noting_hold(alice, project):
    edited = project.post(alice, "the old wording")["number"]
    deleted = project.post(alice, "the old mistake")["number"]
    done(alice.patch(f"{project.api}/messages/{edited}", {"content": "the new wording"}))
    done(alice.delete(f"{project.api}/messages/{deleted}"))
    assert found(alice, project, "old") == []
    assert found(alice, project, "new wording") == [edited]


def test_an_edit_and_a_deletion_after_the_noting_hold(alice, project, database):
    edited = project.post(alice, "the old wording")["number"]
    deleted = project.post(alice, "the old mistake")["number"]
    wait_for_the_index(database, project)
    done(alice.patch(f"{project.api}/messages/{edited}", {"content": "the new wording"}))
    done(alice.delete(f"{project.api}/messages/{deleted}"))
    assert found(alice, project, "old") == []
    assert found(alice, project, "new wording") == [edited]


def test_of_several_searches_at_once_each_finds_everything_once(alice, bob, project):
    numbers = [project.post(alice, f"together {turn}")["number"] for turn in range(20)]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda who: found(who, project, "together"), [alice, bob] * 4)
    assert all(sorted(each) == numbers for each in answers)


def test_links_are_there_at_once(alice, project):
    project.post(alice, "see https://example.org/fresh")
    links = done(alice.get(f"{project.api}/links"))["links"]
    assert [each["url"] for each in links] == ["https://example.org/fresh"]


def test_what_a_process_that_ended_left_waiting_is_found(server, alice, project, database):
    first = project.post(alice, "the last one")["number"] + 1
    wait_for_the_index(database, project)
    last = first + 250
    lengthen(server, project.id, alice.id, last)
    left = "UPDATE projects SET indexed_count = :noted WHERE id = :id"
    execute(server, left, noted=first - 1, id=project.id)
    for number in (104, last):
        assert found(alice, project, f"message {number}") == [number]
    assert not database.value(WAITING, id=project.id)


def test_a_search_does_without_what_cannot_be_noted_yet(server, alice, project):
    known = project.post(alice, "words of before")["number"]
    assert found(alice, project, "words") == [known]
    with full_disk(server):
        number = project.post(alice, "words of now")["number"]
        assert found(alice, project, "words") == [known]
    assert found(alice, project, "words") == [number, known]
