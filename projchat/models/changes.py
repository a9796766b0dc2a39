"""Answer what has changed in a project: over the socket (`join_room`), or to whoever polls."""

from typing import Any

from .page import MAX_PAGE_BYTES, Page
from .project import Project
from .timeline import LONGEST_PAGE, PAGE_SIZE

# In changes; a client further behind starts afresh.
MAX_BEHIND = 5000
MIN_PAGE_BYTES = 16 * 1024


def read_changes(project: Project, since: int | None, limit: int = LONGEST_PAGE) -> dict[str, Any]:
    """Return the page of changes after version `since`; who is here is not part of it.

    Without `since` there are none: the client wants only what comes from now on. The database is
    asked only if there are any, for the project says how far it has come. `version` is the
    cursor to go on from. A client too far behind, or ahead of this database, gets `reset` and the
    newest messages. A lower `limit` lowers the bytes of the page as well, so that a client for
    whose connection a page was too long need not guess how long the messages are.
    """
    since = project.version if since is None else since
    reset = since > project.version or project.version - since > MAX_BEHIND
    page = _page(project, since, reset, limit, _max_bytes(limit))
    more = page.has_more and not reset
    return {
        "messages": page.rows,
        "version": page.rows[-1]["version"] if more else project.version,
        "history": project.history,
        "hasMore": more,
        "reset": reset,
    }


def _page(project: Project, since: int, reset: bool, limit: int, max_bytes: int) -> Page:
    if reset:
        return project.newest(min(limit, PAGE_SIZE), max_bytes)
    if since < project.version:
        return project.changes_since(since, limit, max_bytes)
    return Page([], has_more=False)


def _max_bytes(limit: int) -> int:
    return max(MIN_PAGE_BYTES, MAX_PAGE_BYTES * limit // LONGEST_PAGE)
