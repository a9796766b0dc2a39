"""The gunicorn worker: gunicorn's master watches, eventlet's WSGI server answers.

Every client is a greenlet, so thousands of websockets wait in one process. gunicorn's master
imports this module before it forks, unpatched, so nothing here imports the application.
"""

import errno
import http.client
import ipaddress
import json
import mmap
import os
import re
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import hubs, patcher, wsgi
from eventlet.greenio import GreenSocket
from eventlet.semaphore import Semaphore
from gunicorn.workers.base import Worker

Environ = dict[str, Any]

HEARTBEAT = 1.0
HEAD_TIMEOUT = 15.0
SOCKET_TIMEOUT = 30.0
DISCARD_TIMEOUT = 15.0
LINGER_TIMEOUT = 2.0
HEAD_BYTES = 16 * 1024
MOST_FIELDS = 100
SPARE_FILES = 128

# The grammar of RFC 9112 and RFC 9110, as far as it is of any use to us.
WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rf"({WORD}) (\S+) HTTP/([0-9])\.([0-9])")
FIELD_NAME = re.compile(WORD)
NOT_IN_A_VALUE = re.compile(r"[\x00\r\n]")
STATE_GUEST = "guest"

# How long a worker that is replaced waits for the new one to serve.
SUCCESSOR_PATIENCE = 20.0

# On leaving: how long those who have knocked are still let in, how long an idle connection may
# still bring a request, how long those that were hung up get to say goodbye, and how long
# everything may take when somebody is in a hurry.
LAST_CALL = 1.0
IDLE_PATIENCE = 1.0
FAREWELL = 2.0
HURRY = 1.0
DRAIN_STEP = 0.05
# Each end runs the application's code, so a crowd goes in groups: the clock must be looked at.
AT_ONCE = 200

FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
)


