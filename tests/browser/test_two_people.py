"""Two people from nothing to a conversation, through an outage of the server."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conftest import RESULTS
from support.browser import Tabs
from support.chat import AWAY, Chat
from support.person import PASSWORD
from support.server import Server

WORDS = {
    "en-US": {
        "typing": "Boris is typing…",
        "offline": r"offline since \d+:\d\d.* · 2 waiting",
        "live": "connected",
        "connected": r"✅ WebSocket connected: \S+",
        "joined": r"📁 Client joined project \d+",
        "received": "📨 New message received over WebSocket",
    },
    "ru-RU": {
        "typing": "Boris печатает…",
        "offline": r"нет связи с \d+:\d\d · 2 ждут",
        "live": "на связи",
        "connected": r"✅ WebSocket подключен: \S+",
        "joined": r"📁 Клиент присоединился к проекту \d+",
        "received": "📨 Получено новое сообщение через WebSocket",
    },
}


@pytest.mark.parametrize("locale", WORDS)
def test_two_people_talk(
    locale: str, make_server: Callable[..., Server], make_tabs: Callable[[Server], Tabs]
):
    server = make_server()
    tabs = make_tabs(server)
    tabs.allow(*AWAY)
    words = WORDS[locale]
    pictures = RESULTS / "two-people" / locale

    def picture(name: str) -> None:
        pictures.mkdir(parents=True, exist_ok=True)
        anna.page.screenshot(path=pictures / f"{name}-anna.png")
        boris.page.screenshot(path=pictures / f"{name}-boris.png")

    # The first account, a project, an invite, the second person.
    page = tabs(path="/", locale=locale)
    fill(page, name="Anna", username="anna", password=PASSWORD)
    expect(page).to_have_url(re.compile("/projects/new$"))
    fill(page, name="Website")
    logs: list[str] = []
    page.on("console", lambda message: logs.append(message.text))
    expect(page).to_have_url(re.compile(r"/projects/\d+$"))
    anna = Chat(page).is_live()
    link = page.locator(".invite-link input")
    expect(link).to_have_value(re.compile("/invite/"))
    other = tabs(path=link.input_value(), locale=locale)
    fill(other, username="boris", password=PASSWORD)
    expect(other).to_have_url(re.compile(r"/projects/\d+$"))
    boris = Chat(other).is_live()
    expect(other.locator(".message--event")).to_have_count(2)
    expect(page.locator(".presence .avatar")).to_have_count(2)
    picture("1-together")

    # One types, the other sees it; the message ends it and is there at once in both.
    boris.composer.press_sequentially("Hello, Anna")
    expect(anna.typing).to_have_text(words["typing"].replace("Boris", name_of(other)))
    picture("2-typing")
    boris.composer.press("Enter")
    expect(anna.texts).to_have_text(["Hello, Anna"])
    expect(boris.texts).to_have_text(["Hello, Anna"])
    expect(anna.typing).to_be_empty()
    picture("3-said")

    # The server goes away: grey, and what is written waits.
    server.stop()
    anna.is_offline()
    boris.is_offline()
    anna.say("Are you there?")
    anna.say("I wait")
    expect(anna.light).to_have_text(re.compile(words["offline"]))
    expect(anna.page.locator("[data-state=sending]")).to_have_count(2)
    expect(boris.texts).to_have_text(["Hello, Anna"])
    picture("4-offline")

    # It is back: green without a click, and everything is there, once.
    server.start()
    anna.is_live()
    boris.is_live()
    said = ["Hello, Anna", "Are you there?", "I wait"]
    expect(boris.texts).to_have_text(said)
    expect(anna.texts).to_have_text(said)
    expect(anna.light).to_have_text(words["live"])
    page.wait_for_timeout(500)
    expect(boris.texts).to_have_text(said)
    picture("5-back")

    for name in ("connected", "joined", "received"):
        assert any(re.fullmatch(words[name], text) for text in logs), (name, logs)
    assert not any("there" in text for text in logs), "The console shows no message's content."


def fill(page: Page, **fields: str) -> None:
    """Type into fields by their names and send with Enter."""
    for name, text in fields.items():
        page.locator(f"[name={name}]:visible").fill(text)
    page.keyboard.press("Enter")


def name_of(page: Page) -> str:
    """The name of whom the page belongs to."""
    return page.locator(".sidebar__person .sidebar__name").inner_text()
