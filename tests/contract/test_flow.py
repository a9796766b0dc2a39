"""The contract, driven from outside by a program that knows nothing of ours."""

import subprocess

from support.server import ROOT


def test_a_strangers_client_gets_along(server, alice, bob, charlie, project):
    story = ["scripts/with-node", "node", "tests/contract/flow.mjs", server.url]
    people = [alice.username, bob.username, charlie.username, alice.password]
    done = subprocess.run(
        [*story, *people, str(project.id)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
