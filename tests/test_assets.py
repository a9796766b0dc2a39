"""Static files have addresses that change with their bytes, and modules have names."""

import html
import json
import os
import re
from pathlib import Path
from typing import Any

import requests

from projchat.assets import VENDOR_MODULES, Assets
from support.person import Person
from support.server import Server

ROOT = Path(__file__).parents[1]


def page_of(server: Server) -> str:
    """A page that everybody may see."""
    return requests.get(f"{server.url}/login", timeout=15).text


def import_map_of(page: str) -> dict[str, str]:
    """The names of modules that a page declares."""
    found = re.search(r'<script type="importmap" nonce="[^"]+">(.*?)</script>', page, re.DOTALL)
    assert found, page[:500]
    imports: dict[str, str] = json.loads(html.unescape(found.group(1)))["imports"]
    return imports


def test_every_module_of_ours_has_its_name(server: Server, alice: Person):
    imports = import_map_of(page_of(server))
    scripts = (ROOT / "static/js").rglob("*.js")
    ours = {f"projchat/{path.relative_to(ROOT / 'static/js').with_suffix('')}" for path in scripts}
    assert set(imports) == ours | set(VENDOR_MODULES) | {"projchat/catalogue"}


def test_every_address_of_the_page_answers(server: Server, alice: Person):
    page = page_of(server)
    addresses = [
        *import_map_of(page).values(),
        *re.findall(r'(?:href|src)="(/static/[^"]+)"', page),
    ]
    for address in addresses:
        answer = requests.get(server.url + html.unescape(address), timeout=15)
        assert answer.status_code == 200, address
        assert "?v=" in address
        assert "max-age=31536000" in answer.headers["Cache-Control"], address


def test_no_script_imports_by_a_path_that_would_miss_its_version():
    for script in (ROOT / "static/js").rglob("*.js"):
        assert not re.search(r"""from\s+["'][./]""", script.read_text()), script


def test_the_version_changes_with_the_bytes(tmp_path: Path):
    file = tmp_path / "a.css"
    file.write_text("a {}")
    assets = Assets(tmp_path, watch=True)
    first = assets.version("a.css")
    assert assets.version("a.css") == first
    write(file, "b {}")
    assert assets.version("a.css") != first


def test_production_reads_each_file_once(tmp_path: Path):
    file = tmp_path / "a.css"
    file.write_text("a {}")
    assets = Assets(tmp_path, watch=False)
    first = assets.version("a.css")
    write(file, "b {}")
    assert assets.version("a.css") == first


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path):
    assert Assets(tmp_path, watch=True).version("none.css") == ""


def test_a_new_script_needs_no_list(tmp_path: Path):
    assets = Assets(tmp_path, watch=True)
    assert assets.modules() == {}
    (tmp_path / "js/controllers").mkdir(parents=True)
    (tmp_path / "js/controllers/message_list.js").write_text("")
    assert assets.modules() == {
        "projchat/controllers/message_list": "js/controllers/message_list.js"
    }


def write(file: Path, text: str) -> None:
    """Change a file so that its time differs even on a coarse clock."""
    file.write_text(text)
    changed: Any = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(changed, changed))
