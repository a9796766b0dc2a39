"""Forty queries and what they find: the same on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask_migrate import upgrade
from sqlalchemy import select, update

from projchat import create_app, indexing, searching
from projchat.config import from_environment
from projchat.extensions import db
from projchat.fair_share import FairShare, WorkBudget
from projchat.models import Membership, Message, Project, User, finding, word_index
from projchat.models import project as project_module
from projchat.models.types import now
from support.backend import Backend

# Who, on which day of November 2026, in which project (A and B are Olga's too, C is not), what.
SAID: list[tuple[str, int, str, str]] = [
    ("olga", 1, "A", "Проект начат, ПРОЕКТОМ руководит Анна"),
    ("anna", 1, "A", "Straße and strasse, CAFÉ and cafe"),
    ("anna", 2, "B", "Ещё одна ёлка; елей"),
    ("olga", 3, "A", "我们在北京见面"),
    ("olga", 3, "B", "東京と京都、それから大阪"),
    ("anna", 5, "C", "Проект секретный, 北京, https://example.org/secret"),
    ("anna", 6, "A", "See https://example.org/draft?x=1 and user_id, foo-bar"),
    ("olga", 7, "B", 'He said "hello world" OR (NEAR x) AND NOT a* -b ^c col:umn'),
    ("anna", 9, "A", "`SELECT * FROM messages WHERE id = 'x'; --` 100% sure"),
    ("olga", 10, "A", "Hello, **wor**ld! helloworld"),
    ("olga", 12, "B", "전체 회의는 내일"),
    ("anna", 15, "A", "ab abc zab banana"),
    ("anna", 18, "B", "проверка: абвг бвгд, no абвгд"),
    ("olga", 19, "A", "[the docs](https://docs.example/intro) 👍🏽"),
    ("olga", 20, "A", "Ｆｕｌｌｗｉｄｔｈ text and ﬁne ligature"),
    ("anna", 21, "A", "İstanbul, ΣΊΣΥΦΟΣ, résumé"),
    ("olga", 30, "B", "เราพบกันที่กรุงเทพ"),
]
# What is asked everywhere, and the places of what is found in the list above.
TABLE: list[tuple[str, list[int]]] = [
    ("проект", [0]),
    ("ПРОЕКТОМ", [0]),
    ("оект", [0]),
    ("про", [12, 0]),
    ("п", [12, 0]),
    ("пр рук", [0]),
    ("ёлка", [2]),
    ("ЕЛКА", [2]),
    ("еще", [2]),
    ("STRASSE", [1]),
    ("straße", [1]),
    ("cafe", [1]),
    ("café", [1]),
    ("resume", [15]),
    ("istanbul", [15]),
    ("σίσυφος", [15]),
    ("fullwidth", [14]),
    ("fine", [14]),
    ("北京", [3]),
    ("京", [4, 3]),
    ("京都", [4]),
    ("회의", [10]),
    ("กรุง", [16]),
    ("👍", [13]),
    ("ab", [11]),
    ("abc", [11]),
    ("ana", [11]),
    ("абвгд", [12]),
    ('"hello world"', [9, 7]),
    ("hello OR zebra", []),
    ("hello OR near", [7]),
    ("(NEAR x) a* -b ^c", [7]),
    ("col:umn", [7]),
    ("user_id", [6]),
    ("foo-bar", [6]),
    ("o-b", [6]),
    ("example.org/draft", [6]),
    ("docs.example", [13]),
    ("'x'; --", [8, 7, 6]),
    ("%", []),
    ('"', []),
    ("секретный", []),
    ("from:anna", [15, 12, 11, 8, 6, 2, 1]),
    ("from:Анна проверка", [12]),
    ("from:me 京", [4, 3]),
    ("from:nobody", []),
    ("from:bert", []),
    ("has:link", [13, 6]),
    ("has:file", []),
    ("has:link from:olga", [13]),
    ("before:2026-11-03", [2, 1, 0]),
    ("after:2026-11-20", [16, 15, 14]),
    ("after:2026-11-10 before:2026-11-19 from:anna", [12, 11]),
    ("after:2026-12-01", []),
    ("after:2026-11-20 before:2026-11-01", []),
    ("before:2026-13-45", []),
    ("before:0001-01-01", []),
    ("before:9999-12-31 banana", [11]),
]


# Who asks, and who is in none of the projects.
NAMED = ("olga", "bert")
ON_POSTGRESQL = pytest.param("PostgreSQL", marks=pytest.mark.services)


@pytest.fixture(scope="module", params=["SQLite", ON_POSTGRESQL])
def app(request: Any, tmp_path_factory: Any) -> Iterator[Any]:
    """An application within the test, on one database and then on the other."""
    given = Backend.from_environment().database_url
    url = given if request.param == "PostgreSQL" else None
    folder = tmp_path_factory.mktemp("search")
    with Backend(url, None).lent() as lent:
        made = create_app(from_environment({"PROJCHAT_INSTANCE": str(folder), **lent}))
        with made.app_context():
            upgrade()
            yield made
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def shelves() -> Iterator[None]:
    """Shelves so small that a search must ask many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_index, "SHELF", 3)
        yield


