"""A fresh Debian in a folder: debootstrap, from where this machine's apt takes its packages."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support.server import ROOT

SUITE = "bookworm"
NEEDED = ("debootstrap", "unshare", "ip", "openssl", "git", "apt-get", "mount")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
INHERITED = ("http_proxy", "https_proxy", "no_proxy", "pip_index_url", "npm_config_registry")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STAND_IN = Path(__file__).parent / "systemd_stand_in.py"


def obstacles() -> list[str]:
    """Why this machine cannot have one."""
    if os.geteuid() != 0:
        return ["only root may"]
    return [f"there is no {name}" for name in NEEDED if not shutil.which(name, path=PATH)]


class CleanRoot:
    """The folder. Mounts are made in the mount namespace of the caller, who must have its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Fill it, and let nothing start while packages are installed."""
        sources = _sources()
        mirror = sources[0].split()[1]
        _call(
            "debootstrap",
            "--variant=minbase",
            "--include=ca-certificates",
            SUITE,
            self.folder,
            mirror,
        )
        self.path("/etc/apt/sources.list").write_text("\n".join(sources) + "\n")
        self.path("/etc/apt/apt.conf.d/99host").write_text(_acquire())
        for file in (BUNDLE, Path("/etc/pip.conf"), Path("/etc/resolv.conf"), Path("/etc/hosts")):
            if file.exists():
                shutil.copy(file.resolve(), self.path(str(file)))
        policy = self.path("/usr/sbin/policy-rc.d")
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        for name in ("systemctl", "systemd-run"):
            shutil.copy(STAND_IN, self.path(f"/usr/local/bin/{name}"))
            self.path(f"/usr/local/bin/{name}").chmod(0o755)
        self._mount()
        self.run("apt-get update --quiet=2")

    def let_services_start(self) -> None:
        """Take back what held them; PostgreSQL's package avoided a port that is in use outside."""
        self.path("/usr/sbin/policy-rc.d").unlink()
        self.run("sed -i 's/^port = .*/port = 5432/' /etc/postgresql/*/main/postgresql.conf")

    def path(self, inside: str) -> Path:
        """Where a file of it is, seen from outside."""
        return self.folder / inside.lstrip("/")

    def run(self, script: str, given: str = "", more: Mapping[str, str] | None = None) -> str:
        """Run a script in it as root with a hardened host's umask; what it printed."""
        inherited = {key: value for key, value in os.environ.items() if key.lower() in INHERITED}
        authorities = dict.fromkeys(
            ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(BUNDLE)
        )
        ended = subprocess.run(
            ["chroot", str(self.folder), "bash", "-e", "-u", "-o", "pipefail", "-c", script],
            input=given,
            env={
                **inherited,
                **authorities,
                "PATH": PATH,
                "HOME": "/root",
                "LANG": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive",
                **(more or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            umask=0o077,
            start_new_session=True,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"{script}\nended with {ended.returncode}:\n{ended.stdout[-6000:]}")
        return ended.stdout

    def lend_repository(self, inside: str) -> None:
        """Put what is committed here into it, as a repository to clone."""
        bare = str(self.path(inside))
        _call("git", "init", "--quiet", "--bare", "--initial-branch=main", bare)
        _call("git", "-C", str(ROOT), "push", "--quiet", bare, "HEAD:refs/heads/main")

    def _mount(self) -> None:
        # A mount of its own, so that a unit can have it read-only.
        _call("mount", "--bind", self.folder, self.folder)
        _call("mount", "-t", "proc", "proc", self.path("/proc"))
        _call("mount", "--rbind", "/dev", self.path("/dev"))
        _call("mount", "-t", "tmpfs", "tmpfs", self.path("/dev/shm"))  # noqa: S108 - the root's own.


def _sources() -> list[str]:
    """The lines of apt for Debian's own packages, the suite itself first."""
    told = subprocess.run(
        [
            *("apt-get", "indextargets", "--format"),
            "$(ORIGIN) deb $(REPO_URI) $(CODENAME) $(COMPONENT)",
            "Created-By: Packages",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    ours = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
    lines = {line.removeprefix("Debian ") for line in told if line.startswith("Debian deb")}
    found = sorted(
        (line for line in lines if line.split()[2] in ours), key=lambda one: len(one.split()[2])
    )
    if not found or found[0].split()[2] != SUITE:
        raise RuntimeError(f"This machine's apt knows no mirror of Debian {SUITE}.")
    return [line for line in found if line.endswith(" main")]


def _acquire() -> str:
    """How this machine's apt gets at them: proxies, certificates."""
    told = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return "".join(line + "\n" for line in told.splitlines() if line.startswith("Acquire::http"))


def _call(*words: str | Path) -> None:
    ended = subprocess.run(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"{words[0]} ended with {ended.returncode}:\n{ended.stdout[-4000:]}")
