"""Searching what was written, and the links that were written down."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask_login import current_user

from .. import indexing, searching
from ..document import Document, Envelope
from ..extensions import db, limiter
from ..fair_share import FairShare, WorkBudget
from ..models import Message, Project, finding
from ..models.page import fill_page
from ..models.types import rfc3339
from ..schemas import LinkQuery, LinksOut, ResultsOut, SearchQuery
from .contract import endpoint
from .projects import find

bp = Blueprint("search", __name__)

# Each letter typed may ask, and people type quickly.
limit_typing = limiter.limit("60/10seconds", scope="search")

# What all searches together may take of the event loop, and one of them in seconds: in pieces
# short enough that nobody notices, and no longer than the typist waits.
SHARE = FairShare(0.15, burst=0.05)
BUDGET_SECONDS = 0.05
PIECE_SECONDS = 0.005
# What each takes besides: the request, who asks, and the answer on its way out.
REQUEST_SECONDS = 0.002


@bp.get("/api/projects/<int:project_id>/search")
@limit_typing
@endpoint(query=SearchQuery, tag="search", HTTP_200=ResultsOut)
def in_project(project_id: int, query: SearchQuery) -> Envelope:
    """Search a project: words and parts of words, from:, has:, before: and after:."""
    return _results([find(project_id)], query)


@bp.get("/api/search")
@limit_typing
@endpoint(query=SearchQuery, tag="search", HTTP_200=ResultsOut)
def in_all(query: SearchQuery) -> Envelope:
    """Search all my projects in the same way."""
    return _results(current_user.projects(), query)


@bp.get("/api/projects/<int:project_id>/links")
@endpoint(query=LinkQuery, tag="search", HTTP_200=LinksOut)
def links(project_id: int, query: LinkQuery) -> dict[str, Any]:
    """The links in a project's messages; `limit` and `before` count messages."""
    project = find(project_id)
    indexing.catch_up([project])
    messages, more = finding.links(project, query.limit, query.before)
    # A page ends between two messages, for `before` is one.
    page = fill_page(({"links": _links(message)} for message in messages), query.limit)
    found = [link for row in page.rows for link in row["links"]]
    return {"links": found, "hasMore": more or page.has_more}


def _results(projects: Sequence[Project], query: SearchQuery) -> Envelope:
    wanted = searching.Query.parse(query.q, query.zone)
    indexing.catch_up(projects)
    budget = _budget()
    searched = finding.search(current_user, projects, wanted, budget, query.limit, query.before)
    names = {project.id: project.name for project in projects}
    with budget.work():
        page = fill_page((_result(each, names) for each in searched.found), query.limit)
    if page.has_more:
        return _answer(page.rows, page.rows[-1]["id"])
    return _answer(page.rows, searched.next_before, searched.is_cut)


def _answer(rows: list[Document], next_before: int | None, is_cut: bool = False) -> Envelope:
    has_more = next_before is not None
    return Envelope(results=rows, hasMore=has_more, incomplete=is_cut, next=next_before)


def _budget() -> WorkBudget:
    """The budget of this request; its transaction ends before each wait."""
    db.session.commit()
    budget = WorkBudget(SHARE, current_user.id, db.session.commit, BUDGET_SECONDS, PIECE_SECONDS)
    SHARE.charge(REQUEST_SECONDS)
    return budget


def _result(found: finding.Found, names: dict[int, str]) -> dict[str, Any]:
    excerpt, marks = searching.excerpt(found.text, found.marks)
    message = found.message.to_dict()
    # Files may stand without a word.
    excerpt = excerpt or ", ".join(file["name"] for file in message["attachments"])
    name = names[found.message.project_id]
    return {**message, "projectName": name, "excerpt": excerpt, "marks": marks}


def _links(message: Message) -> list[dict[str, Any]]:
    about = {
        "messageId": message.id,
        "number": message.number,
        "author": {"id": message.author_id, "name": message.author.name},
        "createdAt": rfc3339(message.created_at),
    }
    return [{"url": url, "text": text, **about} for url, text in searching.links(message.html)]
