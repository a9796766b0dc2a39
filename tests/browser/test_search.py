"""Search as you type in the panel, and the links from the messages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from support.browser import Tabs
from support.cast import Cast, Project, done
from support.chat import Chat
from support.person import Person


@pytest.fixture
def open_chat(page_for: Tabs, project: Project) -> Callable[..., Chat]:
    """Open the project's page for a person, live."""

    def open_for(person: Person, path: str | None = None, **options: Any) -> Chat:
        return Chat(page_for(person, path or project.page, **options)).is_live()

    return open_for


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search messages")


def results(page: Page) -> Locator:
    return page.locator(".search__result")


def test_two_people_one_finds_what_the_other_wrote_and_goes_there(
    open_chat: Callable[..., Chat], project: Project, alice: Person, bob: Person
):
    project.post(alice, "Повестка: **созвон** с заказчиком")
    for number in range(70):
        project.post(bob, f"line {number}")
    assert alice.put(f"{project.api}/read", {"number": 1000}).ok
    mine, other = open_chat(alice), open_chat(bob)
    other.say("Созвоны переносим")
    expect(mine.message("Созвоны переносим")).to_be_visible()
    page = mine.page
    page.keyboard.press("Control+Shift+F")
    expect(field(page)).to_be_focused()
    page.keyboard.type("СОЗВ", delay=30)
    expect(results(page)).to_have_count(2)
    expect(results(page).locator("mark")).to_have_text(["Созв", "созв"])
    expect(page.locator(".search__status")).to_have_text("2 messages found")
    page.keyboard.type(" пов")
    expect(results(page)).to_have_count(1)
    expect(results(page).locator("mark")).to_have_text(["Пов", "созв"])
    results(page).click()
    place = mine.message("Повестка: созвон с заказчиком")
    expect(place).to_be_in_viewport()
    expect(place).to_have_class(re.compile("message--lit"))
    expect(place).to_be_focused()


def test_the_arrow_keys_choose_and_enter_goes(
    open_chat: Callable[..., Chat], project: Project, alice: Person
):
    numbers = [project.post(alice, f"needle {turn}")["number"] for turn in range(25)]
    chat = open_chat(alice)
    page = chat.page
    chat.message("needle 24").focus()
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()
    page.keyboard.type("needl")
    expect(results(page)).to_have_count(20)
    expect(page.locator(".search__status")).to_have_text("The newest 20 messages")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    expect(results(page)).to_have_count(25)
    chosen = page.locator(".search__result[aria-selected=true]")
    expect(chosen).to_contain_text("needle 4")
    expect(field(page)).to_have_attribute("aria-activedescendant", re.compile("search-result-"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(chat.message("needle 5")).to_be_focused()
    assert numbers[5] in chat.numbers()
    page.keyboard.press("Control+Shift+F")
    expect(field(page)).to_have_value("needl")
    page.keyboard.press("Escape")
    expect(field(page)).to_have_value("")
    expect(page.locator(".search__help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()


def test_a_stale_answer_is_dropped(open_chat: Callable[..., Chat], project: Project, alice: Person):
    project.post(alice, "apple")
    project.post(alice, "banana")
    page = open_chat(alice).page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("q=apple"), hold)
    page.keyboard.press("Control+Shift+F")
    with page.expect_request(re.compile("q=apple")):
        field(page).fill("apple")
    field(page).fill("banana")
    expect(results(page)).to_have_text(re.compile("banana"))
    held[0].abort()
    expect(results(page)).to_have_text(re.compile("banana"))


def test_a_result_in_another_project_leads_there(
    open_chat: Callable[..., Chat], cast: Cast, project: Project, alice: Person
):
    other = cast.project(alice)
    number = other.post(alice, "elsewhere <b>bold</b>")["number"]
    page = open_chat(alice).page
    page.get_by_role("button", name="Search messages").click()
    field(page).fill("elsewhere")
    expect(page.locator(".search__status")).to_have_text("Nothing found.")
    page.get_by_label("In all my projects").check()
    expect(results(page)).to_contain_text(other.name)
    expect(results(page)).to_contain_text("elsewhere <b>bold</b>")
    results(page).click()
    page.wait_for_url(f"**{other.page}/messages/{number}")
    expect(Chat(page).message("elsewhere <b>bold</b>")).to_be_visible()


def test_in_a_narrow_window_the_panel_gives_way_to_the_place(
    open_chat: Callable[..., Chat], project: Project, alice: Person
):
    project.post(alice, "narrowly")
    chat = open_chat(alice, width=390)
    chat.page.get_by_role("button", name="Search messages").click()
    field(chat.page).fill("narrow")
    results(chat.page).click()
    expect(chat.page.locator(".panel")).to_be_hidden()
    expect(chat.message("narrowly")).to_be_focused()


def test_the_details_show_the_description_and_lead_to_the_links(
    open_chat: Callable[..., Chat], project: Project, alice: Person
):
    done(alice.patch(project.api, {"description": "**Ours** <script>x</script>\n\n- one"}))
    project.post(alice, "Read [the docs](https://docs.example/intro)")
    chat = open_chat(alice)
    page = chat.page
    page.locator(".presence").click()
    described = page.locator(".panel__text")
    expect(described.locator("strong")).to_have_text("Ours")
    expect(described.locator("li")).to_have_text("one")
    expect(described).to_contain_text("<script>x</script>")
    page.get_by_role("button", name="Links from the messages").click()
    link = page.locator(".links__address")
    expect(link).to_have_text("the docs")
    expect(link).to_have_attribute("href", "https://docs.example/intro")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    page.get_by_role("button", name="Go to the message").click()
    expect(chat.messages.last).to_be_focused()
