"""What the application itself says of its addresses and events."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# The imports that a server patches would not mix with the tests' own threads.
SCRIPT = """
import json, projchat
from projchat.extensions import socketio
app = projchat.create_app()
rules = [
    [method, rule.rule, getattr(app.view_functions[rule.endpoint], "public", False)]
    for rule in app.url_map.iter_rules()
    for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
]
print(json.dumps({"rules": rules, "events": sorted(socketio.server.handlers["/"])}))
"""


class Rule(NamedTuple):
    """One address with one method."""

    method: str
    path: str
    public: bool

    def __str__(self) -> str:
        """Show it as the rows of the matrix are named."""
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        """Whether it speaks JSON."""
        return self.path.startswith("/api/") and self.path != "/api/docs"


@cache
def _contract() -> dict[str, list[str]]:
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "PROJCHAT_INSTANCE": folder, "PROJCHAT_ENV": "development"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        answer = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        contract: dict[str, list[str]] = json.loads(answer.stdout)
        return contract


def rules() -> list[Rule]:
    """Every address of the application."""
    return [Rule(*rule) for rule in _contract()["rules"]]


def unsafe_rules() -> list[Rule]:
    """Every address that changes something."""
    return [rule for rule in rules() if rule.method in UNSAFE]


def events() -> list[str]:
    """Every event that a client may send."""
    return list(_contract()["events"])
