"""The gunicorn worker: gunicorn's master watches, eventlet's WSGI server answers.

Every client is a greenlet, so thousands of websockets wait in one process. gunicorn's master
imports this module before it forks, unpatched, so nothing here imports the application.
"""

import errno
import heapq
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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import hubs, patcher, wsgi
from eventlet.greenio import GreenSocket
from eventlet.semaphore import Semaphore
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

Environ = dict[str, Any]

HEARTBEAT = 1.0
HEAD_TIMEOUT = 15.0
SOCKET_TIMEOUT = 30.0
DISCARD_TIMEOUT = 15.0
DISCARD_BYTES = 8 * 1024 * 1024
LINGER_TIMEOUT = 2.0
LINGER_BYTES = 32 * 1024 * 1024
# A body may take this long, and a second more for each KiB that has come: a slow network is
# waited for, a client that sends a byte now and then is not.
BODY_SECONDS = 20.0
BODY_BYTES_PER_SECOND = 1024
BODY_LINE_SECONDS = 15.0
CHUNK_LINE_BYTES = 256
# How many bytes the framing of a chunked body may have beyond those of the body itself.
FRAMING_BYTES = 16 * 1024
# After so many pieces, or KiB, of a body that has arrived already everybody else has a turn.
PIECES_PER_TURN = 64
PIECE_BYTES = 64 * 1024
HEAD_BYTES = 16 * 1024
MOST_FIELDS = 100
SPARE_FILES = 128
# When all places are taken: so many idle ones go for one who comes, and so rarely it is said.
LEAVE_AT_ONCE = 8
QUIET_SECONDS = 60.0

