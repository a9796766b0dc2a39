"""Follow docs/deploy.md on a fresh Debian, command by command: `make deploy-check`.

Three processes, one inside the other: the first makes the folder and takes it away again, the
second has mounts and process ids of its own, so that none of them outlives it, and the third,
which follows the page from the first service on, has a network of its own as well.
"""

import os
import random
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from deploy.authority import Authority
from deploy.clean_root import CleanRoot, obstacles
from deploy.page import PAGE, Block, blocks
from deploy.systemd_stand_in import EXERCISED
from faults.reader import Reader
from faults.scene import Way, wait
from faults.writer import Writer
from support.cast import Project, done
from support.person import Person
from support.server import ROOT

SITE = "talk.test"
PASSWORD = "p@ss/word:#&%$"
REPOSITORY = "/srv/projchat.git"
VALUES = {
    "https://git.example/projchat.git": REPOSITORY,
    "chat.example": SITE,
    "change me": PASSWORD,
}
#: Which blocks need registries, so they come before the network is taken away.
ONLINE = ("umask 022", "SOURCE=")
# The first line of a block that needs a registry for its package, and for the rest our authority.
CERTBOT = "apt-get install --yes certbot"
UPGRADE = "Upgrade without downtime"
UNITS = ROOT / "deploy" / "systemd"
PAUSE = 0.8
# The three have one clock.
BEGAN = float(os.environ.setdefault("DEPLOY_CHECK_BEGAN", str(time.monotonic())))


def main() -> None:
    """Make the folder, go on in namespaces, and take the folder away, whatever happened."""
    if obstacle := ", ".join(obstacles()):
        sys.exit(f"deploy-check cannot run on this machine: {obstacle}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = tempfile.mkdtemp(prefix="projchat-deploy-check-")
    # The root's accounts pass through it.
    Path(folder).chmod(0o711)
    try:
        own = (
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        )
        code = subprocess.call(["unshare", *own, *_ourselves("prepare", folder)])
    finally:
        # No mount of the namespace is seen here; should one be, it is not crossed.
        subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)
    sys.exit(code)


def prepare(folder: str) -> None:
    """Make the root and follow the page as far as it needs registries."""
    root = CleanRoot(Path(folder) / "root")
    say("debootstrap")
    root.make()
    root.lend_repository(REPOSITORY)
    Follower(root).follow("Install", online=True)
    root.run(CERTBOT)
    root.let_services_start()
    sys.exit(subprocess.call(["unshare", "--net", *_ourselves("follow", folder)]))


def follow(folder: str) -> None:
    """Follow the rest of the page, and use the site as people do."""
    root = CleanRoot(Path(folder) / "root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    hosts = f"127.0.0.1 localhost {SITE}\n::1 localhost\n"
    root.path("/etc/hosts").write_text(hosts)
    subprocess.run(["mount", "--bind", str(root.path("/etc/hosts")), "/etc/hosts"], check=True)
    for service in ("postgresql", "redis-server", "nginx"):
        root.run(f"service {service} start")
    authority = Authority(Path(folder), SITE)
    believe(authority)
    lend_authority(authority, root)
    check_units(root)
    Check(root, authority).run()
    say("everything on the page did what it says")


class Follower:
    """Gives the commands of the page to a shell of the root."""

    def __init__(self, root: CleanRoot) -> None:
        self.root = root
        self.values = ""

    def follow(
        self,
        heading: str,
        online: bool = False,
        given: str = "",
        then: Mapping[str, Callable[[], None]] = MappingProxyType({}),
    ) -> None:
        """Run the blocks in `sh` under a heading, those that need registries or the others.

        `then` has what is to be done after the block that begins with a line.
        """
        for block in blocks():
            if block.heading != heading:
                continue
            if block.first.startswith("SOURCE="):
                self.values = with_values(block.text)
            elif block.language != "sh":
                say(f"not followed, for another case: {block.first}")
            elif block.heading != "Install" or online == block.first.startswith(ONLINE):
                self.run(block, given)
                then.get(block.first, lambda: None)()

    def run(self, block: Block, given: str = "") -> None:
        """Run one block."""
        say(f"{block.heading}: {block.first}")
        self.root.run(self.values + block.text, given)


def with_values(text: str) -> str:
    """The page's first block with values of ours, which is all that is changed of it."""
    for example, value in VALUES.items():
        assert example in text, f"The page no longer says {example}."
        text = text.replace(example, value)
    return text


def believe(authority: Authority) -> None:
    """Have our clients believe an authority, and ask nobody by a detour."""
    for name in [key for key in os.environ if key.lower().endswith("_proxy")]:
        del os.environ[name]
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "WEBSOCKET_CLIENT_CA_BUNDLE"):
        os.environ[name] = str(authority.certificate)


