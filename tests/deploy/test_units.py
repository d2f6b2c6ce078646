"""The systemd units and the compose file: as good as can be seen without a service manager or an engine."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from statuspage.cli import main
from statuspage.settings.models import Backups
from statuspage.settings.process import from_environment, to_environment
from tests.deploy.servers import DEPLOY

SERVICES = sorted(DEPLOY.glob("systemd/*.service"))
TIMER = DEPLOY / "systemd/statuspage-backup.timer"


def commands() -> list[list[str]]:
    """What the units run of ours, in words."""
    units = "\n".join(unit.read_text() for unit in SERVICES)
    found = re.findall(r"^ExecStart(?:Pre)?=/opt/statuspage/bin/statuspage (.+)$", units, re.MULTILINE)
    assert len(found) == 3
    return [shlex.split(line) for line in found]


@pytest.mark.parametrize("name", [unit.name for unit in (*SERVICES, TIMER)])
def test_systemd_finds_nothing_wrong_in_a_unit_and_calls_it_safe(tmp_path: Path, name: str) -> None:
    program = tmp_path / "statuspage"
    program.touch(0o755)
    for unit in (*SERVICES, TIMER):  # a timer is verified with what it begins
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/statuspage/bin/statuspage", str(program)))

    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / name], capture_output=True, text=True, check=False)

    assert (verified.returncode, [line for line in verified.stderr.splitlines() if "statuspage" in line]) == (0, [])
    if name.endswith(".service"):
        exposed = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--threshold=20", tmp_path / name], capture_output=True, text=True, check=False
        )
        assert exposed.returncode == 0, exposed.stdout[-400:]


def test_backups_come_as_often_as_the_configuration_expects_them() -> None:
    calendar = re.findall(r"^OnCalendar=(.+)$", TIMER.read_text(), re.MULTILINE)
    asked = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=20", "--base-time=2026-01-01 00:00:00", *calendar],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    found = [datetime.fromisoformat(line) for line in re.findall(r"(?:elapse|#\d+): \w+ ([-\d]+ [:\d]+) UTC", asked.stdout)]
    gaps = {(after - before).total_seconds() for before, after in pairwise(found)}

    assert len(found) == 20 and gaps == {Backups().every_s}
    assert "AccuracySec=1s" in TIMER.read_text().splitlines()


def test_every_command_of_unit_and_compose_file_exists_with_its_options() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    composed = [service["command"] for service in compose["services"].values() if "command" in service]
    assert {command[0] for command in composed} == {"migrate", "web", "prober", "worker"}
    for command in [*commands(), *composed]:
        known = CliRunner().invoke(main, [command[0], "--help"])
        assert known.exit_code == 0, command
        for option in (word for word in command[1:] if word.startswith("--")):
            assert option in known.output, command


def test_what_the_unit_and_the_compose_file_set_is_what_a_process_reads() -> None:
    known = set(to_environment(from_environment({})))
    in_unit = {name for unit in SERVICES for name in re.findall(r"\b(STATUSPAGE_[A-Z]+)=", unit.read_text())}
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    in_compose = set(compose["x-product"]["environment"])
    assert in_unit and in_compose
    assert (in_unit | in_compose) <= known


def test_every_service_of_ours_in_the_compose_file_has_one_writable_folder_and_no_capability() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    ours = [service for service in compose["services"].values() if service.get("image") == "statuspage"]
    assert len(ours) == 5
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == ["data:/data"]