class EventletWorker(Worker):  # type: ignore[misc]  # gunicorn has no types.
    """One process that serves all its clients cooperatively."""

    alive = True
    hurried = False
    stays_until = 0.0
    handover: "Handover | None" = None

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """Refuse what would otherwise be served in the clear."""
        if cfg.is_ssl:
            sys.exit("projchat: TLS is the proxy's work; certfile and keyfile are not supported.")

    def init_process(self) -> None:
        """Patch the process before the application is imported, then go on as gunicorn does."""
        # Until gunicorn sets ours, the handlers of the master are in force, which do nothing here.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self.handle_early)
        # The hub of the master would share its epoll descriptor with every worker.
        hubs.use_hub()
        eventlet.monkey_patch()
        raise_file_limit()
        super().init_process()

    def run(self) -> None:
        """Serve until told to leave, and show the master a sign of life meanwhile."""
        room = Semaphore(self.most_connections())
        doors = [Door(listener.sock.dup(), self.wsgi, self, room) for listener in self.sockets]
        if self.handover:
            self.handover.serves(self.age)
        while self.alive or self.has_to_stay():
            self.notify()
            self.pause(HEARTBEAT if self.alive else DRAIN_STEP)
        self.leave(doors)

    def has_to_stay(self) -> bool:
        """Whether the worker that is to replace us does not serve yet."""
        if self.hurried or time.monotonic() > self.stays_until:
            return False
        return self.handover is not None and self.handover.is_due_after(self.age)

    def most_connections(self) -> int:
        """How many clients fit: each is an open file, and the rest of the process needs some."""
        wanted: int = self.cfg.worker_connections
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = wanted if limit == resource.RLIM_INFINITY else limit - SPARE_FILES
        return max(1, min(wanted, room))

    def notify(self) -> None:
        """Show a sign of life, unless the master itself is gone: then nobody looks after us."""
        super().notify()
        if self.alive and os.getppid() != self.ppid:
            self.log.info("The master is gone, so worker %s leaves.", self.pid)
            self.alive = False

    def pause(self, seconds: float) -> None:
        """Let the clients run, until a signal comes at the latest: each writes to this pipe."""
        with eventlet.Timeout(seconds, False):
            os.read(self.PIPE[0], 512)

    def leave(self, doors: "list[Door]") -> None:
        """Answer what was asked and send everybody else away, websockets at once."""
        started = time.monotonic()
        for door in doors:
            door.close()
        while True:
            elapsed = time.monotonic() - started
            remaining = [one for door in doors for one in door.connections if not one.is_over]
            at_work = any(one.at_work for one in remaining)
            if not remaining or elapsed > (self.patience() if at_work else FAREWELL):
                break
            impatient = self.hurried or elapsed > IDLE_PATIENCE
            for one in [one for one in remaining if one.may_go(impatient)][:AT_ONCE]:
                one.send_away()
            self.notify()
            self.pause(DRAIN_STEP)
        if remaining:
            self.log.info("Left %d connections unfinished.", len(remaining))

    def patience(self) -> float:
        """How many seconds requests may take to finish once we are told to leave."""
        return HURRY if self.hurried else float(self.cfg.graceful_timeout)

    # --- Signals: a handler runs inside whatever was running, so it only leaves a note. ---

    def handle_early(self, _sig: int, _frame: Any) -> None:
        """Leave before anything was served, and let nobody wait for us."""
        if self.handover:
            self.handover.serves(self.age)
        os._exit(0)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Leave, but hand over to a successor first; whoever says it twice means now."""
        if self.handover:
            self.handover.serves(self.age)
        self.stays_until = time.monotonic() + SUCCESSOR_PATIENCE if self.alive else 0.0
        super().handle_exit(sig, frame)

    def handle_quit(self, _sig: int, _frame: Any) -> None:
        """Leave in a hurry, on Ctrl-C for example."""
        self.hurried = True
        self.alive = False
        self.cfg.worker_int(self)

    def handle_usr1(self, _sig: int, _frame: Any) -> None:
        """Open the log files anew; their locks may have to be waited for."""
        eventlet.spawn(self.log.reopen_files)

    def handle_abort(self, sig: int, frame: Any) -> None:
        """Say what kept the loop from giving a sign of life before the master replaces us."""
        self.log.critical("The event loop stood here:\n%s", "".join(traceback.format_stack(frame)))
        super().handle_abort(sig, frame)


class Handover:
    """A note in memory that all processes share: the youngest worker started, and serving.

    On a reload gunicorn forks the new workers and at once tells the old ones to leave, though
    the new have yet to load the application. The note lets the old ones serve until then.
    """

    def __init__(self) -> None:
        self.ages = memoryview(mmap.mmap(-1, 16)).cast("q")

    def expects(self, age: int) -> None:
        """A worker of this age is about to be forked."""
        self.ages[0] = age

    def serves(self, age: int) -> None:
        """A worker of this age is ready."""
        self.ages[1] = max(age, self.ages[1])

    def is_due_after(self, age: int) -> bool:
        """Whether a younger worker than this is still starting."""
        return age < self.ages[0] and self.ages[1] < self.ages[0]


class Door(wsgi.Server):  # type: ignore[misc]  # eventlet has no types.
    """A listening socket, and the connections that came in through it."""

    def __init__(
        self, listener: socket.socket, app: Any, worker: EventletWorker, room: Semaphore
    ) -> None:
        cfg = worker.cfg
        super().__init__(
            GreenSocket(listener),
            listener.getsockname(),
            app,
            environ={"wsgi.multiprocess": cfg.workers > 1},
            max_http_version="HTTP/1.1",
            protocol=Connection,
            keepalive=cfg.keepalive,
            log_output=False,
            url_length_limit=cfg.limit_request_line,
            capitalize_response_headers=False,
            debug=False,
            socket_timeout=SOCKET_TIMEOUT,
        )
        self.cfg = cfg
        self.notices = worker.log
        self.log = Troubles(worker.log)
        self.room = room
        self.connections: set[Connection | Guest] = set()
        self.porter = eventlet.spawn(self.stay_open)

    def stay_open(self) -> None:
        """Let clients in for ever."""
        while True:
            try:
                self.admit()
            except OSError as error:
                # Out of open files, most likely: a door that gave up now would never open again.
                self.notices.error("Cannot accept connections: %s", error)
                eventlet.sleep(HEARTBEAT)

    def admit(self) -> None:
        """Let one client in, once there is room."""
        client, address = self.socket.accept()
        client.settimeout(self.socket_timeout)
        self.room.acquire()
        eventlet.spawn_n(self.attend, client, address)
        # A crowd at the door must not keep those inside from being served.
        eventlet.sleep(0)

    def attend(self, client: GreenSocket, address: Any) -> None:
        """Serve one client to the end, and let nothing of its troubles out."""
        state = [address, client, wsgi.STATE_IDLE]
        try:
            self.process_request(state)
        except (OSError, EOFError):
            # It left without a goodbye.
            client.close()
        except Exception:
            self.notices.exception("A connection failed.")
            client.close()
        finally:
            if state[2] != STATE_GUEST:
                self.room.release()

    def close(self) -> None:
        """Stop listening; who has already knocked is let in, and every answer says goodbye.

        Where people knock without end, other workers or the next one hear them.
        """
        self.porter.kill()
        self.keepalive = False
        self.socket.settimeout(0.01)
        ends = time.monotonic() + LAST_CALL
        with suppress(OSError):
            while self.room.counter > 0 and time.monotonic() < ends:
                self.admit()
        self.socket.close()

    def trusts(self, peer: str) -> bool:
        """Whether this peer is a proxy of ours, whose word on the client's address counts."""
        if "*" in self.cfg.forwarded_allow_ips or peer == "unix":
            return True
        ip = ipaddress.ip_address(peer)
        return any(ip in network for network in self.cfg.forwarded_allow_networks())


