"""docs/asvs.md has every row of levels 1 and 2 of OWASP ASVS 5.0, and what it names is there.

Below that stand small tests of what no other test holds.
"""

import ast
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

import pytest
from flask import Flask
from jinja2.utils import htmlsafe_json_dumps

from projchat import passwords
from projchat.auth import hash_password, verify_password
from projchat.document import Document
from projchat.routes import _policy
from projchat.routes.contract import Json
from support.server import ROOT

PAGE = ROOT / "docs" / "asvs.md"
STATES = ("met", "not met", "not applicable")
# The level of each requirement of version 5.0.0: a line for each chapter, a word for each section.
LEVELS = """
V1 22 1111122223 112222222223 222 123
V2 122 112 12223 23
V3 3 113 12223 11222233 11122333 3 22333
V4 12233 23333 22 1222
V5 2 112333 113 222
V6 122 111111112222 11223333 112233 22222333 2223 33 2222
V7 222 1111 22 11222 223 22
V8 1233 1123 133 23
V9 111 1222
V10 22 223 22223 1111122222233333 22222 22 222
V11 2233 22233 11233 1222 23 23 33
V12 12233 11 22223
V13 2333 222223 2233 1222233
V14 22 12223333 122
V15 12233 12233 1222222 3333
V16 2 22222 2222 222 2223
V17 23 22223333 22
"""
ASKED = {
    f"{chapter}.{section}.{number}": level
    for chapter, *sections in map(str.split, LEVELS.strip().splitlines())
    for section, levels in enumerate(sections, 1)
    for number, level in enumerate(levels, 1)
    if level in "12"
}
IDS = list(ASKED)
QUOTED = re.compile(r"`([^`]+)`")
OURS = re.compile(
    r"(?:(?:projchat|tests|docs|deploy|scripts|static|templates)/[\w./@-]+\w"
    r"|README\.md|Makefile|pyproject\.toml|requirements\.txt)"
)


class Row(NamedTuple):
    """One line of a chapter's table."""

    ids: list[str]
    level: str
    asked: str
    state: str
    by: str

    @property
    def tests(self) -> list[str]:
        """The tests that it names."""
        return [each for each in QUOTED.findall(self.by) if "::" in each]

    @property
    def files(self) -> list[str]:
        """The files that it names."""
        return [each for each in QUOTED.findall(self.by) if OURS.fullmatch(each)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def expanded(text: str) -> list[str]:
    """One id, or all of our levels from one to another."""
    first, _, last = text.partition("–")
    return IDS[IDS.index(first) : IDS.index(last or first) + 1]


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text()


@pytest.fixture(scope="module")
def rows(text: str) -> list[Row]:
    lines = [cells(line) for line in text.splitlines() if line.startswith("| V")]
    return [Row(expanded(first), *others) for first, *others in lines]


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


# -- The page


def test_each_requirement_has_its_row_in_its_chapter(text: str, rows: list[Row]) -> None:
    assert [each for row in rows for each in row.ids] == IDS
    for chapter, part in re.findall(r"^## (V\d+) (.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE):
        found = re.findall(r"^\| (V\d+)\.", part, re.MULTILINE)
        assert set(found) == {chapter}


def test_each_row_has_its_level_and_a_state_and_a_reason(rows: list[Row]) -> None:
    for row in rows:
        assert row.level == ", ".join(sorted({ASKED[each] for each in row.ids})), row
        assert row.state in STATES, row
        assert row.asked, row
        assert row.by, row
        assert len(row.ids) == 1 or row.state == "not applicable", row


def test_what_is_met_names_a_test_or_says_that_there_is_none(rows: list[Row]) -> None:
    for row in rows:
        if row.state == "met":
            assert row.tests or row.files, row
            assert row.tests or "no test" in row.by, row


def test_what_the_rows_name_is_there(rows: list[Row]) -> None:
    for row in rows:
        for named in row.tests:
            path, _, name = named.partition("::")
            assert name in functions(path), named
        for named in row.files:
            assert (ROOT / named).exists(), named


def test_the_summary_counts_right(text: str, rows: list[Row]) -> None:
    states = Counter((ASKED[each], row.state) for row in rows for each in row.ids)
    for levels, name in (("1", "1"), ("2", "2"), ("12", "both")):
        counts = [sum(states[level, state] for level in levels) for state in STATES]
        line = f"| {name} | {sum(counts)} | {' | '.join(map(str, counts))} |"
        assert line in text.splitlines(), line


# -- What no other test holds


def test_a_password_is_hashed_as_it_was_typed() -> None:
    typed = "Correct Horse " * 14
    known = hash_password(typed)
    assert known.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password(typed, known)
    for other in (typed.lower(), typed.strip(), typed[:128]):
        assert not verify_password(other, known)


def test_more_common_passwords_are_known_than_are_asked_for() -> None:
    assert len(passwords._common()) > 3000


def test_passwords_are_typed_into_fields_of_their_kind() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    fields = re.findall(r'field\("\w*[pP]assword".*', templates)
    assert len(fields) == 4
    for field in fields:
        assert 'type="password"' in field
        assert re.search('autocomplete="(current|new)-password"', field)


def test_templates_escape_all_but_our_own_drawings() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert set(re.findall(r"\S+\|\s*safe\b", text)) <= {"shapes[name]|safe"}, path
        assert "autoescape" not in text, path


def test_json_in_a_page_ends_no_script() -> None:
    said = {"name": Document({"of": "</script><!--"})}
    assert not {"<", ">"} & set(htmlsafe_json_dumps(said, dumps=Json(Flask(__name__)).dumps))


def test_html_is_set_in_known_places_only() -> None:
    setting = r"\.(?:innerHTML|outerHTML) = |insertAdjacentHTML|document\.write"
    scripts = (ROOT / "static" / "js").rglob("*.js")
    found = {path.name for path in scripts if re.search(setting, path.read_text())}
    assert found == {"message_view.js", "details.js"}


def test_pages_embed_nothing_and_have_no_other_base() -> None:
    with Flask(__name__).app_context():
        assert {"object-src 'none'", "base-uri 'none'"} <= set(_policy().split("; "))


def test_nginx_speaks_tls_of_recent_versions_only() -> None:
    text = (ROOT / "deploy" / "nginx" / "site.conf").read_text()
    assert re.findall(r"ssl_protocols +(.*);", text) == ["TLSv1.2 TLSv1.3"]
