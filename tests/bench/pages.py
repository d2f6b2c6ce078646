"""(a) The published page: from the embedded server, nginx and Caddy with the same file and headers, and rendered by Flask per request."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.loads import Load, load
from tests.end_to_end.product import child_environment, fetch, running_product
from tests.free_ports import free_port
from tests.processes import ended, until

ROUNDS = 3
KINDS = ("plain", "gzip", "304")
ALONE = ["taskset", "-c", "0"] if (os.cpu_count() or 1) > 1 else []  # the servers on one core, whoever asks them on another
OWN = {
    "date",
    "server",
    "connection",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "etag",
    "last-modified",
    "content-type",
    "vary",
}
EMBEDDED, NGINX, CADDY, NAIVE = "embedded server", "nginx", "Caddy", "Flask from the database"


class Served(NamedTuple):
    """Where a server has the page, what it calls its bytes, and its process."""

    url: str
    etag: str
    pid: int


class Measured(NamedTuple):
    """One run, and the processor time that the server took for each request, in microseconds: the same however busy the machine is."""

    load: Load
    cpu_us: float


def measure(folder: Path) -> str:
    """Requests per second and p99: the servers in turn, three rounds, of which the median counts."""
    data, port = folder / "data", free_port()
    with running_product(data) as product:
        until(lambda: b"</html>" in product.get("page", "/en/")[1])
        port = product.port
    with ExitStack() as stack:
        ours = stack.enter_context(_product(data, port))
        headers = _headers(ours.url)
        site = _site(folder, data / "public/en")
        servers = {
            EMBEDDED: ours,
            NGINX: stack.enter_context(_nginx(folder, site, headers)),
            CADDY: stack.enter_context(_caddy(folder, site, headers)),
            NAIVE: stack.enter_context(_naive(data)),
        }
        found: dict[tuple[str, str], list[Measured]] = {}
        for _ in range(ROUNDS):
            for kind in KINDS:
                for name, server in servers.items():
                    if kind != "304" or server.etag:
                        until(lambda: _at_rest(servers))
                        found.setdefault((name, kind), []).append(_asked(server, kind))
    middle = {key: sorted(rounds)[len(rounds) // 2] for key, rounds in found.items()}
    return "\n".join([*_told(middle, len((site / "index.html").read_bytes()), len((site / "index.html.gz").read_bytes())), ""])


def _told(found: Mapping[tuple[str, str], Measured], plain: int, packed: int) -> list[str]:
    lines = [
        "## The published page",
        "",
        f"The demonstration's front page, {plain:,} bytes, {packed:,} with gzip, and the product's headers from every server. One process",
        "each (nginx with one worker, Caddy with one running thread), all on one core, one after the other; who asks, wrk with 32",
        "connections, is on another. Median of three rounds of five seconds. Processor: what the server takes for one request,",
        "in microseconds, the system's on its behalf included: it depends little on what else the machine does.",
        "",
        f"| server |{' |'.join(f' {what}: plain | gzip | 304' for what in ('requests/s', 'ratio to nginx', 'p99, ms', 'processor, µs'))} |",
        f"|{'---|' * 13}",
    ]
    for name in (EMBEDDED, NGINX, CADDY, NAIVE):
        row = [found.get((name, kind)) for kind in KINDS]
        base = [found[NGINX, kind].load.per_second for kind in KINDS]
        rates = [f"{one.load.per_second:,.0f}" if one else "-" for one in row]
        ratios = [f"{one.load.per_second / best:.4f}" if one else "-" for one, best in zip(row, base, strict=True)]
        slow = [f"{one.load.p99_ms:,.1f}" if one else "-" for one in row]
        spent = [f"{one.cpu_us:,.1f}" if one else "-" for one in row]
        lines.append(f"| {name} | {' | '.join([*rates, *ratios, *slow, *spent])} |")
    times = found[EMBEDDED, "gzip"].load.per_second / found[NAIVE, "gzip"].load.per_second
    return [*lines, "", f"The embedded server answers {times:,.0f} times as often as Flask that renders the page for each request."]


def _asked(server: Served, kind: str) -> Measured:
    wanted = {"plain": (), "gzip": ("Accept-Encoding: gzip",), "304": ("Accept-Encoding: gzip", f"If-None-Match: {server.etag}")}
    before = _cpu_s(server.pid)
    found = load(server.url, *wanted[kind])
    return Measured(found, (_cpu_s(server.pid) - before) / found.requests * 1e6)


def _at_rest(servers: Mapping[str, Served]) -> bool:
    """True if none has work left: a slow one still answers those who are gone, on the core of all, when the next is measured."""
    before = sum(_cpu_s(server.pid) for server in servers.values())
    time.sleep(0.3)
    return sum(_cpu_s(server.pid) for server in servers.values()) - before < 0.02


def _cpu_s(pid: int) -> float:
    """Processor time of a process and its children so far, in seconds."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    times = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13] for one in (pid, *children)]
    return sum(int(part) for pair in times for part in pair) / os.sysconf("SC_CLK_TCK")