# The grammar of RFC 9112 and RFC 9110, as far as it is of any use to us.
WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
LINE_END = re.compile(r"\r?\n")
REQUEST_LINE = re.compile(rf"({WORD}) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
FIELD_NAME = re.compile(WORD)
FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
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


# What tells a worker to leave.
LEAVING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


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
        # The hub of the master would share its epoll descriptor with every worker.
        hubs.use_hub()
        eventlet.monkey_patch()
        raise_file_limit()
        super().init_process()

    def init_signals(self) -> None:
        """Set our handlers, and let through what was sent since we were forked."""
        super().init_signals()
        deliver_leaving_signals()

    def run(self) -> None:
        """Serve until told to leave, and show the master a sign of life meanwhile."""
        self.listen()
        room = Semaphore(self.most_connections())
        doors = [Door(listener.sock.dup(), self.wsgi, self, room) for listener in self.sockets]
        if self.handover:
            self.handover.serves(self.age)
        while self.alive or self.has_to_stay():
            self.notify()
            self.pause(HEARTBEAT if self.alive else DRAIN_STEP)
        self.leave(doors)

    def listen(self) -> None:
        """Begin to listen where no other worker has; the master only binds."""
        for listener in self.sockets:
            if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                continue
            try:
                listener.listen(self.cfg.backlog)
            except OSError as error:
                self.log.error("Cannot listen at %s: %s.", listener, error.strerror)
                sys.exit(Arbiter.WORKER_BOOT_ERROR)

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
        # The doors have copies of these. While any is open the kernel goes on accepting, and
        # whoever it accepts waits in vain until we are gone, instead of being passed on.
        for listener in self.sockets:
            listener.close()
        for door in doors:
            door.close()
        # Who came in last has as long as any other to say what they want.
        started = time.monotonic()
        while True:
            elapsed = time.monotonic() - started
            remaining = [one for door in doors for one in door.connections if not one.is_over]
            at_work = any(one.at_work for one in remaining)
            is_empty = not remaining and not any(door.pending for door in doors)
            if is_empty or elapsed > (self.patience() if at_work else FAREWELL):
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


def hold_leaving_signals() -> None:
    """Keep signals pending while a worker is forked.

    The handlers of the master, which a worker inherits, put a signal into a queue that the worker
    never reads: it would be lost, and the master would wait for its whole `graceful_timeout`.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, LEAVING_SIGNALS)


def deliver_leaving_signals() -> None:
    """Deliver signals again, also those that came meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LEAVING_SIGNALS)


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
        #: How many were accepted and are not among the connections: their greenlets have not run.
        self.pending = 0
        self.has_noted_stranger = False
        self.quiet_until = 0.0
        self.porter = eventlet.spawn(self.stay_open)

    def stay_open(self) -> None:
        """Let clients in for ever."""
        while True:
            try:
                self.admit()
            except OSError as error:
                # Out of open files, most likely: a door that gave up now would never open again.
                self.say_how_many(f"Cannot accept connections ({error.strerror})")
                eventlet.sleep(HEARTBEAT)

    def admit(self) -> None:
        """Let one client in, once there is room."""
        self.welcome(*self.socket.accept())
        # A crowd at the door must not keep those inside from being served.
        eventlet.sleep(0)

    def welcome(self, client: GreenSocket, address: Any) -> None:
        """Serve a client beside the others, once there is room."""
        client.settimeout(self.socket_timeout)
        if self.room.locked():
            self.make_room()
        self.room.acquire()
        self.pending += 1
        eventlet.spawn_n(self.attend, client, address)

    def make_room(self) -> None:
        """Send those away who have waited longest without asking anything."""
        idle = [one for one in self.connections if isinstance(one, Connection) and one.idles]
        for one in heapq.nsmallest(LEAVE_AT_ONCE, idle, key=lambda one: one.idle_since):
            one.send_away()
        self.say_how_many("All places for connections are taken")

    def say_how_many(self, what: str) -> None:
        """Say that there are too many connections, and what to do; not more than once a minute."""
        if time.monotonic() < self.quiet_until:
            return
        self.quiet_until = time.monotonic() + QUIET_SECONDS
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.notices.error(
            "%s: %d connections, %d open files are allowed. Raise the limit (LimitNOFILE in "
            "systemd, ulimit -n), or run more processes.",
            what,
            len(self.connections),
            limit,
        )

    def attend(self, client: GreenSocket, address: Any) -> None:
        """Serve one client to the end, and let nothing of its troubles out."""
        self.pending -= 1
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
        self.shut()

    def shut(self) -> None:
        """Close without a pause after the last one was let in: who is left would be reset."""
        self.socket.settimeout(0)
        last: list[tuple[GreenSocket, Any]] = []
        with suppress(OSError):
            while len(last) < self.room.counter:
                last.append(self.socket.accept())
        self.socket.close()
        for client, address in last:
            self.welcome(client, address)

    def note_stranger(self, peer: str) -> None:
        """Say once that somebody whom we do not believe says where a request comes from."""
        if not self.has_noted_stranger:
            self.has_noted_stranger = True
            self.notices.warning(
                "X-Forwarded-For from %s is not believed. If that is the proxy, name it in "
                "FORWARDED_ALLOW_IPS.",
                peer,
            )

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
        self.idle_since = time.monotonic()
        self.body: RequestBody
        # Ends the wait of a request that waits for news.
        self.wake: Callable[[], None] | None = None
        self.head_timer = eventlet.Timeout(None)
        server.connections.add(self)
        try:
            super().__init__(conn_state, server)
        finally:
            server.connections.discard(self)

    # --- Leaving ---

    @property
    def idles(self) -> bool:
        """Whether it asks nothing and waits for no news."""
        return not (self.sent_away or self.at_work or self.listens or self.wake)

    @property
    def at_work(self) -> bool:
        """Whether an answer is owed. Waiting for news or for the next request is no work."""
        return self.wake is None and bool(self.conn_state[2] == wsgi.STATE_REQUEST)

    def may_go(self, impatient: bool) -> bool:
        """Whether it only waits: for news it does so in vain, for its next request a while yet."""
        waits_in_vain = self.listens or self.wake is not None
        return not self.sent_away and not self.at_work and (waits_in_vain or impatient)

    def send_away(self) -> None:
        """Shut the reading side: what has arrived is still read, what is to be sent still sent.

        A poll would not notice, so it is cut, and there is nothing more to wait for. A request that
        waits for news is answered at once, and closes its connection itself.
        """
        self.sent_away = True
        if self.wake is not None:
            self.wake()
            return
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
            self.idle_since = time.monotonic()
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
        self.requestline = LINE_END.sub("", self.raw_requestline.decode("latin-1"), 1)
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
        if not self.is_well_framed() or not self.names_one_host():
            return self.refuse(HTTPStatus.BAD_REQUEST)
        return True

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

    def names_one_host(self) -> bool:
        """Whether it is beyond doubt whom the request is for (RFC 9112, section 3.2)."""
        hosts = len(self.headers.get_all("host", []))
        return hosts == 1 or (hosts == 0 and self.request_version == "HTTP/1.0")

    def get_environ(self) -> Environ:
        """Describe the request, whose head is complete now, to the application."""
        self.head_timer.cancel()
        environ: Environ = super().get_environ()
        environ["SERVER_PROTOCOL"] = self.request_version
        self.body = RequestBody(environ["wsgi.input"], self.server.cfg.limit_request_field_size)
        environ["wsgi.input"] = environ["eventlet.input"] = self.body
        if self.body.chunked_input:
            # Without a length only the server knows where the body ends, and it does.
            environ["wsgi.input_terminated"] = True
        if not self.server.trusts(environ["REMOTE_ADDR"]):
            if "HTTP_X_FORWARDED_FOR" in environ:
                self.server.note_stranger(environ["REMOTE_ADDR"])
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
        environ["projchat.hold"] = self.hold

    def stay(self) -> "Guest":
        """Let a websocket go on without this reader, which thousands of them would keep waiting."""
        self.guest = Guest(self.request, self.server)
        return self.guest

    @contextmanager
    def hold(self, wake: Callable[[], None]) -> Iterator[None]:
        """Let a request wait for news; `wake` is called if its client or this worker goes."""
        self.wake = wake
        watch = HangUpWatch(self.request, wake)
        try:
            yield
        finally:
            watch.end()
            self.wake = None

    def end_unless_read(self) -> None:
        """Hang up after the answer if the body that nobody has read may be long, or without end."""
        left = self.body.bytes_left
        if left is None or left > DISCARD_BYTES:
            self.refused = True
            self.close_connection = True

    # --- The answer ---

    def handle_one_response(self) -> None:
        """Let the application answer, and write the access line."""
        started = time.monotonic()
        answer = Answer(self.server.app, self.end_unless_read)
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
            "projchat.notes": answer.notes,
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
        left = LINGER_BYTES
        with suppress(OSError), eventlet.Timeout(LINGER_TIMEOUT, False):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (unread := self.connection.recv(PIECE_BYTES)):
                left -= len(unread)
                eventlet.sleep(0)


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


