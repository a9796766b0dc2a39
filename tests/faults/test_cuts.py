"""Row 4: the way to the server breaks before the body, in it, or before the answer."""

import random
from collections.abc import Callable

import pytest

from faults.proxy import Fate
from faults.scene import Scene

HEAL_SECONDS = 15


def fates(rng: random.Random) -> list[Callable[[], Fate]]:
    return [
        lambda: Fate(body=0),
        lambda: Fate(body=rng.randint(1, 40)),
        lambda: Fate(down=0),
        lambda: Fate(down=rng.randint(1, 200)),
    ]


@pytest.mark.brief
@pytest.mark.row(
    "04",
    "POST cut before the body, in it, before the answer",
    "one row per `clientId`",
)
def test_a_cut_request_is_stored_once(scene: Scene, row, size, request):
    times = size(500, 40)
    scene.node_readers(1)
    proxy = scene.proxy()
    writer = scene.writer(proxy.url)
    kinds = fates(scene.rng)
    for turn in range(times):
        cuts = scene.rng.choice((1, 1, 1, 2, 3))
        planned = [kinds[(turn + step) % len(kinds)]() for step in range(cuts)]
        proxy.fate = lambda plan=planned: plan.pop(0) if plan else Fate()
        proxy.cut()
        writer.send(f"message {turn}")
    scene.converge(HEAL_SECONDS)
    count = scene.judge()
    cut, again = writer.receipts.statuses["cut"], writer.receipts.statuses["200"]
    assert cut >= times
    assert again > 0
    row.measured(
        f"{request.node.callspec.id}: {times} messages, {cut} cuts, {again} answered as the first "
        f"time, {count} rows, 0 twice"
    )
