"""(a) The published page: from the embedded server, from nginx with the same file and headers, and rendered from the database by Flask."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.product import child_environment, running_product
from tests.postgres import free_port
from tests.processes import ended, until

SECONDS = 6
CONNECTIONS = 32
SKIPPED = {
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


def measure(folder: Path) -> str:
    """Requests per second of one server process each, the load generator on the other core."""
    rows: dict[str, dict[str, float]] = {}
    with running_product(folder / "data") as product:
        ours = f"http://127.0.0.1:{product.port}/en/"
        headers, etag = _headers(ours)
        with _nginx(folder, product.data / "public" / "en", headers) as (nginx, nginx_etag), _naive(folder, product.data) as naive:
            for name, url, tag in (("embedded server", ours, etag), ("nginx", nginx, nginx_etag), ("Flask from the database", naive, "")):
                rows[name] = {
                    "plain": _load(url),
                    "gzip": _load(url, "Accept-Encoding: gzip"),
                    "304": _load(url, f"If-None-Match: {tag}") if tag else float("nan"),
                }
    lines = ["## The published page", "", "Requests per second; the same page of the demonstration and the same headers.", ""]
    lines += ["| server | plain | gzip | 304 | ratio to nginx: plain | gzip | 304 |", "|---|---|---|---|---|---|---|"]
    base = rows["nginx"]
    for name, row in rows.items():
        ratios = [f"{row[kind] / base[kind]:.4f}" for kind in base]
        lines.append(f"| {name} | {' | '.join(f'{row[kind]:,.0f}' for kind in base)} | {' | '.join(ratios)} |".replace("nan", "-"))
    return "\n".join([*lines, ""])


def _headers(url: str) -> tuple[list[tuple[str, str]], str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in SKIPPED]
        return kept, answer.headers["ETag"]


def _load(url: str, *headers: str) -> float:
    """Requests per second by wrk; an answer other than 2xx or 3xx is an error of the benchmark."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(part for header in headers for part in ("-H", header)), url]
    if (os.cpu_count() or 1) > 1:
        command = ["taskset", "-c", "1", *command]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None:
        raise RuntimeError(said)
    return float(found.group(1))


@contextmanager
def _nginx(folder: Path, public: Path, headers: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    port = free_port()
    site = folder / "nginx" / "en"
    site.mkdir(parents=True)
    for name in ("index.html", "index.html.gz"):
        (site / name).write_bytes((public / name).read_bytes())
    told = "\n".join(f"add_header {name} '{value.replace(chr(39), chr(92) + chr(39))}' always;" for name, value in headers)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100; etag on; gzip_static on; gzip_vary on;
  types {{ text/html html; }} charset utf-8; root {folder}/nginx;
  {places}
  server {{ listen 127.0.0.1:{port}; {told} }}
}}"""
    (folder / "nginx.conf").write_text(configuration)
    folder.chmod(0o755)
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    with ended(process):
        url = f"http://127.0.0.1:{port}/en/"
        until(lambda: _answers(url), process)
        yield url, _headers(url)[1]


@contextmanager
def _naive(folder: Path, data: Path) -> Iterator[str]:
    port = free_port()
    environment = child_environment(data, port) | {"STATUSPAGE_DATA": str(data), "NAIVE_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.naive"], env=environment, stdout=subprocess.DEVNULL)
    with ended(process):
        url = f"http://127.0.0.1:{port}/en/"
        until(lambda: _answers(url), process)
        yield url


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
