"""Searches: which messages hold the words, asked of the index and then tested exactly."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, tuple_
from sqlalchemy.orm import joinedload

from .. import searching
from ..extensions import db
from ..fair_share import WorkBudget
from ..searching import Query
from . import word_index
from .membership import Membership
from .message import Message
from .project import Project
from .types import now
from .user import User
from .word_index import Clauses, Postgresql, Sqlite, of_this_database

# Some of the messages that hold the tokens may not hold the words, so a few more are fetched.
SPARE = 10

Candidate = Row[int, str]
Held = Row[int, str, bool]
Shelf = tuple[int, int]
Hit = tuple[int, str, list[tuple[int, int]]]


@dataclass
class Found:
    """A message that a search has found: its words, and where in them the terms stand."""

    message: Message
    text: str
    marks: list[tuple[int, int]]


@dataclass
class Page:
    """The newest messages that match, and where to go on.

    `is_cut` says that the budget ended before enough was found; `next_before` is the id below
    which everything is yet to be searched, or None if that is nothing.
    """

    found: list[Found]
    next_before: int | None = None
    is_cut: bool = False


@dataclass
class Wanted:
    """What the database is asked for."""

    projects: Sequence[Project]
    clauses: Clauses
    after: datetime | None = None
    until: datetime | None = None
    authors: Iterable[int] | None = None
    has: Iterable[str] = ()

    def rules(self, before: int | None) -> list[ColumnElement[bool]]:
        """What the words do not say, for messages with an id below `before`."""
        mine = [project.id for project in self.projects]
        rules: list[ColumnElement[bool]] = [Message.project_id.in_(mine)]
        rules.append(Message.deleted_at.is_(None))
        if self.after:
            rules.append(Message.created_at >= self.after)
        if self.until:
            rules.append(Message.created_at < self.until)
        if before is not None:
            rules.append(Message.id < before)
        if self.authors is not None:
            rules.append(Message.author_id.in_(self.authors))
        return [*rules, *(HAS[thing] for thing in self.has)]


HAS = {
    "file": Message.attachments.is_not(None),
    "link": Message.html.contains("<a href="),
}


def search(
    viewer: User,
    projects: Sequence[Project],
    query: Query,
    budget: WorkBudget,
    limit: int,
    before: int | None = None,
) -> Page:
    """Find the newest messages in these projects that match, as far as the budget goes.

    `before` is the id of a message: only older ones are wanted. Between two pieces of work the
    budget lets others run, so nothing is kept here that belongs to a transaction.
    """
    authors = _authors(viewer, projects, query.names) if query.names else None
    clauses = query.clauses(authors or (), now())
    if not clauses or not all(clauses) or not projects:
        return Page([])
    wanted = Wanted(projects, clauses, query.after, query.before, authors, query.has)
    hits, is_cut, reached = _test(wanted, query, budget, limit, before)
    budget.pause()
    # Whoever had their turn may have deleted one, or removed the person who asks.
    mine = select(Membership.project_id).where(Membership.user_id == viewer.id)
    with _counted(budget):
        messages = _load([key for key, _, _ in hits[:limit]], Message.project_id.in_(mine))
    found = [
        Found(messages[key], text, marks) for key, text, marks in hits[:limit] if key in messages
    ]
    return Page(found, hits[limit - 1][0] if len(hits) > limit else reached, is_cut)


def links(project: Project, limit: int, before: int | None = None) -> tuple[list[Message], bool]:
    """Find the newest messages of a project with links in them, and whether there are more."""
    clauses = Query(has=frozenset({"link"})).clauses([], now())
    candidates = _candidates(Wanted([project], clauses, has=("link",)), before, limit + 1)
    keys = [each.id for each in islice(candidates, limit + 1)]
    messages = _load(keys[:limit])
    return [messages[key] for key in keys[:limit]], len(keys) > limit


def _test(
    wanted: Wanted, query: Query, budget: WorkBudget, limit: int, before: int | None
) -> tuple[list[Hit], bool, int | None]:
    """Test the candidates until there is one hit more than wanted.

    Returns the hits, whether the budget ended first, and the last id that was tested then.
    """
    hits: list[Hit] = []
    for candidate in _candidates(wanted, before, limit + 1 + SPARE, budget):
        with budget.work():
            text = searching.plain(candidate.html)
            marks = query.marks(text)
        if marks is not None:
            hits.append((candidate.id, text, marks))
        if len(hits) > limit:
            break
        if not budget.goes_on():
            return hits, True, candidate.id
    return hits, False, None


def _load(keys: list[int], *rules: ColumnElement[bool]) -> dict[int, Message]:
    query = select(Message).options(joinedload(Message.author)).where(Message.id.in_(keys))
    query = query.where(Message.deleted_at.is_(None), *rules)
    return {message.id: message for message in db.session.scalars(query)} if keys else {}


def _authors(viewer: User, projects: Sequence[Project], names: Iterable[str]) -> set[int]:
    """The people meant by `from:`: a username, the beginning of a member's name, or "me"."""
    keys = [project.id for project in projects]
    members = select(Membership.user_id).where(Membership.project_id.in_(keys))
    known = select(User.id, User.username, User.name).where(
        User.id.in_(members) | User.username.in_(list(names))
    )
    people = db.session.execute(known).all()
    found = {viewer.id} if "me" in names else set()
    for each in people:
        name = searching.fold(each.name)
        if any(_is_called(wanted, each.username, name) for wanted in names):
            found.add(each.id)
    return found


