"""deploy/: what is committed there, run as it stands, with two processes behind it."""

import os
import re
import shutil
import subprocess
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import requests
import socketio

from deploy.pair import Pair
from deploy.site import Site, nginx
from faults.scene import wait
from faults.services import Missing
from support.answers import refused
from support.cast import done
from support.live import Live
from support.server import ROOT, free_port

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
    page = requests.get(f"{site.url}/login", timeout=5).text
    styles = re.search(r"/static/h/\w+/css/tokens\.css", page)
    answer = requests.get(site.url + styles[0], timeout=5)
    assert answer.text == (ROOT / "static" / "css" / "tokens.css").read_text()
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in answer.headers
    script = re.search(r"/static/h/\w+/(?:min/)?js/application\.js", page)
    answer = requests.get(site.url + script[0], timeout=5)
    assert "javascript" in answer.headers["Content-Type"]
    unknown = requests.get(f"{site.url}/static/h/000000000000/css/tokens.css", timeout=5)
    assert unknown.status_code == 404
    assert "max-age" not in unknown.headers["Cache-Control"]
    unversioned = requests.get(f"{site.url}/static/css/tokens.css?v=1", timeout=5)
    assert unversioned.headers["Cache-Control"] == "no-cache"
    assert requests.get(f"{site.url}/static/../setup.cfg", timeout=5).status_code == 404


class Doorman(BaseHTTPRequestHandler):
    """Says yes to everybody but the removed, and lets nginx fetch the file."""

    ids: ClassVar[list[str]] = []

    def do_GET(self):
        self.ids.append(self.headers["X-Request-ID"])
        if self.headers["Cookie"] == "removed":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Cache-Control", "private, no-cache")
        self.send_header("ETag", '"abc"')
        self.send_header("Strict-Transport-Security", "max-age=31536000")
        self.send_header("Vary", "Cookie, Accept-Language")
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
        file = f"{other.url}/api/projects/1/uploads/abc"
        answer = requests.get(file, timeout=5)
        known = {"If-None-Match": answer.headers["ETag"]}
        again = requests.get(file, headers=known, timeout=5)
        removed = requests.get(file, headers={**known, "Cookie": "removed"}, timeout=5)
        part = requests.get(file, headers={"Range": "bytes=3-10"}, timeout=5)
        other.close()
        doorman.shutdown()
    assert answer.text == "<b>uploaded</b>"
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert (again.status_code, again.content) == (304, b"")
    assert removed.status_code == 404
    assert (part.status_code, part.text) == (206, "uploaded")
    for each in (answer, again, part):
        assert each.headers["Cache-Control"] == "private, no-cache"
        assert "sandbox" in each.headers["Content-Security-Policy"]
        assert each.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert each.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert each.headers["Vary"] == "Cookie, Accept-Language"
        assert each.headers["X-Content-Type-Options"] == "nosniff"


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
    (route,) = [cookie for cookie in person.http.cookies if cookie.name == "projchat_route"]
    assert route.secure
    route.secure = False  # The site of the tests is reached without TLS.
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
        # The next variant has the same scene, which would go on waiting for them.
        scene.readers.remove(reader)
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


class Answers(BaseHTTPRequestHandler):
    """Says that it is ready."""

    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_words):
        """Say nothing."""


@pytest.fixture
def make_process():
    """Something that serves at an address, and a process whose environment names that address."""
    with ExitStack() as stack:

        def make(address, host=None):
            server = stack.enter_context(ThreadingHTTPServer((address, 0), Answers))
            threading.Thread(target=server.serve_forever).start()
            stack.callback(server.shutdown)
            environment = {"HOST": host} if host is not None else {}
            sleeper = subprocess.Popen(["sleep", "60"], env={**os.environ, **environment})
            stack.callback(sleeper.wait)
            stack.callback(sleeper.kill)
            return str(server.server_address[1]), sleeper.pid

        yield make


