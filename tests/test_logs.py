"""What the server prints for the person who watches it work."""

import re

import pytest
import requests

from support.cast import Cast

LINES = {
    "ru_RU.UTF-8": (
        "✅ Клиент подключен: {sid}",
        "📁 Клиент присоединился к проекту {project}",
        "📨 Сообщение отправлено через WebSocket",
    ),
    "en_US.UTF-8": (
        "✅ Client connected: {sid}",
        "📁 Client joined project {project}",
        "📨 Message sent over WebSocket",
    ),
}


@pytest.mark.parametrize("language", LINES)
def test_it_tells_the_story_in_the_language_of_the_process(make_server, language):
    server = make_server(LANG=language)
    cast = Cast(server)
    olga = cast.administrator()
    project = cast.project(olga)
    live = olga.live()
    live.join(project.id)
    project.post(olga, "my secret words")
    names = {"sid": live.client.get_sid(), "project": project.id}
    for line in LINES[language]:
        server.wait_for_log(line.format(**names))
    cast.hang_up()


def test_every_request_has_one_line_without_its_secrets(server, cast, alice, project):
    start = server.log_size()
    invite = alice.post(f"{project.api}/invites", {}).json()
    project.post(alice, "words that stay between us")
    alice.get(f"/invite/{invite['token']}?secret=value")
    alice.get(f"/api/invites/{invite['token']}")
    log = server.wait_for_log("/api/invites/…", start)
    assert len(re.findall(rf"POST {project.api}/messages 201", log)) == 1
    cookie = alice.http.cookies["projchat"]
    who = rf"POST {project.api}/messages 201 \d+ B \d+ ms id=[0-9a-f]{{16}} user={alice.id}$"
    assert re.search(who, log, re.MULTILINE)
    for secret in ("between us", invite["token"], "secret=value", alice.csrf_token, cookie):
        assert secret not in log


def test_the_answer_names_the_line_of_its_request(server, anonymous):
    start = server.log_size()
    answer = anonymous.get("/login", headers={"X-Request-ID": "not-believed"})
    number = answer.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", number)
    line = server.wait_for_log(f"id={number}", start)
    assert "user=" not in line
    assert anonymous.get("/login").headers["X-Request-ID"] != number


def test_a_proxy_that_is_believed_gives_the_number(make_server):
    server = make_server(PROJCHAT_PROXIES="1")
    given = {"8f14e45f-ceea.1:2": True, "a b": False, "x" * 65: False, "": False}
    for number, is_taken in given.items():
        answer = requests.get(f"{server.url}/login", headers={"X-Request-ID": number}, timeout=15)
        assert (answer.headers["X-Request-ID"] == number) == is_taken, number
