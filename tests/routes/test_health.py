"""What the balancer and the administrator are told, and what people read meanwhile."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from support.answers import refused
from support.cast import Cast
from support.server import Server, free_port
from support.surgery import ask, execute


def readiness(server: Server) -> tuple[int, str, dict[str, str]]:
    """Ask, not sooner than the last answer is forgotten."""
    time.sleep(1.1)
    answer = requests.get(f"{server.url}/readyz", timeout=10)
    body = answer.json()
    assert ("Retry-After" in answer.headers) == (answer.status_code == 503)
    return answer.status_code, body["status"], body["checks"]


def matters(server: Server) -> tuple[int, str, dict[str, str]]:
    """The same, without the checks that found nothing."""
    status, word, checks = readiness(server)
    return status, word, {name: reason for name, reason in checks.items() if reason != "ok"}


def test_it_works(server, alice):
    # The relay begins with the first socket.
    alice.live()
    status, word, checks = readiness(server)
    assert (status, word) == (200, "ok")
    assert {"database", "migrations", "relay"} <= checks.keys()
    assert set(checks.values()) == {"ok"}


def test_it_writes_nothing_that_stays(server, database):
    readiness(server)
    with database.unchanged():
        readiness(server)


def test_a_missing_redis_is_no_reason_to_take_it_down(make_server):
    server = make_server(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert matters(server) == (200, "degraded", {"redis": "unreachable"})
    start = server.log_size()
    assert matters(server) == (200, "degraded", {"redis": "unreachable"})
    log = server.log()
    assert "WARNING Readiness: degraded (redis: unreachable)" in log
    assert "Readiness" not in server.log(start)


def test_tables_of_another_version(make_server):
    server = make_server()
    newest = ask(server, "SELECT version_num FROM alembic_version")
    execute(server, "UPDATE alembic_version SET version_num = '0001'")
    assert matters(server) == (503, "down", {"migrations": "older"})
    execute(server, "UPDATE alembic_version SET version_num = '9999'")
    assert matters(server) == (200, "degraded", {"migrations": "newer"})
    execute(server, f"UPDATE alembic_version SET version_num = '{newest}'")
    assert matters(server) == (200, "ok", {})
    log = server.log()
    assert "WARNING Readiness: down (migrations: older)" in log
    assert "Readiness: ok again" in log


@pytest.mark.services
def test_a_database_that_only_reads(make_server):
    server = make_server()
    olga = Cast(server).administrator()
    assert matters(server) == (200, "ok", {})
    name = ask(server, "SELECT current_database()")
    execute(server, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    ask(
        server,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert matters(server) == (503, "down", {"database": "read_only"})
    refused(olga.post("/api/projects", {"name": "Never"}), 503, "read_only")


@pytest.fixture
def small_disk(make_server) -> Server:
    """A server whose instance folder is a disk of its own, with little room on it."""
    server = make_server(start=False, DATABASE_URL="")
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = f'mount -t tmpfs -o size=4m tmpfs {server.instance} && exec "$@"'
    server.wrapper = [str(shutil.which("unshare")), *rights, "--mount", "sh", "-c", mount, "sh"]
    with suppress(OSError):
        if subprocess.run([*server.wrapper, "true"], check=False).returncode == 0:
            return server.start()
    return pytest.skip("no file system of one's own can be had here")


def test_a_full_disk(small_disk):
    olga = Cast(small_disk).administrator()
    assert matters(small_disk) == (200, "ok", {})
    filler = Path(f"/proc/{small_disk.pid}/root{small_disk.instance}/filler")
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    assert matters(small_disk) == (503, "down", {"database": "full"})
    answer = olga.post("/api/projects", {"name": "Never"})
    assert "disk is full" in refused(answer, 503, "full")["message"]
    filler.unlink()
    assert matters(small_disk) == (200, "ok", {})
    assert olga.post("/api/projects", {"name": "Again"}).ok
