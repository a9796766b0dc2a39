"""Noting the words of what was said, for the search, beside the requests.

A post names its project and goes on. One greenlet gathers for a moment and notes what waits, some
messages at a time. What a process that ended has left waiting is noted with the next message of the
project, or by the first search that needs it.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from flask import Flask, g
from sqlalchemy.exc import DBAPIError

from .errors import unavailable
from .extensions import db, socketio
from .models import Project, word_index

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
REST_SECONDS = 0.01


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
                    self._note_all()
        except Exception as error:
            if unavailable(error):
                log.warning("The search waits for new words: the database does not answer")
            else:
                log.exception("The words for the search could not be noted")
        finally:
            self._is_at_work = False

    def _note_all(self) -> None:
        projects, self._due = self._due, set()
        for project_id in projects:
            while _note_next(project_id):
                socketio.sleep(REST_SECONDS)


def catch_up(projects: Iterable[Project]) -> None:
    """Note what waits in these projects, so that a search of them sees it.

    If the index cannot be written, the search does without: that is no reason to find nothing.
    """
    late = [each for each in projects if each.indexed_count < each.message_count]
    if not late:
        return
    with _writing():
        try:
            for project in late:
                while _note_next(project.id):
                    pass
        except DBAPIError as error:
            db.session.rollback()
            log.warning("A search does without the newest words: %s", error.orig)


@contextmanager
def _writing() -> Iterator[None]:
    """A request that only reads may write for a moment, in transactions of its own."""
    db.session.commit()
    reading, g.reading = g.get("reading", False), False
    try:
        yield
    finally:
        g.reading = reading


def _note_next(project_id: int) -> bool:
    more = word_index.note_next(db.session.connection(), project_id)
    db.session.commit()
    return more


indexer = Indexer()
