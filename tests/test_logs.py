"""What the server prints for the person who watches it work."""

import re

import pytest

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
    for secret in ("between us", invite["token"], "secret=value", alice.csrf_token, cookie):
        assert secret not in log
