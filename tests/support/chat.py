"""The chat page, as somebody who looks at it and types."""

from playwright.sync_api import Locator, Page, expect

from support.cast import Project

# What a page may say to its console while its server is away.
AWAY = (r"WebSocket connection to", r"net::ERR_", r"status of 50[23]")


class Chat:
    """One open page of a project."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.light = page.locator(".light")
        self.typing = page.locator(".typing")
        self.composer = page.locator("[data-composer-target=input]")
        self.pill = page.locator(".pill")
        self.divider = page.locator(".new-divider")
        self.messages = page.locator(".message:not(.message--event)")
        self.texts = self.messages.locator(".message__body")
        self.box = page.locator(".timeline__box")

    def is_live(self) -> "Chat":
        """Wait for the green light."""
        expect(self.light).to_have_attribute("data-state", "live", timeout=20_000)
        return self

    def is_offline(self) -> "Chat":
        """Wait for the grey light."""
        expect(self.light).to_have_attribute("data-state", "offline")
        return self

    def is_kept(self, project: Project, text: str) -> None:
        """Wait until a message is among what the browser keeps for a time without a network."""
        for _ in range(100):
            if text in self.page.evaluate(KEPT, project.page):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{text!r} was not kept.")

    def say(self, text: str) -> None:
        """Write a message and send it."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def shows(self, *texts: str) -> None:
        """Wait until each of these texts stands in the timeline, once."""
        for text in texts:
            expect(self.message(text)).to_have_count(1)

    def message(self, text: str) -> Locator:
        """The message with this text."""
        return self.messages.filter(has=self.page.get_by_text(text, exact=True))

    def act(self, text: str, action: str) -> None:
        """Choose an action of a message from its toolbar."""
        row = self.message(text)
        row.hover()
        row.locator(f".actions [data-act={action}]").click()

    def unread(self, project_id: int) -> Locator:
        """The count of unread messages of a project in the sidebar."""
        return self.page.locator(f"[data-project-id='{project_id}'] [data-unread=messages]")

    def place_of(self, text: str) -> float:
        """How far below the upper edge of the window a message stands."""
        place: float = self.message(text).evaluate("(row) => row.getBoundingClientRect().top")
        return place

    def numbers(self) -> list[int]:
        """The numbers of the messages in the page."""
        numbers: list[int] = self.box.evaluate(
            "(box) => [...box.querySelectorAll('[data-number].message')]"
            ".map((row) => Number(row.dataset.number))"
        )
        return numbers

    def hide(self, hidden: bool) -> None:
        """Put the tab out of sight, or back."""
        self.page.evaluate(HIDE, hidden)


KEPT = """async (path) => {
    const pages = await caches.open("projchat-pages");
    const page = await pages.match(path);
    const late = await pages.match(`/kept${path}`);
    return page && late ? late.text() : "";
}"""
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    const state = hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
