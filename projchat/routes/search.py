"""Searching what was written, and the links that were written down."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask_login import current_user

from .. import indexing, searching
from ..extensions import limiter
from ..models import Message, Project, finding
from ..models.types import rfc3339
from ..schemas import LinkQuery, LinksOut, ResultsOut, SearchQuery
from .contract import endpoint
from .projects import find

bp = Blueprint("search", __name__)

# Each letter typed may ask, and people type quickly.
limit_typing = limiter.shared_limit("60/10seconds", scope="search")


@bp.get("/api/projects/<int:project_id>/search")
@limit_typing
@endpoint(query=SearchQuery, tag="search", HTTP_200=ResultsOut)
def in_project(project_id: int, query: SearchQuery) -> dict[str, Any]:
    """Search a project: words and parts of words, from:, has:, before: and after:."""
    return _results([find(project_id)], query)


@bp.get("/api/search")
@limit_typing
@endpoint(query=SearchQuery, tag="search", HTTP_200=ResultsOut)
def in_all(query: SearchQuery) -> dict[str, Any]:
    """Search all my projects in the same way."""
    return _results(current_user.projects(), query)


@bp.get("/api/projects/<int:project_id>/links")
@endpoint(query=LinkQuery, tag="search", HTTP_200=LinksOut)
def links(project_id: int, query: LinkQuery) -> dict[str, Any]:
    """The links in a project's messages; `limit` and `before` count messages."""
    project = find(project_id)
    indexing.catch_up([project])
    messages, more = finding.links(project, query.limit, query.before)
    found = [link for message in messages for link in _links(message)]
    return {"links": found, "hasMore": more}


def _results(projects: Sequence[Project], query: SearchQuery) -> dict[str, Any]:
    wanted = searching.Query.parse(query.q, query.zone)
    indexing.catch_up(projects)
    found, more = finding.search(current_user, projects, wanted, query.limit, query.before)
    names = {project.id: project.name for project in projects}
    return {"results": [_result(each, names) for each in found], "hasMore": more}


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