@pytest.fixture(scope="module")
def talk(app: Any, shelves: None) -> Any:
    """Everything said, by Olga and Anna; Bert is silent."""
    olga = User.register("olga", "")
    anna = User.register("anna", "", "Анна Петрова")
    User.register("bert", "")
    owners = {"A": olga, "B": olga, "C": anna}
    projects = {name: Project.found(owner, name)[0] for name, owner in owners.items()}
    for name in "AB":
        projects[name].admit(anna)
    numbers = {}
    with pytest.MonkeyPatch.context() as patch:
        for place, (username, day, name, text) in enumerate(SAID):
            moment = datetime(2026, 11, day, 12, tzinfo=UTC)
            patch.setattr(project_module, "now", lambda moment=moment: moment)
            author = olga if username == "olga" else anna
            numbers[projects[name].post(author, text).id] = place
    db.session.commit()

    def ask(
        query: str, limit: int = 50, before: int | None = None, budget: WorkBudget | None = None
    ) -> Any:
        budget = budget or WorkBudget(FairShare(1.0, 60.0), olga.id, db.session.commit, 60.0, 60.0)
        asked, mine = searching.Query.parse(query), olga.projects()
        indexing.catch_up(mine)
        page = finding.search(olga, mine, asked, budget, limit, before)
        return [numbers[each.message.id] for each in page.found], page

    return ask


@pytest.mark.parametrize(("query", "places"), TABLE)
def test_it_finds(talk: Any, query: str, places: list[int]) -> None:
    found, page = talk(query)
    assert found == places
    assert page.next_before is None


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("query", ["п", "hello", "from:anna", "before:2026-11-25", "京"])
def test_pages_together_are_the_whole(talk: Any, query: str, limit: int) -> None:
    whole, _ = talk(query)
    seen, page = talk(query, limit)
    while page.next_before:
        places, page = talk(query, limit, page.next_before)
        seen += places
    assert seen == whole


@pytest.mark.parametrize("query", ["п", "hello", "from:anna", "before:2026-11-25", "京", "абвгд"])
def test_parts_that_a_budget_cuts_are_the_whole(talk: Any, query: str) -> None:
    """A budget of nothing lets each part test one candidate; together they are the answer."""
    whole, _ = talk(query)
    seen: list[int] = []
    before, cuts = None, 0
    while before is not None or not cuts:
        none_left = WorkBudget(FairShare(1.0, 60.0), 1, db.session.commit, 0.0, 0.0)
        places, page = talk(query, 50, before, none_left)
        seen, before, cuts = seen + places, page.next_before, cuts + 1
        assert page.is_cut == (before is not None)
    assert seen == whole
    assert cuts == len(whole) + 1 or query == "абвгд"


def while_others_have_their_turn(change: Any) -> WorkBudget:
    """A budget that waits after each piece, and a change that is made meanwhile."""

    def release() -> None:
        db.session.commit()
        db.session.execute(change)
        db.session.commit()

    return WorkBudget(FairShare(1.0, 60.0), 1, release, 60.0, 0.0)


def test_what_is_deleted_meanwhile_is_not_found(talk: Any) -> None:
    whole, page = talk("п")
    gone = update(Message).where(Message.id == page.found[0].message.id)
    db.session.expunge_all()
    try:
        budget = while_others_have_their_turn(gone.values(deleted_at=now()))
        assert talk("п", budget=budget)[0] == whole[1:]
    finally:
        db.session.execute(gone.values(deleted_at=None))
        db.session.commit()
    assert talk("п")[0] == whole


def test_whoever_is_removed_meanwhile_finds_nothing_of_the_project(talk: Any) -> None:
    whole, page = talk("п")
    left = page.found[0].message.project_id
    kept = [
        place
        for place, each in zip(whole, page.found, strict=True)
        if each.message.project_id != left
    ]
    olga, bert = (db.session.scalar(select(User.id).filter_by(username=name)) for name in NAMED)
    theirs = update(Membership).where(Membership.project_id == left)
    db.session.expunge_all()
    try:
        removal = theirs.where(Membership.user_id == olga).values(user_id=bert)
        assert talk("п", budget=while_others_have_their_turn(removal))[0] == kept
    finally:
        db.session.execute(theirs.where(Membership.user_id == bert).values(user_id=olga))
        db.session.commit()
    assert talk("п")[0] == whole


def test_what_holds_all_the_tokens_must_hold_the_word(talk: Any) -> None:
    """The tokens of a word may all be there and the word not: then it is not found."""
    assert talk("абвгд")[0] == [12]
    assert talk("абвгде")[0] == []
    assert talk("zabc")[0] == []
