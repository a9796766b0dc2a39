"""Starting, leaving, reloading and being replaced: what the process does on signals."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path

import pytest
import requests
import socketio
from gunicorn.arbiter import Arbiter

from worker.process import Gunicorn, get, receive_all, within

VERSIONED = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b'{"version": %d}']
"""


def hold_websockets(server: Gunicorn, count: int) -> list:
    return [server.websocket() for _ in range(count)]


# --- Starting ---


WAITING = """
import os, time
while not os.path.exists(%r):
    time.sleep(0.05)
"""


@pytest.fixture
def start_waiting(tmp_path: Path) -> Iterator[Callable[..., tuple[Gunicorn, Path]]]:
    """Start one that goes on loading its application until the path that comes with it exists."""
    started: list[Gunicorn] = []

    def start(**environment: str) -> tuple[Gunicorn, Path]:
        name = f"waiting{len(started)}"
        leave = tmp_path / f"{name}.leave"
        (tmp_path / f"{name}.py").write_text(WAITING % str(leave) + VERSIONED % 1)
        options = ("--pythonpath", str(tmp_path))
        started.append(Gunicorn(tmp_path, f"{name}:app", *options, **environment))
        started[-1].wait_for_log("Booting worker")
        return started[-1], leave

    yield start
    for each in started:
        each.close()


def test_it_refuses_connections_until_it_serves(start_waiting):
    """A proxy then passes them to another process at once."""
    server, leave = start_waiting()
    time.sleep(0.5)
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    leave.touch()
    assert server.wait_until_ready().get("/") == {"version": 1}


def test_of_two_that_start_at_one_address_one_serves_and_the_other_says_why(start_waiting):
    first, leave_first = start_waiting()
    second, leave_second = start_waiting(PORT=str(first.port))
    leave_first.touch()
    first.wait_until_ready()
    leave_second.touch()
    assert second.process.wait(20) == Arbiter.WORKER_BOOT_ERROR
    assert "Cannot listen at http://127.0.0.1" in second.log()
    assert "Address already in use" in second.log()
    assert not second.tracebacks()
    assert first.get("/")


# --- TERM ---


def test_it_leaves_at_once_though_websockets_are_open(gunicorn):
    server = gunicorn("toy_live:app")
    clients = hold_websockets(server, 50)
    polling = threading.Thread(target=long_poll, args=[server])
    polling.start()
    server.wait_for_log("Клиент подключен")
    server.leave()
    polling.join(10)
    assert not polling.is_alive()
    for client in clients:
        while client.sock.recv(4096):
            pass
        client.sock.close()
    assert "unfinished" not in server.log()


def long_poll(server: Gunicorn) -> None:
    url = f"http://127.0.0.1:{server.port}"
    with requests.Session() as session:
        client = socketio.Client(reconnection=False, http_session=session)
        # The server may leave before its first answer is through: then there is no connection.
        with suppress(socketio.exceptions.ConnectionError):
            client.connect(url, socketio_path="/api/socket", transports=["polling"])
            client.wait()


def test_it_finishes_requests_before_it_leaves(gunicorn):
    server = gunicorn()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(server.get, "/sleep?seconds=1.5") for _ in range(5)]
        time.sleep(0.5)
        server.leave()
        assert all(answer.result()["pid"] for answer in answers)


def test_it_finishes_an_upload_before_it_leaves(gunicorn):
    server = gunicorn()
    with server.connect() as client:
        client.sendall(b"POST /upload HTTP/1.1\r\nHost: toy\r\nContent-Length: 8\r\n\r\nhalf")
        time.sleep(0.2)
        server.tell(signal.SIGTERM)
        time.sleep(1.5)
        client.sendall(b"half")
        answer = receive_all(client)
    assert b'{"length": 8}' in answer
    assert b"Connection: close" in answer
    assert server.process.wait(10) == 0


def test_it_lets_in_who_has_knocked_before_it_leaves(gunicorn):
    server = gunicorn()
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(server.get, "/block?seconds=1")
        time.sleep(0.3)
        waiting = [pool.submit(server.get, "/who") for _ in range(10)]
        time.sleep(0.3)
        server.leave()
        assert all(answer.result()["pid"] for answer in [blocked, *waiting])


