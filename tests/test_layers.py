"""Imports point one way, and each library stays where it belongs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
SIDES = ("core", "store", "words", "probes", "publish", "settings", "actions", "worker", "web", "cli", "demo")

# Which of our own packages a package may import, besides itself.
ALLOWED = {
    "core": set(),
    "words": {"core"},
    "probes": {"core"},
    "publish": {"core", "words"},
    "store": {"core"},
    "settings": {"core", "probes", "words", "broadcasters"},
    "actions": {"core", "store", "words", "settings", "ports"},
    "worker": {"core", "store", "words", "settings", "actions", "probes", "publish", "ports", "outside", "broadcasters"},
    "web": {"core", "store", "words", "settings", "actions", "publish", "ports", "outside", "worker", "broadcasters"},
    "demo": {"core", "store", "words", "settings", "actions", "ports", "outside", "broadcasters"},
    "cli": {*SIDES, "ports", "outside", "broadcasters"},
    "broadcasters": set(),
}

# Library -> the only places (path prefixes) that may import it.
KEPT = {
    "flask": ("statuspage/__init__.py", "statuspage/web", "statuspage/demo"),
    "flask_sqlalchemy": ("statuspage/__init__.py", "statuspage/web"),
    "sqlalchemy": ("statuspage/store", "statuspage/__init__.py"),
    "pycurl": ("statuspage/probes",),
    "requests": ("broadcasters/http.py",),
    "feedgen": ("statuspage/publish/feeds.py",),
    "click": ("statuspage/cli",),
    "apprise": ("broadcasters/apprise.py",),
    "boto3": ("statuspage/bucket.py",),
    "botocore": ("statuspage/bucket.py",),
}

# Modules of the machine that product code reaches only through the ports -> where they may be imported.
OUTSIDE = {
    "time": ("statuspage/outside.py", "statuspage/probes", "statuspage/demo", "broadcasters/http.py", "broadcasters/smtp.py"),
    "random": (),
    "secrets": ("statuspage/outside.py", "statuspage/settings/keys.py", "statuspage/demo"),
    "socket": ("statuspage/probes", "statuspage/demo", "statuspage/cli", "broadcasters/http.py", "broadcasters/smtp.py"),
    "urllib.request": (),
    "smtplib": ("broadcasters/smtp.py",),
    "http.client": ("statuspage/demo", "statuspage/cli", "broadcasters/http.py"),
}


def sources() -> list[Path]:
    return sorted([*(TOP / "statuspage").rglob("*.py"), *(TOP / "broadcasters").rglob("*.py")])


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in the file; those only for type checking too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def package_of(path: Path) -> str:
    parts = path.relative_to(TOP).parts
    return parts[0] if parts[0] == "broadcasters" else parts[1] if len(parts) > 2 else parts[1].removesuffix(".py")


def target_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] == "broadcasters":
        return "broadcasters"
    if parts[0] == "statuspage" and len(parts) > 1:
        return parts[1]
    return None


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    wrong = []

    for path in sources():
        if package_of(path) == package:
            for module, line in imports(path):
                target = target_of(module)
                known = target in ALLOWED or target in ("ports", "outside")
                if known and target != package and target not in ALLOWED[package]:
                    wrong.append(f"{path.relative_to(TOP)}:{line} imports {module}")

    assert wrong == []


@pytest.mark.parametrize("library", sorted(KEPT))
def test_a_library_stays_in_its_place(library: str) -> None:
    wrong = []

    for path in sources():
        place = path.relative_to(TOP).as_posix()
        for module, line in imports(path):
            if module.split(".")[0] == library and not place.startswith(KEPT[library]):
                wrong.append(f"{place}:{line} imports {module}")

    assert wrong == []


@pytest.mark.parametrize("module_of_machine", sorted(OUTSIDE))
def test_the_machine_is_reached_only_through_the_ports(module_of_machine: str) -> None:
    wrong = []

    for path in sources():
        place = path.relative_to(TOP).as_posix()
        for module, line in imports(path):
            inside = module == module_of_machine or module.startswith(f"{module_of_machine}.")
            if inside and not place.startswith(OUTSIDE[module_of_machine]):
                wrong.append(f"{place}:{line} imports {module}")

    assert wrong == []


def test_nobody_but_the_clock_asks_what_time_it_is() -> None:
    allowed = ("statuspage/outside.py", "statuspage/probes", "statuspage/demo", "broadcasters/http.py")
    wrong = []

    for path in sources():
        place = path.relative_to(TOP).as_posix()
        if place.startswith(allowed):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("now", "utcnow", "today"):
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id in ("datetime", "date"):
                    wrong.append(f"{place}:{node.lineno}")

    assert wrong == []
