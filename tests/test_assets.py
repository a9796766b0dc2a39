"""Static files have addresses that change with their bytes, and modules have names."""

import hashlib
import html
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from projchat.assets import VENDOR_MODULES, Assets
from projchat.publishing import KEPT_DAYS, PublishedFiles
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


def assets_of(folder: Path, watch: bool = True) -> Assets:
    """The files of a folder, published beside it."""
    return Assets(folder, PublishedFiles(folder.parent / f"{folder.name}-published"), watch)


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
        assert re.fullmatch(r"/static/h/[0-9a-f]{12}/.+", address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address


def test_no_script_imports_by_a_path_that_would_miss_its_version():
    for script in (ROOT / "static/js").rglob("*.js"):
        assert not re.search(r"""from\s+["'][./]""", script.read_text()), script


def test_the_version_changes_with_the_bytes(tmp_path: Path):
    file = tmp_path / "a.css"
    file.write_text("a {}")
    assets = assets_of(tmp_path)
    first = assets.address("a.css")
    assert assets.address("a.css") == first
    write(file, "b {}")
    assert assets.address("a.css") != first


def test_production_reads_each_file_once(tmp_path: Path):
    file = tmp_path / "a.css"
    file.write_text("a {}")
    assets = assets_of(tmp_path, watch=False)
    first = assets.address("a.css")
    write(file, "b {}")
    assert assets.address("a.css") == first


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path):
    assert assets_of(tmp_path).address("none.css") == ("none.css", "")


def test_a_script_is_sent_minified_until_it_is_changed(tmp_path: Path):
    (tmp_path / "min").mkdir()
    file, copy = tmp_path / "a.js", tmp_path / "min/a.js"
    file.write_text("let one = 1;")
    write(copy, "let o=1")
    assert assets_of(tmp_path).address("a.js").path == "a.js"
    make_copy_of(file, copy)
    assets = assets_of(tmp_path)
    minified = assets.address("a.js")
    assert minified.path == "min/a.js"
    write(file, "let two = 2;")
    changed = assets.address("a.js")
    assert changed.path == "a.js"
    assert changed.version != minified.version


def test_every_script_of_ours_is_sent_minified_and_can_be_read_as_it_is_written(
    server: Server, alice: Person
):
    for name, address in import_map_of(page_of(server)).items():
        if not name.startswith("projchat/") or name == "projchat/catalogue":
            continue
        source = f"js/{name.removeprefix('projchat/')}.js"
        assert address.endswith(f"/min/{source}")
        where = f"{server.url}{address}.map"
        shown = requests.get(where, timeout=15).json()["sourcesContent"]
        assert shown == [(ROOT / "static" / source).read_text()]


def test_a_new_script_needs_no_list(tmp_path: Path):
    assets = assets_of(tmp_path)
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
    assets = assets_of(tmp_path, watch=False)
    make_copy_of(file, copy)
    assert assets.compressed("a.js", "br") == "a.js.br"
    assert assets.compressed("a.js", "gzip") is None
    write(file, "2")
    assert assets.compressed("a.js", "br") is None


def test_what_is_named_stays_whatever_becomes_of_the_file(tmp_path: Path):
    tree = tmp_path / "static"
    tree.mkdir()
    (tree / "a.css").write_text("a {}")
    running = assets_of(tree, watch=False)
    path, old = running.address("a.css")
    # An upgrade in place, and another process that serves it.
    write(tree / "a.css", "b {}")
    new = assets_of(tree, watch=False).address("a.css").version
    assert running.address("a.css") == (path, old)
    folder = running.published.folder
    assert [(folder / version / path).read_text() for version in (old, new)] == ["a {}", "b {}"]


def test_what_nobody_names_for_long_is_removed(tmp_path: Path):
    published = PublishedFiles(tmp_path)
    versions = [published.publish("a.css", data, {}) for data in (b"old", b"young", b"named")]
    for version, days in zip(versions, (KEPT_DAYS + 1, KEPT_DAYS - 1, KEPT_DAYS + 1), strict=True):
        age(tmp_path / version, days)
    published.keep(versions[2])
    PublishedFiles(tmp_path).publish("b.css", b"another", {})
    assert [(tmp_path / version).exists() for version in versions] == [False, True, True]


def test_a_process_names_what_it_serves_anew_each_day(tmp_path: Path, monkeypatch):
    tree = tmp_path / "static"
    tree.mkdir()
    (tree / "a.css").write_text("a {}")
    assets = assets_of(tree, watch=False)
    folder = assets.published.folder / assets.address("a.css").version
    age(folder, 20)
    assets.address("a.css")
    assert time.time() - folder.stat().st_mtime > 86_400
    tomorrow = time.time() + 90_000
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    assets.address("a.css")
    assert tomorrow - folder.stat().st_mtime < 2 * 86_400


def test_the_proxy_may_read_what_is_published(tmp_path: Path):
    mask = os.umask(0o077)
    try:
        published = PublishedFiles(tmp_path / "static")
        file = published.folder / published.publish("js/a.js", b"1", {".gz": b"2"}) / "js/a.js"
    finally:
        os.umask(mask)
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.parent.stat().st_mode & 0o777 == 0o755


def test_without_a_folder_to_publish_in_the_address_has_no_version(tmp_path: Path):
    (tmp_path / "a.css").write_text("a {}")
    (tmp_path / "file").write_text("")
    assets = Assets(tmp_path, PublishedFiles(tmp_path / "file" / "static"), watch=True)
    assert assets.address("a.css") == ("a.css", "")


@pytest.mark.parametrize(
    "address",
    [
        "/static/h/000000000000/css/base.css",
        "/static/h/none/css/base.css",
        "/static/h/../../secret_key",
        "/static/h/%2e%2e/%2e%2e/secret_key",
    ],
)
def test_other_bytes_are_never_sent_under_an_address(server: Server, address: str):
    answer = raw_get(server, address)
    assert answer.status_code == 404
    assert "max-age" not in answer.headers.get("Cache-Control", "")


def test_addresses_of_earlier_versions_go_on_working(server: Server):
    path = f"{server.url}/static/css/base.css"
    file = (ROOT / "static/css/base.css").read_bytes()
    right = hashlib.sha256(file).hexdigest()[:12]
    kept = {
        query: requests.get(path + query, timeout=15)
        for query in ("", "?v=", "?v=123456789012", f"?v={right}")
    }
    assert {answer.content for answer in kept.values()} == {file}
    assert [answer.headers["Cache-Control"] for answer in kept.values()] == [
        "no-cache",
        "no-cache",
        "no-cache",
        "public, max-age=31536000, immutable",
    ]


def raw_get(server: Server, path: str) -> requests.Response:
    """Ask for an address as it stands, dots and all."""
    request = requests.Request("GET", server.url).prepare()
    request.url = server.url + path
    with requests.Session() as session:
        return session.send(request, timeout=15)


def age(folder: Path, days: int) -> None:
    """Make a folder so many days old."""
    then = time.time() - days * 86_400
    os.utime(folder, (then, then))


def make_copy_of(file: Path, copy: Path) -> None:
    """Give a copy the time of its file, which says that it was made of it."""
    os.utime(copy, ns=(file.stat().st_mtime_ns, file.stat().st_mtime_ns))


def write(file: Path, text: str) -> None:
    """Change a file so that its time differs even on a coarse clock."""
    file.write_text(text)
    changed: Any = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(changed, changed))
