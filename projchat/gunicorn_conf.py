"""How gunicorn serves projchat: `gunicorn -c projchat/gunicorn_conf.py` from any folder.

What stands here yields to gunicorn's own command line.
"""

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent


def alone(name: str) -> Any:
    """Load one module of ours by its path.

    gunicorn reads this file in the process that watches over the workers. Importing the package
    there would bring in the whole application: every worker would inherit the old code after a
    reload, and libraries that were imported unpatched.
    """
    path = PACKAGE / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"projchat_{name}", path)
    if spec is None or spec.loader is None:
        sys.exit(f"projchat: cannot load {path}.")
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        # What a library says of its own future is news for developers, not at each start.
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
    return module


def address(host: str, port: str) -> str:
    """The address to listen on, or a sentence that says what is wrong with the port."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"projchat: PORT must be a number from 1 to 65535, not {port!r}.")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def on_starting(server: Any) -> None:
    """Refuse several workers without Redis: each would be a chat of its own."""
    server.handover = ours.Handover()
    if server.cfg.workers > 1 and not os.environ.get("REDIS_URL"):
        sys.exit(
            f"projchat: {server.cfg.workers} workers (WEB_CONCURRENCY) need REDIS_URL: "
            "without Redis the people on one worker do not hear those on another."
        )


def pre_fork(server: Any, worker: Any) -> None:
    """Let the workers know of each other, for a reload without a gap."""
    server.handover.expects(worker.age)
    worker.handover = server.handover


ours = alone("worker")

wsgi_app = "wsgi:app"
chdir = str(ROOT)
proc_name = "projchat"

# Only this machine is listened to unless HOST says otherwise: in production a proxy that speaks
# TLS stands in front. It may say who the client is if its address is in FORWARDED_ALLOW_IPS,
# which gunicorn reads itself, as it does WEB_CONCURRENCY.
bind = address(os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "3000")

worker_class = ours.EventletWorker
# Ten thousand who listen, and room for what they ask.
worker_connections = 20_000
# Who waits at the door while thousands come back; the kernel holds as many by its own setting.
backlog = 4096
# A proxy keeps its idle connections for a minute; we must not be the first to hang up.
keepalive = 75
# Whoever searches for far too long a text is still told so by the search.
limit_request_line = 16_380
limit_request_field_size = 8190

# A worker that gives no sign of life for this long is replaced.
timeout = 30
# A worker that is told to leave may take this long to finish what it was asked.
graceful_timeout = 30

logger_class = alone("logs").ServerLogger
accesslog = "-"
# The sign of life is a touched file, which must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True

# The application is loaded by each worker anew, so that a reload brings the new code.
preload_app = False
reload = os.environ.get("PROJCHAT_RELOAD") == "1"
if reload:
    reload_extra_files = [
        str(ROOT / pattern)
        for pattern in (
            "templates/**/*.html",
            "static/css/**/*.css",
            "static/js/**/*.js",
            "projchat/translations/**/*.mo",
        )
    ]
