"""gunicorn with our worker in a process of its own, serving toys that misbehave on request."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import websocket

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PORTS = range(4200, 4300)
TRACEBACK = "Traceback (most recent call last)"
OURS = ("PROJCHAT_", "DATABASE_URL", "REDIS_URL", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")


class Gunicorn:
    """One gunicorn: start it, talk to it, signal it, read what it says."""

    def __init__(
        self,
        folder: Path,
        app: str = "toy_plain:app",
        *options: str,
        conf: Path = ROOT / "projchat" / "gunicorn_conf.py",
        files: int = 4096,
        **environment: str,
    ) -> None:
        self.port = free_port()
        self.log_path = folder / f"gunicorn-{self.port}.log"
        inherited = {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
        # As on a real machine, fewer open files are allowed at first than may be asked for.
        limits = f'ulimit -Sn {min(files, 1024)}; ulimit -Hn {files}; exec "$@"'
        command = [*dies_with_us(), "sh", "-c", limits, "sh", sys.executable, "-m", "gunicorn"]
        settings = ["-c", str(conf), "--pythonpath", str(HERE), *options, app]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *settings],
                env={**inherited, "PORT": str(self.port), **environment},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> "Gunicorn":
        """Wait for the first answer."""
        for _ in within(30):
            assert self.process.poll() is None, self.log()
            with suppress(OSError):
                self.get("/who")
                return self
        raise TimeoutError(self.log())

    def close(self) -> None:
        """End it, and its workers, however it stands."""
        for pid in [*self.workers(), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def tell(self, number: signal.Signals) -> None:
        """Send the master a signal."""
        self.process.send_signal(number)

    def leave(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to leave, and check that it does so cleanly.

        By itself gunicorn would wait 30 s for open connections, which is longer than we do.
        """
        self.tell(number)
        assert self.process.wait(20) == 0, self.log()

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        if self.process.poll() is not None:
            return []
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def log(self) -> str:
        """Everything it has printed."""
        return self.log_path.read_text("utf-8")

    def tracebacks(self) -> int:
        """How many it has printed that nobody asked for."""
        return self.log().count(TRACEBACK) - self.log().count("RuntimeError: on purpose")

    def wait_for_log(self, text: str) -> None:
        """Wait until it has printed something."""
        assert any(text in self.log() for _ in within(10)), self.log()

    def connect(self) -> socket.socket:
        """Open a bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, request: bytes) -> bytes:
        """Send bytes, say no more, and return everything that comes back."""
        with self.connect() as client:
            with suppress(OSError):
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
            return receive_all(client)

    def session(self) -> HTTPConnection:
        """A connection that is kept for several requests."""
        return HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path: str) -> Any:
        """The JSON of one GET."""
        connection = self.session()
        try:
            return get(connection, path)
        finally:
            connection.close()

    def websocket(self, **options: Any) -> websocket.WebSocket:
        """A Socket.IO client that has connected and listens."""
        url = f"ws://127.0.0.1:{self.port}/api/socket/?EIO=4&transport=websocket"
        client = websocket.create_connection(url, timeout=20, **options)
        client.recv()
        client.send("40")
        client.recv()
        return client


def get(connection: HTTPConnection, path: str) -> Any:
    """The JSON of one GET on a connection that is kept."""
    connection.request("GET", path)
    with connection.getresponse() as response:
        assert response.status == 200
        return json.load(response)


def receive_all(client: socket.socket) -> bytes:
    """Everything until the other side closes or resets."""
    received = b""
    with suppress(ConnectionResetError):
        while data := client.recv(1 << 16):
            received += data
    return received


def within(seconds: float) -> Iterator[float]:
    """Moments in which something may come true."""
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < seconds:
        yield elapsed
        time.sleep(0.02)


def dies_with_us() -> list[str]:
    """Words before a command that make the kernel end it when the tests end, however they end."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def free_port() -> int:
    """A port of ours that nobody listens on."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port is free.")
