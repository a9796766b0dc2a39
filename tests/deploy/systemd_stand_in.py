#!/usr/bin/python3
"""Stand in for `systemctl` and `systemd-run` where systemd does not run: in a chroot.

Start the units of /etc/systemd/system by what stands in them, and Debian's own services by their
init scripts. Of its sandbox, a unit gets what can be made of mounts and privileges, not what needs
filters of system calls or devices of its own: `EXERCISED` lists what is carried out.
"""

import os
import pwd
import resource
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

UNITS = Path("/etc/systemd/system")
STATE = Path("/run/units")
INIT_SCRIPTS = ("nginx", "postgresql", "redis-server")
BASE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - systemd's words, for folders of the unit's own.
EXERCISED = {
    *("Type", "User", "Group", "WorkingDirectory", "EnvironmentFile", "Environment"),
    *("ExecStart", "ExecReload"),
    *("Restart", "RestartSec", "KillMode", "TimeoutStopSec", "TimeoutStartSec", "LimitNOFILE"),
    *("StateDirectory", "StateDirectoryMode", "UMask"),
    *("NoNewPrivileges", "CapabilityBoundingSet"),
    *("ProtectSystem", "ProtectHome", "ProtectProc", "PrivateTmp"),
}


class Unit:
    """A service, read from its file; `%i` is what stands behind the `@`."""

    def __init__(self, name: str) -> None:
        self.name = name.removesuffix(".service")
        stem, _, instance = self.name.partition("@")
        path = UNITS / (f"{stem}@.service" if instance else f"{stem}.service")
        self.settings: dict[str, list[str]] = {}
        for line in path.read_text().replace("%i", instance).splitlines():
            key, equals, value = line.partition("=")
            if equals and not key.startswith("#"):
                self.settings.setdefault(key, []).append(value)
        self.wanted = STATE / f"{self.name}.wanted"
        self.ready = STATE / f"{self.name}.ready"
        self.pid = STATE / f"{self.name}.pid"
        self.supervised = STATE / f"{self.name}.supervised"
        self.journal = Path(f"/var/log/{self.name}.log")

    def first(self, key: str, default: str = "") -> str:
        """One setting."""
        return self.settings.get(key, [default])[0]

    def start(self) -> None:
        """Start and wait for its READY=1, as systemd does for Type=notify."""
        self.wanted.touch()
        self.supervised.touch()
        self.ready.unlink(missing_ok=True)
        with self.journal.open("ab") as log:
            supervisor = subprocess.Popen(
                [__file__, "--supervise", self.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ends = time.monotonic() + float(self.first("TimeoutStartSec", "90"))
        while not self.ready.exists():
            if supervisor.poll() is not None or time.monotonic() > ends:
                said = self.journal.read_text(errors="replace")[-4000:]
                sys.exit(f"{self.name} does not say that it is ready:\n{said}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Send TERM to the process alone (KillMode=mixed), and KILL to all that is left."""
        self.wanted.unlink(missing_ok=True)
        self._signal(os.kill, signal.SIGTERM)
        ends = time.monotonic() + float(self.first("TimeoutStopSec", "90"))
        while self.supervised.exists():
            if time.monotonic() > ends:
                self._signal(os.killpg, signal.SIGKILL)
            time.sleep(0.05)

    def reload(self) -> None:
        """Do what it says of a reload."""
        words = shlex.split(self.first("ExecReload"))
        pid = self.pid.read_text()
        subprocess.run([pid if word == "$MAINPID" else word for word in words], check=True)

    def _signal(self, send: Callable[[int, int], None], number: int) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            send(int(self.pid.read_text()), number)

    def supervise(self) -> None:
        """Run it, and run it again when it ends by itself (Restart=always)."""
        try:
            while self.wanted.exists():
                self._run_once()
                if self.wanted.exists():
                    time.sleep(float(self.first("RestartSec", "0.1")))
        finally:
            self.supervised.unlink()

    def _run_once(self) -> None:
        path = STATE / f"{self.name}.notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(str(path))
            path.chmod(0o777)
            process = self._spawn({"NOTIFY_SOCKET": str(path)})
            self.pid.write_text(str(process.pid))
            while process.poll() is None:
                heard = select.select([ear], [], [], 0.05)[0]
                if heard and b"READY=1" in ear.recv(4096):
                    self.ready.touch()
            self.pid.unlink()

    def _spawn(self, more: dict[str, str]) -> "subprocess.Popen[bytes]":
        account = pwd.getpwnam(self.first("User"))
        for folder in self.first("StateDirectory").split():
            made = Path("/var/lib", folder)
            made.mkdir(exist_ok=True)
            made.chmod(int(self.first("StateDirectoryMode", "0755"), 8))
            os.chown(made, account.pw_uid, account.pw_gid)
        # This process is the unit's own, and what it starts inherits its limits. As many as there
        # may be here: a container's root often may not raise the hard limit.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = min(int(self.first("LimitNOFILE", "1024")), hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        environment = dict(
            pair.split("=", 1)
            for line in self.settings.get("Environment", [])
            for pair in shlex.split(line)
        )
        return subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec", self._enter()],
            cwd=self.first("WorkingDirectory", "/"),
            env={**of_account(account), **environment, **self._from_file(), **more},
            umask=int(self.first("UMask", "0022"), 8),
            start_new_session=True,
        )

    def _enter(self) -> str:
        """Shut it in as far as mounts and privileges go, become its account and its program."""
        steps = [
            f"mount --bind /var/lib/{folder} /var/lib/{folder}"
            for folder in self.first("StateDirectory").split()
        ]
        if self.first("ProtectSystem") == "strict":
            steps.append("mount -o remount,bind,ro /")
        if self.first("PrivateTmp") == "yes":
            steps += [f"mount -t tmpfs -o mode=1777 tmpfs {path}" for path in TEMPORARY]
        if self.first("ProtectHome") == "yes":
            steps += [f"mount -t tmpfs -o ro,mode=000 tmpfs {path}" for path in ("/home", "/root")]
        if self.first("ProtectProc") == "invisible":
            steps.append("mount -t proc -o hidepid=invisible proc /proc")
        user = self.first("User")
        become = f"exec setpriv --reuid {user} --regid {self.first('Group', user)} --clear-groups"
        if self.first("NoNewPrivileges") == "yes":
            become += " --no-new-privs"
        if self.settings.get("CapabilityBoundingSet") == [""]:
            become += " --bounding-set=-all --inh-caps=-all"
        return "\n".join([*steps, f"{become} {self.first('ExecStart')}"])

    def _from_file(self) -> dict[str, str]:
        path = self.first("EnvironmentFile")
        return read_environment(path) if path else {}


def of_account(account: pwd.struct_passwd) -> dict[str, str]:
    """What systemd tells a process of its account."""
    name, home = account.pw_name, account.pw_dir
    return {**BASE, "USER": name, "LOGNAME": name, "HOME": home, "SHELL": account.pw_shell}


def read_environment(path: str) -> dict[str, str]:
    """An EnvironmentFile; a `%` or a `$` in it means nothing."""
    lines = [line.strip() for line in Path(path).read_text().splitlines()]
    pairs = [line.split("=", 1) for line in lines if line and line[0] not in "#;"]
    return {key: value.strip("\"'") for key, value in pairs}


def systemctl(words: list[str]) -> None:
    """Do what it is asked for the units that it is given."""
    verb, names = words[0], [word for word in words[1:] if not word.startswith("-")]
    if verb == "daemon-reload":
        return
    if verb == "show":
        unit = Unit(names[-1])
        sys.stdout.write(unit.pid.read_text() if unit.pid.exists() else "0")
        return
    for name in names:
        if name.endswith(".target"):
            assert (UNITS / name).exists(), f"{name} is not linked."
        elif name.removesuffix(".service") in INIT_SCRIPTS:
            subprocess.run(["service", name.removesuffix(".service"), verb], check=True)
        else:
            act(Unit(name), verb, "--now" in words)


def act(unit: Unit, verb: str, now: bool) -> None:
    """Start, stop, restart or reload one of ours."""
    if verb == "reload":
        unit.reload()
    if verb in ("stop", "restart"):
        unit.stop()
    if verb in ("start", "restart") or (verb == "enable" and now):
        unit.start()


def systemd_run(words: list[str]) -> None:
    """Become the command, with the account and the settings that it is given."""
    settings: dict[str, str] = {}
    while words[0].startswith("-"):
        option = words.pop(0)
        if option == "--property":
            key, value = words.pop(0).split("=", 1)
            settings[key] = value
        elif option in ("--uid", "--gid"):
            settings[option] = words.pop(0)
    account = pwd.getpwnam(settings["--uid"])
    os.chdir(settings["WorkingDirectory"])
    os.umask(int(settings["UMask"], 8))
    environment = {**of_account(account), **read_environment(settings["EnvironmentFile"])}
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.execve(words[0], words, environment)  # noqa: S606 - that is what systemd-run is for.


if __name__ == "__main__":
    os.umask(0o022)
    STATE.mkdir(exist_ok=True)
    if sys.argv[1] == "--supervise":
        Unit(sys.argv[2]).supervise()
    elif Path(sys.argv[0]).name == "systemd-run":
        systemd_run(sys.argv[1:])
    else:
        systemctl(sys.argv[1:])
