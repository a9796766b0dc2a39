"""Threads in the panel, as people use them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from support.browser import Tabs
from support.cast import Project
from support.chat import Chat
from support.person import Person


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    """Open the project's page for a person, live."""

    def open_for(person: Person, **options: Any) -> Chat:
        return Chat(page_for(person, project.page, **options)).is_live()

    return open_for


def thread_of(chat: Chat) -> tuple[Locator, Locator]:
    """The texts of the thread that is open, and the field to answer it."""
    panel = chat.page.locator(".panel")
    return panel.locator(".message__body"), panel.locator("textarea")


def test_two_people_talk_in_a_thread(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    root = project.post(bob, "Lunch?")
    for turn in range(70):
        project.post(bob, f"line {turn}")
    one, other = open_chat(alice), open_chat(bob)
    # Alice begins it far from the newest messages, and stays there.
    one.page.goto(f"{project.page}/messages/{root['number']}")
    one.is_live()
    one.act("Lunch?", "thread")
    texts, field = thread_of(one)
    expect(texts).to_have_text(["Lunch?"])
    expect(field).to_be_focused()
    field.press_sequentially("Where?")
    field.press("Enter")
    expect(texts).to_have_text(["Lunch?", "Where?"])
    expect(field).to_have_value("")
    expect(one.message("Lunch?").locator("visible=true").first).to_be_in_viewport()
    counts = one.page.get_by_role("button", name="1 reply")
    expect(counts).to_be_visible()
    # Bob sees the reply and its thread, and answers.
    reply = other.message("Where?")
    expect(reply.locator(".message__quote")).to_contain_text("Lunch?")
    other.act("Where?", "thread")
    theirs, answer = thread_of(other)
    expect(theirs).to_have_text(["Lunch?", "Where?"])
    answer.fill("At Anna's")
    answer.press("Enter")
    other.say("Something else")
    expect(texts).to_have_text(["Lunch?", "Where?", "At Anna's"])
    expect(one.page.get_by_role("button", name="2 replies")).to_be_visible()
    # What is done to a message of it shows in it.
    assert bob.patch(f"{project.api}/messages/{root['number']}", {"content": "Dinner?"}).ok
    assert alice.delete(f"{project.api}/messages/{root['number'] + 71}").ok
    expect(texts).to_have_text(["Dinner?", "Message deleted", "At Anna's"])
    expect(theirs).to_have_text(["Dinner?", "Message deleted", "At Anna's"])


def test_on_a_phone_what_is_written_in_a_thread_waits_and_is_kept(
    page_for: Tabs, open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    root = project.post(bob, "Обед?")
    project.post(bob, "Ну?", replyTo=root["number"])
    page_for.allow("net::ERR_FAILED")
    chat = open_chat(alice, width=390, height=700, locale="ru-RU")
    chat.page.get_by_role("button", name="1 ответ").click()
    texts, field = thread_of(chat)
    expect(texts).to_have_text(["Обед?", "Ну?"])
    expect(chat.page.locator(".panel .message__quote:visible")).to_have_count(0)
    chat.page.route("**/api/projects/*/messages", lambda route: route.abort())
    field.fill("Где?")
    field.press("Enter")
    expect(texts).to_have_text(["Обед?", "Ну?", "Где?"])
    expect(chat.page.locator(".panel [data-state=sending]")).to_have_count(1)
    field.fill("Я думаю")
    field.press("Escape")
    expect(chat.page.locator(".panel")).to_be_hidden()
    chat.page.unroute_all()
    chat.page.get_by_role("button", name="2 ответа").click(timeout=20_000)
    expect(texts).to_have_text(["Обед?", "Ну?", "Где?"])
    expect(field).to_have_value("Я думаю")
