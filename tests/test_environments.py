"""What each wrong environment gets: one sentence, which docs/settings.md shows.

The page is what these tests have seen; `make settings-page` writes it anew.
"""

import os
import re
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from support.server import COMMAND, OURS, ROOT, TRACEBACK, free_port

PAGE = ROOT / "docs" / "settings.md"
SECRET = "0f8b2c6d9e1a4753b08c2d6f9e1a47530f8b2c6d9e1a4753"
SITE = {
    "PROJCHAT_ENV": "production",
    "SECRET_KEY": SECRET,
    "PROJCHAT_ORIGINS": "https://chat.example",
}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - The tests look at it, and listen nowhere.
Answers = list[subprocess.CompletedProcess[str]]


class Case(NamedTuple):
    """An environment: what is wrong with it, what is set, and whether the server starts."""

    wrong: str
    given: dict[str, str]
    production: bool = False
    starts: bool = False

    @property
    def setting(self) -> str:
        """How the page shows it."""
        return " ".join(f"{name}={value}" for name, value in self.given.items())


def in_production(wrong: str, **given: str) -> Case:
    return Case(wrong, given, production=True)


def warned(wrong: str, production: bool = False, **given: str) -> Case:
    return Case(wrong, given, production, starts=True)


def case(wrong: str, **given: str) -> Case:
    return Case(wrong, given)


