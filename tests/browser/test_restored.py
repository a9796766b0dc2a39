"""After the database was put back: nothing of the history before is shown or sent."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.backend import Backend
from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import AWAY, Chat
from support.person import Person
from support.restore import Backup
from support.server import Server

# A page that is of another history is told so, and one whose login has ended too.
REFUSED = (*AWAY, r"status of 409", r"status of 401", r"status of 404")


class Stage:
    """A server on SQLite whose database is put back; Alice and Bob talk in a project."""

    def __init__(self, server: Server, tabs: Tabs) -> None:
        self.server, self.tabs = server, tabs
        self.cast = Cast(server)
        self.alice, self.bob = self.cast.known("alice"), self.cast.known("bob")
        self.charlie = self.cast.known("charlie")
        self.project = self.cast.project(self.alice, [self.bob], name="Website")
        tabs.allow(*REFUSED)

    def open(self, person: Person, project: Project | None = None, **options: Any) -> Chat:
        page = self.tabs(person, (project or self.project).page, **options)
        return Chat(page).is_live()

    def backup(self) -> Backup:
        return Backup(self.server)


@pytest.fixture
def stage(tmp_path, request, make_tabs: Callable[[Server], Tabs]):
    server = Server(tmp_path / "server", Backend(None, None)).start()
    yield Stage(server, make_tabs(server))
    server.close()


def notice(page: Page) -> Locator:
    return page.locator(".recovery")


def texts(page: Page) -> Locator:
    return page.locator(".recovery__text")


def test_a_client_that_was_overtaken_shows_what_is_there(stage: Stage):
    """Nobody is ahead when it comes back: the others have written more than was lost."""
    for number in range(3):
        stage.project.post(stage.alice, f"Kept {number}")
    backup = stage.backup()
    for number in range(4):
        stage.project.post(stage.alice, f"Ghost {number}")
    chat = stage.open(stage.bob)
    chat.shows("Ghost 3")
    chat.page.context.set_offline(True)
    backup.put_back()
    stage.server.start()
    for number in range(9):
        stage.project.post(stage.alice, f"Real {number}")
    chat.page.context.set_offline(False)
    chat.shows(
        *(f"Kept {number}" for number in range(3)), *(f"Real {number}" for number in range(9))
    )
    chat.is_live()
    expect(chat.messages).to_have_count(12)
    expect(notice(chat.page)).to_contain_text("The server was restored to an earlier state")
    expect(notice(chat.page)).to_contain_text(
        "4 messages you have seen in “Website” are no longer here."
    )
    chat.page.get_by_role("button", name="Got it").click()
    expect(notice(chat.page)).to_be_hidden()
    chat.page.reload()
    chat.is_live()
    expect(notice(chat.page)).to_be_hidden()


def test_what_waited_for_one_project_is_not_posted_into_the_one_that_has_its_id(stage: Stage):
    backup = stage.backup()
    payroll = stage.cast.project(stage.alice, [stage.bob], name="Payroll")
    chat = stage.open(stage.bob, payroll)
    chat.page.context.set_offline(True)
    chat.is_offline()
    chat.say("My salary is 4200")
    chat.composer.fill("and my bonus")
    backup.put_back()
    stage.server.start()
    lunch = stage.cast.project(stage.charlie, [stage.bob], name="Lunch")
    assert lunch.id == payroll.id
    chat.page.context.set_offline(False)
    chat.is_live()
    expect(chat.page.locator(".chat__name")).to_have_text("Lunch")
    expect(texts(chat.page)).to_have_text(["My salary is 4200", "and my bonus"])
    expect(chat.page.locator(".recovery__project")).to_have_text(["Payroll", "Payroll"])
    expect(chat.page.locator(".recovery__kind")).to_have_text(["Not sent", "Draft"])
    expect(chat.composer).to_have_value("")
    chat.say("Hello")
    expect(chat.page.locator("[data-state=sent]")).to_have_count(1)
    said = stage.charlie.get(f"{lunch.api}/messages").json()["messages"]
    assert [one["content"] for one in said if one["kind"] == "text"] == ["Hello"]


def test_a_text_is_sent_by_a_click_in_the_project_of_choice_and_once(stage: Stage):
    chat, other = stage.open(stage.bob), None
    backup = stage.backup()
    chat.say("Said and acknowledged")
    chat.shows("Said and acknowledged")
    expect(chat.page.locator("[data-state=sent]")).to_have_count(1)
    backup.put_back()
    stage.server.start()
    expect(texts(chat.page)).to_have_text(["Said and acknowledged"])
    expect(chat.page.locator(".recovery__kind")).to_have_text("Lost in the restore")
    expect(notice(chat.page)).to_contain_text("1 message you have seen in “Website”")
    chat.is_live()
    expect(chat.messages).to_have_count(0)
    other = Chat(chat.page.context.new_page())
    other.page.goto("/projects")
    expect(texts(other.page)).to_have_text(["Said and acknowledged"])
    expect(other.page.get_by_role("button", name="Send here")).to_be_hidden()
    other.page.goto(stage.project.page)
    other.is_live()
    expect(texts(other.page)).to_have_text(["Said and acknowledged"])
    for each in (other, chat):
        # The other tab may have sent it meanwhile, and then there is no button.
        buttons = each.page.locator(".recovery__send")
        buttons.evaluate_all("(found) => found.forEach((button) => button.click())")
    for each in (other, chat):
        each.shows("Said and acknowledged")
        expect(each.page.locator("[data-state=sending]")).to_have_count(0)
        expect(texts(each.page)).to_have_count(0)
    said = stage.bob.get(f"{stage.project.api}/messages").json()["messages"]
    assert [one["content"] for one in said].count("Said and acknowledged") == 1


def test_a_text_waits_through_a_new_login_and_is_seen_by_its_author_alone(stage: Stage):
    """A restore that is declared ends all logins; the project may be gone as well."""
    backup = stage.backup()
    payroll = stage.cast.project(stage.alice, [stage.bob], name="Payroll")
    chat = stage.open(stage.bob, payroll)
    chat.composer.fill("My salary is")
    chat.page.wait_for_timeout(100)
    backup.put_back(declared=True)
    stage.server.start()
    page = chat.page
    expect(page).to_have_url(re.compile("/login"), timeout=30_000)
    expect(notice(page)).to_have_count(0)
    log_in(page, stage.charlie)
    expect(page).to_have_url(re.compile("/projects"))
    page.wait_for_timeout(500)
    expect(notice(page)).to_be_hidden()
    assert "My salary" not in page.content()
    page.locator(".sidebar__person").click()
    page.get_by_text("Log out").click()
    expect(page).to_have_url(re.compile("/login"))
    log_in(page, stage.bob)
    expect(texts(page)).to_have_text(["My salary is"])
    expect(notice(page)).to_contain_text("Open a project to send it there.")
    page.get_by_role("button", name="Discard").click()
    expect(notice(page).locator("li")).to_have_count(0)


def log_in(page: Page, person: Person) -> None:
    page.goto("/login")
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Log in").click()


def test_an_edit_that_was_being_written_is_kept(stage: Stage):
    stage.project.post(stage.bob, "Said")
    chat = stage.open(stage.bob)
    backup = stage.backup()
    chat.composer.press("ArrowUp")
    chat.composer.fill("Said much better")
    backup.put_back()
    stage.server.start()
    expect(texts(chat.page)).to_have_text(["Said much better"])
    chat.is_live()
    expect(chat.composer).to_have_value("")


def test_marks_are_taken_anew_after_a_reset(stage: Stage):
    """The counters went back, but nobody has declared another history."""
    for number in range(3):
        stage.project.post(stage.alice, f"Kept {number}")
    chat = stage.open(stage.bob)
    watcher = stage.open(stage.alice)
    backup = stage.backup()
    for number in range(20):
        stage.project.post(stage.alice, f"Lost {number}")
    chat.shows("Lost 19")
    chat.hide(True)
    backup.put_back(history=False)
    stage.server.start()
    chat.is_live()
    watcher.is_live()
    for number in range(3):
        stage.project.post(stage.alice, f"New {number}")
    chat.shows("New 2")
    expect(chat.unread(stage.project.id)).to_have_attribute("data-count", "3")
    expect(chat.page).to_have_title(re.compile(r"^\(3\) "))
    row = watcher.message("New 2")
    expect(row).not_to_contain_text("Read by")
    chat.hide(False)
    expect(row).to_contain_text("Read by 1 of 1")
    expect(chat.unread(stage.project.id)).to_be_hidden()


def test_a_page_kept_offline_is_not_shown_after_the_restore(stage: Stage):
    backup = stage.backup()
    payroll = stage.cast.project(stage.alice, [stage.bob], name="Payroll")
    payroll.post(stage.alice, "Salaries")
    chat = stage.open(stage.bob, payroll, service_workers="allow")
    chat.is_kept(payroll, "Salaries")
    backup.put_back()
    page = chat.page
    page.reload()
    chat.is_offline()
    chat.shows("Salaries")
    # Else the page might be there before its namesake, and find nothing.
    page.context.set_offline(True)
    stage.server.start()
    lunch = stage.cast.project(stage.charlie, [stage.bob], name="Lunch")
    assert lunch.id == payroll.id
    page.context.set_offline(False)
    expect(page.locator(".chat__name")).to_have_text("Lunch", timeout=20_000)
    chat.is_live()
    expect(chat.messages).to_have_count(0)
    expect(notice(page)).to_contain_text("1 message you have seen in “Payroll” is no longer here.")
    lunch.post(stage.charlie, "Soup")
    chat.is_kept(lunch, "Soup")
    stage.server.stop()
    page.reload()
    chat.is_offline()
    expect(chat.texts).to_have_text(["Soup"])


def test_a_tab_learns_of_the_restore_from_another(stage: Stage):
    chat = stage.open(stage.bob)
    stage.project.post(stage.alice, "Kept")
    chat.shows("Kept")
    backup = stage.backup()
    stage.project.post(stage.alice, "Lost")
    chat.shows("Lost")
    chat.page.route_web_socket(re.compile("/api/socket"), lambda socket: socket.close())
    backup.put_back()
    stage.server.start()
    other = chat.page.context.new_page()
    other.goto("/projects")
    expect(chat.messages).to_have_count(1)
    expect(notice(chat.page)).to_contain_text("1 message you have seen")
