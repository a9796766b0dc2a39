"""POST and DELETE /api/account/push, and what is pushed: a stand-in of a push service reads it."""

import time

import pytest

from support.answers import refused
from support.cast import Cast
from support.push import PushBrowser, PushService, claims
from support.server import Server
from support.surgery import execute

PATH = "/api/account/push"
# How many pushes are on their way at once, and when a message that was posted waits behind them.
CARRIERS = 4
GATHERED = 0.6
LEVEL = "UPDATE memberships SET notify = :level WHERE project_id = :project AND user_id = :user"


@pytest.fixture(scope="module")
def service():
    made = PushService()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, backend, service):
    """A server that knows the stand-in."""
    made = Server(tmp_path_factory.mktemp("push"), backend, PROJCHAT_PUSH_STAND_IN=service.url)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture(scope="module")
def everybody(server):
    return Cast(server)


@pytest.fixture(autouse=True)
def _fresh(service):
    service.pushed.clear()
    service.status = 201
    service.answers.set()


@pytest.fixture
def reader(cast, service):
    """Somebody new with a browser that wants to be told."""
    person = cast.newcomer("reader")
    person.browser = PushBrowser(service, person.username)
    assert subscribe(person).status_code == 204
    return person


@pytest.fixture
def project(cast, reader):
    return cast.project(cast.known("alice"), [reader])


def subscribe(person, **fields):
    return person.post(PATH, {**person.browser.subscription, **fields})


def nothing_is_pushed(service, within=1.0):
    """Nothing comes in a while."""
    time.sleep(within)
    assert service.pushed == []


def test_it_works(service, project, reader):
    said = project.post(project.owner, "The secret of the day")
    [push] = service.wait_for(1)
    assert push["path"] == f"/push/{reader.username}"
    assert push["headers"]["Content-Encoding"] == "aes128gcm"
    assert push["headers"]["TTL"] == "86400"
    assert push["headers"]["Topic"] == f"project-{project.id}"
    assert claims(push)["aud"] == service.url
    assert 0 < claims(push)["exp"] - time.time() < 24 * 3600
    assert reader.browser.read(push) == {
        "projectId": project.id,
        "number": said["number"],
        "title": f"Alice in {project.name}",
        "body": "New message",
    }


def test_the_text_comes_if_it_is_wanted(service, project, reader):
    assert subscribe(reader, showsText=True).status_code == 204
    project.post(project.owner, "The secret\nof the day")
    [push] = service.wait_for(1)
    assert reader.browser.read(push)["body"] == "The secret of the day"


def test_the_text_can_be_switched_off_again(service, project, reader):
    assert subscribe(reader, showsText=True).status_code == 204
    assert subscribe(reader, showsText=False).status_code == 204
    project.post(project.owner, "The secret of the day")
    [push] = service.wait_for(1)
    assert reader.browser.read(push)["body"] == "New message"


def test_it_speaks_the_language_of_the_browser(service, project, reader):
    assert reader.patch("/api/session", {"locale": "ru"}).ok
    assert subscribe(reader).status_code == 204
    project.post(project.owner, f"Hello @{reader.username}")
    [push] = service.wait_for(1)
    assert reader.browser.read(push)["body"] == "Вас упомянули"


def test_whoever_has_a_tab_is_told_there(service, cast, project, reader):
    tab = reader.live()
    tab.join(cast.project(reader).id)
    project.post(project.owner, "Hello")
    tab.wait_for("notify")
    nothing_is_pushed(service)


def test_a_message_deleted_at_once_is_not_pushed(service, project, reader):
    assert subscribe(reader, showsText=True).status_code == 204
    said = project.post(project.owner, "The secret of the day")
    assert project.owner.delete(f"{project.api}/messages/{said['number']}").ok
    nothing_is_pushed(service)


@pytest.fixture
def waiting(service, cast, project, reader):
    """A message that waits to be pushed to the reader; `service.answers` lets it go on."""
    assert subscribe(reader, showsText=True).status_code == 204
    busy = cast.newcomer("busy")
    for number in range(CARRIERS):
        browser = busy.again()
        browser.browser = PushBrowser(service, f"{busy.username}-{number}")
        assert subscribe(browser).status_code == 204
    service.answers.clear()
    cast.project(cast.known("bob"), [busy]).post(cast.known("bob"), "Hello")
    service.wait_for(CARRIERS)
    said = project.post(project.owner, "The secret of the day")
    time.sleep(GATHERED)
    yield said
    service.answers.set()


def test_what_waited_is_pushed(service, reader, waiting):
    service.answers.set()
    assert reader.browser.read(service.wait_for(CARRIERS + 1)[-1])["number"] == waiting["number"]


