"""`make audit`: what is known is told, and a list that cannot be reached is no pass."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "audit"
SKIPPED = {"dependencies": [{"name": "flask", "skip_reason": "not found"}]}
CLEAN = {"dependencies": [{"name": "flask", "version": "3.1.2", "vulns": []}]}
KNOWN = {"dependencies": [{"name": "flask", "version": "0.1", "vulns": [{"id": "PYSEC-1"}]}]}
NPM_CLEAN = {"auditReportVersion": 2, "vulnerabilities": {}}
NPM_KNOWN = {"auditReportVersion": 2, "vulnerabilities": {"idb": {"severity": "high"}}}
NPM_AWAY = {"message": "405 Method Not Allowed"}


@pytest.fixture(scope="module")
def audit():
    loader = SourceFileLoader("audit", str(SCRIPT))
    module = module_from_spec(spec_from_loader("audit", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("python", "npm", "status", "said"),
    [
        (CLEAN, NPM_CLEAN, 0, "npm: nothing is known."),
        (KNOWN, NPM_CLEAN, 1, "flask 0.1: PYSEC-1"),
        (CLEAN, NPM_KNOWN, 1, "idb: high"),
        (KNOWN, NPM_AWAY, 1, "flask 0.1: PYSEC-1"),
        (SKIPPED, NPM_CLEAN, 2, "1 of 1 packages could not be looked up"),
        (CLEAN, NPM_AWAY, 2, "405 Method Not Allowed"),
        ({"message": "no such command"}, NPM_CLEAN, 2, "could not be looked up"),
    ],
)
def test_its_status(audit, monkeypatch, capsys, python, npm, status, said):
    answers = {audit.PIP_AUDIT: python, audit.NPM_AUDIT: npm}
    monkeypatch.setattr(audit, "_answer", answers.get)
    assert audit.main() == status
    assert said in capsys.readouterr().out


def test_an_answer_that_is_no_json_is_none(audit):
    assert audit._answer("echo nonsense") == {"message": "nonsense"}
