"""What was just said, on its way to those who look elsewhere.

A post rings and goes on; who is told, and how, is found out beside the requests. What was rung in
a process that ends in the same moment is not told: the unread counts tell it all the same.
"""

from collections.abc import Callable
from typing import NamedTuple

# Of a project where more is said before anybody listens, only the latest is worth telling.
MOST_OF_A_PROJECT = 20


class Said(NamedTuple):
    """A message as a notice speaks of it; what happens to the project is counted, not told."""

    project_id: int
    project_name: str
    number: int
    author_id: int
    author_name: str
    content: str
    mentions: frozenset[int]
    is_text: bool


class Bell:
    """Gathers what was said until it is taken."""

    def __init__(self) -> None:
        self.on_ring: Callable[[], object] = lambda: None
        self._said: dict[int, list[Said]] = {}

    def ring(self, said: Said) -> None:
        """Something was said and committed."""
        first = not self._said
        of_project = self._said.setdefault(said.project_id, [])
        of_project.append(said)
        del of_project[:-MOST_OF_A_PROJECT]
        if first:
            self.on_ring()

    def take(self) -> dict[int, list[Said]]:
        """All that was said since the last time, by project, in its order."""
        said, self._said = self._said, {}
        return said


bell = Bell()
