"""Requests of somebody who is removed while they are under way change nothing.

On PostgreSQL a request finds its membership and then waits for the project's lock; SQLite has one
writer at a time, so there a request that changes something waits before it begins.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from support.cast import done
from support.contract import Rule, unsafe_rules
from support.surgery import database_url
from test_matrix import MATRIX, ROLES, Scene, ask

pytestmark = pytest.mark.served

LEFT_OUT = {
    "PATCH /api/projects/<int:project_id>/members/<int:user_id>",
    "PATCH /api/projects/<int:project_id>/uploads/<upload_id>",
    "PUT /api/projects/<int:project_id>/read",
    "PUT /api/projects/<int:project_id>/unread",
}
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
            "UPDATE invites SET token = 'new-' || token WHERE project_id = :project",
            "DELETE FROM memberships WHERE project_id = :project AND user_id = :user",
        ):
            connection.execute(text(statement), given)
        yield connection.commit
    engine.dispose()


def under_way(ask: Callable[[], Any]) -> "Future[Any]":
    """Begin to ask, and let it come as far as it can."""
    asked = ThreadPoolExecutor(1).submit(ask)
    time.sleep(UNDER_WAY_SECONDS)
    return asked


def leaver(rule: Rule) -> str | None:
    """Who may do it and can be removed, if there is such a one."""
    statuses = MATRIX[str(rule)].statuses
    return next((role for role in ("member", "admin") if statuses[role] < 300), None)


IN_PROJECTS = [rule for rule in unsafe_rules() if "<int:project_id>" in rule.path]
TRIED = [rule for rule in IN_PROJECTS if leaver(rule) and not rule.path.endswith(ONLY_MARKS)]


def test_what_is_left_out_is_named() -> None:
    """Roles are changed by an owner, who cannot be removed; the others touch one's own rows."""
    assert {str(rule) for rule in IN_PROJECTS} - {str(rule) for rule in TRIED} == LEFT_OUT


@pytest.mark.parametrize("rule", TRIED, ids=str)
def test_changes_nothing_for_who_was_removed_meanwhile(
    scene: Scene, server: Any, database: Any, rule: Rule
) -> None:
    row = MATRIX[str(rule)]
    person = scene.people[str(leaver(rule))]
    values = row.prepare(scene, person)
    with removal(server, scene.project.id, person.id) as commit:
        asked = under_way(lambda: ask(scene, person, rule, row, values))
        commit()
    before = database.contents()
    answer = asked.result(20)
    assert answer.status_code in (400, 404), answer.text[:300]
    assert without_marks(database.contents()) == without_marks(before)


def test_an_admin_who_was_removed_meanwhile_does_not_come_back_by_a_link(
    scene: Scene, server: Any, database: Any
) -> None:
    alice, dora = scene.people["owner"], scene.people["admin"]
    link = done(alice.post(f"{scene.project.api}/invites", {}))["token"]
    with removal(server, scene.project.id, dora.id) as commit:
        asked = under_way(lambda: dora.post(f"/api/invites/{link}", {}))
        commit()
    before = database.contents()
    assert asked.result(20).status_code in (200, 404)
    assert dora.get(scene.project.api).status_code == 404
    assert database.contents() == before


def without_marks(contents: Any) -> Any:
    """What stands in the tables but for how far people have read."""
    return {table: rows for table, rows in contents.items() if table not in ("memberships",)}
