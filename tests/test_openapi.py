"""The published description of the API: it is true, and whatever it allows is answered."""

import itertools
import os
import re
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode

from support.cast import done
from support.contract import Rule, rules
from support.person import Person

EXAMPLES = int(os.environ.get("PROJCHAT_FUZZ_EXAMPLES") or 10)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]
OPTIONAL_BODIES = {
    "PATCH /api/account",
    "PATCH /api/projects/{project_id}",
    "PATCH /api/projects/{project_id}/membership",
    "POST /api/projects/{project_id}/invites",
    "POST /api/invites/{token}",
}
DESCRIBED = [rule for rule in rules() if rule.is_api and rule.path != "/api/openapi.json"]


def described_path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.path)


@pytest.fixture(scope="module")
def document(server: Any) -> dict[str, Any]:
    described: dict[str, Any] = done(Person(server).get("/api/openapi.json"))
    return described


@pytest.fixture(scope="module")
def api(server: Any) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/api/openapi.json")


@pytest.fixture(scope="module")
def stage(server: Any, everybody: Any) -> Any:
    """Two people with a project, in which the invented calls may do what they like.

    What they are to find is given to them; all else of a call is invented.
    """
    owner, member = everybody.newcomer(), everybody.newcomer()
    project = everybody.project(owner, [member])
    invite = done(owner.post(f"{project.api}/invites", {"expiresInDays": 90}))
    number = project.post(owner, "Hello")["number"]
    real = {"project_id": project.id, "number": number, "token": invite["token"]}
    return itertools.cycle((owner, member)), real


def test_it_describes_every_address_of_the_api(document: dict[str, Any]) -> None:
    paths = document["paths"].items()
    described = {f"{method.upper()} {path}" for path, methods in paths for method in methods}
    assert described == {f"{rule.method} {described_path(rule)}" for rule in DESCRIBED}


def test_it_requires_a_body_where_a_field_must_be_given(document: dict[str, Any]) -> None:
    bodies = {
        f"{method.upper()} {path}": operation["requestBody"]["required"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    optional = {name for name, is_required in bodies.items() if not is_required}
    assert optional == OPTIONAL_BODIES
    assert bodies["POST /api/session"]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("rule", DESCRIBED, ids=str)
def test_whatever_is_sent_is_answered_as_described(
    api: Any, stage: Any, rule: Rule, mode: GenerationMode
) -> None:
    people, real = stage
    operation = api[described_path(rule)][rule.method]

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        person = next(people)
        for name in real.keys() & (case.path_parameters or {}).keys():
            case.path_parameters[name] = real[name]
        # Whoever waits longer is answered later, and no other thing.
        if isinstance(wait := (case.query or {}).get("wait"), int):
            case.query["wait"] = min(wait, 1)
        if str(rule) == "DELETE /api/session":
            done(person.login())
        case.headers.update({"X-CSRFToken": person.csrf_token, "Cookie": person.cookie_header()})
        case.call_and_validate(checks=CHECKS)

    ask()
