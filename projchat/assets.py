"""Versioned addresses of static files, and the import map that names our browser modules."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from flask import Flask, Response, current_app, request, send_from_directory, url_for

from projchat import i18n

VERSION_LENGTH = 12
#: The codings of scripts/compress.mjs, the densest first.
CODINGS = {"br": ".br", "gzip": ".gz"}
#: Where scripts/minify.mjs puts its copies: `min/js/chat.js` of `js/chat.js`.
MINIFIED = "min/"
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
    """Which file is sent for another, and the version of its bytes; none if it is not there."""

    path: str
    version: str


class _Stamp(NamedTuple):
    """What a file looked like when its address was made."""

    modified: int
    size: int
    address: Address


class Assets:
    """The static files of one application, each with a version taken from its bytes."""

    def __init__(self, folder: Path, watch: bool) -> None:
        self.folder = folder
        self.watch = watch
        self._stamps: dict[str, _Stamp] = {}
        self._modules: dict[str, str] | None = None

    def address(self, path: str) -> Address:
        """Where one file is found; if it has a minified copy, where that is."""
        stamp = self._stamps.get(path)
        if stamp is None or (self.watch and self._changed(path, stamp)):
            stamp = self._stamps[path] = self._read(path)
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

    def _read(self, path: str) -> _Stamp:
        sent = self._copy(path, MINIFIED + path) or path
        try:
            found = (self.folder / path).stat()
            digest = hashlib.sha256((self.folder / sent).read_bytes()).hexdigest()
        except OSError:
            return _Stamp(0, 0, Address(path, ""))
        return _Stamp(found.st_mtime_ns, found.st_size, Address(sent, digest[:VERSION_LENGTH]))


def init_app(app: Flask) -> None:
    """Serve the static files, minified and compressed; templates have `asset()`, `import_map()`."""
    if app.static_folder is None:
        raise RuntimeError("The application serves its own static files and needs their folder.")
    app.extensions["projchat_assets"] = Assets(
        Path(app.static_folder), watch=not app.config.get("PRODUCTION")
    )
    app.view_functions["static"] = send
    app.jinja_env.globals.update(asset=asset, import_map=import_map)


def asset(path: str) -> str:
    """The address of a static file; it changes with the bytes, so it may be cached for ever."""
    sent, version = _assets().address(path)
    return url_for("static", filename=sent, v=version or None)


def send(filename: str) -> Response:
    """A static file, in the densest form that the browser takes.

    Pages and answers stay as they are: what holds a token must not be compressed together with
    what a stranger may have chosen (see https://breachattack.com/).
    """
    taken = [coding for coding in CODINGS if request.accept_encodings.quality(coding) > 0]
    copies = ((coding, _assets().compressed(filename, coding)) for coding in taken)
    coding, copy = next((each for each in copies if each[1]), (None, filename))
    mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    response = send_from_directory(_assets().folder, copy or filename, mimetype=mimetype)
    response.vary.add("Accept-Encoding")
    if coding:
        response.content_encoding = coding
    return response


def import_map() -> dict[str, dict[str, str]]:
    """The import map of a page in the reader's language."""
    names = VENDOR_MODULES | _assets().modules()
    imports = {name: asset(path) for name, path in names.items()}
    imports["projchat/catalogue"] = i18n.catalogue_url()
    return {"imports": imports}


def _assets() -> Assets:
    assets: Assets = current_app.extensions["projchat_assets"]
    return assets
