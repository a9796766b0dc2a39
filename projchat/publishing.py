"""Files under addresses that have the hash of their bytes in the path, for all versions at once.

Each file that a page names is put into a folder that every process and the proxy in front share:
in the middle of an upgrade, and after a way back, any of them sends what any page asks for, and
never other bytes under the same address. What no process has named for 30 days is removed.
"""

import hashlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

VERSION_LENGTH = 12
KEPT_DAYS = 30
DAY = 86_400


def version_of(data: bytes) -> str:
    """The hash that stands for these bytes in an address."""
    return hashlib.sha256(data).hexdigest()[:VERSION_LENGTH]


class PublishedFiles:
    """One folder of published files: `<folder>/<version>/<path>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._has_pruned = False
        self._is_broken = False

    def publish(self, path: str, data: bytes, beside: Mapping[str, bytes]) -> str:
        """Put a file there, and what belongs beside it by its suffix; answer the version.

        The version is empty if nothing can be put there: then the file has no such address.
        """
        version = version_of(data)
        try:
            target = self._folder_of(version) / path
            for suffix, content in {**beside, "": data}.items():
                _put(target.with_name(target.name + suffix), content)
            self.keep(version)
            self._prune()
        except OSError as error:
            if not self._is_broken:
                log.warning("Static files cannot be put into %s: %s", self.folder, error)
            self._is_broken = True
            return ""
        return version

    def keep(self, version: str) -> None:
        """Say that this version is still named by somebody."""
        with suppress(FileNotFoundError):
            os.utime(self._folder_of(version))

    def _folder_of(self, version: str) -> Path:
        return self.folder / version

    def _prune(self) -> None:
        """Remove what has not been named for long; once for each process."""
        if self._has_pruned:
            return
        self._has_pruned = True
        oldest = time.time() - KEPT_DAYS * DAY
        for each in self.folder.iterdir():
            if each.stat().st_mtime < oldest:
                shutil.rmtree(each, ignore_errors=True)


def _put(path: Path, content: bytes) -> None:
    """Put a file there unless it is there; whoever reads meanwhile sees all of it or nothing."""
    if path.exists():
        return
    _make_readable_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.chmod(0o644)
    draft.replace(path)


def _make_readable_folder(path: Path) -> None:
    """Make a folder that the proxy may look into, whatever mask the process has."""
    if path.exists():
        return
    _make_readable_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir()
        path.chmod(0o755)
