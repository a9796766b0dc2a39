"""When a login was last used, and the end of those that are over, beside the requests.

A login ends a time after it began, and when nobody has come with it for some days (OWASP ASVS 5,
7.3). A request only says that there was a visit: it is noted in a moment together with others, and
nobody waits for that. Rows of logins that are over are removed.
"""

import logging

from flask import Flask, g
from sqlalchemy.exc import SQLAlchemyError

from .extensions import db, socketio
from .models.login import Lifetimes, Login

log = logging.getLogger(__name__)

TICK_SECONDS = 5.0
REMOVAL_TICKS = 120
ROWS_AT_ONCE = 500
REST_SECONDS = 0.01


class LoginUpkeep:
    """One per process."""

    lifetimes: Lifetimes

    def __init__(self) -> None:
        self._app: Flask | None = None
        self._visited: set[int] = set()
        self._is_running = False

    def init_app(self, app: Flask) -> None:
        """Work for this application."""
        self._app = app
        self.lifetimes = Lifetimes(app.config["LOGIN_LIFETIME"], app.config["LOGIN_IDLE"])

    def visited(self, login: Login) -> None:
        """Note in a moment that somebody came with this login, if that was not noted lately."""
        if login.is_stale:
            self._visited.add(login.id)
            self.start()

    def start(self) -> None:
        """Begin to look after the logins, once in a process."""
        if not self._is_running:
            self._is_running = True
            socketio.start_background_task(self._run)

    def _run(self) -> None:
        """Note visits every few seconds and remove now and then, until the process ends."""
        ticks = 0
        while True:
            socketio.sleep(TICK_SECONDS)
            try:
                with self._app.app_context():  # type: ignore[union-attr]
                    self._note_visits()
                    if ticks % REMOVAL_TICKS == 0:
                        self._remove_ended()
                ticks += 1
            except SQLAlchemyError:
                # The relay says that the database does not answer.
                log.debug("The logins were not looked after", exc_info=True)

    def _note_visits(self) -> None:
        if not self._visited:
            return
        visited, self._visited = self._visited, set()
        try:
            for start in range(0, len(several := sorted(visited)), ROWS_AT_ONCE):
                Login.note_visits(several[start : start + ROWS_AT_ONCE])
                db.session.commit()
        except SQLAlchemyError:
            self._visited |= visited
            raise

    def _remove_ended(self) -> None:
        """Go through the table some rows at a time: nobody waits long for the lock."""
        last = 0
        while rows := self._read(last):
            last = rows[-1][0]
            if ended := [login_id for login_id, lasts in rows if not lasts]:
                Login.remove_ended(ended, self.lifetimes)
                db.session.commit()
            socketio.sleep(REST_SECONDS)

    def _read(self, after: int) -> list[tuple[int, bool]]:
        g.reading = True
        try:
            return Login.next_by_id(after, ROWS_AT_ONCE, self.lifetimes)
        finally:
            db.session.rollback()
            g.reading = False


login_upkeep = LoginUpkeep()
