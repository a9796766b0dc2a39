"""The oracle must find out four variants that are broken on purpose."""

from collections.abc import Callable

import pytest

from faults.proxy import Fate
from faults.scene import Scene
from support.backend import Backend
from support.surgery import execute

WITHIN = 15


@pytest.fixture
def sabotaged(postgresql, broker, make_scene) -> Callable[[str], Scene]:
    def make(variant: str) -> Scene:
        backend = Backend(postgresql.url, broker.url)
        scene: Scene = make_scene(backend, WEB_CONCURRENCY="2", PROJCHAT_SABOTAGE=variant)
        scene.order("sabotage")
        if variant == "sequence":
            execute(scene.server, "CREATE SEQUENCE sabotage START 1000")
        if variant == "no-dedupe":
            names = "uq_messages_author_id_client_id"
            execute(scene.server, f"ALTER TABLE messages DROP CONSTRAINT {names}")
        return scene

    return make


def writing(scene: Scene, size: int) -> None:
    """What every variant goes through: four writers at once, and readers who come and go."""
    names = scene.node_readers(3)
    scene.reader()
    network = scene.proxy()
    writers = [scene.writer() for _ in range(3)]
    flaky = scene.writer(network.url)
    for writer in writers:
        writer.write(size, pause=0.02)
    for turn in range(size // 3):
        plan = [Fate(down=0)]
        network.fate = lambda plan=plan: plan.pop() if plan else Fate()
        network.cut()
        flaky.send(f"sent again {turn}")
        if turn % 3 == 0:
            scene.node.order("cut", [scene.rng.choice(names)])
    for writer in writers:
        writer.wait(120)
    # The last event of all is dropped.
    scene.order("drop")
    writers[0].send("the last")


def findings(scene: Scene, size: int) -> str:
    """What the oracle says at the end, if anything."""
    writing(scene, size)
    try:
        scene.converge(WITHIN)
        scene.judge()
    except AssertionError as found:
        return str(found).split("\n")[0][:160] or type(found).__name__
    return ""


@pytest.mark.brief
@pytest.mark.row("s0", "the same run, nothing broken", "the oracle is content")
def test_the_oracle_is_content_with_the_real_server(large: Scene, row, size):
    found = findings(large, size(150, 30))
    row.measured(found or "nothing found")
    assert not found


@pytest.mark.brief
@pytest.mark.row("s1", "sabotage", "the oracle fails it")
@pytest.mark.parametrize("variant", ["sequence", "no-dedupe", "no-beacon", "emit-before-commit"])
def test_the_oracle_finds_out(sabotaged, variant: str, row, size):
    found = findings(sabotaged(variant), size(150, 30))
    row.measured(f"{variant}: {found or 'NOT FOUND OUT'}")
    assert found
