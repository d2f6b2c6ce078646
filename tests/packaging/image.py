"""Runs the steps of the Dockerfile without an engine: each stage in a Debian tree of its own, made by debootstrap.

Understood: FROM, RUN, WORKDIR, COPY (also --from), ENV, USER, VOLUME, EXPOSE, HEALTHCHECK, ENTRYPOINT, CMD. Anything else is an error,
so that the Dockerfile cannot come to mean more than what was tried.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PASSED_ON = ("PIP_", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT", "REQUESTS_CA")
HOST_FILES = ("/etc/resolv.conf", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d", "/etc/ssl/certs", "/etc/pip.conf")


@dataclass
class Stage:
    """One stage: its tree and what its instructions left behind."""

    tree: Path
    name: str = ""
    workdir: str = "/"
    user: str = "0:0"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
    volumes: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Name and argument of each instruction, continued lines joined."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, _, argument = line.strip().partition(" ")
            yield name.upper(), argument.strip()


def base_tree(folder: Path) -> Path:
    """A minimal Debian bookworm, as debian:bookworm-slim is."""
    tree = folder / "base"
    mirror = next(
        line.split()[1] for line in Path("/etc/apt/sources.list.d/debian.sources").read_text().splitlines() if line.startswith("URIs:")
    )
    command = ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(tree), mirror]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"debootstrap failed: {done.stdout[-800:]} {done.stderr[-800:]}")
    _borrow_host_files(tree)
    (tree / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (tree / "usr/sbin/policy-rc.d").chmod(0o755)
    return tree


def _borrow_host_files(tree: Path) -> None:
    """What an image gets from its engine or registry, and this machine needs to reach its packages."""
    (tree / "etc/apt/sources.list").unlink(missing_ok=True)
    for name in HOST_FILES:
        source, target = Path(name), tree / name.lstrip("/")
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, symlinks=False, ignore_dangling_symlinks=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target, follow_symlinks=True)


def build(dockerfile: Path, context: Path, folder: Path) -> Stage:
    """Runs every instruction; returns the last stage."""
    base = base_tree(folder)
    stages: list[Stage] = []
    for name, argument in instructions(dockerfile.read_text()):
        if name == "FROM":
            image, _, alias = argument.partition(" AS ")
            if image.strip() != "debian:bookworm-slim":
                raise ValueError(f"FROM {image}: only debian:bookworm-slim can be tried here")
            tree = folder / f"stage{len(stages)}"
            subprocess.run(["cp", "-a", str(base), str(tree)], check=True)
            stages.append(Stage(tree, alias.strip()))
        else:
            _apply(name, argument, stages, context)
    return stages[-1]


def _apply(name: str, argument: str, stages: list[Stage], context: Path) -> None:
    stage = stages[-1]
    if name == "RUN":
        run(stage, ["/bin/sh", "-c", argument])
    elif name == "WORKDIR":
        stage.workdir = argument
        (stage.tree / argument.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "COPY":
        _copy(argument, stages, context)
    elif name == "ENV":
        for pair in shlex.split(argument):
            key, _, value = pair.partition("=")
            stage.environment[key] = value
    elif name == "USER":
        stage.user = argument
    elif name == "VOLUME":
        stage.volumes.append(argument)
    elif name == "HEALTHCHECK":
        stage.healthcheck = json.loads(argument.partition("CMD ")[2])
    elif name == "ENTRYPOINT":
        stage.entrypoint = json.loads(argument)
    elif name == "CMD":
        stage.command = json.loads(argument)
    elif name != "EXPOSE":
        raise ValueError(f"{name}: this instruction cannot be tried here")


def _copy(argument: str, stages: list[Stage], context: Path) -> None:
    *sources, target = argument.split()
    stage, root = stages[-1], context
    if sources[0].startswith("--from="):
        alias = sources.pop(0).removeprefix("--from=")
        root = next(other.tree for other in stages if other.name == alias)
    into = stage.tree / (target if target.startswith("/") else f"{stage.workdir}/{target}").lstrip("/")
    for source in sources:
        found = root / source.lstrip("/")
        if found.is_dir():
            shutil.copytree(found, into, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place = into / found.name if target.endswith("/") else into
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, place)


def outside_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)}


def run(stage: Stage, command: list[str]) -> None:
    """One RUN: as root in the stage's tree."""
    inside = ["chroot", str(stage.tree), "/usr/bin/env", "-C", stage.workdir, *command]
    environment = outside_environment() | stage.environment | {"DEBIAN_FRONTEND": "noninteractive", "HOME": "/root", "LANG": "C.UTF-8"}
    script = f"mount -t proc proc {stage.tree}/proc && mount --bind /dev {stage.tree}/dev && exec {shlex.join(inside)}"
    done = subprocess.run(["unshare", "-m", "/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"RUN {command[-1]} failed with {done.returncode}: {done.stdout[-1500:]} {done.stderr[-1500:]}")


def start(stage: Stage, arguments: list[str], volume: Path) -> subprocess.Popen[bytes]:
    """The container: as its user, root read-only, its one volume and /tmp writable, no capabilities."""
    tree = str(stage.tree)
    inside = [*_lowered(stage), *stage.entrypoint]
    script = (
        f"mount --bind {tree} {tree} && mount -t proc proc {tree}/proc && mount --bind /dev {tree}/dev"
        f" && mount --bind {volume} {tree}{stage.volumes[0]} && mount -t tmpfs tmpfs {tree}/tmp && mount -o remount,ro,bind {tree}"
        f" && exec {shlex.join(['/usr/sbin/chroot', tree, *inside, *arguments])}"
    )
    command = ["unshare", "-m", "/bin/sh", "-c", script]
    return subprocess.Popen(command, env=_environment(stage), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def check_health(stage: Stage, running: subprocess.Popen[bytes]) -> subprocess.CompletedProcess[str]:
    """The command of HEALTHCHECK beside a container that runs, as an engine runs it: in the same tree, as the same user."""
    inside = ["/usr/sbin/chroot", str(stage.tree), *_lowered(stage), *stage.healthcheck]
    command = ["nsenter", f"--mount=/proc/{running.pid}/ns/mnt", "--", *inside]
    return subprocess.run(command, env=_environment(stage), capture_output=True, text=True, check=False)


def _lowered(stage: Stage) -> list[str]:
    user, group = stage.user.split(":")
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]


def _environment(stage: Stage) -> dict[str, str]:
    return stage.environment | {"LANG": "C.UTF-8", "HOME": "/tmp"}
