"""The real server in a process of its own, as `make run` starts it."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import requests

from support.backend import Backend

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "projchat")
START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
PORTS = range(20000, 32000)
PORT_RANGES = 8
OURS = ("PROJCHAT_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "WEB_CONCURRENCY", "FLASK_")
TRACEBACK = "Traceback (most recent call last)"


class Server:
    """One server with its own folder, port and database.

    It keeps its port and its data over `stop`, `kill` and `start`; `close` gives everything back.
    """

    def __init__(self, folder: Path, backend: Backend | None = None, **environment: str) -> None:
        self.folder = folder
        self.instance = folder / "instance"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "server.log"
        self.allow_tracebacks = False
        #: Words before the command, like those that give it another file system.
        self.wrapper: list[str] = []
        #: The code that runs, if not this one.
        self.tree = ROOT
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.instance.mkdir(parents=True)
        lent = self._stack.enter_context((backend or Backend(None, None)).lent())
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(OURS)},
            "PROJCHAT_INSTANCE": str(self.instance),
            "PROJCHAT_LIMITS": "off",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "LANG": "C.UTF-8",
            "LANGUAGE": "",
            "LC_ALL": "",
            "PYTHONUNBUFFERED": "1",
            **lent,
            **environment,
        }

    def start(self, timeout: float = START_TIMEOUT) -> "Server":
        """Start and wait until it answers."""
        assert self._process is None, "The server runs already."
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*_dies_with_us(), *self.wrapper, *self._command(), "run"],
                cwd=self.tree,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.wait_until_ready(timeout)
        except BaseException:
            self.kill()
            raise
        return self

    def _command(self) -> list[str]:
        """The command itself, or what runs another tree's code from within that tree.

        A tree that has been installed has an environment of its own.
        """
        if self.tree == ROOT:
            return [COMMAND]
        own = self.tree / ".venv" / "bin" / "projchat"
        return [str(own)] if own.exists() else [sys.executable, "-m", "projchat"]

    def wait_until_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until /healthz answers 200."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"The server left at start.\n{self.log()[-4000:]}")
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"No answer within {timeout} s.\n{self.log()[-4000:]}")

    @property
    def pid(self) -> int:
        """The process id of gunicorn's master."""
        assert self._process is not None, "The server does not run."
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the master is alive."""
        return self._process is not None and self._process.poll() is None

    def worker_pids(self) -> list[int]:
        """The process ids of the workers."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def signal(self, number: int) -> None:
        """Send a signal to the master."""
        os.kill(self.pid, number)

    def stop(self, timeout: float = STOP_TIMEOUT) -> float:
        """End politely, return how many seconds it took; whoever does not listen is killed."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        with suppress(ProcessLookupError):
            self.signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._sweep()
        return time.monotonic() - began

    def kill(self) -> None:
        """End at once, master and workers together, as a power cut would."""
        if self._process is not None:
            self._sweep()

    def restart(self) -> "Server":
        """Stop, then start on the same port and data."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """End for good and give back the database."""
        try:
            self.stop()
        finally:
            self._stack.close()

    def log(self, start: int = 0) -> str:
        """What the server has written, from a byte position on."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def setup_token(self) -> str:
        """What a public server asks of the first account: its log has it."""
        found = re.search(r"/setup\?token=(\w+)", self.log())
        return found[1] if found else ""

    def log_size(self) -> int:
        """The position to give to `log` later."""
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def wait_for_log(self, text: str, start: int = 0, timeout: float = 5.0) -> str:
        """Wait for a text in the log, return the log."""
        deadline = time.monotonic() + timeout
        while text not in (log := self.log(start)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} did not come into the log:\n{log[-2000:]}")
            time.sleep(0.02)
        return log

    def command(self, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run `projchat …` beside the server, with the same settings."""
        return subprocess.run(
            [COMMAND, *words],
            cwd=ROOT,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _sweep(self) -> None:
        """Kill what is left of the process group, wait until it is gone, and forget it.

        A worker that was killed may still hold the port when its master has gone.
        """
        assert self._process is not None
        group = self._process.pid
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self._process.wait()
        self._process = None
        deadline = time.monotonic() + STOP_TIMEOUT
        while any(_living(group)):
            assert time.monotonic() < deadline, f"Processes of the group {group} live on."
            time.sleep(0.005)


def _living(group: int) -> Iterator[int]:
    """The processes of a group that have not ended; one that waits to be reaped has."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                yield int(path.parent.name)


def free_port() -> int:
    """A port that nobody listens on, outside the range that outgoing connections take.

    Runs side by side draw from ranges of their own: a server that is restarted keeps its port.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PORT_RANGES
    size = len(PORTS) // PORT_RANGES
    for _ in range(200):
        port = random.choice(PORTS[number * size :][:size])
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No free port was found.")


def _dies_with_us() -> list[str]:
    """Words before a command that make the kernel end it when the tests end, however they end."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