def test_it_refuses_new_connections_while_it_finishes(gunicorn):
    """A proxy then passes them to another process at once."""
    server = gunicorn()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.get, "/sleep?seconds=4")
        time.sleep(0.5)
        server.tell(signal.SIGTERM)
        time.sleep(2)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        assert answer.result()["pid"]
    assert server.process.wait(10) == 0


def test_it_answers_a_kept_connection_once_more_and_says_goodbye(gunicorn):
    server = gunicorn()
    connection = server.session()
    get(connection, "/who")
    server.tell(signal.SIGTERM)
    time.sleep(0.3)
    connection.request("GET", "/who")
    with connection.getresponse() as response:
        assert response.status == 200
        assert response.headers["Connection"] == "close"
    connection.close()
    assert server.process.wait(10) == 0


def test_it_does_not_wait_for_clients_that_ask_nothing(gunicorn):
    server = gunicorn()
    with ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(server.connect())
            client.sendall(b"GET /who HTTP/1.1\r\nHost: toy\r\n\r\n")
            client.recv(4096)
            stack.enter_context(server.connect())
        server.leave()


def test_it_cuts_what_takes_longer_than_the_graceful_timeout(gunicorn):
    server = gunicorn("toy_plain:app", "--graceful-timeout", "2")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.get, "/sleep?seconds=30")
        time.sleep(0.3)
        server.leave()
        with pytest.raises((OSError, HTTPException)):
            answer.result()


# --- INT and QUIT ---


def test_it_leaves_in_a_hurry(gunicorn):
    server = gunicorn()
    with ThreadPoolExecutor() as pool:
        quick = pool.submit(server.get, "/sleep?seconds=0.6")
        slow = pool.submit(server.get, "/sleep?seconds=30")
        time.sleep(0.3)
        server.leave(signal.SIGQUIT)
        assert quick.result()
        with pytest.raises((OSError, HTTPException)):
            slow.result()


def test_it_leaves_on_ctrl_c_which_tells_every_process(gunicorn):
    server = gunicorn("toy_live:app")
    clients = hold_websockets(server, 3)
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(10) == 0
    for client in clients:
        client.sock.close()


# --- HUP ---


def test_a_reload_lets_clients_come_back_at_once(gunicorn):
    server = gunicorn("toy_live:app")
    old = server.workers()
    client = server.websocket()
    server.tell(signal.SIGHUP)
    while client.sock.recv(4096):
        pass
    client.sock.close()
    server.websocket().close()
    assert server.get("/who")["pid"] not in old


def reload_under(server: Gunicorn, over: threading.Event) -> None:
    """Reload while people ask, and let them stop once the old workers are gone."""
    before = set(server.workers())
    server.tell(signal.SIGHUP)
    gone = any(server.workers() and not set(server.workers()) & before for _ in within(20))
    time.sleep(0.5)
    over.set()
    assert gone, "Where people ask without end, the old worker does not leave."


def test_a_reload_loses_no_request(gunicorn):
    server = gunicorn("toy_live:app")
    over = threading.Event()

    def ask(keep: bool) -> set[int]:
        pids = set()
        connection = server.session()
        while not over.is_set():
            pids.add(get(connection, "/who")["pid"])
            if not keep:
                connection.close()
        connection.close()
        return pids

    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask, keep) for keep in (True, True, False, False)]
        reload_under(server, over)
        for pids in asked:
            assert len(pids.result()) == 2