@pytest.fixture
def restart(tmp_path):
    """Run rolling-restart; systemctl only takes notes, and knows the process of each port."""
    notes, systemctl = tmp_path / "notes", tmp_path / "systemctl"

    def run(*ports, pids=None):
        known = "".join(f"projchat@{port}) echo {pid};; " for port, pid in (pids or {}).items())
        systemctl.write_text(
            f'#!/bin/sh\nif [ "$1" = show ]; then case "$5" in {known}*) echo 0;; esac\n'
            f'else echo "$@" >> {notes}; fi\n'
        )
        systemctl.chmod(0o755)
        notes.write_text("")
        ended = subprocess.run(
            [str(ROOT / "deploy" / "rolling-restart"), *ports],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PATIENCE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, notes.read_text().split("\n")[:-1]

    return run


def test_the_script_restarts_one_after_the_other(pair, restart):
    """It goes on to the next only when the one before serves."""
    first, second = (str(each.port) for each in pair.processes)
    nobody = str(free_port())
    assert restart(first, second) == (
        0,
        [f"restart projchat@{first}", f"restart projchat@{second}"],
    )
    assert restart(nobody, second) == (1, [f"restart projchat@{nobody}"])
    assert restart()[0] == 2


@pytest.mark.parametrize(
    ("listens", "host"),
    [
        ("127.0.0.1", None),
        ("127.0.0.1", "0.0.0.0"),  # noqa: S104 - a process may be told so.
        ("127.0.0.2", "127.0.0.2"),
        ("127.0.0.1", "localhost"),
    ],
)
def test_the_script_asks_where_the_process_listens(make_process, restart, listens, host):
    port, pid = make_process(listens, host)
    assert restart(port, pids={port: pid})[0] == 0


def test_the_script_does_not_find_a_process_elsewhere(make_process, restart):
    port, pid = make_process("127.0.0.2", "127.0.0.3")
    assert restart(port, pids={port: pid})[0] == 1


def test_a_process_is_ready_by_its_address_alone(pair):
    """What a balancer asks, and the script on a machine among several."""
    port = pair.processes[0].port
    headers = {"Host": f"10.0.0.7:{port}"}
    assert requests.get(f"http://127.0.0.1:{port}/readyz", headers=headers, timeout=5).ok
    refused_ = requests.get(f"http://127.0.0.1:{port}/login", headers=headers, timeout=5)
    assert refused_.status_code == 400


def test_no_secret_is_written_down(site):
    secret = "4f9be17c"
    for path in (
        f"/invite/{secret}",
        f"/%69nvite/{secret}",
        f"/api/invites/{secret}",
        f"/login?next=/invite/{secret}",
        f"/api/search?q={secret}",
    ):
        headers = {"Referer": f"{site.url}/invite/{secret}"}
        answer = requests.get(site.url + path, headers=headers, allow_redirects=False, timeout=5)
        assert answer.status_code < 500
        plain = f"http://127.0.0.1:{site.plain_port}{path}"
        requests.get(plain, headers=headers, allow_redirects=False, timeout=5)
    wait(lambda: site.access_log.count("\n") == 10, 5, "nginx has not written everything down.")
    assert secret not in site.access_log
    assert site.access_log.count('"GET /invite/..."') == 4
    assert site.access_log.count('"GET /login"') == 2


def test_a_proof_for_a_certificate_is_served_by_both_servers(site):
    proof = site.folder / "acme" / ".well-known" / "acme-challenge" / "token"
    proof.parent.mkdir(parents=True)
    proof.write_text("token.thumbprint")
    for port in (site.plain_port, site.port):
        address = f"http://127.0.0.1:{port}/.well-known/acme-challenge"
        assert requests.get(f"{address}/token", timeout=5).text == "token.thumbprint"
        assert requests.get(f"{address}/other", timeout=5).status_code == 404


def test_each_request_has_an_id_of_nginx(pair, site):
    with ThreadingHTTPServer(("127.0.0.1", 0), Doorman) as doorman:
        threading.Thread(target=doorman.serve_forever).start()
        port = doorman.server_address[1]
        other = Site("sticky.conf", free_port(), (port, port), pair.instance).start()
        for _ in range(2):
            forged = {"X-Request-ID": "mine"}
            requests.get(f"{other.url}/api/session", headers=forged, timeout=5)
        doorman.shutdown()
    wait(lambda: other.access_log.count("\n") == 2, 5, "nginx has not written everything down.")
    written = [line.split()[-1] for line in other.access_log.splitlines()]
    other.close()
    assert Doorman.ids[-2:] == written
    assert all(len(each) == 32 for each in written)


def test_one_address_has_bounds(pair):
    """Static files do not count."""
    lower = (("rate=100r/s", "rate=1r/m"), ("burst=1000", "burst=4"))
    site = Site("sticky.conf", pair.port, [each.port for each in pair.processes], pair.instance)
    written = site.folder / "nginx.conf.example"
    for old, new in lower:
        written.write_text(written.read_text().replace(old, new))
    site.start()
    statuses = [requests.get(f"{site.url}/healthz", timeout=5).status_code for _ in range(7)]
    style = [requests.get(f"{site.url}/static/css/tokens.css", timeout=5) for _ in range(10)]
    site.close()
    assert statuses == [200] * 5 + [429] * 2
    assert all(answer.ok for answer in style)


def test_one_address_has_so_many_connections(pair):
    site = Site("sticky.conf", pair.port, [each.port for each in pair.processes], pair.instance)
    written = site.folder / "nginx.conf.example"
    written.write_text(
        written.read_text().replace("projchat_connections 1000", "projchat_connections 2")
    )
    site.start()
    alice = pair.scene.alice
    held = [Live(site.url, alice.cookie_header()) for _ in range(2)]
    assert requests.get(f"{site.url}/healthz", timeout=5).status_code == 429
    with pytest.raises(socketio.exceptions.ConnectionError):
        Live(site.url, alice.cookie_header())
    held.pop().close()
    wait(lambda: requests.get(f"{site.url}/healthz", timeout=5).ok, 5, "It lets nobody in again.")
    held.pop().close()
    site.close()


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
