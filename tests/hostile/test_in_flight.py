"""Requests of somebody who is removed while they are under way change nothing.

On PostgreSQL a request finds its membership and then waits for the project's lock; SQLite has one
writer at a time, so there the removal is over before the request begins.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from support.contract import Rule, unsafe_rules
from support.surgery import database_url
from test_matrix import MATRIX, ROLES, Scene, ask

pytestmark = [pytest.mark.services, pytest.mark.served]

# They touch nothing but the membership's own row, which has gone.
ONLY_MARKS = ("/read", "/unread")
UNDER_WAY_SECONDS = 0.4


@pytest.fixture
def scene(server: Any, cast: Any, project: Any, request: pytest.FixtureRequest) -> Scene:
    names = ("anonymous", "charlie", "frank", "bob", "dora", "alice")
    people = dict(zip(ROLES, map(request.getfixturevalue, names), strict=True))
    return Scene(cast, project, people, cast.known("eve"), lambda: people["anonymous"])


@contextmanager
def removal(server: Any, project_id: int, user_id: int) -> Iterator[Callable[[], None]]:
    """Remove a member as the application does, but stop before the commit."""
    given = {"project": project_id, "user": user_id}
    engine = create_engine(database_url(server))
    with engine.connect() as connection:
        for statement in (
            "UPDATE projects SET version = version + 1 WHERE id = :project",
            "DELETE FROM invites WHERE project_id = :project AND created_by = :user",
            "DELETE FROM memberships WHERE project_id = :project AND user_id = :user",
        ):
            connection.execute(text(statement), given)
        yield connection.commit
    engine.dispose()


def in_projects() -> list[Rule]:
    return [rule for rule in unsafe_rules() if "<int:project_id>" in rule.path]


@pytest.mark.parametrize("rule", in_projects(), ids=str)
def test_changes_nothing_for_who_was_removed_meanwhile(
    scene: Scene, server: Any, database: Any, rule: Rule
) -> None:
    row = MATRIX[str(rule)]
    allowed = [role for role, status in row.statuses.items() if status < 300 and role in ROLES[3:]]
    role = next((role for role in ("member", "admin") if role in allowed), None)
    if role is None or rule.path.endswith(ONLY_MARKS):
        return  # The owner cannot be removed.
    person = scene.people[role]
    values = row.prepare(scene, person)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(ask(scene, person, rule, row, values)))
    with removal(server, scene.project.id, person.id) as commit:
        asking.start()
        time.sleep(UNDER_WAY_SECONDS)
        commit()
    before = database.contents()
    asking.join(20)
    assert answers[0].status_code in (400, 404), answers[0].text[:300]
    assert without_marks(database.contents()) == without_marks(before)


def without_marks(contents: Any) -> Any:
    """What stands in the tables but for how far people have read."""
    return {table: rows for table, rows in contents.items() if table not in ("memberships",)}
