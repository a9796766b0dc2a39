"""Two one-worker processes with one database, one Redis and one secret, behind nginx."""

import random
from pathlib import Path

from deploy.site import Site
from faults.scene import Scene
from support.backend import Backend
from support.server import Server, free_port


class Pair:
    """The processes, and the scene of those who use them."""

    def __init__(
        self, folder: Path, backend: Backend, seed: int | None = None, **environment: str
    ) -> None:
        self.port = free_port()
        settings = {
            "PROJCHAT_PROXIES": "1",
            "PROJCHAT_ORIGINS": f"http://127.0.0.1:{self.port}",
            **environment,
        }
        seed = random.randrange(10**6) if seed is None else seed
        self.scene = Scene(folder, seed, backend, **settings)
        first = self.scene.start().server
        shared = ("DATABASE_URL", "REDIS_URL", "PROJCHAT_INSTANCE")
        settings |= {name: first.environment[name] for name in shared}
        second = Server(folder / "second", Backend(None, None), **settings)
        self.scene.stack.callback(second.close)
        self.processes = (first, second.start())

    def site(self, variant: str) -> Site:
        """A running nginx in front of them; the end of the scene closes it at the latest."""
        site = Site(variant, self.port, [each.port for each in self.processes], self.instance)
        self.scene.stack.callback(site.close)
        site.start()
        return site

    @property
    def instance(self) -> Path:
        """The folder that they share."""
        return self.processes[0].instance
