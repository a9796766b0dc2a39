"""Noting the words of what was said, for the search, beside the requests.

A post names its project and goes on. One greenlet gathers for a moment and notes what waits, some
messages at a time. What a process that ended has left waiting is noted with the next message of the
project, or by the first search that needs it.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from flask import Flask, g
from sqlalchemy import text

from .errors import unavailable
from .extensions import db, socketio
from .models import Project, word_index

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
REST_SECONDS = 0.01
RETRY_SECONDS = 5.0
# What a search notes itself of a project, and how long it waits for those who write there.
MOST_BATCHES = 20
PATIENCE_SECONDS = 0.5


class Indexer:
    """One per process."""

    def __init__(self) -> None:
        self._app: Flask | None = None
        self._due: set[int] = set()
        self._is_at_work = False

    def init_app(self, app: Flask) -> None:
        """Work for this application."""
        self._app = app

    def due(self, project_id: int) -> None:
        """Something was said in a project; its words are noted in a moment."""
        self._due.add(project_id)
        if not self._is_at_work:
            self._is_at_work = True
            socketio.start_background_task(self._work)

    def _work(self) -> None:
        try:
            while self._due:
                socketio.sleep(GATHER_SECONDS)
                with self._app.app_context():  # type: ignore[union-attr]
                    is_available = self._note_all()
                if not is_available:
                    socketio.sleep(RETRY_SECONDS)
        finally:
            self._is_at_work = False

    def _note_all(self) -> bool:
        """Note what waits in the projects due now; False if the database is away: they stay due."""
        projects, self._due = self._due, set()
        while projects:
            project_id = projects.pop()
            try:
                while _note_next(project_id):
                    socketio.sleep(REST_SECONDS)
            except Exception as error:
                db.session.rollback()
                if unavailable(error):
                    self._due |= {project_id, *projects}
                    log.warning("The search waits for new words: the database does not answer")
                    return False
                log.exception("The words of project %s could not be noted", project_id)
            socketio.sleep(REST_SECONDS)
        return True


def catch_up(projects: Iterable[Project]) -> None:
    """Note what waits in these projects, so that a search of them sees it.

    Of a project where much waits, the last of it is left to the indexer. If the index cannot be
    written, the search does without: that is no reason to find nothing.
    """
    late = [each for each in projects if each.indexed_count < each.message_count]
    if not late:
        return
    with _writing():
        for project in late:
            try:
                if not _note_some(project.id):
                    indexer.due(project.id)
            except Exception as error:
                db.session.rollback()
                log.warning("A search does without the newest words: %s", error)
                if unavailable(error):
                    break


def _note_some(project_id: int) -> bool:
    """Note what waits in a project, up to a bound; whether that was all."""
    for _batch in range(MOST_BATCHES):
        if not _note_next(project_id):
            return True
        socketio.sleep(0)
    return False


@contextmanager
def _writing() -> Iterator[None]:
    """A request that only reads may write for a moment, in transactions of its own."""
    db.session.commit()
    reading, g.reading, g.lock_patience = g.get("reading", False), False, PATIENCE_SECONDS
    try:
        yield
    finally:
        g.reading = reading
        del g.lock_patience


def _note_next(project_id: int) -> bool:
    connection = db.session.connection()
    if connection.dialect.name == "postgresql" and "lock_patience" in g:
        connection.execute(text(f"SET LOCAL lock_timeout = {g.lock_patience * 1000:.0f}"))
    more = word_index.note_next(connection, project_id)
    db.session.commit()
    return more


indexer = Indexer()
