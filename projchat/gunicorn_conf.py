"""How gunicorn serves projchat: `gunicorn -c projchat/gunicorn_conf.py` from any folder.

What stands here yields to gunicorn's own command line.
"""

import importlib
import importlib.util
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn import sock

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


def address() -> str:
    """Where to listen, or a sentence that says what is wrong with it."""
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "3000"
    addresses = alone("addresses")
    try:
        host, number = addresses.listening(host, port)
    except addresses.UnsafeConfiguration as error:
        sys.exit(f"projchat: {error}")
    return f"{addresses.in_brackets(host)}:{number}"


def on_starting(server: Any) -> None:
    """Refuse what must not be served, also where gunicorn is started by hand."""
    server.handover = ours.Handover()
    os.register_at_fork(after_in_parent=ours.deliver_leaving_signals)
    if server.cfg.workers > 1 and not os.environ.get("REDIS_URL"):
        sys.exit(
            f"projchat: {server.cfg.workers} workers need REDIS_URL: "
            "without Redis the people on one worker do not hear those on another."
        )
    networks = server.cfg.forwarded_allow_networks()
    if "*" in server.cfg.forwarded_allow_ips or not all(each.prefixlen for each in networks):
        sys.exit("projchat: --forwarded-allow-ips lets everybody say where they come from.")
    if server.app.app_uri == wsgi_app:
        in_a_child(look_at_the_database)
    if not server.cfg.reuse_port and not alone("addresses").are_sockets_given(os.environ):
        bind_without_listening(server)


def bind_without_listening(server: Any) -> None:
    """Have gunicorn bind its sockets; the first worker that serves will listen on them.

    On a socket that listens the kernel accepts, and whoever comes would wait until a worker has
    loaded the application; a proxy that is refused asks another process instead.
    """
    before = sock.BaseSocket._is_listening
    sock.BaseSocket._is_listening = staticmethod(lambda _socket: True)
    try:
        server.LISTENERS = sock.create_sockets(server.cfg, server.log)
    finally:
        sock.BaseSocket._is_listening = staticmethod(before)


def in_a_child(task: Callable[[], None]) -> None:
    """Do something in a process of its own, so that workers inherit nothing that it imports."""
    child = multiprocessing.get_context("fork").Process(target=task)
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(child.exitcode)


def look_at_the_database() -> None:
    """End with a sentence if the settings or the database must not be served."""
    preflight = importlib.import_module("projchat.preflight")
    try:
        up_to_date = preflight.look().up_to_date
    except preflight.UnsafeConfiguration as error:
        sys.exit(f"projchat: {error}")
    if not up_to_date:
        sys.exit("projchat: The tables are not up to date: start `projchat db upgrade` first.")


def pre_fork(server: Any, worker: Any) -> None:
    """Let the workers know of each other, and lose no signal to the one that is forked now."""
    ours.hold_leaving_signals()
    server.handover.expects(worker.age)
    worker.handover = server.handover


ours = alone("worker")

wsgi_app = "wsgi:app"
chdir = str(ROOT)
proc_name = "projchat"

# Only this machine is listened to unless HOST says otherwise: in production a proxy that speaks
# TLS stands in front. It may say who the client is if its address is in FORWARDED_ALLOW_IPS,
# which gunicorn reads itself, as it does WEB_CONCURRENCY.
bind = address()

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
