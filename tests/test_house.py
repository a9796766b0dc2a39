"""The house stands as docs/development.md draws it: imports flow one way."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "projchat"

# Each part imports only from floors below its own; parts of one floor do not know each other.
FLOORS: list[set[str]] = [
    {"eventloop", "normalization", "picture_metadata"},
    {"fallback_storage"},
    {"rate_limits"},
    {"addresses"},
    {
        "bell",
        "config",
        "database",
        "document",
        "emoji",
        "extensions",
        "failpoints",
        "fair_share",
        "logs",
        "loop_delay",
        "markup",
        "names",
        "offload",
        "picture_decoder",
        "passwords",
        "presence",
        "proxies",
        "publishing",
        "request_ids",
        "response_backlog",
        "searching",
    },
    {"models", "pictures", "webpush"},
    {"errors", "i18n", "login_guard", "schemas"},
    {"history_watch", "login_upkeep"},
    {"assets", "auth", "indexing", "readiness", "uploads"},
    {"copying", "demo", "gunicorn_conf", "realtime", "routes", "worker"},
    {PACKAGE},
    {"preflight"},
    {"commands", "serve"},
    {"cli"},
    {"__main__"},
]
LEVEL = {part: level for level, floor in enumerate(FLOORS) for part in floor}

# create_app() says itself why it imports the house only when it is called.
MAY_IMPORT_LATE = {ROOT / PACKAGE / "__init__.py"}

OF_THE_REQUEST = {"current_user", "g", "request", "session", "socketio"}
EVENTLET_MAY_BE_NAMED_IN = {
    "projchat/eventloop.py",
    "projchat/loop_delay.py",
    "projchat/offload.py",
    "projchat/realtime/ears.py",
    "projchat/realtime/websockets.py",
    "projchat/realtime/wires.py",
    "projchat/worker.py",
    "wsgi.py",
}


class Import(NamedTuple):
    """One import statement: the names that it takes from a module, and where it stands."""

    path: Path
    line: int
    module: str
    names: list[str]
    late: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}: {self.names}"

    @property
    def parts(self) -> set[str]:
        """The parts of our house that it imports from."""
        first, _, rest = self.module.partition(".")
        if first != PACKAGE:
            return set()
        if rest:
            return {rest.split(".")[0]}
        return {name if name in LEVEL else PACKAGE for name in self.names}


def sources() -> list[Path]:
    return [*sorted((ROOT / PACKAGE).rglob("*.py")), ROOT / "wsgi.py"]


def part_of(path: Path) -> str:
    inside = path.relative_to(ROOT / PACKAGE)
    return PACKAGE if inside == Path("__init__.py") else inside.parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, relative ones spelled out."""
    tree = ast.parse(path.read_text())
    inside_functions = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        late = id(node) in inside_functions
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name, [], late)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            yield Import(path, node.lineno, absolute(path, node), names, late)


def absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def in_the_package() -> list[Path]:
    return [path for path in sources() if path.is_relative_to(ROOT / PACKAGE)]


def test_every_part_has_its_floor() -> None:
    homeless = {part_of(path) for path in in_the_package()} - LEVEL.keys()
    assert not homeless, f"Give them a place in FLOORS: {homeless}"


def test_imports_flow_one_way() -> None:
    wrong = [
        str(each)
        for path in in_the_package()
        for each in imports(path)
        for other in each.parts - {part_of(path)}
        if LEVEL[other] >= LEVEL[part_of(path)]
    ]
    assert not wrong, "\n".join(wrong)


def test_wsgi_knows_only_the_package() -> None:
    assert set().union(*(each.parts for each in imports(ROOT / "wsgi.py"))) == {PACKAGE}


def test_nothing_of_ours_is_imported_late() -> None:
    late = [
        str(each)
        for path in set(sources()) - MAY_IMPORT_LATE
        for each in imports(path)
        if each.late and each.parts
    ]
    assert not late, "\n".join(late)


@pytest.mark.parametrize("name", sorted(OF_THE_REQUEST))
def test_models_never_see_the_request(name: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / PACKAGE / "models").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    assert not wrong, f"{name} is used in {wrong}"


def test_eventlet_is_named_in_few_places() -> None:
    named = {
        str(path.relative_to(ROOT))
        for path in sources()
        for each in imports(path)
        if each.module.split(".")[0] == "eventlet"
    }
    assert named <= EVENTLET_MAY_BE_NAMED_IN
