"""The product's own gunicorn configuration, with workers that are slow to begin."""

import runpy
import time
from pathlib import Path
from typing import Any

CONFIGURATION = Path(__file__).parents[2] / "projchat" / "gunicorn_conf.py"

globals().update(runpy.run_path(str(CONFIGURATION)))


def post_fork(_server: Any, _worker: Any) -> None:
    """Stand where the handlers of the master are still in force."""
    time.sleep(1)
