"""What the server prints: one readable line per event, in UTF-8, with nothing private in it."""

import io
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from gunicorn.glogging import Logger

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
INVITE = re.compile(r"(/(?:invite|api/invites)/)(?!…).*", re.IGNORECASE | re.DOTALL)
REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class LineFormatter(logging.Formatter):
    """Starts every entry with the time, and keeps secrets and control characters out of it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", TIME_FORMAT)
        self._second = (0, "")

    def formatTime(  # noqa: N802  The library's name.
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """The time to the second, put into words once in each."""
        second = int(record.created)
        if second != self._second[0]:
            self._second = (second, super().formatTime(record, datefmt))
        return self._second[1]

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  The library's name.
        """Name the level where it is news, and make the message safe to print."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        record.message = level + printable(without_invite(record.message))
        if request_id := getattr(record, "request_id", None):
            record.message += f" id={request_id}"
        return super().formatMessage(record)


class ServerLogger(Logger):  # type: ignore[misc]  # gunicorn has no types.
    """gunicorn's own notices, and with them the set-up of everything else that is logged."""

    def setup(self, cfg: Any) -> None:
        """Give gunicorn's notices our format; it calls this at start and at each reload."""
        configure(self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.INFO))
        super().setup(cfg)
        for handler in self.error_log.handlers + self.access_log.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setFormatter(LineFormatter())

    def access(
        self, resp: Any, _req: Any, environ: Mapping[str, Any], request_time: timedelta
    ) -> None:
        """Write the access line: never the query string, for its values may be private."""
        if not self.access_log_enabled:
            return
        path = without_invite(path_of(environ["RAW_URI"]))
        size = "-" if resp.sent is None else f"{resp.sent} B"
        milliseconds = request_time / timedelta(milliseconds=1)
        line = f"{environ['REQUEST_METHOD']} {path} {resp.status} {size} {milliseconds:.0f} ms"
        if REQUEST_ID.fullmatch(number := _request_id(resp.headers)):
            line += f" id={number}"
        if user := environ.get("projchat.notes", {}).get("user"):
            line += f" user={user}"
        self.access_log.info("%s", line)


def configure(level: int = logging.INFO) -> None:
    """Print our own entries from `level` on, and of the libraries what needs attention.

    What no line of ours shows is not looked up for each either: where in the code, thread, process.
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # So says the logging HOWTO.
    for stream in (sys.stdout, sys.stderr):
        speak_utf8(stream)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("projchat").setLevel(level)


def speak_utf8(stream: object) -> None:
    """Let a stream print any text: where LANG names another charset, ✅ would raise."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _request_id(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "x-request-id"), "")


def path_of(address: str) -> str:
    """The path of an address as people read it, without its query string."""
    return unquote(address.partition("?")[0])


def without_invite(text: str) -> str:
    """Cut a text after the path that names an invite: its token opens the project to anybody."""
    # Most texts have none, which two letters tell sooner than the pattern.
    return INVITE.sub(r"\1…", text) if "nv" in text.lower() else text


def printable(text: str) -> str:
    """Escape control characters and indent further lines, so that nobody can forge an entry."""
    if text.isprintable():
        return text
    lines = text.splitlines() or [""]
    return "\n    ".join("".join(map(_visible, line)) for line in lines)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
