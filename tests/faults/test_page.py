"""Row 14: the page itself in Chromium: offline, a reload, two tabs, and back."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route, WebSocketRoute, expect

from faults.scene import Scene, Way
from support.browser import Tabs
from support.chat import AWAY, Chat

API = "**/api/projects/**"
SOCKET = "**/api/socket/**"
WAITING = 15_000


class Connection:
    """Pages still load, but nothing of the API is reached while it is off."""

    def __init__(self, context: BrowserContext, cut: Callable[[], Any]) -> None:
        self.off = False
        self._cut = cut
        context.route(API, self._call)
        context.route_web_socket(SOCKET, self._open)

    def lose(self) -> None:
        self.off = True
        self._cut()

    def _call(self, route: Route) -> None:
        if self.off:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    def _open(self, socket: WebSocketRoute) -> None:
        if self.off:
            socket.close()
        else:
            socket.connect_to_server()


@pytest.mark.row(
    "14",
    "browser: offline, five messages typed, reload, two tabs, back online",
    "five rows in order, no click, both tabs equal",
)
def test_five_messages_survive(small: Scene, make_tabs, row, size):
    network = small.proxy()
    tabs: Tabs = make_tabs(Way(network.url))
    tabs.allow(*AWAY, r"WebSocket", r"ERR_INTERNET_DISCONNECTED")
    alice, watcher = small.alice, small.reader()
    for turn in range(times := size(10, 2)):
        page = tabs(alice, small.project.page)
        connection = Connection(page.context, network.cut)
        page.reload()
        one = Chat(page).is_live()
        connection.lose()
        one.is_offline()
        texts = [f"{word} of turn {turn}" for word in ("one", "two", "three", "four", "five")]
        for text in texts:
            one.say(text)
        one.shows(*texts)
        page.reload()
        one.shows(*texts)
        second = page.context.new_page()
        second.goto(small.project.page)
        other = Chat(second)
        other.shows(*texts)
        assert not _stored(small, texts)
        connection.off = False
        for chat in (one, other):
            chat.is_live()
            expect(chat.light).to_have_attribute("data-state", "live", timeout=WAITING)
        _wait(small, page, texts)
        for chat in (one, other):
            chat.shows(*texts)
        assert one.numbers() == other.numbers()
        assert one.texts.all_inner_texts() == other.texts.all_inner_texts()
        tabs.close()
    small.converge(15)
    count = small.judge(strangers=False)
    row.measured(
        f"{times} times: five rows each in the order of typing, both tabs equal, {count} messages; "
        f"{watcher.name} equal too"
    )


def _stored(scene: Scene, texts: list[str]) -> list[str]:
    return [message["content"] for message in scene.fresh() if message["content"] in texts]


def _wait(scene: Scene, page: Any, texts: list[str]) -> None:
    for _ in range(100):
        if _stored(scene, texts) == texts:
            return
        page.wait_for_timeout(200)
    assert _stored(scene, texts) == texts
