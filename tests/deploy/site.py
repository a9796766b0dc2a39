"""nginx with the configuration that is committed in deploy/, on ports and paths of the test."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from faults.services import Missing, Service
from support.server import ROOT, free_port

NGINX = ROOT / "deploy" / "nginx"
MAIN = """
daemon off;
include {folder}/main.conf;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/nginx.conf.example;
}}
"""
#: What says in the administrator's file which variant is served.
VARIANT = "nginx/sticky.conf"


def nginx() -> str:
    """Where nginx is. Raises `Missing`."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not found:
        raise Missing("nginx is not installed")
    return found


def _user() -> str:
    """nginx that root starts would read as somebody who may not look into the test's folders."""
    return "user root;" if os.geteuid() == 0 else ""


class Site(Service):
    """nginx in front of the processes on these ports; `tls` keeps the certificate's lines."""

    name = "site"

    def __init__(
        self,
        variant: str,
        port: int,
        processes: Sequence[int],
        instance: Path,
        certificate: Path | None = None,
    ) -> None:
        super().__init__()
        self.port = port
        self.plain_port = free_port()
        self.certificate = certificate
        self.folder.chmod(0o755)
        changes = self._changes(variant, processes, instance)
        for source in NGINX.iterdir():
            text = source.read_text()
            for pattern, new in changes:
                text = re.sub(pattern, new, text)
            (self.folder / source.name).write_text(text)
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=_user()))

    @property
    def url(self) -> str:
        """Its address under its own name."""
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Start in the foreground."""
        return [nginx(), "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]

    def answers(self) -> bool:
        """Whether nginx has written down that it runs."""
        return (self.folder / "nginx.pid").exists()

    @property
    def access_log(self) -> str:
        """What nginx has written down of the requests."""
        return (self.folder / "projchat.log").read_text()

    def _changes(self, variant: str, ports: Sequence[int], instance: Path) -> list[tuple[str, str]]:
        """What a machine under test has elsewhere; without a certificate it speaks plain HTTP."""
        where = [
            (VARIANT, f"nginx/{variant}"),
            ("/opt/projchat/deploy/nginx", str(self.folder)),
            (r"/etc/projchat/upstream\.conf", f"{self.folder}/upstream.conf.example"),
            ("/opt/projchat", str(ROOT)),
            ("/var/lib/projchat", str(instance)),
            ("/var/log/nginx", str(self.folder)),
            ("/var/www/acme", f"{self.folder}/acme"),
            (r"127\.0\.0\.1:3001", f"127.0.0.1:{ports[0]}"),
            (r"127\.0\.0\.1:3002", f"127.0.0.1:{ports[1]}"),
            (r"listen \[::\].*", ""),
            (r"chat\.example", "127.0.0.1"),
            (r"listen 80\b", f"listen 127.0.0.1:{self.plain_port}"),
            (r"listen 443\b", f"listen 127.0.0.1:{self.port}"),
        ]
        if self.certificate:
            return [*where, ("/etc/projchat/tls", str(self.certificate))]
        return [*where, (r" ssl(?: http2)?(?=[ ;])", ""), (r"ssl_\w+ .*", "")]
