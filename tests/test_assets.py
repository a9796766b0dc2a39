"""Static files have addresses that change with their bytes, and modules have names."""

import html
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
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
    first = assets.address("a.css")
    assert assets.address("a.css") == first
    write(file, "b {}")
    assert assets.address("a.css") != first


def test_production_reads_each_file_once(tmp_path: Path):
    file = tmp_path / "a.css"
    file.write_text("a {}")
    assets = Assets(tmp_path, watch=False)
    first = assets.address("a.css")
    write(file, "b {}")
    assert assets.address("a.css") == first


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path):
    assert Assets(tmp_path, watch=True).address("none.css") == ("none.css", "")


def test_a_script_is_sent_minified_until_it_is_changed(tmp_path: Path):
    (tmp_path / "min").mkdir()
    file, copy = tmp_path / "a.js", tmp_path / "min/a.js"
    file.write_text("let one = 1;")
    write(copy, "let o=1")
    assert Assets(tmp_path, watch=True).address("a.js").path == "a.js"
    make_copy_of(file, copy)
    assets = Assets(tmp_path, watch=True)
    minified = assets.address("a.js")
    assert minified.path == "min/a.js"
    write(file, "let two = 2;")
    changed = assets.address("a.js")
    assert changed.path == "a.js"
    assert changed.version != minified.version


def test_every_script_of_ours_is_sent_minified_with_the_way_to_its_source(
    server: Server, alice: Person
):
    for name, address in import_map_of(page_of(server)).items():
        if not name.startswith("projchat/") or name == "projchat/catalogue":
            continue
        source = f"js/{name.removeprefix('projchat/')}.js"
        assert f"/static/min/{source}?" in address
        where = f"{server.url}/static/min/{source}.map"
        found = requests.get(where, timeout=15).json()["sources"]
        text = [requests.get(urljoin(where, each), timeout=15).text for each in found]
        assert text == [(ROOT / "static" / source).read_text()]


def test_a_new_script_needs_no_list(tmp_path: Path):
    assets = Assets(tmp_path, watch=True)
    assert assets.modules() == {}
    (tmp_path / "js/controllers").mkdir(parents=True)
    (tmp_path / "js/controllers/message_list.js").write_text("")
    assert assets.modules() == {
        "projchat/controllers/message_list": "js/controllers/message_list.js"
    }


def script_of(server: Server, **headers: str) -> requests.Response:
    """A script of ours, asked for with these headers."""
    address = import_map_of(page_of(server))["projchat/chat"]
    return requests.get(server.url + address, headers=headers, timeout=15)


@pytest.mark.parametrize(("taken", "coding"), [("gzip, deflate, br", "br"), ("gzip", "gzip")])
def test_static_files_are_sent_compressed(server: Server, alice: Person, taken: str, coding: str):
    answer = script_of(server, **{"Accept-Encoding": taken})
    assert answer.headers["Content-Encoding"] == coding
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "Accept-Encoding" in answer.headers["Vary"]
    file = ROOT / "static/min/js/chat.js"
    assert int(answer.headers["Content-Length"]) < file.stat().st_size / 2
    if coding == "gzip":
        assert answer.text == file.read_text()


@pytest.mark.parametrize("taken", ["identity", "br;q=0, gzip;q=0"])
def test_whoever_takes_no_compression_gets_none(server: Server, alice: Person, taken: str):
    answer = script_of(server, **{"Accept-Encoding": taken})
    assert "Content-Encoding" not in answer.headers
    assert answer.text == (ROOT / "static/min/js/chat.js").read_text()


def test_the_words_are_sent_compressed(server: Server, alice: Person):
    packed = requests.get(f"{server.url}/i18n/ru.js", timeout=15)
    plain = requests.get(
        f"{server.url}/i18n/ru.js", headers={"Accept-Encoding": "identity"}, timeout=15
    )
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.text == plain.text


def test_what_holds_a_token_is_never_compressed(alice: Person):
    for path in ("/account", "/api/session"):
        assert "Content-Encoding" not in alice.get(path).headers


def test_a_stale_copy_is_not_sent(tmp_path: Path):
    file = tmp_path / "a.js"
    file.write_text("1")
    copy = tmp_path / "a.js.br"
    copy.write_text("one")
    assets = Assets(tmp_path, watch=False)
    make_copy_of(file, copy)
    assert assets.compressed("a.js", "br") == "a.js.br"
    assert assets.compressed("a.js", "gzip") is None
    write(file, "2")
    assert assets.compressed("a.js", "br") is None


def make_copy_of(file: Path, copy: Path) -> None:
    """Give a copy the time of its file, which says that it was made of it."""
    os.utime(copy, ns=(file.stat().st_mtime_ns, file.stat().st_mtime_ns))


def write(file: Path, text: str) -> None:
    """Change a file so that its time differs even on a coarse clock."""
    file.write_text(text)
    changed: Any = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(changed, changed))
