"""The systemd unit and the compose file: as good as can be seen without a service manager or an engine."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import yaml
from click.testing import CliRunner

from statuspage.cli import main
from statuspage.settings.process import from_environment, to_environment
from tests.deploy.servers import DEPLOY

UNIT = DEPLOY / "systemd/statuspage.service"


def commands() -> list[list[str]]:
    """What the unit runs of ours, in words."""
    found = re.findall(r"^ExecStart(?:Pre)?=/opt/statuspage/bin/statuspage (.+)$", UNIT.read_text(), re.MULTILINE)
    return [shlex.split(line) for line in found]


def test_systemd_finds_nothing_wrong_in_the_unit_and_calls_it_safe(tmp_path: Path) -> None:
    unit = tmp_path / "statuspage.service"
    program = tmp_path / "statuspage"
    program.touch(0o755)
    unit.write_text(UNIT.read_text().replace("/opt/statuspage/bin/statuspage", str(program)))

    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit], capture_output=True, text=True, check=False
    )

    assert (verified.returncode, [line for line in verified.stderr.splitlines() if "statuspage.service" in line]) == (0, [])
    assert exposed.returncode == 0, exposed.stdout[-400:]


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
    in_unit = set(re.findall(r"\b(STATUSPAGE_[A-Z]+)=", UNIT.read_text()))
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
