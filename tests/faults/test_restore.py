"""A database is put back while somebody holds what was given away since."""

import pytest

from faults.oracle import Verdict
from support.answers import refused
from support.backend import Backend
from support.backups import FileBackup, backup_of
from support.cast import done

HEADER = "X-Projchat-History"


class Tab:
    """Somebody whose network was away: knows a list by number, a cursor, and perhaps a history."""

    def __init__(self, person, project, history):
        self.person, self.project, self.history = person, project, history
        self.messages, self.version = {}, 0
        self.fetch()

    def fetch(self):
        page = done(self.person.get(f"{self.project.api}/messages?limit=200"))
        self.messages = {each["number"]: each for each in page["messages"]}
        self.version = page["version"]

    def come_back(self):
        """As the rules of a client have it; whether it was told to start afresh."""
        shown = {"history": self.history} if self.history else {}
        live = self.person.live()
        join = {"projectId": self.project.id, "since": self.version, **shown}
        answer = live.call("join_room", join)
        if not answer["ok"]:
            assert answer["error"]["code"] == "history_changed", answer
            self.fetch()
            return True
        if answer["reset"]:
            self.messages = {}
        self.messages |= {each["number"]: each for each in answer["messages"]}
        self.version = answer["version"]
        return answer["reset"]

    def shows(self):
        return [self.messages[number] for number in sorted(self.messages)]


def went_back(scene, rng, restore, talk=None):
    """One backup, more talk, the restore, and again talk: less or more than was lost."""
    project, alice = scene.project, scene.alice
    scene.server.stop()
    backup = backup_of(scene.server)
    backup.take()
    scene.server.start()
    history = done(alice.get("/api/session"))["history"]
    lost = done(alice.post("/api/projects", {"name": "Payroll"}))
    writer = scene.writer(person=alice)
    writer.write(rng.randrange(5, 30))
    writer.wait(120)
    tabs = [Tab(alice, project, known) for known in (history, None)]
    scene.writers.remove(writer)
    rng.choice((scene.server.stop, scene.server.kill))()
    backup.put_back()
    restore(backup)
    scene.server.start()
    answer = alice.post(
        f"/api/projects/{lost['id']}/messages", {"content": "x"}, headers={HEADER: history}
    )
    if done(alice.get("/api/session"))["user"] is None:
        done(alice.login())
    for turn in range(talk or rng.randrange(1, 45)):
        project.post(alice, f"after the restore {turn}")
    return tabs, history, lost, answer


def judge(scene, tabs):
    fresh = scene.fresh()
    for tab in tabs:
        tab.come_back()
        shown = tab.shows()
        if shown != fresh[-len(shown) :] or not shown:
            raise Verdict(f"Who knew {tab.history} shows something else than a fresh reader.")


@pytest.fixture(params=["sqlite", "postgresql"])
def restored(request, make_scene):
    url = request.getfixturevalue("postgresql").url if request.param == "postgresql" else None
    return make_scene(Backend(url, None))


@pytest.mark.brief
@pytest.mark.row(
    "26",
    "a backup is put back, with the command and without, while tabs hold what came after it",
    "no ghost, nothing into another project, every tab as a fresh reader",
)
@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "undeclared"])
def test_a_restore_is_never_silently_wrong(restored, is_declared, row, size):
    scene, project = restored, restored.project

    def restore(_backup):
        if is_declared:
            assert scene.server.command("data", "restored").returncode == 0

    for _ in range(size(20, 2)):
        tabs, _history, lost, answer = went_back(scene, scene.rng, restore)
        refused(answer, 409, "history_changed")
        made = done(scene.alice.post("/api/projects", {"name": "Lunch"}))
        assert made["id"] > lost["id"]
        refused(
            scene.alice.post(f"/api/projects/{lost['id']}/messages", {"content": "x"}),
            404,
            "not_found",
        )
        page = scene.alice.get(f"{project.api}/messages?since={tabs[0].version}")
        assert page.json()["reset"] is True
        judge(scene, tabs)
        scene.alice.hang_up()
    row.measured(f"{size(20, 2)} moments")


@pytest.mark.brief
def test_the_oracle_finds_a_server_that_cannot_notice(make_scene):
    scene = make_scene(Backend(None, None))
    tabs, *_ = went_back(scene, scene.rng, FileBackup.forget_all_traces, talk=60)
    with pytest.raises(Verdict, match="something else than a fresh reader"):
        judge(scene, tabs)
    scene.alice.hang_up()
