"""Two versions of the code beside each other: either serves what the pages of both ask for."""

import re
import shutil
from pathlib import Path

import pytest
import requests

from support.server import ROOT, Server

PARTS = ("projchat", "static", "templates", "migrations", "wsgi.py")
CHANGED = ("css/base.css", "js/theme.js")


def copy_of_the_code(folder: Path, mark: str) -> Path:
    """A tree of its own, a few files of it changed."""
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / part)
    for name in CHANGED:
        with (folder / "static" / name).open("a") as file:
            file.write(f"/* {mark} */\n")
    return folder


@pytest.fixture
def versions(make_server, tmp_path) -> list[Server]:
    """The old one and the new one, on the same data."""
    old = make_server(start=False, DATABASE_URL="")
    new = make_server(start=False, DATABASE_URL="", PROJCHAT_INSTANCE=str(old.instance))
    for server, name in ((old, "old"), (new, "new")):
        (tmp_path / name).mkdir()
        server.tree = copy_of_the_code(tmp_path / name, name)
    return [old, new]


def files_of(server: Server) -> set[str]:
    """All the addresses that a page of this version names."""
    page = requests.get(f"{server.url}/login", timeout=15).text
    return set(re.findall(r"/static/h/\w+/[\w./-]+", page))


def bytes_of(server: Server, addresses: set[str]) -> dict[str, bytes]:
    answers = {each: requests.get(server.url + each, timeout=15) for each in addresses}
    assert all(
        answer.ok and "immutable" in answer.headers["Cache-Control"] for answer in answers.values()
    )
    return {address: answer.content for address, answer in answers.items()}


def test_either_serves_both_and_so_after_the_way_back(versions):
    old, new = versions
    old.start()
    of_old = files_of(old)
    new.start()
    of_new = files_of(new)
    assert len(of_old - of_new) == len(of_new - of_old) == len(CHANGED)
    served = bytes_of(old, of_old | of_new)
    assert served == bytes_of(new, of_old | of_new)
    for address in of_new - of_old:
        assert served[address].endswith(b"/* new */\n")
    # The upgrade is taken back: pages of the new version still find what they ask for.
    new.stop()
    old.restart()
    assert files_of(old) == of_old
    assert bytes_of(old, of_new) == {address: served[address] for address in of_new}
