"""The product's own gunicorn configuration, with spans of time that a test can wait for."""

import runpy
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / "projchat" / "gunicorn_conf.py"

globals().update(runpy.run_path(str(CONFIGURATION)))
ours.HEAD_TIMEOUT = 1.0  # noqa: F821
ours.SOCKET_TIMEOUT = 1.0  # noqa: F821
ours.DISCARD_TIMEOUT = 1.0  # noqa: F821
keepalive = 2
timeout = 2
