"""Chromium, with an ear on everything that goes wrong in a page."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect

from support.person import Person
from support.server import Server

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
# Milliseconds, for a machine that is busy: what comes at once elsewhere costs no test its time.
TIMEOUT = 30_000


def find_chromium() -> str | None:
    """Where Chromium is, if it is anywhere."""
    given = os.environ.get("PROJCHAT_TEST_CHROMIUM")
    return given or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright) -> Browser:
    """Start Chromium."""
    expect.set_options(timeout=TIMEOUT)
    return playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))


def hold(page: Page, pattern: str) -> list[Route]:
    """Keep requests back until the test lets them go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


class Tabs:
    """Opens pages for people: `tabs(alice, "/projects/7")`.

    Errors in the console, exceptions and breaches of the content security policy are collected
    in `problems`; the test fails at its end for each that `allow` did not name.
    """

    def __init__(self, browser: Browser, server: Server) -> None:
        self.problems: list[str] = []
        self._allowed: list[str] = []
        self._browser = browser
        self._server = server
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        person: Person | None = None,
        path: str | None = None,
        *,
        locale: str = "en-US",
        width: int = 1280,
        height: int = 800,
        **options: Any,
    ) -> Page:
        """Open a page in a browser profile of its own, logged in as the person.

        The service worker comes only with `service_workers="allow"`: what it asks for passes by
        the tests' own routes.
        """
        options.setdefault("service_workers", "block")
        context = self._browser.new_context(
            base_url=self._server.url,
            locale=locale,
            viewport={"width": width, "height": height},
            **options,
        )
        context.set_default_timeout(TIMEOUT)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self._contexts.append(context)
        if person is not None:
            context.add_cookies(
                [
                    {"name": cookie.name, "value": cookie.value or "", "url": self._server.url}
                    for cookie in person.http.cookies
                ]
            )
        page = context.new_page()
        if path is not None:
            page.goto(path)
        return page

    def allow(self, *patterns: str) -> None:
        """Expect problems like these, given as regular expressions."""
        self._allowed.extend(patterns)

    def unexpected(self) -> list[str]:
        """The problems that nobody expected."""
        return [
            problem
            for problem in self.problems
            if not any(re.search(pattern, problem) for pattern in self._allowed)
        ]

    def picture(self, folder: Path) -> list[Path]:
        """Take a picture of every open page."""
        folder.mkdir(parents=True, exist_ok=True)
        pages = [page for context in self._contexts for page in context.pages]
        paths = [folder / f"{number}.png" for number in range(1, len(pages) + 1)]
        for page, path in zip(pages, paths, strict=True):
            page.screenshot(path=path)
        return paths

    def close(self) -> None:
        """Close every page."""
        while self._contexts:
            self._contexts.pop().close()

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.problems.append(f"{message.text} ({where})")