def test_a_reload_waits_for_those_who_have_come_and_not_asked_yet(gunicorn):
    """The last whom the old worker lets in may take as long as any other to say what they want."""
    server = gunicorn()
    over = threading.Event()

    def come_and_ask(hesitation: float) -> set[int]:
        pids = set()
        while not over.is_set():
            with server.connect() as client:
                time.sleep(hesitation)
                client.sendall(b"GET /who HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n")
                answer = receive_all(client)
            assert answer, "The connection was taken and nobody answered."
            pids.add(json.loads(answer.partition(b"\r\n\r\n")[2])["pid"])
        return pids

    # The quick ones come without end, which keeps the old worker from closing its door at once.
    hesitations = [0.0] * 4 + [0.3] * 12
    with ThreadPoolExecutor(len(hesitations)) as pool:
        asked = [pool.submit(come_and_ask, seconds) for seconds in hesitations]
        reload_under(server, over)
        assert len(set().union(*(pids.result() for pids in asked))) == 2


def test_a_reload_brings_new_code(gunicorn, tmp_path: Path):
    module = tmp_path / "versioned.py"
    module.write_text(VERSIONED % 1)
    server = gunicorn("versioned:app", "--pythonpath", str(tmp_path))
    assert server.get("/") == {"version": 1}
    module.write_text(VERSIONED % 22)
    server.tell(signal.SIGHUP)
    assert any(server.get("/") == {"version": 22} for _ in within(10))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_worker_that_was_just_forked_hears_that_it_is_to_leave(
    tmp_path: Path, number: signal.Signals
):
    """The handlers of the master are in force then; what they take is lost to the worker."""
    server = Gunicorn(tmp_path, conf=Path(__file__).with_name("slow_fork_conf.py"))
    try:
        server.wait_for_log("Booting worker")
        server.leave(number)
    finally:
        server.close()


def test_leaving_is_not_held_up_by_a_reload(gunicorn, tmp_path: Path):
    (tmp_path / "sluggish.py").write_text("import time; time.sleep(3)" + VERSIONED % 1)
    server = gunicorn("sluggish:app", "--pythonpath", str(tmp_path))
    server.tell(signal.SIGHUP)
    server.wait_for_log("Handling signal: hup")
    assert any(len(server.workers()) == 2 for _ in within(5))
    old = min(server.workers())
    for number in (signal.SIGTERM, signal.SIGTERM):
        with suppress(ProcessLookupError):  # The first may have been enough.
            os.kill(old, number)
        time.sleep(0.2)
    assert any(old not in server.workers() for _ in within(2))


def test_a_change_reloads_in_development(gunicorn, tmp_path: Path):
    module = tmp_path / "versioned.py"
    module.write_text(VERSIONED % 1)
    options = ("--pythonpath", str(tmp_path))
    server = gunicorn("versioned:app", *options, PROJCHAT_RELOAD="1")
    assert server.get("/") == {"version": 1}
    time.sleep(1.5)
    module.write_text(VERSIONED % 22)
    assert any(version_of(server) == 22 for _ in within(15))


def version_of(server: Gunicorn) -> int | None:
    with suppress(OSError, HTTPException):
        return server.get("/")["version"]
    return None


# --- Being replaced ---


def test_a_blocked_loop_is_replaced_and_says_where_it_stood(gunicorn):
    server = gunicorn("toy_plain:app", "--timeout", "2")
    [stuck] = server.workers()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.get, "/block?seconds=60")
        with pytest.raises((OSError, HTTPException)):
            answer.result()
    assert server.get("/who")["pid"] != stuck
    assert "The event loop stood here" in server.log()
    assert "in block" in server.log()


def test_a_busy_loop_gives_signs_of_life(gunicorn):
    server = gunicorn("toy_plain:app", "--timeout", "3")
    before = server.workers()
    assert server.get("/sleep?seconds=6")
    assert server.workers() == before


@pytest.mark.parametrize("asked", [0, 1])
def test_a_worker_without_a_master_leaves_what_it_is_doing(gunicorn, asked: int):
    server = gunicorn()
    [worker] = server.workers()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(server.get, "/sleep?seconds=2") for _ in range(asked)]
        time.sleep(0.3)
        if asked:
            os.kill(worker, signal.SIGTERM)
        server.process.kill()
        server.process.wait()
        assert all(answer.result() for answer in answers)
    assert any(not Path(f"/proc/{worker}").exists() for _ in within(5))


