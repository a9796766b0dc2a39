"""Row 19: the page in Chromium while the database is put back under load, at moments of chance."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import requests
from playwright.sync_api import Page, expect

from faults.scene import Scene, Way
from faults.test_page import Connection
from support.browser import Tabs
from support.chat import AWAY, Chat
from support.person import Person
from support.restore import Backup

REFUSED = (*AWAY, r"ERR_INTERNET_DISCONNECTED", r"status of 4\d\d")
PATIENCE = 30_000


@contextmanager
def load(scene: Scene, person: Person) -> Iterator[None]:
    """Post as fast as may be; what is lost with the database is not missed."""
    ended = threading.Event()

    def post() -> None:
        for number in itertools.count():
            if ended.wait(0.02):
                return
            with suppress(requests.RequestException):
                person.post(f"{scene.project.api}/messages", {"content": f"Load {number}"})

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.row(
    "19 page",
    "the database put back under load while a page is offline, with an outbox and a draft",
    "no ghost under green; nothing sent without a click, nothing of one's own lost, nothing twice",
)
def test_a_page_through_restores(small: Scene, make_tabs, row, size):
    network = small.proxy()
    tabs: Tabs = make_tabs(Way(network.url))
    tabs.allow(*REFUSED)
    loader, bob = small.newcomer(), small.newcomer()
    page = tabs(bob, small.project.page)
    connection = Connection(page.context, network.cut)
    page.reload()
    chat = Chat(page).is_live()
    gone = sent = ahead = 0
    for turn in range(times := size(20, 2)):
        with load(small, loader):
            page.wait_for_timeout(small.rng.uniform(100, 800))
            backup = Backup(small.server)
            chat.say(f"Acknowledged {turn}")
            expect(_mine(chat, f"Acknowledged {turn}")).to_have_count(1, timeout=PATIENCE)
            page.wait_for_timeout(small.rng.uniform(100, 800))
            connection.lose()
            chat.is_offline()
            chat.say(f"Unsent {turn}")
            chat.composer.fill(f"Draft {turn}")
        before = small.version()
        backup.put_back()
        small.server.start()
        with load(small, loader):
            page.wait_for_timeout(small.rng.uniform(0, 3000))
        ahead += before > small.version()
        connection.off = False
        own = [f"{what} {turn}" for what in ("Acknowledged", "Unsent", "Draft")]
        expect(page.locator(".recovery__text")).to_have_text(own, timeout=PATIENCE)
        chat.is_live()
        gone += _count_of_gone(page)
        _shows_what_is_there(small, page)
        assert not [text for text in own if text in _contents(small)]
        for text in own:
            page.locator(".recovery__item", has_text=text).get_by_text("Send here").click()
            expect(_mine(chat, text)).to_have_count(1, timeout=PATIENCE)
            sent += 1
        page.get_by_text("Got it").click()
        _shows_what_is_there(small, page)
        assert all(_contents(small).count(text) == 1 for text in own)
    small.converge(15)
    count = small.judge(strangers=False)
    row.measured(
        f"{times} restores, {ahead} with the page ahead and {times - ahead} with it overtaken; "
        f"{gone} messages told to be gone; {sent} texts of one's own kept and sent by a click, "
        f"each once; {count} messages at the end"
    )


def _mine(chat: Chat, text: str):
    return chat.message(text).and_(chat.page.locator("[data-number]"))


def _contents(scene: Scene) -> list[str]:
    return [message["content"] for message in scene.fresh()]


def _count_of_gone(page: Page) -> int:
    words = page.locator("[data-recovery-target=lines]").inner_text()
    return int(words.split()[0])


def _shows_what_is_there(scene: Scene, page: Page) -> None:
    """Each row of the page, by its number, is the message that the server has there."""
    there = {message["number"]: message["content"] for message in scene.fresh()}
    rows = page.evaluate(ROWS)
    assert rows, "Nothing is shown."
    for number, text in rows:
        assert there.get(number) == text, f"{number} is {there.get(number)!r}, shown is {text!r}"


ROWS = """() => [...document.querySelectorAll(".message:not(.message--event)[data-number]")]
    .map((row) => [Number(row.dataset.number), row.querySelector(".message__body").innerText])"""
