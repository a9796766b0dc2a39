"""deploy/: what is committed there, run as it stands, with two processes behind it."""

import os
import random
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import socketio

from deploy.site import Site, nginx
from faults.scene import Scene, wait
from faults.services import Missing
from support.answers import refused
from support.backend import Backend
from support.cast import done
from support.live import Live
from support.server import ROOT, Server, free_port

pytestmark = [
    pytest.mark.services,
    # A connection that was cut is found unclosed later, by the collector of garbage.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CLIENTS = 8
# So many that chance does not send them all to one of two.
CROWD = 16
INSIST = bool(os.environ.get("PROJCHAT_TEST_INSIST"))
EVIL = "evil.example"
UNITS = ROOT / "deploy" / "systemd"


class Pair:
    """Two one-worker processes with one database, one Redis and one secret, behind nginx."""

    def __init__(self, folder, backend):
        port = free_port()
        settings = {"PROJCHAT_PROXIES": "1", "PROJCHAT_ORIGINS": f"http://127.0.0.1:{port}"}
        self.scene = Scene(folder, random.randrange(10**6), backend, **settings)
        first = self.scene.start().server
        shared = ("DATABASE_URL", "REDIS_URL", "PROJCHAT_INSTANCE")
        settings |= {name: first.environment[name] for name in shared}
        second = Server(folder / "second", Backend(None, None), **settings)
        self.scene.stack.callback(second.close)
        self.processes = (first, second.start())
        self.port = port

    def site(self, variant):
        site = Site(variant, self.port, [each.port for each in self.processes], self.instance)
        return site.start()

    @property
    def instance(self):
        return self.processes[0].instance


@pytest.fixture(scope="module")
def pair(tmp_path_factory, backend):
    try:
        nginx()
    except Missing as missing:
        if INSIST:
            pytest.fail(f"This run insists on services tests, but {missing}.", pytrace=False)
        pytest.skip(str(missing))
    made = Pair(tmp_path_factory.mktemp("site"), backend)
    yield made
    made.scene.close()


@pytest.fixture
def site(pair):
    """The sticky variant."""
    made = pair.site("sticky.conf")
    yield made
    made.close()


@pytest.fixture
def by_websocket(pair):
    """The other variant."""
    made = pair.site("websocket-only.conf")
    yield made
    made.close()


def joins(pair):
    """How many have joined the project on each process."""
    line = f"Client joined project {pair.scene.project.id}"
    return [each.log().count(line) for each in pair.processes]


def test_an_unknown_host_gets_no_answer(site):
    for port in (site.port, site.plain_port):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/login", headers={"Host": EVIL}, timeout=5)
    plain = f"http://127.0.0.1:{site.plain_port}/login"
    answer = requests.get(plain, allow_redirects=False, timeout=5)
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://127.0.0.1/login"


def test_forged_headers_change_nothing(pair, site):
    forged = {
        "X-Forwarded-Host": EVIL,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/elsewhere",
        "Forwarded": f"host={EVIL}",
    }
    alice = pair.scene.by(pair.scene.alice, site.url)
    made = done(alice.post(f"{pair.scene.project.api}/invites", {}, headers=forged))
    assert made["url"].startswith("http://127.0.0.1/invite/")
    answer = alice.post(
        f"{pair.scene.project.api}/messages",
        {"content": "from elsewhere"},
        headers={**forged, "Origin": f"https://{EVIL}"},
    )
    refused(answer, 403, "csrf_failed")
    with pytest.raises(socketio.exceptions.ConnectionError):
        Live(site.url, alice.cookie_header(), origin=f"https://{EVIL}")
    Live(site.url, alice.cookie_header(), origin=site.url).close()


def test_static_files_are_served_directly(site):
    path = f"{site.url}/static/css/tokens.css"
    answer = requests.get(f"{path}?v=1", timeout=5)
    assert answer.text == (ROOT / "static" / "css" / "tokens.css").read_text()
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in answer.headers
    assert requests.get(path, timeout=5).headers["Cache-Control"] == "no-cache"
    script = requests.get(f"{site.url}/static/js/application.js?v=1", timeout=5)
    assert "javascript" in script.headers["Content-Type"]
    assert requests.get(f"{site.url}/static/../setup.cfg", timeout=5).status_code == 404


class Doorman(BaseHTTPRequestHandler):
    """Says yes to everybody, and lets nginx fetch the file."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Accel-Redirect", "/uploads-internal/ab/abc")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Disposition", "attachment")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words):
        """Say nothing."""


def test_uploads_are_had_through_the_application_alone(pair, site):
    path = pair.instance / "uploads" / "ab" / "abc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("<b>uploaded</b>")
    address = "/uploads-internal/ab/abc"
    assert requests.get(site.url + address, timeout=5).status_code == 404
    with ThreadingHTTPServer(("127.0.0.1", 0), Doorman) as doorman:
        threading.Thread(target=doorman.serve_forever).start()
        port = doorman.server_address[1]
        other = Site("sticky.conf", free_port(), (port, port), pair.instance).start()
        answer = requests.get(f"{other.url}/api/projects/1/uploads/abc", timeout=5)
        other.close()
        doorman.shutdown()
    assert answer.text == "<b>uploaded</b>"
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_polling_stays_on_one_process(pair, site):
    """Programs that have seen a page go by its cookie, one that has not by its address."""
    alice, project = pair.scene.alice, pair.scene.project
    before = joins(pair)
    polling = {"transports": ("polling",)}
    clients = [Live(site.url, session=with_route(pair, site).http, **polling) for _ in range(CROWD)]
    clients.append(Live(site.url, alice.cookie_header(), **polling))
    assert all(client.join(project.id)["ok"] for client in clients)
    assert all(after > then for after, then in zip(joins(pair), before, strict=True))
    sent = [project.post(alice, f"for all who poll: {turn}") for turn in range(5)]
    for client in clients:
        client.wait_for("new-message", lambda message: message == sent[-1], timeout=15)
        assert client.events("new-message") == sent
        client.close()


def with_route(pair, site):
    """Alice at another browser, which has seen a page."""
    person = pair.scene.by(pair.scene.alice, site.url)
    assert person.get("/projects").cookies["projchat_route"]
    assert "projchat_route" not in person.get("/projects").cookies
    return person


def test_without_stickiness_there_is_no_polling(pair, by_websocket):
    alice, project = pair.scene.alice, pair.scene.project
    address = f"{by_websocket.url}/api/socket/?EIO=4"
    for transport in ("", "&transport=polling"):
        answer = requests.get(address + transport, timeout=5)
        assert (answer.status_code, answer.json()["message"]) == (400, "Transport unknown")
    assert "projchat_route" not in requests.get(f"{by_websocket.url}/login", timeout=5).cookies
    before = joins(pair)
    clients = [Live(by_websocket.url, alice.cookie_header()) for _ in range(CLIENTS)]
    assert all(client.join(project.id)["ok"] for client in clients)
    assert all(after > then for after, then in zip(joins(pair), before, strict=True))
    sent = project.post(alice, "for all who listen")
    for client in clients:
        assert client.wait_for("new-message") == sent
        client.close()


@pytest.mark.parametrize(
    "variant", ["sticky.conf", pytest.param("websocket-only.conf", marks=pytest.mark.slow)]
)
def test_a_rolling_restart_loses_nothing(pair, variant):
    """Each process in turn is stopped under load, is away for a while, and comes back."""
    scene, site = pair.scene, pair.site(variant)
    readers = [scene.reader(site.url) for _ in range(3)]
    writers = [scene.writer(site.url).write(100_000, pause=0.1) for _ in range(3)]
    written(writers, 5)
    for each in pair.processes:
        each.stop(timeout=40)
        written(writers, 5)
        each.start()
        written(writers, 5)
    for writer in writers:
        writer.stop()
    scene.converge(30)
    scene.judge(strangers=False)
    assert not any(writer.gave_up for writer in writers)
    for reader in readers:
        reader.close()
    site.close()


def written(writers, more):
    """Wait until each has had that many more answers."""
    due = [writer.accepted + more for writer in writers]
    wait(
        lambda: all(one.accepted >= count for one, count in zip(writers, due, strict=True)),
        60,
        "The writers get no answers.",
    )


def test_the_script_restarts_one_after_the_other(pair, tmp_path):
    """It goes on to the next only when the one before serves; systemctl only takes notes here."""
    notes, systemctl = tmp_path / "notes", tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {notes}\n')
    systemctl.chmod(0o755)
    first, second = (str(each.port) for each in pair.processes)
    nobody = str(free_port())

    def restart(*ports):
        notes.write_text("")
        path = f"{tmp_path}:{os.environ['PATH']}"
        ended = subprocess.run(
            [str(ROOT / "deploy" / "rolling-restart"), *ports],
            env={"PATH": path, "PATIENCE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, notes.read_text().split("\n")[:-1]

    assert restart(first, second) == (
        0,
        [f"restart projchat@{first}", f"restart projchat@{second}"],
    )
    assert restart(nobody, second) == (1, [f"restart projchat@{nobody}"])
    assert restart()[0] == 2


@pytest.mark.parametrize("variant", ["sticky.conf", "websocket-only.conf"])
def test_nginx_accepts_it_as_it_is_with_a_certificate(pair, variant, tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make a certificate")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"),
            *("-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )
    site = Site(variant, free_port(), (3001, 3002), pair.instance, certificate=tmp_path)
    checked = subprocess.run([*site.command(), "-t"], capture_output=True, text=True, check=False)
    site.close()
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_systemd_accepts_the_units(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd here")
    unit = (UNITS / "projchat@.service").read_text()
    # systemd looks for the program, which stands elsewhere on this machine.
    program = shutil.which("true") or "/bin/true"
    service = tmp_path / "projchat@3001.service"
    service.write_text(unit.replace("/opt/projchat/.venv/bin/projchat", program))
    target = shutil.copy(UNITS / "projchat.target", tmp_path)
    checked = subprocess.run(
        [analyze, "verify", str(service), target], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