def test_usr1_opens_the_log_files_anew(gunicorn, tmp_path: Path):
    log, moved = tmp_path / "access.log", tmp_path / "access.log.1"
    server = gunicorn("toy_plain:app", "--access-logfile", str(log))
    log.rename(moved)
    server.tell(signal.SIGUSR1)
    assert any(log.exists() for _ in within(5))
    time.sleep(0.5)
    server.get("/who?")
    assert any("GET /who" in log.read_text() for _ in within(5))


# --- Room ---


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let the test itself hold that many connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_it_holds_more_than_1024_connections(gunicorn, many_files):
    server = gunicorn(files=4096)
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(1200)]
        for client in clients:
            client.sendall(b"GET /who HTTP/1.1\r\nHost: toy\r\n\r\n")
        assert all(client.recv(4096).startswith(b"HTTP/1.1 200") for client in clients)
        assert server.get("/who")
        server.leave()


def test_it_keeps_files_free_for_the_application_and_opens_again(gunicorn):
    server = gunicorn(files=200)
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(150)]
        clients[-1].sendall(b"GET /hoard HTTP/1.1\r\nHost: toy\r\n\r\n")
        assert b'{"hoarded": ' in clients[-1].recv(4096)
    assert server.get("/who")


def test_it_still_listens_after_it_ran_out_of_files(gunicorn):
    server = gunicorn(files=300)
    with ThreadPoolExecutor() as pool:
        hoarding = pool.submit(server.get, "/hoard?seconds=1")
        time.sleep(0.3)
        assert server.get("/who")
        assert hoarding.result()["hoarded"] > 100
    assert "Cannot accept connections" in server.log()


# --- Slow clients ---


def is_cut(client: socket.socket, drop: bytes) -> bool:
    """Whether a client that sends a drop now and then is sent away."""
    with suppress(ConnectionError):
        for _ in range(150):
            client.sendall(drop)
            time.sleep(0.1)
        return False
    return True


def test_it_cuts_a_client_that_sends_headers_for_ever(impatient: Gunicorn):
    with impatient.connect() as client:
        client.sendall(b"GET /who HTTP/1.1\r\n")
        assert is_cut(client, b"X-More: 1\r\n")


def test_it_cuts_a_client_that_sends_a_line_for_ever(impatient: Gunicorn):
    with impatient.connect() as client:
        assert is_cut(client, b"G")


def test_it_cuts_a_client_that_says_nothing(impatient: Gunicorn):
    with impatient.connect() as client:
        assert client.recv(1) == b""


def test_it_lets_a_kept_connection_idle_for_a_while_only(impatient: Gunicorn):
    with impatient.connect() as client:
        client.sendall(b"GET /who HTTP/1.1\r\nHost: toy\r\n\r\n")
        assert client.recv(4096)
        time.sleep(1.3)
        client.sendall(b"GET /who HTTP/1.1\r\nHost: toy\r\n\r\n")
        assert client.recv(4096)
        assert client.recv(1) == b""


def test_it_does_not_cut_an_application_that_takes_its_time(impatient: Gunicorn):
    assert impatient.get("/sleep?seconds=4")


def test_it_does_not_read_an_unwanted_body_for_ever(impatient: Gunicorn):
    head = b"POST /ignore HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n\r\n"
    with impatient.connect() as client:
        client.sendall(head)
        assert is_cut(client, b"1\r\nx\r\n")


def test_it_lets_go_of_a_client_that_does_not_read(impatient: Gunicorn):
    with impatient.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: toy\r\n\r\n")
        impatient.wait_for_log("GET /large")


# --- The master ---


def test_the_master_stays_free_of_the_application():
    code = (
        "import runpy, sys; runpy.run_path('projchat/gunicorn_conf.py');"
        "sys.exit(bool({'flask', 'sqlalchemy', 'projchat'} & sys.modules.keys()))"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_it_answers_though_idle_clients_take_all_places_and_says_so_once(gunicorn, many_files):
    server = gunicorn(files=200)
    with ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(server.connect())
        assert server.get("/who")
    assert server.log().count("All places for connections are taken") == 1
    assert "LimitNOFILE" in server.log()
