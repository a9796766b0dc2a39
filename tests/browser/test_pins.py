"""Pinned messages, as people use them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

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


def test_one_pins_and_the_other_finds_it(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(bob, "The address of the café")
    for turn in range(80):
        project.post(bob, f"line {turn}")
    one, other = open_chat(alice), open_chat(bob)
    panel = other.page.locator(".panel")
    other.page.get_by_role("button", name="Pinned messages").click()
    expect(panel.get_by_text("Nothing is pinned yet.")).to_be_visible()
    one.act("line 79", "pin")
    expect(one.page.locator(".message--event").last).to_contain_text("Alice pinned a message")
    expect(other.message("line 79").locator(".message__pinned")).to_have_attribute(
        "title", "Pinned by Alice"
    )
    expect(panel.locator(".pin")).to_have_count(1)
    one.page.get_by_role("button", name="Alice pinned a message").click()
    expect(one.message("line 79")).to_be_focused()
    assert alice.put(f"{project.api}/messages/3/pin").ok
    expect(panel.locator(".pin__text")).to_have_text(["The address of the café", "line 79"])
    panel.get_by_role("button", name="The address").click()
    expect(other.message("The address of the café")).to_be_focused()
    panel.get_by_role("button", name="Unpin").first.click()
    expect(panel.locator(".pin__text")).to_have_text(["line 79"])
    expect(panel.locator(".pin__place")).to_be_focused()
    one.act("line 79", "pin")
    expect(panel.locator(".pin")).to_have_count(0)
    other.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(other.page.get_by_role("button", name="Pinned messages")).to_be_focused()


def test_on_a_phone_the_panel_gives_way_to_the_place(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    number = project.post(bob, "The address of the café")["number"]
    assert bob.put(f"{project.api}/messages/{number}/pin").ok
    chat = open_chat(alice, width=390, height=700, locale="ru-RU")
    chat.page.get_by_role("button", name="Закреплённые сообщения").click()
    expect(chat.page.locator(".panel")).to_be_in_viewport()
    chat.page.locator(".pin__place").click()
    expect(chat.page.locator(".panel")).to_be_hidden()
    expect(chat.message("The address of the café")).to_be_focused()
