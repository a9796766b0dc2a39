"""Reading: marking as unread, who has read what, catching up, going to a day."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect

from support.browser import Tabs
from support.cast import Cast, Project
from support.chat import Chat
from support.files import picture
from support.person import Person
from support.server import Server
from support.surgery import execute


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    def open_for(person: Person, path: str | None = None, **options: Any) -> Chat:
        return Chat(page_for(person, path or project.page, **options)).is_live()

    return open_for


# --- Marking as unread ---


def test_what_i_mark_as_unread_stays_so_until_i_come_back(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    for text in ("one", "two", "three"):
        project.post(alice, text)
    chat = open_chat(bob)
    expect(chat.unread(project.id)).to_be_hidden()
    chat.page.reload()
    chat.is_live()
    expect(chat.divider).to_have_count(0)
    tab = Chat(chat.page.context.new_page())
    tab.page.goto(project.page)
    tab.is_live()
    chat.message("two").focus()
    chat.page.keyboard.press("u")
    for each in (chat, tab):
        expect(each.unread(project.id)).to_contain_text("2")
        expect(each.divider).to_be_visible()
    assert "two" in str(chat.divider.evaluate("(row) => row.nextElementSibling.textContent"))
    project.post(alice, "four")
    expect(chat.unread(project.id)).to_contain_text("3")
    chat.page.wait_for_timeout(1200)
    assert bob.get(project.api).json()["unread"] == 3
    chat.hide(True)
    chat.hide(False)
    expect(chat.unread(project.id)).to_be_hidden()
    expect(tab.unread(project.id)).to_be_hidden()


def test_the_toolbar_marks_as_unread_too(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "one")
    other = open_chat(alice)
    chat = open_chat(bob)
    progress = other.page.locator(".message__progress:visible")
    expect(progress).to_have_text("Read by 1 of 1")
    chat.act("one", "unread")
    expect(chat.unread(project.id)).to_contain_text("1")
    expect(chat.page.locator(".toast")).to_have_text("Marked as unread.")
    other.page.reload()
    other.is_live()
    expect(progress).to_have_text("Read by 1 of 1")
    chat.say("an answer reads it")
    expect(chat.unread(project.id)).to_be_hidden()


# --- Who has read it ---


def test_the_author_sees_who_has_read_by_name(
    open_chat: Callable[..., Chat], cast: Cast, project: Project, alice: Person, bob: Person
):
    shy = cast.newcomer(name="Shy")
    late = cast.newcomer(name="Late")
    project.admit(shy, late)
    chat = open_chat(alice)
    chat.say("Who reads this?")
    expect(chat.messages).to_have_count(1)
    number = chat.numbers()[-1]
    assert bob.put(f"{project.api}/read", {"number": number}).ok
    assert shy.put(f"{project.api}/read", {"number": number}).ok
    progress = chat.page.locator(".message__progress:visible")
    expect(progress).to_have_text("Read by 2 of 3")
    assert shy.patch("/api/account", {"showReading": False}).ok
    expect(progress).to_have_text("Read by 1 of 2")
    expect(progress).to_have_attribute("title", "Read by 1 of 2: Bob")
    progress.click()
    readers = chat.page.locator("#readers")
    for name, words in (("Bob", "Read by"), ("Late", "Not read yet"), ("Shy", "Do not show it")):
        heading = readers.get_by_role("heading", name=words, exact=True)
        expect(heading.locator("+ ul")).to_have_text(name)
    chat.page.keyboard.press("Escape")
    expect(readers).to_be_hidden()
    chat.message("Who reads this?").focus()
    chat.page.locator(".actions [data-act=readers]").press("Enter")
    expect(readers).to_be_visible()
    expect(readers).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(readers).to_be_hidden()
    expect(chat.message("Who reads this?")).to_be_focused()


def test_i_may_keep_my_reading_to_myself(
    page_for: Tabs, cast: Cast, alice: Person, open_chat: Callable[..., Chat]
):
    person = cast.newcomer()
    room = cast.project(alice, [person])
    page = page_for(person, "/account")
    choice = page.get_by_label("Show others how far I have read")
    expect(choice).to_be_checked()
    choice.press("Space")
    expect(page.locator(".toast")).to_have_text("Saved.")
    page.reload()
    expect(choice).not_to_be_checked()
    mine = open_chat(alice, room.page)
    mine.say("Anybody?")
    Chat(page_for(person, room.page)).is_live()
    mine.page.wait_for_timeout(1200)
    expect(mine.page.locator(".message__progress:visible")).to_have_text("Sent")


# --- Catching up ---


@pytest.fixture
def absence(project: Project, alice: Person, bob: Person) -> Project:
    """Bob went, and much was written."""
    mine = project.post(bob, "I am off")["number"]
    project.post(alice, "@bob, come back")
    project.post(alice, "Have fun", replyTo=mine)
    for number in range(60):
        project.post(alice, f"line {number}")
    project.post(alice, "Who knows it?")
    return project


def test_i_catch_up_step_by_step(absence: Project, bob: Person, open_chat: Callable[..., Chat]):
    chat = open_chat(bob)
    chat.page.get_by_role("button", name="Catch up", exact=True).click()
    panel = chat.page.locator(".panel")
    expect(panel).to_contain_text("63 messages since you were last here: Alice 63")
    titles = ["Mentions of you", "Replies to you", "Questions without a reply"]
    expect(panel.locator(".panel__heading")).to_have_text(titles)
    panel.get_by_role("button", name=re.compile("Who knows it")).click()
    expect(chat.message("Who knows it?")).to_be_focused()
    chat.composer.focus()
    for text in ("@bob, come back", "Have fun", "Who knows it?"):
        chat.page.keyboard.press("Alt+ArrowDown")
        expect(chat.messages.filter(has_text=text)).to_be_focused()
    chat.page.keyboard.press("Alt+ArrowUp")
    expect(chat.messages.filter(has_text="Have fun")).to_be_focused()
    expect(panel.locator("[aria-current=true]")).to_contain_text("Have fun")


def test_files_and_pins_are_steps_too(
    project: Project, alice: Person, bob: Person, open_chat: Callable[..., Chat]
):
    old = project.post(alice, "The agreement")["number"]
    project.post(bob, "I am off")
    for number in range(60):
        project.post(alice, f"line {number}")
    other = open_chat(alice)
    other.page.locator("input[type=file]").set_input_files(
        FilePayload(name="plan.png", mimeType="image/png", buffer=picture())
    )
    expect(other.page.locator(".upload[data-state=done]")).to_be_visible()
    other.say("Here it is")
    other.page.goto(f"{project.page}/messages/{old}")
    other.is_live().act("The agreement", "pin")
    expect(other.message("The agreement").locator(".message__pinned")).to_be_visible()

    chat = open_chat(bob)
    for text in ("Here it is", "The agreement"):
        chat.page.keyboard.press("Alt+ArrowDown")
        expect(chat.messages.filter(has_text=text)).to_be_focused()
    panel = chat.page.locator(".panel")
    expect(panel.locator(".panel__heading")).to_have_text(["Files", "Pinned meanwhile"])
    notes = panel.locator(".catch-up__note:visible")
    expect(notes).to_have_text(["plan.png", "Pinned by Alice"])
    expect(panel.locator("[aria-current=true]")).to_contain_text("The agreement")


def test_a_message_stands_once_and_says_that_it_is_pinned(
    project: Project, alice: Person, bob: Person, open_chat: Callable[..., Chat]
):
    project.post(bob, "I am off")
    number = project.post(alice, "@bob, read this")["number"]
    assert alice.put(f"{project.api}/messages/{number}/pin").ok
    chat = open_chat(bob)
    chat.page.keyboard.press("Alt+ArrowDown")
    panel = chat.page.locator(".panel")
    expect(panel.locator(".panel__heading")).to_have_text(["Mentions of you"])
    expect(panel.locator(".catch-up__entry")).to_contain_text("Pinned by Alice")


def test_the_key_opens_it_wide_and_narrow(
    absence: Project, bob: Person, open_chat: Callable[..., Chat]
):
    chat = open_chat(bob, width=390, height=700)
    for text in ("@bob, come back", "Have fun"):
        chat.page.keyboard.press("Alt+ArrowDown")
        expect(chat.messages.filter(has_text=text)).to_be_focused()
        expect(chat.page.locator(".panel")).to_be_hidden()


def test_nothing_to_catch_up_with(open_chat: Callable[..., Chat], project: Project, bob: Person):
    project.post(bob, "I am here")
    chat = open_chat(bob)
    chat.page.get_by_role("button", name="Catch up", exact=True).click()
    expect(chat.page.locator(".panel")).to_contain_text("Nothing has been written")


# --- Going to a day ---


def test_a_day_leads_to_another_day(
    server: Server, absence: Project, bob: Person, open_chat: Callable[..., Chat]
):
    execute(
        server,
        "UPDATE messages SET created_at = :moment WHERE project_id = :id AND number <= 6",
        moment="2026-03-02 12:00:00.000000",
        id=absence.id,
    )
    execute(
        server,
        "UPDATE messages SET created_at = :moment WHERE project_id = :id AND number = 6",
        moment="2026-03-05 12:00:00.000000",
        id=absence.id,
    )
    chat = open_chat(bob)
    chat.page.get_by_role("button", name="To the newest messages").or_(chat.pill).first.click()
    chat.page.locator(".day__button").last.focus()
    chat.page.keyboard.press("Enter")
    field = chat.page.locator("#jump-date")
    expect(field).to_be_focused()
    field.fill("2026-03-03")
    field.press("Enter")
    expect(chat.page.locator("#jump")).to_be_hidden()
    expect(chat.messages.filter(has_text="line 0").first).to_be_focused()
    expect(chat.page.locator(".day__button").filter(has_text="March 5")).to_be_visible()