def _headers(url: str) -> list[tuple[str, str]]:
    """Those that the product decides on."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return [(name, value) for name, value in answer.headers.items() if name.lower() not in OWN]


def _site(folder: Path, published: Path) -> Path:
    site = folder / "site" / "en"
    site.mkdir(parents=True)
    for name in ("index.html", "index.html.gz"):
        (site / name).write_bytes((published / name).read_bytes())
    folder.chmod(0o755)
    return site


@contextmanager
def _started(command: list[str], url: str, *, environment: Mapping[str, str] | None = None, tagged: bool = True) -> Iterator[Served]:
    process = subprocess.Popen([*ALONE, *command], env=environment or os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with ended(process):
        until(lambda: _answers(url), process)
        request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            yield Served(url, answer.headers["ETag"] if tagged else "", process.pid)


def _product(data: Path, port: int) -> AbstractContextManager[Served]:
    """The `web` role alone: nothing else of the product runs meanwhile."""
    command = [sys.executable, "-m", "statuspage", "--data", str(data), "web", "--port", str(port)]
    return _started(command, f"http://127.0.0.1:{port}/en/", environment=child_environment(data, port))


def _nginx(folder: Path, site: Path, headers: list[tuple[str, str]]) -> AbstractContextManager[Served]:
    port = free_port()
    told = "\n".join(f"add_header {name} '{value.replace(chr(39), chr(92) + chr(39))}' always;" for name, value in headers)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100; etag on; gzip_static on; gzip_vary on;
  types {{ text/html html; }} charset utf-8; root {site.parent};
  {places}
  server {{ listen 127.0.0.1:{port}; {told} }}
}}""")
    return _started(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], f"http://127.0.0.1:{port}/en/")


def _caddy(folder: Path, site: Path, headers: list[tuple[str, str]]) -> AbstractContextManager[Served]:
    port = free_port()
    told = "\n".join(f'\t\t{name} "{value}"' for name, value in headers)
    (folder / "Caddyfile").write_text(f"""{{
\tadmin off
\tauto_https off
}}
http://127.0.0.1:{port} {{
\theader {{
{told}
\t}}
\troot * {site.parent}
\tfile_server {{
\t\tprecompressed gzip
\t}}
}}
""")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "GOMAXPROCS": "1"}
    command = ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    return _started(command, f"http://127.0.0.1:{port}/en/", environment=os.environ | home)


def _naive(data: Path) -> AbstractContextManager[Served]:
    port = free_port()
    environment = child_environment(data, port) | {"STATUSPAGE_DATA": str(data), "NAIVE_PORT": str(port)}
    return _started(
        [sys.executable, "-m", "tests.bench.naive"], f"http://127.0.0.1:{port}/console/en/", environment=environment, tagged=False
    )


def _answers(url: str) -> bool:
    try:
        return fetch("GET", url)[0] == 200
    except OSError:
        return False
