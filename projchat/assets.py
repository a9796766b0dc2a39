"""The addresses of static files, and the import map that names our browser modules.

A file has an address with the hash of its bytes in it (`publishing.py`), which may be kept for
ever, and one without, which has to be asked again each time.
"""

from __future__ import annotations

import mimetypes
import time
from pathlib import Path
from typing import NamedTuple

from flask import Flask, Response, abort, current_app, request, send_from_directory, url_for

from . import i18n
from .publishing import DAY, PublishedFiles, version_of

#: The codings of scripts/compress.mjs, the densest first.
CODINGS = {"br": ".br", "gzip": ".gz"}
#: Where scripts/minify.mjs puts its copies: `min/js/chat.js` of `js/chat.js`.
MINIFIED = "min/"
MAP = ".map"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"
#: How far, in nanoseconds, the time that a copy bears may be off that of its file.
COARSENESS = 2_000_000

#: Names of the browser libraries and the files they were copied to.
VENDOR_MODULES = {
    "@github/markdown-toolbar-element": "vendor/markdown-toolbar.js",
    "@hotwired/stimulus": "vendor/stimulus.js",
    "idb": "vendor/idb.js",
    "socket.io-client": "vendor/socket.io.esm.min.js",
}


class Address(NamedTuple):
    """Which file is sent for another, and the version of its bytes; none if it has none."""

    path: str
    version: str


class _Stamp(NamedTuple):
    """What a file looked like when its address was made."""

    modified: int
    size: int
    address: Address
    named_at: float


class Assets:
    """The static files of one application, published as they are named."""

    def __init__(self, folder: Path, published: PublishedFiles, watch: bool) -> None:
        self.folder = folder
        self.published = published
        self.watch = watch
        self._stamps: dict[str, _Stamp] = {}
        self._modules: dict[str, str] | None = None

    def address(self, path: str) -> Address:
        """Where one file is found; if it has a minified copy, where that is."""
        stamp = self._stamps.get(path)
        if stamp is None or (self.watch and self._changed(path, stamp)):
            stamp = self._stamps[path] = self._publish(path)
        return self._named(path, stamp)

    def catalogue(self, locale: str) -> Address:
        """Where the words of a language are found."""
        path = f"i18n/{locale}.js"
        stamp = self._stamps.get(path)
        if stamp is None:
            packed = {CODINGS["gzip"]: i18n.catalogue_packed(locale)}
            version = self.published.publish(path, i18n.catalogue_source(locale), packed)
            stamp = self._stamps[path] = _Stamp(0, 0, Address(path, version), time.time())
        return self._named(path, stamp)

    def _named(self, path: str, stamp: _Stamp) -> Address:
        """Say once a day that the file is still in use."""
        if time.time() - stamp.named_at > DAY:
            self.published.keep(stamp.address.version)
            self._stamps[path] = stamp._replace(named_at=time.time())
        return stamp.address

    def compressed(self, path: str, coding: str) -> str | None:
        """The compressed copy of a file, if there is one that was made of these very bytes."""
        return self._copy(path, path + CODINGS[coding])

    def modules(self) -> dict[str, str]:
        """Import names of all our own modules: `projchat/outbox` is static/js/outbox.js."""
        if self._modules is None or self.watch:
            root = self.folder / "js"
            files = sorted(file.relative_to(root) for file in root.rglob("*.js"))
            self._modules = {
                f"projchat/{file.with_suffix('').as_posix()}": f"js/{file.as_posix()}"
                for file in files
            }
        return self._modules

    def _copy(self, path: str, copy: str) -> str | None:
        """The name of a copy, if there is one that was made of the file as it is now."""
        try:
            made, changed = ((self.folder / one).stat().st_mtime_ns for one in (copy, path))
        except OSError:
            return None
        return copy if abs(made - changed) < COARSENESS else None

    def _changed(self, path: str, stamp: _Stamp) -> bool:
        try:
            found = (self.folder / path).stat()
        except OSError:
            return True
        return (found.st_mtime_ns, found.st_size) != (stamp.modified, stamp.size)

    def _publish(self, path: str) -> _Stamp:
        sent = self._copy(path, MINIFIED + path) or path
        beside = (self._copy(sent, sent + suffix) for suffix in (*CODINGS.values(), MAP))
        try:
            found = (self.folder / path).stat()
            copies = {
                each.removeprefix(sent): (self.folder / each).read_bytes()
                for each in beside
                if each
            }
            version = self.published.publish(sent, (self.folder / sent).read_bytes(), copies)
        except OSError:
            return _Stamp(0, 0, Address(path, ""), time.time())
        return _Stamp(found.st_mtime_ns, found.st_size, Address(sent, version), time.time())


