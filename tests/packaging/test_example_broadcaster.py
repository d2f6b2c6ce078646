"""The example of a broadcaster in a package of its own works: found through its entry point, and its own tests pass."""

from __future__ import annotations

import os
import re
import shlex
import shutil
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
GOTIFY = """\
accounts:
- name: phones
  kind: gotify
  config: {base_url: "https://gotify.bank.example", application: 5, app_token: "${WRITES}", client_token: "${READS}"}
channels: [{name: phones-en, account: phones, language: en}]
"""


PRINTED = (TOP / "docs" / "writing-a-broadcaster.md").read_text(encoding="utf-8")


def printed(kind: str) -> str:
    """The only block of one kind in the document."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PRINTED, re.DOTALL)
    return str(found)


def test_a_package_written_and_installed_as_the_document_prints_it_brings_its_kind(tmp_path: Path) -> None:
    """In an environment of its own, which has what this one has, and no index to take anything else from."""
    package, place = tmp_path / "my-package", tmp_path / "environment"
    package.mkdir()
    (package / "statuspage_gotify.py").write_text(printed("python"), encoding="utf-8")
    (package / "pyproject.toml").write_text(printed("toml"), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=300)
    python = place / "bin" / "python"
    (own,) = place.glob("lib/python*/site-packages")
    (own / "ours.pth").write_text("\n".join([*(one for one in sys.path if one.endswith("site-packages")), str(TOP)]))
    environ = {**os.environ, "PIP_NO_INDEX": "1", "WRITES": "a-secret-token", "READS": "another-token"}
    environ.pop("PYTHONPATH", None)

    for line in printed("sh").splitlines():
        command = [str(python), "-m", *shlex.split(line)]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    file = tmp_path / "statuspage.yaml"
    file.write_text(CONFIGURATION.partition("accounts:")[0] + GOTIFY)
    checked = subprocess.run(
        [str(python), "-m", "statuspage", "check", str(file)], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300
    )
    assert "phones-en: gotify account phones, in en, updates by new" in checked.stdout, checked.stderr
    assert (own / "statuspage_gotify.py").is_file()


def installed(folder: Path) -> dict[str, str]:
    """An environment into which an installer put the example, with no index to take anything else from."""
    source = shutil.copytree(EXAMPLE, folder / "source")
    into, quiet = folder / "site", ("--quiet", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *quiet, "--no-index", "--no-build-isolation", "--target", str(into), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(into), str(TOP)]), "BOARD_TOKEN": "a-secret-token"}


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


def test_a_package_that_cannot_be_loaded_stops_nobody_who_does_not_name_it(tmp_path: Path) -> None:
    environ = installed(tmp_path)
    module = tmp_path / "site" / "statuspage_noticeboard.py"
    named, other = tmp_path / "named.yaml", tmp_path / "other.yaml"
    named.write_text(CONFIGURATION)
    other.write_text(CONFIGURATION.partition("accounts:")[0])
    whole = module.read_text()

    module.write_text(whole + "\nimport nothing_that_is_there\n")
    refused, fine = run(environ, "-m", "statuspage", "check", str(named)), run(environ, "-m", "statuspage", "check", str(other))
    module.write_text(whole.replace("def edit(", "def change("))
    halved = run(environ, "-m", "statuspage", "check", str(named))

    assert "cannot be loaded: ModuleNotFoundError: No module named 'nothing_that_is_there'" in refused.stderr
    assert (refused.returncode, fine.returncode) == (3, 0), fine.stderr
    assert "statuspage_noticeboard lacks edit" in halved.stderr
