"""The example of a broadcaster in a package of its own works: found through its entry point, and its own tests pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "examples" / "broadcaster-noticeboard"
CONFIGURATION = """\
page: {name: My Bank, bank: My Bank, url: "https://status.example.com", languages: [en]}
components: [{slug: login, name: {en: Log in}, symptom: login}]
accounts: [{name: lobby, kind: noticeboard, config: {base_url: "https://board.bank.example", token: "${BOARD_TOKEN}"}}]
channels: [{name: lobby-en, account: lobby, language: en}]
"""


def installed(folder: Path) -> dict[str, str]:
    """An environment in which the example is installed, as an installer leaves it: the module, and metadata that names the entry point."""
    (folder / "statuspage_noticeboard.py").write_bytes((EXAMPLE / "statuspage_noticeboard.py").read_bytes())
    about = folder / "statuspage_noticeboard-1.0.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: statuspage-noticeboard\nVersion: 1.0.0\n")
    points = (EXAMPLE / "pyproject.toml").read_text().split('[project.entry-points."statuspage.broadcasters"]\n')[1].split("\n\n")[0]
    module = points.split('"')[1]
    (about / "entry_points.txt").write_text(f"[statuspage.broadcasters]\nnoticeboard = {module}\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(TOP)]), "BOARD_TOKEN": "a-secret-token"}


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=TOP, env=environ, capture_output=True, text=True, timeout=300)


def test_a_package_of_its_own_brings_a_kind_and_its_tests_pass(tmp_path: Path) -> None:
    environ = installed(tmp_path)
    file = tmp_path / "statuspage.yaml"
    file.write_text(CONFIGURATION)

    checked = run(environ, "-m", "statuspage", "check", str(file))
    tested = run(environ, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests"))

    assert "lobby-en: noticeboard account lobby, in en, updates by reply" in checked.stdout, checked.stderr
    assert tested.returncode == 0, tested.stdout