def init_app(app: Flask) -> None:
    """Serve the static files, minified and compressed; templates have `asset()`, `import_map()`."""
    if app.static_folder is None:
        raise RuntimeError("The application serves its own static files and needs their folder.")
    published = PublishedFiles(app.config["INSTANCE"] / "static" / "h")
    app.extensions["projchat_assets"] = Assets(
        Path(app.static_folder), published, watch=not app.config["PRODUCTION"]
    )
    app.view_functions["static"] = send
    app.add_url_rule("/static/h/<version>/<path:filename>", "published", send_published)
    app.jinja_env.globals.update(asset=asset, import_map=import_map)


def asset(path: str) -> str:
    """The address of a static file; it changes with the bytes, so it may be cached for ever."""
    sent, version = _assets().address(path)
    if version:
        return url_for("published", version=version, filename=sent)
    return url_for("static", filename=sent)


def send(filename: str) -> Response:
    """A static file as it is now, in the densest form that the browser takes.

    Pages and answers stay as they are: what holds a token must not be compressed together with
    what a stranger may have chosen (see https://breachattack.com/).
    """
    assets = _assets()
    copies = {coding: assets.compressed(filename, coding) for coding in CODINGS}
    response = _send(assets.folder, filename, {name: copy for name, copy in copies.items() if copy})
    # Pages of earlier versions ask by `v`; what has been changed since must not be kept under it.
    version = request.args.get("v")
    kept = version is not None and version == version_of((assets.folder / filename).read_bytes())
    response.headers["Cache-Control"] = KEPT_FOR_EVER if kept else "no-cache"
    return response


def send_published(version: str, filename: str) -> Response:
    """A static file of any version that a page may have named."""
    folder = _assets().published.folder / version
    file = folder / filename
    if not version.isalnum() or not file.is_file():
        abort(404)
    copies = {coding: filename + suffix for coding, suffix in CODINGS.items()}
    response = _send(
        folder, filename, {name: copy for name, copy in copies.items() if (folder / copy).is_file()}
    )
    response.headers["Cache-Control"] = KEPT_FOR_EVER
    return response


def _send(folder: Path, filename: str, copies: dict[str, str]) -> Response:
    taken = [coding for coding in copies if request.accept_encodings.quality(coding) > 0]
    sent = copies[taken[0]] if taken else filename
    mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    response = send_from_directory(folder, sent, mimetype=mimetype)
    response.vary.add("Accept-Encoding")
    if taken:
        response.content_encoding = taken[0]
    return response


def import_map() -> dict[str, dict[str, str]]:
    """The import map of a page in the reader's language."""
    names = VENDOR_MODULES | _assets().modules()
    imports = {name: asset(path) for name, path in names.items()}
    imports["projchat/catalogue"] = _catalogue_address(i18n.reader_locale())
    return {"imports": imports}


def _catalogue_address(locale: str) -> str:
    """The address of the words of a language."""
    path, version = _assets().catalogue(locale)
    if version:
        return url_for("published", version=version, filename=path)
    return url_for("i18n.show", locale=locale)


def _assets() -> Assets:
    assets: Assets = current_app.extensions["projchat_assets"]
    return assets
