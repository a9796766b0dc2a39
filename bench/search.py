"""How long does a search take among a million messages?

Fills a database with messages in Russian, English and Chinese and asks forty queries of the whole
application, each as a request of its own. Run it with `make bench-search`;
PROJCHAT_TEST_DATABASE_URL adds PostgreSQL. KEEP=folder keeps the databases for the next run.
"""

import argparse
import pydoc_data.topics
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from io import StringIO
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from babel import Locale
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Connection, create_engine, make_url, text

from projchat import create_app, searching
from projchat.config import from_environment
from projchat.extensions import db
from projchat.models.word_index import KEEPERS, Keeper

GOAL_MS = 50
PASSWORD = "correct horse battery"  # noqa: S105 - it opens a database that is thrown away.
PEOPLE = 40
AT_ONCE = 5000
YEARS = 3
# How the messages are shared out: one project with most of them, some middling, many small.
# The reader is in all but the second.
SHARES = [600, 100, 100, *[20] * 7, *[2] * 30]
OUTSIDE = 2
EVERYWHERE = 0

# Where (the number of a project, or everywhere) and what.
QUERIES: list[tuple[int, str]] = [
    (1, "и"),
    (1, "пр"),
    (1, "про"),
    (1, "ПРОЕКТ"),
    (1, "проект"),
    (1, "настройк"),
    (1, "языка"),
    (1, "сообщение удалено"),
    (1, "который очень"),
    (1, "the"),
    (1, "statement"),
    (1, "Assignment Expression"),
    (1, "ession"),
    (1, "iteration protocol"),
    (1, "zeroconf"),
    (1, "PRJ-000"),
    (1, "PRJ-104729"),
    (1, "prj-77"),
    (1, "中国"),
    (1, "语"),
    (1, "阿拉伯"),
    (1, "https://example.org"),
    (1, "from:person7"),
    (1, "from:person7 проект"),
    (1, "from:person39 the"),
    (1, "has:link"),
    (1, "has:link from:person3 python"),
    (1, "проект before:2024-02-01"),
    (1, "before:2024-01-15"),
    (1, "the after:2025-06-01 before:2025-06-03"),
    (1, "слово которого нигде нет"),
    (1, "абвгдежзик"),
    (4, "проект"),
    (4, "statement"),
    (EVERYWHERE, "про"),
    (EVERYWHERE, "языка the"),
    (EVERYWHERE, "PRJ-104729"),
    (EVERYWHERE, "зимбабве"),
    (EVERYWHERE, "has:link 日本"),
    (EVERYWHERE, "from:person7 before:2024-06-01 import"),
]


class Line(NamedTuple):
    """One message to be filled in."""

    project: int
    number: int
    author: int
    moment: datetime
    html: str


def main() -> None:
    """Fill, ask, and print a table for each database at hand."""
    options = _options()
    for name, url in _databases(options):
        app = create_app(_settings(options.keep, url))
        with app.app_context():
            client = _prepared(app, options.messages)
            _report(name, options.messages, client, options.rounds)
            db.session.remove()
            db.engine.dispose()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder; the databases are used again")
    parser.add_argument("--postgresql", help="the URL of a server where a database may be made")
    parser.add_argument("--only", choices=["SQLite", "PostgreSQL"])
    return parser.parse_args()


def _databases(options: argparse.Namespace) -> Iterator[tuple[str, str | None]]:
    with tempfile.TemporaryDirectory() as folder:
        options.kept = options.keep is not None
        options.keep = options.keep or Path(folder)
        if options.only != "PostgreSQL":
            yield "SQLite", None
        if options.postgresql and options.only != "SQLite":
            with _lent(options.postgresql, options.kept) as url:
                yield "PostgreSQL", url


@contextmanager
def _lent(server: str, kept: bool) -> Iterator[str]:
    """A database of our own, dropped afterwards unless it shall be used again."""
    address = make_url(server.replace("postgres://", "postgresql://")).set(
        drivername="postgresql+psycopg2"
    )
    name = "projchat_bench" if kept else f"projchat_bench_{random.randrange(10**9)}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if not connection.scalar(there, {"name": name}):
            connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        if not kept:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def _settings(folder: Path, url: str | None) -> dict[str, Any]:
    environment = {"PROJCHAT_INSTANCE": str(folder), "PROJCHAT_LIMITS": "off"}
    return from_environment({**environment, **({"DATABASE_URL": url} if url else {})})


def _prepared(app: Flask, messages: int) -> FlaskClient:
    upgrade()
    client = app.test_client()
    token = client.get("/api/session").get_json()["csrfToken"]
    headers = {"X-CSRFToken": token}
    reader = {"username": "olga", "password": PASSWORD}
    first = client.post("/api/setup", json={"name": "Olga", **reader}, headers=headers)
    if first.status_code == 409:
        client.post("/api/session", json=reader, headers=headers)
        return client
    with db.engine.begin() as connection:
        _fill_frame(connection, messages)
    started = time.monotonic()
    FILLERS[db.engine.dialect.name](messages)
    print(f"filled in {time.monotonic() - started:.0f} s")
    return client