def lend_authority(authority: Authority, root: CleanRoot) -> None:
    """Lay the site's certificate where the page says; name the authority to certbot, as it asks."""
    authority.certify()
    for name in ("fullchain.pem", "privkey.pem"):
        shutil.copy(authority.folder / name, root.path(f"/srv/{name}"))
    with root.path("/etc/letsencrypt/cli.ini").open("a") as file:
        file.write(
            f"server = {authority.serve()}\n"
            "agree-tos = true\n"
            "register-unsafely-without-email = true\n"
        )


def not_exercised() -> list[str]:
    """What stands in the units and needs systemd."""
    lines = [line for unit in UNITS.iterdir() for line in unit.read_text().splitlines()]
    keys = {line.split("=")[0] for line in lines if "=" in line}
    return sorted({key for key in keys if key.isalpha()} - EXERCISED - {"Description"})


def check_units(root: CleanRoot) -> None:
    """Have systemd read the units, and say what of them is not carried out here."""
    say(
        "units are started by their own words; not exercised without systemd: "
        + ", ".join(not_exercised())
    )
    source = root.path("/opt/projchat/deploy/systemd/projchat@.service")
    if not shutil.which("systemd-analyze"):
        say("not checked by systemd-analyze, which is not here")
        return
    checked = Path(root.folder.parent) / "projchat@3001.service"
    program = "/opt/projchat/.venv/bin/projchat"
    checked.write_text(source.read_text().replace(program, shutil.which("true") or "/bin/true"))
    ended = subprocess.run(
        ["systemd-analyze", "verify", str(checked), str(source.with_name("projchat.target"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr


class Check:
    """The rest of the page in its order, with people at the site meanwhile."""

    def __init__(self, root: CleanRoot, authority: Authority) -> None:
        self.root = root
        self.authority = authority
        self.page = Follower(root)
        self.project: Project

    def run(self) -> None:
        """Install, first message, upgrade, restore, rolling restart."""
        self.install()
        self.first_message()
        self.rolling_restart()
        self.upgrade()
        self.restore()
        self.look_around()

    def install(self) -> None:
        """Serve at the site's name, with a certificate that the clients check."""
        given = "correct horse battery\ncorrect horse battery\n"
        assert CERTBOT in [block.first for block in blocks() if block.language == "sh"]
        self.page.follow("Install", given=given, then={CERTBOT: self.renew})
        wait(lambda: self.person("nobody").get("/login").ok, 60, "The site does not answer.")
        shut_in = self.root.run(
            "pid=$(systemctl show --property MainPID --value projchat@3001)\n"
            "grep -E '^(CapBnd|NoNewPrivs):' /proc/$pid/status\n"
            """awk '$5 == "/" { print substr($6, 1, 2) }' /proc/$pid/mountinfo"""
        )
        assert shut_in.split() == ["CapBnd:", "0" * 16, "NoNewPrivs:", "1", "ro"], shut_in
        say("units run without capabilities, on a file system that they may only read")

    def renew(self) -> None:
        """Renew the certificate that certbot has got, as its timer does, while the site is up."""
        wait(self.certificate, 20, "nginx does not show what certbot has got.")
        before = self.certificate()
        self.root.run("certbot renew --force-renewal --no-random-sleep-on-renew")
        wait(
            lambda: self.certificate() not in ("", before),
            20,
            "nginx does not show the new certificate.",
        )
        assert len(self.authority.issued) == 2
        say(
            "certificate got by ACME, and renewed by what certbot has kept; nginx shows the new one"
        )

    def certificate(self) -> str:
        """The certificate that nginx shows, if our authority has made it; old workers go slowly."""
        try:
            return ssl.get_server_certificate((SITE, 443), ca_certs=str(self.authority.certificate))
        except ssl.SSLCertVerificationError:
            return ""

    def person(self, username: str) -> Person:
        """Somebody at a browser that believes our authority."""
        made = Person(Way(f"https://{SITE}"), username)  # type: ignore[arg-type]
        made.http.mount(
            "https://", HTTPAdapter(max_retries=made.http.adapters["http://"].max_retries)
        )
        return made

    def first_message(self) -> None:
        """Let the first account post, and a member hear it over a WebSocket through nginx."""
        self.anna = self.person("anna")
        done(self.anna.login())
        made = done(self.anna.post("/api/projects", {"name": "Launch"}))
        self.project = Project(made["id"], "Launch", self.anna)
        self.people = [self.member(f"guest-{letter}") for letter in "abc"]
        self.reader = Reader("reader", self.people[0], self.project.id).start()
        self.outsider = self.newcomer("outsider")
        sent = self.project.post(self.anna, "The first message.")
        wait(lambda: self.reader.messages.get(sent["number"]), 10, "Nobody heard the message.")
        answer = self.outsider.get(f"{self.project.api}/messages")
        assert answer.status_code == 404, answer.text
        say("first account, first message, heard over a WebSocket; not by an outsider")

    def newcomer(self, username: str) -> Person:
        """Make an account by an invite to a project of its own."""
        other = done(self.anna.post("/api/projects", {"name": "Hall"}))
        invite = done(self.anna.post(f"/api/projects/{other['id']}/invites", {}))
        person = self.person(username)
        done(person.register(invite["token"]))
        return person

    def member(self, username: str) -> Person:
        """Make an account that belongs to the project."""
        person = self.newcomer(username)
        self.project.admit(person)
        return person

    def under_load(self, what: str, act: Callable[[], None]) -> None:
        """Have people write meanwhile; nothing that was acknowledged may be lost or doubled."""
        writers = [
            Writer(f"{what} {n}", each, self.project.id, random.Random(f"{what} {n}"))
            for n, each in enumerate(self.people)
        ]
        for writer in writers:
            writer.write(100_000, PAUSE, changes=0)
        act()
        for writer in writers:
            writer.stop()
        stored = [message["content"] for message in self.messages()]
        for writer in writers:
            assert not writer.gave_up, writer.gave_up
            lost = [text for text in writer.receipts.tried.values() if stored.count(text) != 1]
            assert not lost, f"Lost or doubled: {lost}"
        wait(lambda: len(self.reader.messages) == len(stored), 20, "The reader is behind.")
        statuses = [dict(writer.receipts.statuses) for writer in writers]
        say(f"{what}: {len(stored)} messages, 0 lost, 0 twice; writers were answered {statuses}")

    def messages(self) -> list[dict[str, Any]]:
        """All that is there."""
        found: list[dict[str, Any]] = []
        while True:
            last = found[-1]["number"] if found else 0
            page = done(self.anna.get(f"{self.project.api}/messages?after={last}&limit=100"))
            found += page["messages"]
            if not page["hasMore"]:
                return found

    def rolling_restart(self) -> None:
        """Restart one after the other by the page's last command, and one by its HUP."""
        upgrade = next(block for block in blocks() if block.heading == UPGRADE)
        command = upgrade.text.splitlines()[-1]
        self.under_load(
            "rolling restart", lambda: say(self.root.run(f"/opt/projchat/{command}").strip())
        )
        reload = "systemctl reload projchat@3001"
        assert f"`{reload}`" in PAGE.read_text()
        self.under_load("reload", lambda: self.reload(reload))

    def reload(self, command: str) -> None:
        """Have another worker take over, and see the old one gone."""
        workers = (
            "pid=$(systemctl show --property MainPID --value projchat@3001)\n"
            "cat /proc/$pid/task/$pid/children"
        )
        before = self.root.run(workers).split()
        self.root.run(command)

        def replaced() -> bool:
            now = self.root.run(workers).split()
            return bool(now) and not set(now) & set(before)

        wait(replaced, 60, "The old worker is still there.")

    def upgrade(self) -> None:
        """Publish another version, and follow the page to it."""
        work = self.root.folder.parent / "work"
        git = ("git", "-c", "user.name=projchat", "-c", "user.email=projchat@localhost")
        subprocess.run(
            [*git, "clone", "--quiet", str(self.root.path(REPOSITORY)), str(work)], check=True
        )
        style = work / "static" / "css" / "tokens.css"
        style.write_text(style.read_text() + "\n/* The next version. */\n")
        unit = work / "deploy" / "systemd" / "projchat@.service"
        unit.write_text(
            unit.read_text().replace("Description=projchat", "Description=The next projchat")
        )
        subprocess.run(
            [*git, "commit", "--quiet", "--all", "--message=Next."], cwd=work, check=True
        )
        subprocess.run([*git, "push", "--quiet"], cwd=work, check=True)
        before = self.styles()
        self.under_load("upgrade", lambda: self.page.follow(UPGRADE))
        assert self.styles() != before, "The pages still name the old style."
        linked = self.root.run("cat /etc/systemd/system/projchat@.service")
        assert "Description=The next projchat" in linked

    def styles(self) -> list[str]:
        """The addresses of the styles that a page names; each is there."""
        page = self.person("nobody").get("/login").text
        found = [
            part.split('"')[0]
            for part in page.split('href="')
            if "tokens.css" in part.split('"')[0]
        ]
        assert found, page
        assert all(self.anna.get(one).ok for one in found)
        return found

    def restore(self) -> None:
        """Back up, write on, and go back by the page's words."""
        self.reader.close()
        kept = [message["content"] for message in self.messages()]
        history = done(self.anna.get("/api/session")).get("history")
        for block in self.restoring()[:1]:
            self.page.run(block)
        self.project.post(self.anna, "After the backup.")
        for block in self.restoring()[1:]:
            self.page.run(block)
        wait(lambda: self.anna.get("/api/session").ok, 60, "The site does not come back.")
        assert done(self.anna.get("/api/session"))["user"] is None, "A login has survived."
        for person in (self.anna, *self.people):
            person.get("/api/session")
            done(person.login())
        assert [message["content"] for message in self.messages()] == kept
        assert done(self.anna.get("/api/session")).get("history") != history
        self.project.post(self.anna, "After the restore.")
        assert self.messages()[-1]["content"] == "After the restore."
        say(f"restored to {len(kept)} messages, another history, all logins ended")

    def restoring(self) -> list[Block]:
        """Backup, then restore, on PostgreSQL."""
        return [
            one for one in blocks() if one.heading == "Backup and restore" and one.language == "sh"
        ]

    def look_around(self) -> None:
        """See who may read what, that no tracked file was edited, and what nginx wrote down."""
        told = self.root.run(
            "git -C /opt/projchat status --porcelain; "
            "stat -c '%a %U %n' /etc/projchat/environment /etc/projchat/tls "
            "/etc/projchat/tls/privkey.pem /var/lib/projchat /var/backups/projchat{,/*}"
        )
        say("git status is empty; " + "; ".join(told.splitlines()))
        assert told.startswith(
            "600 root /etc/projchat/environment\n700 root /etc/projchat/tls\n600 root"
        )
        assert all(line.startswith(("600 root", "700 root")) for line in told.splitlines()[4:])
        self.anna.get("/invite/hidden-token")
        self.anna.get("/api/search?q=hidden-words")
        proof = self.root.path("/var/www/acme/.well-known/acme-challenge/proof")
        proof.parent.mkdir(parents=True, exist_ok=True)
        proof.write_text("proof")
        self.root.run("chmod -R a+rX /var/www/acme")
        for scheme in ("http", "https"):
            address = f"{scheme}://{SITE}/.well-known/acme-challenge/proof"
            assert requests.get(address, timeout=5).text == "proof"
        assert "hidden" not in self.root.path("/var/log/nginx/projchat.log").read_text()
        say("the proof for a certificate is served; nginx wrote down no token and no words")


def say(text: str) -> None:
    """Report a step."""
    seconds = time.monotonic() - BEGAN
    sys.stdout.write("".join(f"[{seconds:5.0f} s] {line}\n" for line in text.splitlines()))
    sys.stdout.flush()


def _ourselves(step: str, folder: str) -> list[str]:
    return [sys.executable, "-m", "deploy.check", step, folder]


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        {"prepare": prepare, "follow": follow}[sys.argv[1]](sys.argv[2])