def _is_called(wanted: str, username: str, folded_name: str) -> bool:
    return username == wanted or searching.begins_a_word(wanted, folded_name)


# -- The messages that hold the tokens, the newest first, as far as they are asked for


def _candidates(
    wanted: Wanted, before: int | None, size: int, budget: WorkBudget | None = None
) -> Iterator[Any]:
    keeper = of_this_database()
    if isinstance(keeper, Sqlite):
        return _on_sqlite(keeper, wanted, before, size, budget)
    return _on_postgresql(keeper, wanted, before, size)


def _counted(budget: WorkBudget | None) -> AbstractContextManager[None]:
    """Count what is asked of SQLite, which works on the loop itself; PostgreSQL is waited for."""
    if budget is None or not isinstance(of_this_database(), Sqlite):
        return nullcontext()
    return budget.work()


def _on_sqlite(
    keeper: Sqlite,
    wanted: Wanted,
    before: int | None,
    size: int,
    budget: WorkBudget | None,
) -> Iterator[Candidate]:
    mine = [project.id for project in wanted.projects]
    index = keeper.index.c
    query = (
        select(Message.id, Message.html)
        .join_from(keeper.index, Message, Message.id == index.rowid)
        .where(keeper.holds(mine, wanted.clauses))
        .order_by(index.rowid.desc())
    )
    while before != 0:
        page = query.where(*wanted.rules(before))
        if before is not None:
            page = page.where(index.rowid < before)
        with _counted(budget):
            rows = db.session.execute(page.limit(size)).all()
        yield from rows
        before = rows[-1].id if len(rows) == size else 0


def _on_postgresql(
    keeper: Postgresql, wanted: Wanted, before: int | None, size: int
) -> Iterator[Any]:
    """Round by round of shelves; of one project, all its shelves in their order.

    Of several projects, what a round gives is complete only down to its floor, or as far as the
    page went; what is older waits for the messages that belong in between.
    """
    waiting: list[Held] = []
    for shelves, floor in _rounds(wanted.projects):
        end = before
        while end != 0:
            rows = _held(keeper, shelves, wanted, end, size)
            end = rows[-1].id if len(rows) == size else 0
            waiting = sorted([*waiting, *rows], key=lambda row: -row.id)
            ready = sum(row.id >= max(floor, end) for row in waiting)
            yield from (row for row in waiting[:ready] if row.fits)
            waiting = waiting[ready:]


def _held(
    keeper: Postgresql, shelves: list[Shelf], wanted: Wanted, before: int | None, size: int
) -> list[Held]:
    """The newest messages that hold the tokens; whether they fit the other rules, they say."""
    held = keeper.held(shelves, wanted.clauses, before, size)
    if len(wanted.projects) > 1:
        # Of one project the shelves come in the order of their messages, so the first may do.
        held = held.order_by(None).order_by(held.selected_columns.message_id.desc())
    found = held.limit(size).cte("held").prefix_with("MATERIALIZED")
    query: Select[int, str, bool] = (
        select(Message.id, Message.html, and_(*wanted.rules(before)).label("fits"))
        .join_from(found, Message, Message.id == found.c.message_id)
        .order_by(Message.id.desc())
        .limit(size)
    )
    return list(db.session.execute(query).all())


def _rounds(projects: Sequence[Project]) -> Iterator[tuple[list[Shelf], int]]:
    """Shelves to ask together: the newest of each project, then the next two, four and so on.

    With them comes the floor: from this id on, nothing is left on the shelves of later rounds.
    """
    passed, size = 0, 1 if len(projects) > 1 else projects[0].message_count + 1
    while shelves := [
        (project.id, number)
        for project in projects
        for number in _downwards(project.message_count // word_index.SHELF - passed, size)
    ]:
        passed, size = passed + size, size * 2
        yield shelves, _floor(projects, passed) if len(projects) > 1 else 0


def _downwards(top: int, count: int) -> range:
    return range(top, max(top - count, -1), -1)


def _floor(projects: Sequence[Project], passed: int) -> int:
    lowest = [
        (project.id, (top - passed + 1) * word_index.SHELF)
        for project in projects
        if (top := project.message_count // word_index.SHELF) >= passed
    ]
    place = tuple_(Message.project_id, Message.number)
    newest = select(func.max(Message.id)).where(place.in_(lowest))
    return (db.session.scalar(newest) or 0) if lowest else 0
