"""X43: the Dockerfile's steps in a Debian tree, and what they made started as an ordinary user on a read-only root."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.demo.stage import PORTS
from tests.end_to_end.product import fetch
from tests.free_ports import free_port
from tests.packaging.image import Stage, build, check_health, start
from tests.processes import ended, until

TOP = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """On a real disk: a tree with devices and programs cannot be made where neither is allowed."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield build(TOP / "Dockerfile", TOP, Path(folder))


@pytest.mark.long
def test_the_image_runs_as_an_ordinary_user_on_a_read_only_root(stage: Stage, tmp_path: Path) -> None:
    volume = tmp_path / "data"
    volume.mkdir()
    os.chown(volume, 10001, 10001)
    port = free_port(PORTS)
    stage = replace(stage, environment=stage.environment | {"STATUSPAGE_PORT": str(port)})

    process = start(stage, ["up", "--demo", "--data", "/data"], volume)
    with ended(process):
        until(lambda: (volume / "addresses.json").exists(), process, patience_s=600)  # five programs start from a cold disk
        addresses = json.loads((volume / "addresses.json").read_text())
        page = fetch("GET", f"http://127.0.0.1:{port}/en/")[1].decode()
        status = Path(f"/proc/{_python(process)}/status").read_text()
        until(lambda: check_health(stage, process).returncode == 0, process)
        elsewhere = check_health(replace(stage, environment=stage.environment | {"STATUSPAGE_PORT": "1"}), process)

    assert "Example Bank" in page
    assert addresses["page"].startswith(f"http://127.0.0.1:{port}")
    assert "Uid:\t10001\t10001" in status
    assert (elsewhere.returncode, "No answer on port 1" in elsewhere.stderr) == (6, True)
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    written = {path.stat().st_uid for path in volume.rglob("*")}
    assert written == {10001}


@pytest.mark.long
def test_nothing_but_the_volume_can_be_written(stage: Stage, tmp_path: Path) -> None:
    volume = tmp_path / "data"
    volume.mkdir()
    os.chown(volume, 10001, 10001)
    python = "/opt/statuspage/bin/python"
    stage = replace(stage, entrypoint=[python])

    process = start(stage, ["-c", "open('/data/x', 'w').close(); open('/opt/statuspage/x', 'w')"], volume)
    output, _ = process.communicate(timeout=60)

    assert b"Read-only file system" in output or b"Permission denied" in output
    assert (volume / "x").exists()


def _python(process: subprocess.Popen[bytes]) -> int:
    """The program inside: unshare and chroot have replaced themselves by it."""
    return process.pid
