"""Failpoints do nothing unless a test's file is named, and production refuses them."""

import subprocess
import sys

import pytest

from projchat import failpoints
from projchat.config import UnsafeConfiguration, from_environment

SAFE = {
    "PROJCHAT_ENV": "production",
    "SECRET_KEY": "0f8b2c6d9e1a4753b08c2d6f9e1a47530f8b2c6d9e1a4753",
    "PROJCHAT_ORIGINS": "https://chat.example",
}


def test_a_place_does_nothing():
    assert failpoints.hit("before-commit") is None


def test_a_named_file_takes_part(tmp_path):
    path = tmp_path / "saboteur.py"
    path.write_text("def hit(place):\n    raise SystemExit(f'at {place}')\n")
    ended = subprocess.run(
        [sys.executable, "-c", "from projchat.failpoints import hit; hit('after-emit')"],
        env={"PROJCHAT_FAILPOINTS": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.strip() == "at after-emit"


def test_production_refuses_them(tmp_path):
    with pytest.raises(UnsafeConfiguration, match="PROJCHAT_FAILPOINTS"):
        from_environment(
            {**SAFE, "PROJCHAT_INSTANCE": str(tmp_path), "PROJCHAT_FAILPOINTS": "saboteur.py"}
        )
