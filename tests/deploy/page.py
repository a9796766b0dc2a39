"""The commands that docs/deploy.md tells an administrator to give."""

import re
from typing import NamedTuple

from support.server import ROOT

PAGE = ROOT / "docs" / "deploy.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code, and the heading that it stands under."""

    heading: str
    language: str
    text: str

    @property
    def first(self) -> str:
        """Its first line."""
        return self.text.split("\n", 1)[0]


def blocks() -> list[Block]:
    """All of them; those in `sh` are followed, those in `text` are for other cases."""
    page = PAGE.read_text()
    found = []
    for match in FENCE.finditer(page):
        heading = re.findall(r"^## (.*)$", page[: match.start()], re.MULTILINE)[-1]
        found.append(Block(heading, match[1], match[2]))
    return found
