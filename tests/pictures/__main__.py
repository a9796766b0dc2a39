"""Take every picture, or those whose names are given."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from playwright.sync_api import FilePayload, Page, Route, expect, sync_playwright

from pictures.drawing import keep, start_page
from pictures.stage import Stage
from pictures.talk import ENGLISH, RUSSIAN, Story
from support.browser import Tabs, launch
from support.cast import done
from support.chat import Chat
from support.server import Server

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WIDE = {"width": 1280, "height": 840}
NARROW = {"width": 390, "height": 780}
ADDRESS = "https://chat.example.org/invite/5IvUt3dqHD-6mVnY2"
CHUNKS_SENT = 6
MEGABYTE = 1024 * 1024

Theme = Literal["light", "dark"]


class Album:
    """Opens Anna's page on a stage, and keeps pictures of it."""

    def __init__(self, stage: Stage, tabs: Tabs) -> None:
        self.stage = stage
        self._tabs = tabs

    def open(self, size: dict[str, int], theme: Theme, path: str | None = None) -> Chat:
        """The chat as Anna sees it, live, with the others in it."""
        page = self._tabs(
            self.stage.anna,
            path or self.stage.project.page,
            color_scheme=theme,
            locale=self.stage.story.locale,
            timezone_id="UTC",
            **size,
        )
        chat = Chat(page).is_live()
        if path is None:
            self.stage.come_in()
            expect(page.locator(".presence .avatar")).to_have_count(len(self.stage.people))
        return chat

    def open_view(self, chat: Chat, view: str, sign: str, **detail: Any) -> None:
        """Open a view of the panel, and wait for what it shows."""
        ask = "(detail) => dispatchEvent(new CustomEvent('panel:open', {detail}))"
        chat.page.evaluate(ask, {"view": view, **detail})
        expect(chat.page.locator(f".panel {sign}").first).to_be_visible()

    def close(self) -> None:
        """Close the page."""
        self._tabs.close()

    def keep(self, page: Page, name: str) -> None:
        """Take the picture, once nothing is on its way any more."""
        page.wait_for_timeout(600)
        keep(page.screenshot(animations="disabled"), FOLDER / f"{name}.png")
        self.stage.leave()


# --- The pictures ---


def chat(album: Album, name: str) -> None:
    """The conversation, while somebody types."""
    size = WIDE if "wide" in name else NARROW
    page = album.open(size, "dark" if "dark" in name else "light")
    album.stage.types()
    expect(page.typing).not_to_be_empty()
    album.keep(page.page, name)


def search(album: Album, name: str) -> None:
    """Search as you type."""
    opened = album.open(WIDE, "dark")
    opened.page.keyboard.press("Control+Shift+F")
    expect(opened.page.locator(".search input[type=text]")).to_be_focused()
    opened.page.keyboard.type(album.stage.story.searched)
    expect(opened.page.locator(".search__result mark").first).to_be_visible()
    album.keep(opened.page, name)


def thread(album: Album, name: str) -> None:
    """A thread beside the timeline."""
    opened = album.open(WIDE, "light")
    album.open_view(opened, "thread", ".message", number=album.stage.number("08:50"))
    album.keep(opened.page, name)


def catch_up(album: Album, name: str) -> None:
    """What Anna has missed since yesterday."""
    stage = album.stage
    done(stage.anna.put(f"{stage.project.api}/unread", {"number": stage.number("16:02")}))
    opened = album.open(WIDE, "light")
    opened.page.keyboard.press("Alt+ArrowDown")
    expect(opened.page.locator(".catch-up__entry[aria-current=true]")).to_be_visible()
    opened.page.wait_for_timeout(2500)
    album.keep(opened.page, name)


def uploading(album: Album, name: str) -> None:
    """One file is there, another on its way."""
    opened = album.open(NARROW, "dark")
    page = opened.page
    chunks: list[Route] = []

    def slow(route: Route) -> None:
        chunks.append(route)
        if len(chunks) <= CHUNKS_SENT:
            route.continue_()

    files = page.locator("input[type=file]")
    files.set_input_files(FilePayload(name="team.png", mimeType="", buffer=start_page()))
    expect(page.locator(".upload[data-state=done]")).to_be_visible()
    page.route("**/uploads/*", slow)
    large = FilePayload(name=album.stage.story.file, mimeType="", buffer=bytes(9 * MEGABYTE))
    files.set_input_files(large)
    page.wait_for_timeout(3000)
    opened.composer.fill(album.stage.story.about_files)
    album.keep(page, name)
    chunks[-1].abort()


def viewer(album: Album, name: str) -> None:
    """A picture in the viewer, on a phone."""
    opened = album.open(NARROW, "light")
    opened.page.locator(".picture").last.click()
    expect(opened.page.locator(".viewer__image")).to_be_visible()
    album.keep(opened.page, name)


def empty(album: Album, name: str) -> None:
    """A project that was just made: its link waits to be copied."""
    made = done(album.stage.anna.post("/api/projects", {"name": "Summer party"}))
    opened = album.open(WIDE, "light", f"/projects/{made['id']}")
    link = opened.page.locator(".invite-link input")
    expect(link).not_to_have_value("")
    # A picture is no place for the address of a test.
    link.evaluate("(input, address) => { input.value = address; }", ADDRESS)
    album.keep(opened.page, name)


def offline(album: Album, name: str) -> None:
    """The server is away, and three messages wait."""
    opened = album.open(WIDE if "wide" in name else NARROW, "dark")
    album.stage.server.stop()
    opened.is_offline()
    for text in album.stage.story.waiting:
        opened.say(text)
    expect(opened.page.locator("[data-state=sending]")).to_have_count(3)
    album.keep(opened.page, name)
    # What waits must not be sent when the server is back for the next picture.
    album.close()
    album.stage.server.start()


ENGLISH_PICTURES: dict[str, Callable[[Album, str], None]] = {
    "chat-wide-light-en": chat,
    "chat-narrow-dark-en": chat,
    "search-wide-dark-en": search,
    "viewer-narrow-light-en": viewer,
    "upload-narrow-dark-en": uploading,
    "catch-up-wide-light-en": catch_up,
    "empty-wide-light-en": empty,
    "offline-wide-dark-en": offline,
    "offline-narrow-dark-en": offline,
}
RUSSIAN_PICTURES: dict[str, Callable[[Album, str], None]] = {
    "chat-wide-dark-ru": chat,
    "chat-narrow-light-ru": chat,
    "thread-wide-light-ru": thread,
}


@contextmanager
def staged(story: Story) -> Iterator[Stage]:
    """A server with the story on it."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        try:
            stage = Stage(server, story)
            stage.play()
            yield stage
        finally:
            server.close()


def main(wanted: list[str]) -> None:
    """Take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for story, pictures in ((ENGLISH, ENGLISH_PICTURES), (RUSSIAN, RUSSIAN_PICTURES)):
            chosen = {name: take for name, take in pictures.items() if not wanted or name in wanted}
            if not chosen:
                continue
            with staged(story) as stage:
                for name, take in chosen.items():
                    album = Album(stage, Tabs(browser, stage.server))
                    take(album, name)
                    album.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
