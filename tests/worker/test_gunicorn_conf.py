import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.process import within

ROOT = Path(__file__).parents[2]
CONFIGURATION = "projchat/gunicorn_conf.py"


def refused(tmp_path: Path, *options: str, app: str = "toy:app", **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / CONFIGURATION), *options, app],
        env={**os.environ, "REDIS_URL": "", "PORT": "4299", **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "²"])
def test_it_refuses_what_is_no_port(tmp_path: Path, port: str):
    assert f"PORT must be a number from 1 to 65535, not '{port}'" in refused(tmp_path, PORT=port)


def test_it_refuses_several_workers_without_redis(tmp_path: Path):
    assert "need REDIS_URL" in refused(tmp_path, WEB_CONCURRENCY="2")
    assert "need REDIS_URL" in refused(tmp_path, "--workers", "3")


def test_it_serves_with_several_workers_and_redis(gunicorn):
    server = gunicorn(WEB_CONCURRENCY="2", REDIS_URL="redis://127.0.0.1:1")
    server.wait_for_log("Booting worker")
    assert any(len(server.workers()) == 2 for _ in within(5))
    server.leave()


def test_it_does_not_serve_tls_in_the_clear(tmp_path: Path):
    key = tmp_path / "key.pem"
    key.touch()
    assert "TLS is the proxy's work" in refused(tmp_path, "--certfile", str(key))


def test_it_listens_on_this_machine_alone_unless_told(gunicorn):
    server = gunicorn()
    assert f"Listening at: http://127.0.0.1:{server.port} " in server.log()


@pytest.mark.parametrize(
    ("host", "bind"),
    [
        ("0.0.0.0", "0.0.0.0:80"),  # noqa: S104
        ("chat.example", "chat.example:80"),
        ("::1", "[::1]:80"),
        ("[::1]", "[::1]:80"),
    ],
)
def test_it_listens_where_it_is_told(host: str, bind: str):
    code = f"import runpy; print(runpy.run_path({CONFIGURATION!r})['bind'])"
    environment = {**os.environ, "HOST": host, "PORT": "80"}
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=environment)
    assert printed.decode().strip() == bind


@pytest.mark.parametrize("everybody", ["*", "0.0.0.0/0", "127.0.0.1,::/0"])
def test_it_believes_not_everybody(tmp_path: Path, everybody: str):
    assert "everybody" in refused(tmp_path, "--forwarded-allow-ips", everybody)


def test_it_does_not_serve_tables_of_another_version(tmp_path: Path):
    given = {"PROJCHAT_INSTANCE": str(tmp_path / "instance"), "DATABASE_URL": ""}
    assert "`projchat db upgrade`" in refused(tmp_path, app="wsgi:app", **given)


def test_it_does_not_serve_unsafely(tmp_path: Path):
    assert "SECRET_KEY" in refused(tmp_path, app="wsgi:app", PROJCHAT_ENV="production")


def test_it_opens_no_control_socket(gunicorn, tmp_path: Path):
    gunicorn()
    assert not [path for path in tmp_path.rglob("*") if path.is_socket()]