CASES = [
    # Which environment it is
    case("misspelt", PROJCHAT_ENV="prod"),
    case("misspelt", PROJCHAT_ENV="Production"),
    case("unknown", PROJCHAT_ENV="staging"),
    case("name misspelt", PROJCHAT_ORIGIN="https://chat.example"),
    case("name misspelt", PROJCHAT_INSTANCE_DIR="/srv/projchat"),
    case("name unknown", PROJCHAT_COLOUR="blue"),
    warned("name misspelt", DATABASE_URI="postgresql://projchat@127.0.0.1/projchat"),
    warned("name misspelt", REDIS_URI="redis://127.0.0.1"),
    # Who we are
    in_production("missing", PROJCHAT_ORIGINS=""),
    in_production("unsafe", PROJCHAT_ORIGINS="http://chat.example"),
    in_production("unsafe", PROJCHAT_ORIGINS="https://*"),
    in_production("unsafe", PROJCHAT_ORIGINS="https://*.chat.example"),
    case("no address", PROJCHAT_ORIGINS="chat.example"),
    case("no address", PROJCHAT_ORIGINS="*"),
    case("a path", PROJCHAT_ORIGINS="https://host.example/chat"),
    case("no port", PROJCHAT_ORIGINS="https://chat.example:https"),
    case("a password", PROJCHAT_ORIGINS="https://anna:geheim@chat.example"),
    # The secret
    in_production("missing", SECRET_KEY=""),
    in_production("too short", SECRET_KEY="geheim"),
    in_production("no secret", SECRET_KEY="a" * 64),
    in_production("a placeholder", SECRET_KEY="please-change-this-secret-key-now-123"),
    in_production("repeated", SECRET_KEY="0123456789abcdef" * 4),
    # The database
    case("another kind", DATABASE_URL="mysql://projchat@127.0.0.1/projchat"),
    case("no address", DATABASE_URL="projchat"),
    case("not encoded", DATABASE_URL="postgresql://projchat:p@ss@127.0.0.1/projchat"),
    case("not encoded", DATABASE_URL="postgresql://projchat:pa/ss@127.0.0.1/projchat"),
    case("not encoded", DATABASE_URL="postgresql://projchat:pa#ss@127.0.0.1/projchat"),
    case("not encoded", DATABASE_URL="postgresql://projchat:pa%ss@127.0.0.1/projchat"),
    case("no port", DATABASE_URL="postgresql://projchat@127.0.0.1:abc/projchat"),
    case("away", DATABASE_URL="postgresql://projchat:geheim@127.0.0.1:CLOSED/projchat"),
    case("no such host", DATABASE_URL="postgresql://projchat:geheim@db.invalid/projchat"),
    case("wrong password", DATABASE_URL="postgresql://projchat:geheim@127.0.0.1:POSTGRES/projchat"),
    case("not the whole path", DATABASE_URL="sqlite:///projchat.sqlite3"),
    case("kept nowhere", DATABASE_URL="sqlite://"),
    case("a folder", DATABASE_URL="sqlite:///FOLDER"),
    case("no folder", DATABASE_URL="sqlite:///FOLDER/missing/projchat.sqlite3"),
    case("no database", DATABASE_URL="sqlite:///FOLDER/letter.txt"),
    case("of a newer version", DATABASE_URL="sqlite:///FOLDER/newer.sqlite3"),
    # Redis
    case("no address", REDIS_URL="127.0.0.1:6379"),
    case("another kind", REDIS_URL="http://127.0.0.1:6379"),
    case("not encoded", REDIS_URL="redis://:p@ss@127.0.0.1/0"),
    case("no number", REDIS_URL="redis://127.0.0.1/chat"),
    in_production("unsafe", REDIS_URL="redis://redis.example:6379/0"),
    warned("away", REDIS_URL="redis://127.0.0.1:CLOSED/0"),
    warned("no such host", REDIS_URL="redis://redis.invalid/0"),
    # Where it listens
    case("no number", PORT="http"),
    case("too large", PORT="70000"),
    case("taken", PORT="TAKEN"),
    case("with a port", HOST="127.0.0.1:3000"),
    case("not of this machine", HOST="192.0.2.1"),
    case("no such name", HOST="chat.invalid"),
    case("half a bracket", HOST="[::1"),
    warned("open, but nobody is answered", HOST=EVERYWHERE),
    warned("open beside the proxy", production=True, HOST=EVERYWHERE),
    # Processes and proxies
    case("no number", WEB_CONCURRENCY="two"),
    case("none", WEB_CONCURRENCY="0"),
    case("without REDIS_URL", WEB_CONCURRENCY="2"),
    case("no number", PROJCHAT_PROXIES="yes"),
    case("too many", PROJCHAT_PROXIES="127"),
    case("unsafe", FORWARDED_ALLOW_IPS="*"),
    case("unsafe", FORWARDED_ALLOW_IPS="10.0.0.5,0.0.0.0/0"),
    case("unsafe", FORWARDED_ALLOW_IPS="::/0"),
    case("no address", FORWARDED_ALLOW_IPS="nginx"),
    # Files
    case("not the whole path", PROJCHAT_INSTANCE="instance"),
    case("not ours to write to", PROJCHAT_INSTANCE="/proc/projchat"),
    case("no folder", PROJCHAT_INSTANCE="FOLDER/letter.txt"),
    in_production(
        "missing beside PostgreSQL", DATABASE_URL="postgresql://127.0.0.1/x", PROJCHAT_INSTANCE=""
    ),
    case("no number", PROJCHAT_UPLOAD_BYTES="25MB"),
    case("nothing", PROJCHAT_UPLOAD_BYTES="0"),
    case("contradictory", PROJCHAT_UPLOAD_BYTES="2000000", PROJCHAT_UPLOAD_QUOTA="1000000"),
    case("contradictory", PROJCHAT_UPLOAD_QUOTA_PROJECT="1000000"),
    case("no number", PROJCHAT_UPLOAD_QUOTA_TOTAL="500GB"),
    case("neither on nor off", PROJCHAT_ACCEL="nginx"),
    # Limits, and what is for development
    case("neither on nor off", PROJCHAT_LIMITS="none"),
    in_production("unsafe", PROJCHAT_LIMITS="off"),
    case("nothing", PROJCHAT_LOGINS_PER_MINUTE="0"),
    case("nothing", PROJCHAT_LOGIN_DAYS="0"),
    case("too much", PROJCHAT_LOGIN_IDLE_DAYS="36500"),
    case("nothing", PROJCHAT_SOCKETS_PER_ADDRESS="0"),
    case("no number", PROJCHAT_SOCKETS_PER_PERSON="many"),
    in_production("unsafe", FLASK_DEBUG="1"),
    in_production("for tests", PROJCHAT_FAILPOINTS="faults.py"),
    in_production("for development", PROJCHAT_RELOAD="1"),
]