class Connection(wsgi.HttpProtocol):  # type: ignore[misc]  # eventlet has no types.
    """One client, from its first request to its last."""

    rfile: Any
    # Thousands of websockets keep these buffers and hardly use them; what is larger passes by.
    rbufsize = 4096
    wbufsize = 4096

    def __init__(self, conn_state: list[Any], server: Door) -> None:
        self.polls = False
        self.listens = False
        self.refused = False
        self.guest: Guest | None = None
        self.first = True
        self.sent_away = False
        self.is_over = False
        self.head_timer = eventlet.Timeout(None)
        server.connections.add(self)
        try:
            super().__init__(conn_state, server)
        finally:
            server.connections.discard(self)

    # --- Leaving ---

    @property
    def at_work(self) -> bool:
        """Whether an answer is owed. Waiting for news or for the next request is no work."""
        return bool(self.conn_state[2] == wsgi.STATE_REQUEST)

    def may_go(self, impatient: bool) -> bool:
        """Whether it only waits: for news it does so in vain, for its next request a while yet."""
        return not self.sent_away and not self.at_work and (self.listens or impatient)

    def send_away(self) -> None:
        """Shut the reading side: what has arrived is still read, what is to be sent still sent.

        A poll would not notice, so it is cut, and there is nothing more to wait for.
        """
        self.sent_away = True
        self.is_over = self.polls
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR if self.polls else socket.SHUT_RD)

    # --- The head of a request ---

    def handle_one_request(self) -> None:
        """Serve one request whose head must arrive whole and in time."""
        try:
            super().handle_one_request()
        finally:
            self.head_timer.cancel()

    def _read_request_line(self) -> bytes:
        # Idling is cheap and allowed; but once a request has begun, its head gets one span of
        # time in all, or a client could send a header a second and stay for ever.
        idle = HEAD_TIMEOUT if self.first else self.server.cfg.keepalive
        if not self.first:
            # A client that is quick to ask again would otherwise keep everybody else waiting.
            eventlet.sleep(0)
        self.first = False
        self.connection.settimeout(idle)
        self.rfile.peek(1)
        self.head_timer = eventlet.Timeout(HEAD_TIMEOUT, TimeoutError("The head took too long."))
        line: bytes = super()._read_request_line()
        if len(line) >= self.server.url_length_limit:
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return b""
        return line

    def parse_request(self) -> bool:
        """Read the head (RFC 9112); refuse one that two readers could understand differently.

        Written out, since the library's reads the fields as those of a mail, which takes longer
        than all the rest, and lets pass what is for mails only.
        """
        self.close_connection = True
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        found = REQUEST_LINE.fullmatch(self.requestline)
        if not found:
            return self.refuse(HTTPStatus.BAD_REQUEST)
        self.command, address, major, minor = found.groups()
        if major != "1":
            return self.refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        # Browsers take two slashes for the beginning of another host.
        self.path = "/" + address.lstrip("/") if address.startswith("//") else address
        self.request_version = "HTTP/1.0" if minor == "0" else "HTTP/1.1"
        try:
            self.headers = Head(self.rfile, self.server.cfg.limit_request_field_size).fields()
        except http.client.LineTooLong:
            return self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except ValueError:
            return self.refuse(HTTPStatus.BAD_REQUEST)
        wish = self.headers.get("connection", "").lower()
        self.close_connection = wish == "close" or (minor == "0" and wish != "keep-alive")
        return self.is_well_framed() or self.refuse(HTTPStatus.BAD_REQUEST)

    def refuse(self, status: HTTPStatus) -> bool:
        """Answer what is no proper request; always False."""
        self.send_error(status)
        return False

    def is_well_framed(self) -> bool:
        """Whether it is beyond doubt where the body ends."""
        lengths = self.headers.get_all("content-length", [])
        codings = self.headers.get_all("transfer-encoding", [])
        if codings:
            return not lengths and [coding.lower() for coding in codings] == ["chunked"]
        return not lengths or (len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdigit())

    def get_environ(self) -> Environ:
        """Describe the request, whose head is complete now, to the application."""
        self.head_timer.cancel()
        environ: Environ = super().get_environ()
        environ["SERVER_PROTOCOL"] = self.request_version
        body = environ["wsgi.input"]
        body.discard = self.discarding(body.discard)
        if body.chunked_input:
            # Without a length only the server knows where the body ends, and it does.
            environ["wsgi.input_terminated"] = True
        if not self.server.trusts(environ["REMOTE_ADDR"]):
            for name in FORWARDED:
                environ.pop(name, None)
        # Compression makes a websocket half as large again, and costs time for each message to it.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        # Each is there under its own name.
        environ.pop("headers_raw", None)
        self.note_listener(environ)
        return environ

    def note_listener(self, environ: Environ) -> None:
        """Tell those who wait for news from those who wait for an answer."""
        query = environ.get("QUERY_STRING", "")
        self.polls = self.command == "GET" and "transport=polling" in query and "sid=" in query
        self.listens = self.polls or environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        if self.polls:
            environ["eventlet.set_idle"]()
        elif self.listens:
            environ["projchat.stay"] = self.stay

    def stay(self) -> "Guest":
        """Let a websocket go on without this reader, which thousands of them would keep waiting."""
        self.guest = Guest(self.request, self.server)
        return self.guest

    def discarding(self, discard: Callable[[], None]) -> Callable[[], None]:
        """Bound the reading of a body that nobody wanted: it may have no end."""

        def within_time() -> None:
            self.refused = True
            with eventlet.Timeout(DISCARD_TIMEOUT, TimeoutError("The body took too long.")):
                discard()
            self.refused = False

        return within_time

    # --- The answer ---

    def handle_one_response(self) -> None:
        """Let the application answer, and write the access line."""
        started = time.monotonic()
        answer = Answer(self.server.app)
        self.application = answer.observe
        try:
            super().handle_one_response()
        finally:
            self.log_answer(answer, self.command, self.path, time.monotonic() - started)

    def send_error(
        self, code: int, _message: str | None = None, _explain: str | None = None
    ) -> None:
        """Refuse what is no proper request, in the one shape that errors have."""
        status = HTTPStatus(code)
        error = {"code": status.name.lower(), "message": status.phrase, "fields": {}}
        body = json.dumps({"error": error}).encode()
        self.wfile.write(
            b"HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (status, status.phrase.encode(), len(body), body)
        )
        self.refused = True
        self.close_connection = True
        self.log_answer(Answer(status=status, sent=len(body)), "-", "-", 0)

    def log_answer(self, answer: "Answer", method: str, address: str, seconds: float) -> None:
        """Write the access line as gunicorn's logger wants it told."""
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": address,
            "SERVER_PROTOCOL": self.protocol_version,
        }
        self.server.notices.access(answer, [], environ, timedelta(seconds=seconds))

    def finish(self) -> None:
        """Close the connection, so that a refusal still arrives; a guest keeps it."""
        if self.guest:
            self.conn_state[2] = STATE_GUEST
            return
        if self.refused:
            self.linger()
        super().finish()

    def linger(self) -> None:
        """Read on for a moment: closing on unread bytes would reset what we have just sent."""
        with suppress(OSError), eventlet.Timeout(LINGER_TIMEOUT, False):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(64 * 1024):
                pass


