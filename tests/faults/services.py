"""PostgreSQL, Redis and nginx of our own, which may be stopped and killed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psycopg2
import redis

from support.server import free_port

PATIENCE = 30.0
TERM = signal.SIGTERM
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream projchat {{ server 127.0.0.1:{target}; keepalive 32; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://projchat;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_read_timeout 75s;
        }}
    }}
}}
"""


class Missing(RuntimeError):
    """A program is not installed here."""


def program(name: str) -> str:
    """Where a program is. Raises `Missing`."""
    here = [found for place in PLACES for found in Path("/").glob(f"{place[1:]}/{name}")]
    found = str(sorted(here)[-1]) if here else shutil.which(name)
    if not found:
        raise Missing(f"{name} is not installed")
    return found


class Service(ABC):
    """One process, killed by its id when it is to be killed."""

    name = ""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"projchat-{self.name}-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The words that start it."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it works."""

    def start(self) -> "Service":
        """Start and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        return self

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End at once."""
        self.end(signal.SIGKILL)

    def end(self, number: int = TERM) -> None:
        """End."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.signal(signal.SIGCONT)
            self.signal(number)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self) -> None:
        """End for good."""
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Service):
    """Redis without a memory."""

    name = "redis"

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Start without writing anything down."""
        return [
            program("redis-server"),
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        ]

    def answers(self) -> bool:
        """Whether it answers PING."""
        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def kill_clients(self) -> int:
        """Cut every connection to it; how many there were."""
        with redis.Redis(port=self.port, socket_timeout=2) as client:
            killed = client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            killed += client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            return int(killed)


class PostgreSQL(Service):
    """A PostgreSQL cluster of our own; `restart` is what an administrator does at night."""

    name = "postgresql"

    def __init__(self) -> None:
        super().__init__()
        self.data = self.folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        subprocess.run(
            [
                *(*self._as_user(), program("initdb"), "-D", str(self.data), "-A", "trust"),
                *("-U", "postgres", "-E", "UTF8", "--locale=C", "-N"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
        )

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        """Start the cluster."""
        return [
            *self._as_user(),
            program("postgres"),
            *("-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1"),
            *("-k", str(self.folder), "-c", "max_connections=200"),
        ]

    def answers(self) -> bool:
        """Whether it answers a query."""
        try:
            self.execute("SELECT 1")
        except psycopg2.Error:
            return False
        return True

    def execute(self, statement: str) -> None:
        """Run a statement."""
        connection = psycopg2.connect(self.url, connect_timeout=2)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def restart(self) -> float:
        """Restart without waiting for clients; how many seconds it was away."""
        began = time.monotonic()
        self.end(signal.SIGINT)
        self.start()
        return time.monotonic() - began

    def terminate_backends(self) -> None:
        """End every connection but this one."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def _as_user(self) -> Iterable[str]:
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return []
        return [program("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"]


class Nginx(Service):
    """nginx in front of a server, set up as deploy/ says."""

    name = "nginx"

    def __init__(self, target: int) -> None:
        super().__init__()
        self.folder.chmod(0o755)
        values = {"folder": self.folder, "port": self.port, "target": target}
        (self.folder / "nginx.conf").write_text(NGINX.format(**values))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Start in the foreground."""
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not nginx:
            raise Missing("nginx is not installed")
        return [nginx, "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]

    def answers(self) -> bool:
        """Whether the port is open."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
