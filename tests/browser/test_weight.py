"""What a browser downloads for the chat page."""

import pytest
from playwright.sync_api import Page

from support.browser import Tabs
from support.cast import Project
from support.chat import Chat
from support.person import Person

# 71 and 74 KB, and what recovers texts after a restore and asks by long poll: 82 in Russian.
MOST_SCRIPT = 84 * 1024
MOST_STYLE = 30 * 1024


def weight(page: Page, ending: str) -> int:
    """How many bytes of files with this ending were sent, as they were sent."""
    sent: int = page.evaluate(
        """(ending) => performance
            .getEntriesByType("resource")
            .filter(({name}) => new URL(name).pathname.endsWith(ending))
            .reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)""",
        ending,
    )
    return sent


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_the_chat_page_is_light(page_for: Tabs, project: Project, alice: Person, locale: str):
    """If this fails far off: `make install` makes the small copies of changed files."""
    page = page_for(alice, project.page, locale=locale)
    Chat(page).is_live()
    page.wait_for_load_state("networkidle")
    script = weight(page, ".js")
    assert 0 < script <= MOST_SCRIPT, f"{script / 1024:.1f} KB of scripts"
    assert 0 < weight(page, ".css") <= MOST_STYLE
