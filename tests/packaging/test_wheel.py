"""An installation outside the checkout works, with everything that it needs to read."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent


def run(*command: str | Path, cwd: Path, **more: object) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "STATUSPAGE"))}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def test_every_file_that_the_product_reads_is_named_as_part_of_its_package() -> None:
    """A new kind of file, a template of another suffix for instance, is easily left out, and missed only where it is installed."""
    packages = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    listed = run("git", "ls-files", *packages, cwd=TOP).split()
    assert len(listed) > 300

    for package, patterns in packages.items():
        carried = {path.relative_to(TOP).as_posix() for pattern in patterns for path in (TOP / package).glob(pattern)}
        read = {path for path in listed if path.startswith(f"{package}/") and not path.endswith(".py")}
        assert read - carried == set(), package


@pytest.mark.long
def test_an_installed_statuspage_works_outside_the_checkout(tmp_path: Path) -> None:
    source = tmp_path / "source"
    run("git", "clone", "-q", TOP, source, cwd=tmp_path)
    run(sys.executable, "-m", "venv", tmp_path / "empty", cwd=tmp_path)
    python = tmp_path / "empty/bin/python"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", source, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = tmp_path / "empty/bin/statuspage"

    starter = run(command, "init", cwd=elsewhere)
    (elsewhere / "statuspage.yaml").write_text(starter)
    said = run(command, "check", cwd=elsewhere)
    schema = run(command, "schema", cwd=elsewhere)
    migrated = run(command, "migrate", cwd=elsewhere)
    where = run(python, "-c", "import statuspage; print(statuspage.templates_folder().is_dir())", cwd=elsewhere)

    assert "website" in said
    assert '"statuspage.yaml"' in schema
    assert "The database has the tables of" in migrated
    assert where.strip() == "True"
