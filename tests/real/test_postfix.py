"""Mail through a real relay: Postfix hands on to a mailbox of ours, OpenDKIM signs on the way, another library verifies."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dkim
import pytest

from statuspage.core.vocabulary import DeliveryState
from tests.free_ports import free_port
from tests.mail.sink import Mail, Sink, relay
from tests.mail.stage import Office, config, people
from tests.processes import until
from tests.real.counterpart import installed

pytestmark = pytest.mark.real
SIGNED = "From,Sender,To,Subject,Date,Message-ID,List-Id,List-Unsubscribe,List-Unsubscribe-Post"


@contextmanager
def signing(folder: Path, *lines: str) -> Iterator[int]:
    """OpenDKIM as a milter; its port."""
    port = free_port()
    subprocess.run(["opendkim-genkey", "-b", "2048", "-d", "bank.example", "-s", "s1", "-D", str(folder)], check=True)
    own = [
        "Mode s", f"Socket inet:{port}@127.0.0.1", "Domain bank.example", "Selector s1", f"KeyFile {folder}/s1.private",
        "RequireSafeKeys no",
        "UserID root", f"PidFile {folder}/opendkim.pid", *lines,
    ]  # fmt: skip
    (folder / "opendkim.conf").write_text("".join(f"{line}\n" for line in own))
    process = subprocess.Popen([installed(Path("/usr/sbin/opendkim"), "mail"), "-f", "-x", str(folder / "opendkim.conf")])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def postfix(folder: Path, milter: int, next_hop: int) -> Iterator[int]:
    """A private instance that takes mail on a free port and hands all of it on; its port."""
    port, owner = free_port(), pwd.getpwnam("postfix")
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", owner.pw_uid)
    shutil.copy("/etc/postfix/master.cf.proto", folder / "master.cf")
    master = [line for line in (folder / "master.cf").read_text().splitlines() if not line.startswith("smtp ")]
    master += [f"127.0.0.1:{port} inet n - n - - smtpd", "smtp unix - - n - - smtp"]
    (folder / "master.cf").write_text("".join(f"{line}\n" for line in (_unchrooted(line) for line in master)))
    values = {
        "queue_directory": folder / "queue", "data_directory": folder / "data", "maillog_file": "/var/log/statuspage-tests.log",
        "maillog_file_prefixes": "/var/log", "inet_interfaces": "127.0.0.1", "smtpd_milters": f"inet:127.0.0.1:{milter}",
        "relayhost": f"[127.0.0.1]:{next_hop}", "disable_dns_lookups": "yes", "mynetworks": "127.0.0.0/8",
        "myhostname": "relay.bank.example",
        "mydestination": "", "compatibility_level": "3.6", "smtpd_relay_restrictions": "permit_mynetworks, reject", "smtputf8_enable": "no",
    }  # fmt: skip
    (folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
    command = [str(installed(Path("/usr/sbin/postfix"), "mail")), "-c", str(folder)]
    subprocess.run([*command, "start"], check=True, capture_output=True)
    try:
        yield port
    finally:
        subprocess.run([*command, "stop"], check=True, capture_output=True)


def _unchrooted(line: str) -> str:
    fields = line.split()
    return " ".join([*fields[:4], "n", *fields[5:]]) if len(fields) >= 8 and line[0] not in "# " else line


@contextmanager
def through_postfix(*opendkim: str) -> Iterator[tuple[int, Sink]]:
    """Port of the relay, and the mailbox behind it. The folder lies where postfix's own user may go."""
    installed(Path("/usr/sbin/postfix"), "mail")
    installed(Path("/usr/sbin/opendkim"), "mail")
    folder = Path(tempfile.mkdtemp(prefix="statuspage-postfix-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        with relay(Sink()) as sink, signing(folder, *opendkim) as milter, postfix(folder, milter, sink.port) as port:
            until(lambda: b"s1._domainkey" in (folder / "s1.txt").read_bytes())
            sink.record = _record(folder)  # type: ignore[attr-defined]
            yield port, sink
    finally:
        shutil.rmtree(folder)


def _record(folder: Path) -> bytes:
    pieces = (folder / "s1.txt").read_text().split('"')[1::2]
    return "".join(pieces).encode()


def verified(mail: Mail, record: bytes) -> bool:
    return bool(dkim.verify(mail.raw, dnsfunc=lambda name, timeout=5: record if name == b"s1._domainkey.bank.example." else b""))


def signed_headers(mail: Mail) -> set[str]:
    found = "".join(str(mail.message["DKIM-Signature"]).split())
    return {name.lower() for name in found.partition(";h=")[2].partition(";")[0].split(":")}


def mailed(port: int, sink: Sink, url: str, folder: Path) -> list[Mail]:
    """Two updates to three people."""
    office = Office.opened(url, config(port, folder))
    try:
        office.take_list(people(3))
        for number in (1, 2):
            assert [row.state for row in office.settled(office.say(number))] == [DeliveryState.DELIVERED]
    finally:
        office.close()
    until(lambda: len(sink.mails) >= 6)
    return sink.mails


def test_mails_arrive_once_in_their_thread_and_signed_over_both_headers_for_leaving(sqlite_url: str, tmp_path: Path) -> None:
    with through_postfix(f"SignHeaders {SIGNED}", f"OversignHeaders {SIGNED}") as (port, sink):
        mails = mailed(port, sink, sqlite_url, tmp_path)
        record = sink.record  # type: ignore[attr-defined]

    assert set(sink.got().values()) == {2} and len(sink.got()) == 3
    assert all(verified(mail, record) for mail in mails)
    assert all({"list-unsubscribe", "list-unsubscribe-post"} <= signed_headers(mail) for mail in mails)
    assert len({mail.message["Message-ID"] for mail in mails}) == 6
    assert sum(mail.message["In-Reply-To"] is not None for mail in mails) == 3


def test_opendkims_own_list_leaves_out_what_one_click_needs(sqlite_url: str, tmp_path: Path) -> None:
    """Which is why docs/channels.md says what a relay must be told."""
    with through_postfix() as (port, sink):
        mails = mailed(port, sink, sqlite_url, tmp_path)

    assert all("list-unsubscribe" in signed_headers(mail) for mail in mails)
    assert not any("list-unsubscribe-post" in signed_headers(mail) for mail in mails)