@pytest.mark.parametrize(
    "way", ["deleted", "removed", "disabled", "login expired", "level none", "unsubscribed"]
)
def test_what_was_withdrawn_while_it_waited_is_not_pushed(service, project, reader, waiting, way):
    if way == "deleted":
        assert project.owner.delete(f"{project.api}/messages/{waiting['number']}").ok
    elif way == "removed":
        project.remove(reader)
    elif way == "disabled":
        execute(reader.server, "UPDATE users SET active = false WHERE id = :user", user=reader.id)
    elif way == "login expired":
        statement = "UPDATE sessions SET created_at = '2020-01-01 00:00:00' WHERE user_id = :user"
        execute(reader.server, statement, user=reader.id)
    elif way == "level none":
        execute(reader.server, LEVEL, level="none", project=project.id, user=reader.id)
    else:
        assert reader.delete(PATH).status_code == 204
    service.answers.set()
    time.sleep(1)
    assert len(service.pushed) == CARRIERS


def test_what_was_edited_while_it_waited_is_pushed_as_it_is_now(service, project, reader, waiting):
    path = f"{project.api}/messages/{waiting['number']}"
    assert project.owner.patch(path, {"content": "No secret"}).ok
    service.answers.set()
    assert reader.browser.read(service.wait_for(CARRIERS + 1)[-1])["body"] == "No secret"


def test_the_text_is_left_out_if_it_was_switched_off_while_it_waited(service, reader, waiting):
    assert subscribe(reader, showsText=False).status_code == 204
    service.answers.set()
    assert reader.browser.read(service.wait_for(CARRIERS + 1)[-1])["body"] == "New message"


def test_the_author_and_outsiders_are_told_nothing(service, cast, project, reader):
    outsider = cast.newcomer("outsider")
    outsider.browser = PushBrowser(service, "outsider")
    assert subscribe(outsider).status_code == 204
    project.post(reader, "Hello from the reader")
    nothing_is_pushed(service)


def test_the_level_is_respected(service, project, reader):
    values = {"project": project.id, "user": reader.id}
    execute(reader.server, LEVEL, level="mentions", **values)
    project.post(project.owner, "Hello")
    nothing_is_pushed(service)
    project.post(project.owner, f"Hello @{reader.username}")
    [push] = service.wait_for(1)
    assert reader.browser.read(push)["body"] == "Mentions you"


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_has_gone_is_forgotten(service, database, project, reader, status):
    service.status = status
    project.post(project.owner, "Hello")
    service.wait_for(1)
    for _ in range(100):
        if kept(database, reader) == 0:
            return
        time.sleep(0.05)
    raise AssertionError("The subscription is still there.")


def test_a_service_in_trouble_loses_no_browser(service, database, project, reader):
    service.status = 500
    project.post(project.owner, "Hello")
    service.wait_for(1)
    service.status = 201
    project.post(project.owner, "Hello again")
    service.wait_for(2)
    assert kept(database, reader) == 1


def test_it_ends_by_itself(service, database, project, reader):
    assert reader.delete(PATH).status_code == 204
    assert kept(database, reader) == 0
    project.post(project.owner, "Hello")
    nothing_is_pushed(service)


@pytest.mark.parametrize("way", ["log out", "password", "end the others"])
def test_it_ends_with_the_login(database, reader, way):
    if way == "log out":
        assert reader.logout().ok
    elif way == "password":
        other = reader.again()
        passwords = {"currentPassword": reader.password, "newPassword": "another horse"}
        assert other.put("/api/account/password", passwords).ok
    else:
        assert reader.again().delete("/api/account/sessions").ok
    assert kept(database, reader) == 0


def test_a_browser_belongs_to_whoever_logged_in_last(database, cast, reader):
    other = cast.newcomer("other")
    other.browser = reader.browser
    assert subscribe(other).status_code == 204
    assert kept(database, reader) == 0
    assert kept(database, other) == 1


def test_a_browser_with_a_new_address_loses_the_old_one(service, database, reader):
    reader.browser = PushBrowser(service, "renewed")
    assert subscribe(reader).status_code == 204
    assert kept(database, reader) == 1


def test_the_oldest_of_more_than_twenty_browsers_is_forgotten(service, database, project, reader):
    browsers = [reader.browser.endpoint]
    for number in range(20):
        other = reader.again()
        other.browser = PushBrowser(service, f"{reader.username}-{number}")
        assert subscribe(other).status_code == 204
        browsers.append(other.browser.endpoint)
    assert kept(database, reader) == 20
    project.post(project.owner, "Hello")
    pushed = service.wait_for(20)
    assert {service.url + each["path"] for each in pushed} == set(browsers[1:])
    time.sleep(0.5)
    assert len(service.pushed) == 20


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"endpoint": "https://localhost/a"}, "endpoint"),
        ({"endpoint": "http://127.0.0.1:1/a"}, "endpoint"),
        ({"endpoint": "https://push.example/\0"}, "endpoint"),
        ({"endpoint": 7}, "endpoint"),
        ({"p256dh": "AAAA"}, "p256dh"),
        ({"auth": "not base64"}, "auth"),
        ({"auth": "AAAA"}, "p256dh"),
        ({"showsText": "yes"}, "showsText"),
        ({"another": 1}, "another"),
    ],
)
def test_it_rejects_what_is_no_subscription(database, reader, fields, named):
    with database.unchanged():
        refused(subscribe(reader, **fields), 422, "invalid", named)


def kept(database, person):
    """How many browsers of a person are told."""
    query = "SELECT count(*) FROM push_subscriptions WHERE user_id = :user"
    return database.value(query, user=person.id)