class Guest:
    """A websocket that is open: whoever serves it now closes it in the end, by `leave`."""

    __slots__ = ("door", "sent_away", "socket")

    at_work = False
    is_over = False

    def __init__(self, client: GreenSocket, door: Door) -> None:
        self.socket = patcher.original("socket").socket(fileno=client.fd.detach())
        self.socket.setblocking(False)
        self.door = door
        self.sent_away = False
        door.connections.add(self)

    def may_go(self, _impatient: bool) -> bool:
        """Whether it has not been told yet: it waits for news, and in vain."""
        return not self.sent_away

    def send_away(self) -> None:
        """Shut the reading side, which ends it: what has arrived is still read."""
        self.sent_away = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RD)

    def leave(self) -> None:
        """Close the connection and make room for another."""
        self.socket.close()
        if self in self.door.connections:
            self.door.connections.discard(self)
            self.door.room.release()


class Answer:
    """What the access line says of an answer; the application's failure is the first guess."""

    def __init__(self, app: Any = None, status: int = 500, sent: int | None = None) -> None:
        self.app = app
        self.status = status
        self.sent = sent
        self.headers: list[tuple[str, str]] = []

    def observe(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Call the application and look at what it answers."""
        started = False

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal started
            started = True
            self.status = int(status[:3])
            self.headers = headers
            length = dict(headers).get("Content-Length")
            self.sent = int(length) if length else None
            return start_response(status, headers, exc_info)

        result: Iterable[bytes] = self.app(environ, start)
        if not started:
            # A websocket: it took the connection over, and now it has ended.
            self.status = HTTPStatus.SWITCHING_PROTOCOLS
        elif self.sent is None and isinstance(result, list):
            self.sent = sum(map(len, result))
        return result


class Head:
    """Reads the fields of a request's head, not longer and not more of them than is sane."""

    def __init__(self, file: Any, line_bytes: int) -> None:
        self.file = file
        self.line_bytes = line_bytes
        self.left = HEAD_BYTES

    def fields(self) -> http.client.HTTPMessage:
        """All of them. Raises `LineTooLong` for too much, `ValueError` for what is no field."""
        fields = http.client.HTTPMessage()
        count = 0
        while (line := self.readline()) not in (b"\r\n", b"\n"):
            count += 1
            if count > MOST_FIELDS:
                raise http.client.LineTooLong("header")
            name, _, value = line.decode("latin-1").partition(":")
            value = value.strip(" \t\r\n")
            if not FIELD_NAME.fullmatch(name) or NOT_IN_A_VALUE.search(value):
                raise ValueError("This is no field.")
            fields.add_header(name, value)
        return fields

    def readline(self) -> bytes:
        """Read one line, whole."""
        limit = min(self.line_bytes, self.left)
        line: bytes = self.file.readline(limit + 1)
        if len(line) > limit:
            raise http.client.LineTooLong("header line")
        if not line.endswith(b"\n"):
            raise ConnectionResetError("The client left in the middle of a request's head.")
        self.left -= len(line)
        return line


class Troubles:
    """Where eventlet reports: only what the application did wrong is worth an entry."""

    GONE = (errno.EBADF, errno.ENOTCONN)

    def __init__(self, log: Any) -> None:
        self.notices = log

    def info(self, _message: str) -> None:
        """Report a request that failed; eventlet says so from within its except block."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError | TimeoutError | eventlet.Timeout):
            return
        if isinstance(error, OSError) and error.errno in self.GONE:
            return
        self.notices.error("A request failed.", exc_info=error)

    def debug(self, _message: str) -> None:
        """Drop what is told of clients that come and go."""

    error = debug


def raise_file_limit() -> None:
    """Allow as many open files as the administrator permits: every client is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