class Place:
    """A folder with what the cases name, a port that is taken, one that is closed, a PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self.instance = folder / "instance"
        self.folder = folder / "folder"
        self.folder.mkdir()
        (self.folder / "letter.txt").write_text("This is a letter, and no database.\n" * 40)
        with closing(sqlite3.connect(self.folder / "newer.sqlite3")) as newer:
            newer.execute("CREATE TABLE alembic_version (version_num TEXT)")
            newer.execute("CREATE TABLE users (id INTEGER)")
            newer.execute("INSERT INTO alembic_version VALUES ('9999')")
            newer.commit()
        self.taken = socket.create_server(("127.0.0.1", 0))
        self.postgres = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._let_nobody_in, daemon=True).start()
        self.words = {
            "FOLDER": str(self.folder),
            "TAKEN": str(self.taken.getsockname()[1]),
            "CLOSED": str(free_port()),
            "POSTGRES": str(self.postgres.getsockname()[1]),
            "FREE": str(free_port()),
        }

    def try_out(self, each: Case) -> subprocess.CompletedProcess[str]:
        """Start the server, or only look where it would start."""
        given = {"PROJCHAT_INSTANCE": str(self.instance), "PORT": "FREE"}
        given |= (SITE if each.production else {}) | each.given
        for word, value in self.words.items():
            given = {name: text.replace(word, value) for name, text in given.items()}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith((*OURS, "FORWARDED_", "HOST", "PORT"))
        }
        return subprocess.run(
            [COMMAND, "check" if each.starts else "run"],
            cwd=ROOT,
            env={**inherited, "LANG": "C.UTF-8", "LANGUAGE": "", "LC_ALL": "", **given},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def shown(self, text: str) -> str:
        """A text without what is of this run only."""
        following = int(self.words["TAKEN"]) % 65535 + 1
        text = text.replace(str(following), "3001").replace(self.words["TAKEN"], "3000")
        for word in ("CLOSED", "POSTGRES"):
            text = text.replace(self.words[word], "5432")
        text = re.sub(r"(knows|downgrade) \d+", r"\1 0010", text)
        return text.replace(str(self.folder), "/srv/projchat")

    def _let_nobody_in(self) -> None:
        """Answer as PostgreSQL answers a wrong password."""
        fields = b'SFATAL\0C28P01\0Mpassword authentication failed for user "projchat"\0\0'
        while True:
            client, _ = self.postgres.accept()
            with client:
                client.recv(1024)  # It asks for TLS first.
                client.sendall(b"N")
                client.recv(1024)
                client.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("environments"))


@pytest.fixture(scope="module")
def answers(place: Place) -> Answers:
    """Every case tried, several at once."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(place.try_out, CASES))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[each.setting[:60] for each in CASES])
def test_it_gets_one_sentence(number: int, answers: Answers):
    each, done = CASES[number], answers[number]
    said = done.stdout + done.stderr
    assert TRACEBACK not in said
    assert done.returncode == (0 if each.starts else 1), said
    assert "geheim" not in said
    (sentence,) = sentences(each, done)
    assert any(name in sentence for name in [*each.given, "database"])


def sentences(each: Case, done: subprocess.CompletedProcess[str]) -> list[str]:
    """What it says about the setting."""
    if each.starts:
        marked = [line for line in done.stdout.splitlines() if line.startswith("⚠️ ")]
        return [line.removeprefix("⚠️ ") for line in marked]
    return [line.removeprefix("Error: ") for line in done.stderr.splitlines()]


def test_the_page_shows_what_was_seen(place: Place, answers: Answers):
    page = "\n".join(written(place, answers)) + "\n"
    if os.environ.get("PROJCHAT_SETTINGS_PAGE"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "Write docs/settings.md anew: make settings-page"


def written(place: Place, answers: Answers) -> Iterator[str]:
    starting = sum(each.starts for each in CASES)
    yield "# Wrong settings, and what they get"
    yield ""
    yield "README.md tells what each setting is for. This page is written by"
    yield "`tests/test_environments.py` (`make settings-page`), which starts the server in each of"
    yield f"{len(CASES)} environments. {len(CASES) - starting} are refused with one sentence and"
    yield f"the exit status 1; in {starting}, marked ⚠️, the server starts and says it. A traceback,"
    yield "or a password in what is said, fails the test. `projchat check` says the same and starts"
    yield "nothing. The rows with *in production* have all else that production needs."
    yield ""
    yield "| setting | what is wrong | what is said |"
    yield "| --- | --- | --- |"
    for each, done in zip(CASES, answers, strict=True):
        said = place.shown(sentences(each, done)[0])
        where = ", in production" if each.production else ""
        mark = "⚠️ " if each.starts else ""
        shown = shortened(each)
        yield f"| `{shown}` | {each.wrong}{where} | {mark}{said} |"


def shortened(each: Case) -> str:
    """The setting as the page shows it."""
    text = each.setting.replace("a" * 64, "aaa…").replace("0123456789abcdef" * 4, "0123…")
    for word, value in {"FOLDER": "/srv/projchat", "TAKEN": "3000"}.items():
        text = text.replace(word, value)
    return text.replace("CLOSED", "5432").replace("POSTGRES", "5432")
