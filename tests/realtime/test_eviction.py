"""Whoever may not listen any more hears nothing from then on."""

from support.surgery import execute

TICK_SECONDS = 15


def test_a_removed_member_is_out_before_the_room_hears_of_it(alice, bob, project):
    live, watcher = bob.live(), alice.live()
    live.join(project.id)
    watcher.join(project.id)
    project.remove(bob)
    assert live.wait_for("room-closed") == {"projectId": project.id}
    project.post(alice, "now we are alone")
    watcher.wait_for("new-message", lambda message: message["content"] == "now we are alone")
    live.hears_nothing("new-message")
    assert live.connected
    assert live.join(project.id)["error"]["code"] == "not_found"


def test_the_others_stay_in_the_room(alice, bob, dora, project):
    watcher = dora.live()
    watcher.join(project.id)
    project.remove(bob)
    watcher.wait_for("new-message", lambda message: message["kind"] == "system")
    watcher.hears_nothing("room-closed", within=0.1)


def test_every_tab_of_a_removed_member_is_out(alice, bob, project):
    tabs = [bob.live(), bob.live()]
    for tab in tabs:
        tab.join(project.id)
    project.remove(bob)
    for tab in tabs:
        tab.wait_for("room-closed")


def test_logging_out_disconnects_the_pages_of_this_login_only(cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    other = person.again()
    live, elsewhere = person.live(), other.live()
    live.join(project.id)
    elsewhere.join(project.id)
    person.logout()
    live.wait_until_disconnected()
    project.post(alice, "hello")
    elsewhere.wait_for("new-message")
    other.hang_up()


def test_a_login_ended_from_elsewhere_is_disconnected(cast, alice):
    person = cast.newcomer()
    other = person.again()
    live = other.live()
    sessions = person.get("/api/account/sessions").json()["sessions"]
    ended = next(one["id"] for one in sessions if not one["current"])
    assert person.delete(f"/api/account/sessions/{ended}").ok
    live.wait_until_disconnected()
    assert other.get("/api/projects").status_code == 401


def test_a_change_of_password_ends_the_other_logins(cast):
    person = cast.newcomer()
    other = person.again()
    live = other.live()
    body = {"currentPassword": person.password, "newPassword": "another password"}
    assert person.put("/api/account/password", body).ok
    live.wait_until_disconnected()
    assert person.get("/api/projects").ok
    assert other.get("/api/projects").status_code == 401


def test_a_disabled_user_is_disconnected_by_the_next_look(server, cast, alice):
    """The command runs in a process of its own, so only the relay's look can find it."""
    person = cast.newcomer()
    live = person.live()
    assert server.command("user", "disable", person.username).returncode == 0
    live.wait_until_disconnected(TICK_SECONDS)
    assert person.get("/api/projects").status_code == 401
    assert person.login().status_code == 401


def test_a_member_removed_behind_our_back_is_out_by_the_next_look(server, cast, alice, bob):
    """Written straight into the database, as by a worker whose Redis is away."""
    project = cast.project(alice, [bob])
    live = bob.live()
    live.join(project.id)
    execute(
        server,
        "DELETE FROM memberships WHERE project_id = :project AND user_id = :user",
        project=project.id,
        user=bob.id,
    )
    live.wait_for("room-closed", timeout=TICK_SECONDS)
    project.post(alice, "secret")
    live.hears_nothing("new-message")
