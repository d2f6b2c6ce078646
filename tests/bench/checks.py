"""(b) CPU per HTTPS check, against Debian's prometheus-blackbox-exporter on the same target."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.free_ports import free_port
from tests.processes import ended, until

CHECKS = 400
WARM_UP = 20


def measure(folder: Path) -> str:
    """Milliseconds of processor time that one check costs the process that makes it; fresh connection each time."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    with _target(folder, authority) as url:
        ours = _ours(url, folder / "ca.pem")
        theirs = _blackbox(url, folder)
    return "\n".join(
        [
            "## CPU per HTTPS check",
            "",
            f"{CHECKS} checks one after the other, each with a fresh connection and a verified certificate;",
            "processor time of the checking process.",
            "",
            "| prober | ms per check | ratio |",
            "|---|---|---|",
            f"| ours (pycurl, names and addresses checked) | {ours:.2f} | {ours / theirs:.2f} |",
            f"| prometheus-blackbox-exporter | {theirs:.2f} | 1.00 |",
            "",
        ]
    )


@contextmanager
def _target(folder: Path, authority: trustme.CA) -> Iterator[str]:
    port = free_port()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "index.html").write_text("<!doctype html><title>Bank</title>welcome")
    folder.chmod(0o755)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    certificate = f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_session_cache off;"
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}"
        f"http {{ access_log off; root {folder}; {places} server {{ listen 127.0.0.1:{port} ssl; {certificate} }} }}"
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    with ended(process):
        until(lambda: _open(port), process)
        yield f"https://127.0.0.1:{port}/"


def _open(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ours(url: str, ca: Path) -> float:
    from statuspage.core.vocabulary import Outcome
    from statuspage.probes import http
    from statuspage.probes.addresses import AddressRules
    from statuspage.probes.engine import Engine
    from statuspage.probes.look import Look

    target = http.Target(url=url, contains=("welcome",), ca_file=str(ca), ports=(urllib.parse.urlsplit(url).port or 443,))
    rules = AddressRules.of(["127.0.0.0/8"])
    with Engine() as engine:
        for number in range(WARM_UP + CHECKS):
            if number == WARM_UP:
                before = time.process_time()
            finding = engine.run(http.probe(target, Look(rules=rules)))
            if finding.outcome is not Outcome.PASSED:
                raise RuntimeError(f"the check did not pass: {finding}")
    return (time.process_time() - before) / CHECKS * 1000


def _blackbox(url: str, folder: Path) -> float:
    port = free_port()
    (folder / "blackbox.yml").write_text(
        "modules:\n  bank:\n    prober: http\n    timeout: 5s\n    http:\n"
        "      fail_if_body_not_matches_regexp: [welcome]\n"
        f"      tls_config: {{ca_file: {folder}/ca.pem}}\n"
    )
    command = [
        "prometheus-blackbox-exporter",
        f"--config.file={folder}/blackbox.yml",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    query = urllib.parse.urlencode({"target": url, "module": "bank"})
    with ended(process):
        until(lambda: _open(port), process)
        for number in range(WARM_UP + CHECKS):
            if number == WARM_UP:
                before = _cpu_s(process.pid)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/probe?{query}", timeout=10) as answer:
                if "probe_success 1" not in answer.read().decode():
                    raise RuntimeError("the other prober's check did not pass")
        return (_cpu_s(process.pid) - before) / CHECKS * 1000


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
