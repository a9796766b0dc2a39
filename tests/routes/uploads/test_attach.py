"""POST /api/projects/<id>/messages with `uploads`, and what becomes of the files."""

import subprocess
import threading
import uuid

import pytest

from support.answers import refused
from support.cast import Cast, done
from support.files import begin, picture, post, upload
from support.server import COMMAND
from support.surgery import execute


@pytest.fixture
def path(project):
    return f"{project.api}/messages"


def test_it_works(alice, bob, charlie, project):
    live, outsider = alice.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    files = [upload(bob, project, "b.png", picture()), upload(bob, project, "a.txt")]
    message = post(bob, project, *files, content="Look")
    assert message["attachments"] == files
    assert message["content"] == "Look"
    assert live.wait_for("new-message") == message
    assert done(alice.get(f"{project.api}/messages"))["messages"][-1] == message
    outsider.hears_nothing("new-message")


def test_a_message_with_a_file_needs_no_words(bob, project, path):
    message = post(bob, project, upload(bob, project))
    assert (message["content"], message["html"]) == ("", "")
    edited = done(bob.patch(f"{path}/{message['number']}", {"content": "On second thoughts"}))
    assert edited["attachments"] == message["attachments"]
    assert done(bob.patch(f"{path}/{message['number']}", {"content": " "}))["content"] == ""


def test_a_message_without_files_has_none(bob, project):
    assert project.post(bob, "Hello")["attachments"] == []


def test_a_retry_gets_the_first_answer(bob, project, path, database):
    file = upload(bob, project)
    body = {"content": "", "clientId": str(uuid.uuid4()), "uploads": [file["id"]]}
    first = bob.post(path, body)
    with database.unchanged():
        again = bob.post(path, body)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        other = {**body, "uploads": [], "content": "a"}
        refused(bob.post(path, other), 409, "client_id_reused", "clientId")


def test_a_file_goes_with_one_message_only(bob, project, path):
    file, tabs, answers = upload(bob, project), [bob.again() for _ in range(4)], []

    def run(tab):
        answers.append(tab.post(path, {"content": "a", "uploads": [file["id"]]}).status_code)

    threads = [threading.Thread(target=run, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 422, 422, 422]


def test_it_rejects_files_that_do_not_wait_to_be_sent(alice, bob, cast, project, path, database):
    elsewhere = cast.project(alice, [bob])
    mine = upload(bob, project)["id"]
    refusals = [
        [begin(bob, project, "a.txt", 10)["id"]],
        [upload(alice, project)["id"]],
        [upload(bob, elsewhere)["id"]],
        [mine, "0" * 32],
        [mine, mine],
    ]
    with database.unchanged():
        for ids in refusals:
            answer = bob.post(path, {"content": "a", "uploads": ids})
            refused(answer, 422, "invalid", "uploads")


@pytest.mark.parametrize("ids", ["x", [5], ["x"], ["0" * 32] * 11, {}, ["../../etc"], ["\0" * 32]])
def test_it_rejects_malformed_ids(bob, path, database, ids):
    with database.unchanged():
        answer = bob.post(path, {"content": "a", "uploads": ids})
        refused(answer, 422, "invalid", "uploads")


def test_no_words_and_no_files_are_no_message(bob, path):
    refused(bob.post(path, {"content": "", "uploads": []}), 422, "invalid", "content")


def test_deleting_the_message_deletes_its_files(alice, bob, project, path, server, database):
    file = upload(bob, project, "a.png", picture())
    message = post(bob, project, file)
    assert len(list((server.instance / "uploads").rglob(f"{file['id']}*"))) == 2
    tombstone = done(alice.delete(f"{path}/{message['number']}"))
    assert tombstone["attachments"] == []
    for address in (file["url"], file["thumbnailUrl"]):
        refused(bob.get(address), 404, "not_found")
    assert not list((server.instance / "uploads").rglob(f"{file['id']}*"))
    assert not database.value("SELECT count(*) FROM uploads WHERE id = :id", id=file["id"])


def test_what_is_never_sent_is_cleaned_away(make_server):
    server = make_server()
    cast = Cast(server)
    project = cast.project(cast.administrator())
    olga = project.owner
    sent = upload(olga, project, "sent.png", picture())
    post(olga, project, sent)
    waiting = upload(olga, project, "waiting.txt")
    unfinished = begin(olga, project, "slow.txt", 10)
    stray = server.instance / "uploads/ab" / ("ab" * 16)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left by a process that was killed")
    assert clean(server) == "1\n"
    execute(server, "UPDATE uploads SET created_at = '2020-01-01 00:00:00'")
    assert clean(server) == "2\n"
    refused(olga.get(waiting["url"]), 404, "not_found")
    refused(olga.get(f"{project.api}/uploads/{unfinished['id']}"), 404, "not_found")
    assert olga.get(sent["url"]).ok


def clean(server):
    """Run the command for it; what it says."""
    command = [COMMAND, "uploads", "clean"]
    done = subprocess.run(
        command, env=server.environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout
