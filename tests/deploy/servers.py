"""nginx and Caddy from Debian, with the very configurations of deploy/; only host, ports, certificate and folders are put in."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import trustme

from tests.free_ports import free_port
from tests.processes import ended, until

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
HOST = "status.bank.example"


class Answer(NamedTuple):
    """Header names in lower case; each is sent once."""

    status: int
    headers: dict[str, str]
    body: bytes


class Front:
    """A front server on the loopback."""

    def __init__(self, port: int, authority: trustme.CA) -> None:
        self.port = port
        self._trust = ssl.create_default_context()
        authority.configure_trust(self._trust)

    def ask(self, path: str, method: str = "GET", *, body: bytes | None = None, **headers: str) -> Answer:
        """Over TLS, by the name of the page. A header sent twice is a failure of the test."""
        connection = http.client.HTTPSConnection(HOST, self.port, context=self._trust, timeout=15)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        with closing(self._trust.wrap_socket(plain, server_hostname=HOST)) as connection.sock, closing(connection):
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": HOST, "Connection": "close", **told})
            answer = connection.getresponse()
            names = [name.lower() for name, _ in answer.getheaders()]
            twice = {name for name in names if names.count(name) > 1 and name != "vary"}
            assert not twice, f"{path}: sent twice: {twice}"
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


Start = Callable[[Path, Path, int, int], tuple[list[str], dict[str, str]]]


def nginx(folder: Path, public: Path, port: int, behind: int) -> tuple[list[str], dict[str, str]]:
    """Command and environment. The site is put into the smallest nginx.conf; the plain-text port is one of its own."""
    site = (DEPLOY / "nginx/statuspage.conf").read_text()
    for before, after in (
        ("/etc/nginx/statuspage/", f"{folder}/"),
        ("/etc/ssl/statuspage/", f"{folder}/"),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("/var/lib/statuspage/public", str(public)),
    ):
        assert before in site, before
        site = site.replace(before, after)
    (folder / "site.conf").write_text(site)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/errors.log;"
        f"events {{ worker_connections 1024; }} http {{ access_log off; {places} include {folder}/site.conf; }}"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors.log")], {}


def caddy(folder: Path, public: Path, port: int, behind: int) -> tuple[list[str], dict[str, str]]:
    """Command and environment. Its own certificates and its control port are switched off."""
    site = (DEPLOY / "caddy/Caddyfile").read_text()
    for before, after in (
        ("/etc/caddy/", f"{folder}/"),
        (f"{HOST} {{", f"https://{HOST}:{port} {{\n\tbind 127.0.0.1\n\ttls {folder}/fullchain.pem {folder}/key.pem"),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
        ("/var/lib/statuspage/public", str(public)),
    ):
        assert before in site, before
        site = site.replace(before, after)
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + site)
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"], home


@contextmanager
def fronted(start: Start, folder: Path, public: Path, behind: int) -> Iterator[Front]:
    """The server runs, and answers; `folder` already holds what `statuspage front` wrote."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "fullchain.pem", append=True)
    port = free_port()
    command, environment = start(folder, public, port, behind)
    said = folder / "said.txt"
    with said.open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT)
    with ended(process):
        front = Front(port, authority)
        until(lambda: _answers(front) or process.poll() is not None)
        assert process.poll() is None, said.read_text()
        yield front


def _answers(front: Front) -> bool:
    try:
        return front.ask("/status.txt").status > 0
    except OSError:
        return False