def _sizes(messages: int) -> list[int]:
    return [share * messages // sum(SHARES) for share in SHARES]


def _fill_frame(connection: Connection, messages: int) -> None:
    """The people, the projects and the memberships."""
    begun = datetime(2023, 11, 1, tzinfo=UTC)
    for number in range(1, PEOPLE + 1):
        connection.execute(
            text(
                "INSERT INTO users (id, username, username_skeleton, name, password_hash, is_admin,"
                " active, created_at) VALUES (:id, :name, :name, :name, '', :no, :yes, :now)"
            ),
            {"id": 1 + number, "name": f"person{number}", "no": False, "yes": True, "now": begun},
        )
    for project, size in enumerate(_sizes(messages), 1):
        connection.execute(
            text(
                "INSERT INTO projects (id, name, description, created_at, message_count,"
                " indexed_count, version) VALUES (:id, :name, '', :now, :size, :size, :size)"
            ),
            {"id": project, "name": f"Project {project}", "now": begun, "size": size},
        )
        for user in range(2 if project == OUTSIDE else 1, PEOPLE + 2):
            connection.execute(
                text(
                    "INSERT INTO memberships (project_id, user_id, role, last_read_number, notify,"
                    " joined_at) VALUES (:project, :user, 'member', 0, 'all', :now)"
                ),
                {"project": project, "user": user, "now": begun},
            )


def _fill_sqlite(messages: int) -> None:
    keeper = KEEPERS["sqlite"]
    connection = db.engine.raw_connection()
    cursor = connection.cursor()
    for some in _batched(_lines(messages), AT_ONCE):
        cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(
            f"INSERT INTO messages ({COLUMNS}) VALUES ({', '.join('?' * 12)})",  # noqa: S608
            [(*row, str(line.moment.replace(tzinfo=None))) for line, *row in _rows(some)],
        )
        cursor.executemany(
            "INSERT INTO message_index (rowid, tokens) VALUES (:rowid, :tokens)",
            [keeper.row(key, _keys(keeper, line)) for line, key, *_ in _rows(some)],
        )
        cursor.execute("COMMIT")
    connection.close()


def _fill_postgresql(messages: int) -> None:
    """Copied in; the index over the words is made again afterwards, as the migration does it."""
    keeper = KEEPERS["postgresql"]
    connection = db.engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("SET statement_timeout = 0")
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_message_index_tokens'")
    definition = cursor.fetchone()[0]
    cursor.execute("DROP INDEX ix_message_index_tokens")
    for some in _batched(_lines(messages), AT_ONCE):
        rows = ["\t".join(map(str, (*row, line.moment))) for line, *row in _rows(some)]
        cursor.copy_expert(f"COPY messages ({COLUMNS}) FROM STDIN", StringIO("\n".join(rows)))
        kept = [keeper.row(key, _keys(keeper, line)) for line, key, *_ in _rows(some)]
        rows = [f"{row['message_id']}\t{{{','.join(map(str, row['tokens']))}}}" for row in kept]
        cursor.copy_expert("COPY message_index FROM STDIN", StringIO("\n".join(rows)))
    cursor.execute(definition)
    connection.commit()
    connection.close()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
        plain.execute(text("SET statement_timeout = 0"))
        plain.execute(text("VACUUM ANALYZE"))


FILLERS: dict[str, Callable[[int], None]] = {
    "sqlite": _fill_sqlite,
    "postgresql": _fill_postgresql,
}
COLUMNS = (
    "id, project_id, number, version, author_id, client_id, fingerprint, kind, body, html, "
    "reply_to, created_at"
)


def _rows(lines: list[tuple[int, Line]]) -> Iterator[tuple[Any, ...]]:
    for key, line in lines:
        yield (
            line,
            *(key, line.project, line.number, line.number, line.author, f"client-{key}"),
            *("", "text", line.html, line.html, 1),
        )


def _keys(keeper: Keeper, line: Line) -> list[int]:
    about = searching.about(line.author, line.moment)
    return keeper.keys(line.project, line.number, searching.tokens(line.html), about)


def _batched(lines: Iterator[Line], size: int) -> Iterator[list[tuple[int, Line]]]:
    numbered = iter(enumerate(lines, 1))
    while some := list(islice(numbered, size)):
        yield some


# -- What is written


def _lines(messages: int) -> Iterator[Line]:
    """All messages in the order of their time, the projects mixed."""
    chance = random.Random(5)
    sizes = _sizes(messages)
    order = [project for project, size in enumerate(sizes, 1) for _ in range(size)]
    chance.shuffle(order)
    numbers = dict.fromkeys(range(1, len(sizes) + 1), 0)
    begun = datetime(2023, 11, 1, tzinfo=UTC)
    step = timedelta(days=365 * YEARS) / len(order)
    talk = Talk(chance)
    authors = range(2, PEOPLE + 2)
    weights = list(accumulate(1 / rank for rank in range(1, PEOPLE + 1)))
    for place, project in enumerate(order):
        numbers[project] += 1
        author = chance.choices(authors, cum_weights=weights)[0]
        yield Line(project, numbers[project], author, begun + step * place, talk.message(place))


class Talk:
    """Messages made of words that are as frequent as words are: many rare ones, a few common."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        english = re.findall(r"[A-Za-z]{2,}", " ".join(pydoc_data.topics.topics.values()))
        self.english = english
        self.russian = [*COMMON.split(), *self._names("ru")]
        self.russian_weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.russian))))
        self.chinese = "".join(self._names("zh"))
        self.syllables = SYLLABLES.split()

    def message(self, place: int) -> str:
        """One message, as HTML."""
        chance = self.chance
        length = min(200, max(1, int(chance.lognormvariate(2.1, 0.8))))
        kind = chance.choices((self._in_english, self._in_russian, self._in_chinese), (4, 5, 1))[0]
        said = escape(kind(length))
        lot = chance.random()
        if lot < 0.04:
            url = f"https://example.org/{chance.choice(self.english).lower()}/{place % 997}"
            said += f' <a href="{url}" rel="nofollow" target="_blank">{url}</a>'
        elif lot < 0.08:
            said += f" PRJ-{chance.randrange(1, 200_000):06}"
        elif lot < 0.12:
            said += " " + "".join(chance.choice(self.syllables) for _ in range(4))
        return f"<p>{said}</p>"

    def _in_english(self, length: int) -> str:
        start = self.chance.randrange(len(self.english) - length)
        return " ".join(self.english[start : start + length])

    def _in_russian(self, length: int) -> str:
        words = self.chance.choices(self.russian, cum_weights=self.russian_weights, k=length)
        return " ".join(words).capitalize()

    def _in_chinese(self, length: int) -> str:
        start = self.chance.randrange(len(self.chinese) - 2 * length)
        return self.chinese[start : start + 2 * length] + "。"

    def _names(self, language: str) -> list[str]:
        locale = Locale(language)
        tables = (locale.territories, locale.languages, locale.currencies, locale.scripts)
        words = [word for names in tables for name in names.values() for word in name.split()]
        self.chance.shuffle(words)
        return words


COMMON = """
и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой год от так о
для ты же все тот мочь вы человек такой его сказать только или ещё бы себя один как уже до время
если сам когда другой вот говорить наш мой знать стать при чтобы дело жизнь кто первый очень два
день её новый рука даже во со раз где там под можно ну какой после их работа без самый потом надо
хотеть ли слово идти большой должен место иметь ничто проект проекта проекту проекты сообщение
сообщения удалено настройка настройки настройку настройках задача задачи сделано завтра сегодня
вопрос ответ спасибо пожалуйста созвон встреча отчёт документ ссылка файл ошибка ошибки проверить
"""
SYLLABLES = "ба ву го да же за ки ло ме но па ру со та фе ха ца чо ша щу эн юл яр zer oco nf qua"

# -- What is asked


def _report(name: str, messages: int, client: FlaskClient, rounds: int) -> None:
    print(f"\n### {name}, {messages:,} messages\n")
    print("| where | query | found | CPU, ms | p50, ms | p95, ms |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    everything: list[float] = []
    work: list[float] = []
    for project, query in QUERIES:
        started = time.process_time()
        times, found = _asked(client, project, query, rounds)
        work.append((time.process_time() - started) * 1000 / rounds)
        everything += times
        where = f"project {project}" if project else "everywhere"
        print(f"| {where} | `{query}` | {found} | {_row([work[-1]], times)} |")
    print(f"| all | {len(everything)} requests | | {_row(work, everything)} |")
    print(f"\nGoal: p95 of {GOAL_MS} ms. Slowest: {max(everything):.1f} ms.", flush=True)


def _asked(client: FlaskClient, project: int, query: str, rounds: int) -> tuple[list[float], str]:
    where = f"/api/projects/{project}" if project else "/api"
    address = f"{where}/search?q={quote(query)}"
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = client.get(address)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text  # noqa: S101 - a wrong figure is none.
    body = answer.get_json()
    return times, f"{len(body['results'])}{'+' if body['hasMore'] else ''}"


def _row(work: list[float], times: list[float]) -> str:
    return f"{statistics.mean(work):.1f} | {statistics.median(times):.1f} | {_p95(times):.1f}"


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


if __name__ == "__main__":
    main()
