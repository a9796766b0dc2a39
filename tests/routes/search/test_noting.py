"""The words of a message are noted after it was posted, and whatever happens meanwhile is right."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import create_engine, text

from support.cast import Cast, done
from support.database import Database
from support.history import lengthen
from support.surgery import database_url, execute

WAITING = "SELECT message_count - indexed_count FROM projects WHERE id = :id"
# The words of one project cannot be noted, as on a disk that is full; all else can be written.
FULL = {
    "sqlite": [
        "CREATE TRIGGER full_disk BEFORE UPDATE OF indexed_count ON projects WHEN OLD.id = {}"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''the disk is full''; END'",
        "CREATE TRIGGER full_disk BEFORE UPDATE OF indexed_count ON projects"
        " FOR EACH ROW WHEN (OLD.id = {}) EXECUTE FUNCTION full_disk()",
    ],
}
FREED = {
    "sqlite": ["DROP TRIGGER full_disk"],
    "postgresql": ["DROP TRIGGER full_disk ON projects", "DROP FUNCTION full_disk()"],
}


@pytest.fixture
def cast_apart(make_server):
    """People on a server of their own, which is about to be ill."""
    made = Cast(make_server())
    made.server.allow_tracebacks = True
    return made


@contextmanager
def full_disk(server, project):
    """The words of a project cannot be noted meanwhile."""
    name = "postgresql" if server.environment.get("DATABASE_URL") else "sqlite"
    for statement in FULL[name]:
        execute(server, statement.format(project.id))
    try:
        yield
    finally:
        for statement in FREED[name]:
            execute(server, statement)


@contextmanager
def written_to(server, project):
    """Somebody else holds the project meanwhile, and on SQLite everything."""
    engine = create_engine(database_url(server))
    with engine.connect() as connection:
        statement = "UPDATE projects SET name = name WHERE id = :id"
        connection.execute(text(statement), {"id": project.id})
        yield
        connection.rollback()
    engine.dispose()


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


def test_a_search_does_without_what_cannot_be_noted_yet(cast_apart):
    server, alice = cast_apart.server, cast_apart.newcomer()
    project = cast_apart.project(alice)
    known = project.post(alice, "words of before")["number"]
    assert found(alice, project, "words") == [known]
    with full_disk(server, project):
        number = project.post(alice, "words of now")["number"]
        assert found(alice, project, "words") == [known]
    assert found(alice, project, "words") == [number, known]


def test_a_project_that_cannot_be_noted_holds_up_no_other(cast_apart):
    server, alice = cast_apart.server, cast_apart.newcomer()
    project, *others = [cast_apart.project(alice) for _ in range(4)]
    with full_disk(server, project), closing(Database(server)) as database:
        project.post(alice, "the sick one")
        for other in others:
            other.post(alice, "the healthy ones")
        everywhere = done(alice.get("/api/search", params={"q": "healthy"}))["results"]
        assert {each["projectId"] for each in everywhere} == {other.id for other in others}
        project.post(alice, "the sick one again")
        for other in others:
            other.post(alice, "healthy still")
            wait_for_the_index(database, other)


def test_a_search_does_not_wait_for_whoever_writes(server, alice, project, database):
    known = project.post(alice, "words of before")["number"]
    wait_for_the_index(database, project)
    left = "UPDATE projects SET indexed_count = indexed_count - 1 WHERE id = :id"
    execute(server, left, id=project.id)
    with written_to(server, project):
        assert found(alice, project, "words") == [known]
    assert found(alice, project, "words") == [known]


def test_what_is_noted_again_is_found_once(server, alice, project, database):
    """As when an earlier version, which noted with each post, serves on beside this one."""
    numbers = [project.post(alice, f"again {turn}")["number"] for turn in range(3)]
    wait_for_the_index(database, project)
    back = "UPDATE projects SET indexed_count = 0 WHERE id = :id"
    execute(server, back, id=project.id)
    done(alice.patch(f"{project.api}/messages/{numbers[0]}", {"content": "otherwise"}))
    assert found(alice, project, "again") == numbers[:0:-1]
    assert found(alice, project, "otherwise") == numbers[:1]
    wait_for_the_index(database, project)
    done(alice.delete(f"{project.api}/messages/{numbers[1]}"))
    assert found(alice, project, "again") == numbers[2:]


def test_long_messages_are_noted_a_few_at_a_time(alice, project):
    words = " ".join(f"lengthy{number:04}" for number in range(800))
    numbers = [project.post(alice, f"{words} end{turn}")["number"] for turn in range(8)]
    assert sorted(found(alice, project, "lengthy0799")) == numbers