class HangUpWatch:
    """Looks whether a client hangs up that waits for its answer."""

    def __init__(self, client: GreenSocket, report: Callable[[], None]) -> None:
        self.socket = client.fd
        self.report = report
        hub = hubs.get_hub()
        self.listener = hub.add(
            hub.READ, client.fileno(), self.has_come, lambda _error: report(), None
        )

    def has_come(self, _fileno: int) -> None:
        """Look once: a client that says more has not hung up, and is heard after its answer."""
        if self.listener is None:
            return
        self.end()
        if self.is_over():
            self.report()

    def is_over(self) -> bool:
        """Whether nothing more can come."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def end(self) -> None:
        """Look no longer."""
        if self.listener is not None:
            hubs.get_hub().remove(self.listener)
            self.listener = None


class Answer:
    """What the access line says of an answer; the application's failure is the first guess."""

    def __init__(
        self,
        app: Any = None,
        on_start: Callable[[], None] = lambda: None,
        status: int = 500,
        sent: int | None = None,
    ) -> None:
        self.app = app
        self.on_start = on_start
        self.status = status
        self.sent = sent
        self.headers: list[tuple[str, str]] = []
        #: What the application adds to the access line; the same in all copies of the environment.
        self.notes: dict[str, Any] = {}

    def observe(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Call the application and look at what it answers."""
        started = False
        environ["projchat.notes"] = self.notes

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal started
            started = True
            self.on_start()
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


class RequestBody(wsgi.Input):  # type: ignore[misc]  # eventlet has no types.
    """Reads a request's body (RFC 9112, sections 6 and 7) with a bound on its framing and pace.

    eventlet's own takes what is no size for one (`0x5`, `+5`, `5_0`), keeps lines of any length,
    and lets nobody else have a turn as long as bytes are there.
    """

    def __init__(self, given: wsgi.Input, line_bytes: int) -> None:
        super().__init__(
            given.rfile,
            given.content_length,
            given.get_socket(),
            wfile=given.wfile,
            wfile_line=given.wfile_line,
            chunked_input=given.chunked_input,
        )
        self.line_bytes = line_bytes
        # Of the body, or of the chunk that is being read.
        self.left: int = 0 if self.chunked_input else self.content_length
        self.is_whole = self.left == 0 and not self.chunked_input
        self.in_chunk = False
        self.framing_bytes = 0
        self.began = time.monotonic()
        self.pieces = 0

    @property
    def bytes_left(self) -> int | None:
        """How many bytes have not been read; None if only the client knows."""
        return None if self.chunked_input and not self.is_whole else self.left

    def read(self, length: int | None = None) -> bytes:
        """Read `length` bytes, or all; fewer where the body ends, or breaks off.

        Raises `ChunkReadError` for chunks that are none, `TimeoutError` for a body that takes too
        long.
        """
        self.ask_for_it()
        missing = sys.maxsize if length is None or length < 0 else length
        parts = []
        while missing > 0 and not self.is_whole:
            if self.left == 0:
                self.begin_chunk()
                continue
            part = self.receive(min(missing, self.left))
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def readline(self, size: int | None = None) -> bytes:
        """Read up to the end of a line, or `size` bytes of it."""
        line = bytearray()
        while (size is None or size < 0 or len(line) < size) and not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def discard(self, buffer_size: int = PIECE_BYTES) -> None:
        """Read what nobody wanted, so that the next request is found behind it."""
        with eventlet.Timeout(DISCARD_TIMEOUT, TimeoutError("The body took too long.")):
            while self.read(buffer_size):
                pass

    def ask_for_it(self) -> None:
        """Tell a client that waits for leave to go on."""
        if self.should_send_hundred_continue:
            self.send_hundred_continue_response()
            self.is_hundred_continue_response_sent = True

    def receive(self, most: int) -> bytes:
        """Read what has come, `most` bytes at the most; nothing if the client has left."""
        ends = self.began + BODY_SECONDS + self.position / BODY_BYTES_PER_SECOND
        patience = min(SOCKET_TIMEOUT, ends - time.monotonic())
        if patience <= 0:
            raise TimeoutError("The body took too long.")
        self._sock.settimeout(patience)
        data: bytes = self.rfile.read1(min(most, PIECE_BYTES))
        if not data and self.chunked_input:
            raise ConnectionResetError("The client left in the middle of a chunk.")
        self.position += len(data)
        self.left -= len(data)
        self.is_whole = self.left == 0 and not self.chunked_input
        self.yield_sometimes(1 + len(data) // 1024)
        return data

    def begin_chunk(self) -> None:
        """Read the size of the next chunk, behind the end of the one before."""
        if self.in_chunk and self.line(2) != b"\r\n":
            raise wsgi.ChunkReadError("A chunk is longer than it says.")
        found = CHUNK_HEAD.fullmatch(self.line(CHUNK_LINE_BYTES))
        if not found:
            raise wsgi.ChunkReadError("This is no size of a chunk.")
        self.in_chunk = True
        self.left = int(found[1], 16)
        if self.left == 0:
            self.skip_trailers()
            self.is_whole = True

    def line(self, most: int) -> bytes:
        """Read a line of the framing, of which there may not be more than of the body."""
        with eventlet.Timeout(BODY_LINE_SECONDS, TimeoutError("The body took too long.")):
            line: bytes = self.rfile.readline(most)
        self.framing_bytes += len(line)
        if self.framing_bytes > FRAMING_BYTES + self.position:
            raise wsgi.ChunkReadError("The chunks are too small.")
        self.yield_sometimes(1)
        return line

    def skip_trailers(self) -> None:
        """Read the fields behind the last chunk, which nobody wants to know."""
        with eventlet.Timeout(BODY_LINE_SECONDS, TimeoutError("The body took too long.")):
            try:
                Head(self.rfile, self.line_bytes).fields()
            except (http.client.LineTooLong, ValueError) as error:
                raise wsgi.ChunkReadError("These are no trailers.") from error

    def yield_sometimes(self, pieces: int) -> None:
        """Let everybody else have a turn, however much has arrived already."""
        self.pieces += pieces
        if self.pieces >= PIECES_PER_TURN:
            self.pieces = 0
            eventlet.sleep(0)


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
            name, colon, value = LINE_END.sub("", line.decode("latin-1"), 1).partition(":")
            if not colon or not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
                raise ValueError("This is no field.")
            fields.add_header(name, value.strip(" \t"))
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
