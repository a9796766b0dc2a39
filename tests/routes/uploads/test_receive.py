"""PATCH, GET and DELETE /api/projects/<id>/uploads/<id>: the bytes of a file."""

import http.client
import threading
from contextlib import closing

import pytest

from support.answers import refused
from support.cast import Cast, done
from support.files import begin, picture, send, upload

NOBODYS = "0" * 32


def test_it_works(bob, project):
    data = b"x" * 1000 + b"y" * 500
    made = begin(bob, project, "a.txt", 1500)
    answer = send(bob, project, made["id"], 0, data[:1000])
    assert answer.status_code == 200
    assert answer.headers["Upload-Offset"] == "1000"
    assert answer.json() == {**made, "offset": 1000}
    whole = done(send(bob, project, made["id"], 1000, data[1000:]))
    assert whole["offset"] == 1500
    attachment = whole["attachment"]
    assert attachment.pop("url").endswith("/a.txt")
    assert attachment == {
        "id": made["id"],
        "name": "a.txt",
        "type": "text/plain",
        "size": 1500,
        "width": None,
        "height": None,
        "thumbnailUrl": None,
    }


def test_what_came_before_the_connection_broke_is_kept(server, bob, project):
    data = bytes(range(256)) * 400
    made = begin(bob, project, "a.bin", len(data))
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as broken:
        broken.putrequest("PATCH", f"{project.api}/uploads/{made['id']}")
        for name, value in {
            "Cookie": bob.cookie_header(),
            "X-CSRFToken": bob.csrf_token,
            "Upload-Offset": "0",
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(data)),
        }.items():
            broken.putheader(name, value)
        broken.endheaders(data[:70_000])
    # The server may still be reading what has arrived.
    offset = 0
    while offset < 65_536:
        offset = done(bob.get(f"{project.api}/uploads/{made['id']}"))["offset"]
    whole = done(send(bob, project, made["id"], offset, data[offset:]))
    assert bob.get(whole["attachment"]["url"]).content == data


def test_it_says_where_to_go_on(bob, project):
    made = begin(bob, project, "a.txt", 10)
    send(bob, project, made["id"], 0, b"12345")
    for wrong in (0, 4, 6, 10):
        answer = send(bob, project, made["id"], wrong, b"x")
        refused(answer, 409, "upload_offset")
        assert answer.headers["Upload-Offset"] == "5"
    head = bob.request("HEAD", f"{project.api}/uploads/{made['id']}")
    assert (head.status_code, head.headers["Upload-Offset"]) == (200, "5")


def test_two_tabs_cannot_mix_up_one_file(bob, project):
    made, tabs, answers = begin(bob, project, "a.txt", 300_000), [bob.again(), bob.again()], []

    def run(tab):
        answers.append(send(tab, project, made["id"], 0, b"x" * 300_000).status_code)

    threads = [threading.Thread(target=run, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 in answers
    assert set(answers) <= {200, 409}
    assert done(bob.get(f"{project.api}/uploads/{made['id']}"))["attachment"]


def test_what_came_whole_but_was_not_looked_at_is_finished_by_asking_again(bob, project, server):
    made = begin(bob, project, "a.png", len(picture()))
    part = server.instance / "uploads" / made["id"][:2] / f"{made['id']}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(picture())
    assert done(send(bob, project, made["id"], len(picture()), b""))["attachment"]["width"] == 60


def test_it_rejects_more_than_was_announced(bob, project):
    made = begin(bob, project, "a.txt", 10)
    refused(send(bob, project, made["id"], 0, b"12345678901"), 413, "too_large")
    refused(send(bob, project, made["id"], 0, iter([b"123456", b"78901"])), 413, "too_large")
    send(bob, project, made["id"], 0, iter([b"123", b"45"]))
    assert done(bob.get(f"{project.api}/uploads/{made['id']}"))["offset"] in (5, 6)


def test_it_rejects_a_chunk_that_is_too_large(bob, project):
    made = begin(bob, project, "a.txt", 5_000_000)
    refused(send(bob, project, made["id"], 0, b"x" * (1024 * 1024 + 1)), 413, "too_large")
    assert done(bob.get(f"{project.api}/uploads/{made['id']}"))["offset"] == 0


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_it_rejects_what_is_not_bytes(bob, project, kind):
    made = begin(bob, project, "a.txt", 10)
    answer = send(bob, project, made["id"], 0, b"{}", headers={"Content-Type": kind})
    refused(answer, 400, "not_bytes")


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.0", "9" * 40])
def test_it_rejects_an_offset_that_is_none(bob, project, offset):
    made = begin(bob, project, "a.txt", 10)
    headers = {"Upload-Offset": offset}
    refused(send(bob, project, made["id"], 0, b"x", headers=headers), 400, "malformed")


@pytest.mark.parametrize("upload_id", [NOBODYS, "x", "..", "%00", "A" * 32, "0" * 33])
def test_it_rejects_what_is_not_there(bob, project, upload_id):
    path = f"{project.api}/uploads/{upload_id}"
    assert bob.get(path).status_code in (404, 405)
    assert send(bob, project, upload_id, 0, b"x").status_code in (404, 405)


def test_nobody_else_sees_or_touches_a_file_on_its_way(alice, bob, charlie, cast, project):
    made, elsewhere = begin(bob, project, "a.txt", 10), cast.project(alice, [bob])
    path = f"{project.api}/uploads/{made['id']}"
    for person in (alice, charlie):
        refused(person.get(path), 404, "not_found")
        refused(send(person, project, made["id"], 0, b"x"), 404, "not_found")
        refused(person.delete(path), 404, "not_found")
    refused(send(bob, elsewhere, made["id"], 0, b"x"), 404, "not_found")
    assert done(bob.get(path))["offset"] == 0


def test_an_author_who_was_removed_meanwhile_sends_to_nothing(alice, bob, project):
    made = begin(bob, project, "a.txt", 10)
    send(bob, project, made["id"], 0, b"12345")
    project.remove(bob)
    refused(send(bob, project, made["id"], 5, b"67890"), 404, "not_found")
    refused(bob.get(f"{project.api}/uploads/{made['id']}"), 404, "not_found")


def test_it_says_so_when_there_is_no_room(make_server):
    server = make_server()
    cast = Cast(server)
    project = cast.project(cast.administrator())
    made = begin(project.owner, project, "a.txt", 10)
    (server.instance / "uploads").write_text("A file where the folder would be.")
    answer = send(project.owner, project, made["id"], 0, b"x")
    refused(answer, 503, "storage_full")
    assert int(answer.headers["Retry-After"]) > 0


# Giving up


def test_a_file_can_be_given_up(server, bob, project):
    made = begin(bob, project, "a.txt", 10)
    send(bob, project, made["id"], 0, b"12345")
    path = f"{project.api}/uploads/{made['id']}"
    assert bob.delete(path).status_code == 204
    refused(bob.get(path), 404, "not_found")
    assert not list((server.instance / "uploads").rglob(f"{made['id']}*"))


def test_a_file_of_a_message_cannot(bob, project):
    file = upload(bob, project)
    project.post(bob, "", uploads=[file["id"]])
    refused(bob.delete(f"{project.api}/uploads/{file['id']}"), 409, "upload_attached")
    assert bob.get(file["url"]).ok
