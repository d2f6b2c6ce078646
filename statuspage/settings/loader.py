"""Reads and checks statuspage.yaml. A file with one mistake is refused whole, with every mistake named."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from PIL import Image
from pydantic import TypeAdapter, ValidationError

from broadcasters import BROKEN, CLOSED
from statuspage.probes.amiss import Amiss
from statuspage.probes.place import without_secrets
from statuspage.settings import rules
from statuspage.settings.kinds import account_configs, probe_targets
from statuspage.settings.models import BucketSettings, Settings
from statuspage.settings.secrets import BrokenReference, forbid_unknown_keys, is_reference, matches, resolve, secret_paths
from statuspage.settings.source import Path, Source, SourceError, read_yaml
from statuspage.settings.wrong import keys_of, message, number_asked, place_of, shown, what


@dataclass(frozen=True)
class Loaded:
    """A configuration that was accepted.

    targets   probe name -> PROBES[kind].Target;  configs   account name -> BROADCASTERS[kind].Config
    text      the file as it stands, references unresolved: fit to be stored and shown
    logo      the bank's, a PNG; b"" if there is none
    """

    settings: Settings
    targets: Mapping[str, Any]
    configs: Mapping[str, Any]
    text: str
    digest: str
    logo: bytes = field(default=b"", repr=False)


LARGEST = 1_000_000  # bytes; a bank of 40 components has 50,000, and reading as much as this takes seconds
LARGEST_LOGO = 300_000
MOST_PIXELS = 10_000_000  # a small file may unfold to gigabytes
NOT_SHOWN = "What the reference leads to is not shown: it may be a secret."
SURELY_ITSELF = 6  # letters: a shorter value may stand in a message by chance
SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization", "x-api-key", "api-key")
SECRET_FIELDS = ("password", "passwd", "pwd", "pin", "totp", "otp", "secret", "token", "access_token", "api_key")
_PNG = b"\x89PNG\r\n\x1a\n"


class ConfigError(Exception):
    """What is wrong, one line per mistake: file:line: where: what was found, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def load_file(path: FilePath, environ: Mapping[str, str]) -> Loaded:
    """Reads the file at `path`. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ConfigError(
                [f"{path}: the file has more than {LARGEST // 1000} kB. A configuration needs far less: is it the right file?"]
            )
        text = data.decode("utf-8")
    except OSError as error:
        hint = f". `statuspage init --output {path.name}` writes one to begin with" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError([f"{path}: the file cannot be read: {error.strerror}{hint}."]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: the file is not UTF-8: byte {error.start} cannot be read"]) from None
    return load_text(text, name=path.name, folder=path.parent, environ=environ)


def load_text(text: str, *, name: str, folder: FilePath, environ: Mapping[str, str]) -> Loaded:
    """Checks a configuration. `folder` is where relative file: references are looked for."""
    try:
        source = read_yaml(text)
    except SourceError as error:
        raise ConfigError([f"{name}:{error.line}: {error}"]) from None
    if not isinstance(source.data, dict):
        raise ConfigError([f"{name}:1: found {what(source.data)}. Allowed is a mapping with the keys {', '.join(keys_of(Settings))}."])
    return _Reading(source, name, folder, environ).finish(text)


class _Reading:
    """One pass over one file; collects problems so that a person sees all of them at once."""

    def __init__(self, source: Source, name: str, folder: FilePath, environ: Mapping[str, str]) -> None:
        self.source = source
        self.name = name
        self.folder = folder
        self.environ = environ
        self.problems: list[str] = []
        self.said: set[tuple[int, str]] = set()
        self.referred: dict[str, str] = {}  # what references became -> how they are written

    def problem(self, path: Path, told: str) -> None:
        """Adds it, unless the same was said of the same line: what an alias repeats has to be put right once.

        What a reference became may be a secret, wherever it stands: the message names the reference in its place.
        """
        line, told = self.source.line(path), self._without_values(told)
        if (line, told) not in self.said:
            self.said.add((line, told))
            self.problems.append(f"{self.name}:{line}: {_where(path)}: {told}")

    def _without_values(self, told: str) -> str:
        found = self._as_written(told)
        for value, written in self._longest_first():
            found = found.replace(repr(value), repr(written))
            if len(value) >= SURELY_ITSELF:
                found = found.replace(repr(value)[1:-1], written)
        return found if found == told or NOT_SHOWN in told else f"{found} {NOT_SHOWN}"

    def _as_written(self, found: Any) -> Any:
        """A value with its references in place of what they became; before it is cut to a size, or half a secret could be left."""
        if not isinstance(found, str):
            return found
        for value, written in self._longest_first():
            if value == found or len(value) >= SURELY_ITSELF:
                found = found.replace(value, written)
        return found

    def _longest_first(self) -> list[tuple[str, str]]:
        return sorted(self.referred.items(), key=lambda one: -len(one[0]))

    def finish(self, text: str) -> Loaded:
        self._check_secrets()
        data = self._resolved(self.source.data, ())
        self._raise_if_any()
        settings = self._validate(Settings, data, ())
        self._raise_if_any()
        targets = dict(self._parts("probes", "target", settings.probes, probe_targets))
        configs = dict(self._parts("accounts", "config", settings.accounts, account_configs))
        self._raise_if_any()
        targets = dict(self._placed(targets))
        configs = {name: config.located(self.folder) if hasattr(config, "located") else config for name, config in configs.items()}
        for path, told in rules.broken(settings, targets, configs):
            self.problem(path, told)
        self._raise_if_any()
        logo = self._logo(settings.page.logo)
        self._raise_if_any()
        return Loaded(settings, targets, configs, text, hashlib.sha256(text.encode()).hexdigest(), logo)

    def _placed(self, targets: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The targets with the files of issuers that they trust, looked for from this file's folder."""
        for name, target in targets.items():
            file = getattr(target, "ca_file", "")
            yield name, replace(target, ca_file=str(self.folder / file)) if file else target

    def _logo(self, name: str | None) -> bytes:
        if name is None:
            return b""
        try:
            data = (self.folder / name).read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            why = error.strerror if isinstance(error, OSError) else "no file can be called so"
            self.problem(("page", "logo"), f"found {name!r}, which cannot be read: {why}.")
            return b""
        if not data.startswith(_PNG) or len(data) > LARGEST_LOGO:
            self.problem(("page", "logo"), f"found {name!r}. Use a PNG of at most {LARGEST_LOGO // 1000} kB.")
        elif wrong := _undrawable(data):
            self.problem(("page", "logo"), f"found {name!r}, {wrong}.")
        return data

    def _raise_if_any(self) -> None:
        if self.problems:
            raise ConfigError(self.problems)

    def _resolved(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self._resolved(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str):
            try:
                found = resolve(value, self.environ, self.folder)
            except BrokenReference as error:
                self.problem(path, f"{error}. Set it, or write another reference.")
                return value
            if found != value:
                self.referred[found] = value
            return found
        return value

    def _check_secrets(self) -> None:
        for kind, value, path in self._holders():
            patterns = list(secret_paths(kind, path))
            for place, text in _leaves(value, path):
                if not isinstance(text, str):
                    continue
                if any(matches(place[: len(p)], p) for p in patterns) and not is_reference(text):
                    self.problem(place, "a secret stands here in plain words. Write ${NAME} or file:PATH instead, and change the secret.")
                elif _signs_in(place) and not is_reference(text) and "{" not in text:  # {name}: what a journey's step has captured
                    what_stands = "header" if place[-2] == "headers" else "field"
                    self.problem(
                        place, f"this {what_stands} is a secret in plain words. Write ${{NAME}} or file:PATH, and change the secret."
                    )

    def _holders(self) -> Iterator[tuple[Any, Any, Path]]:
        """What may hold secrets: its dataclass, what stands there, and where."""
        for section, part, kinds in (("probes", "target", probe_targets), ("accounts", "config", account_configs)):
            listed = self.source.data.get(section)
            for index, item in enumerate(listed if isinstance(listed, list) else []):
                kind = kinds().get(str(item.get("kind"))) if isinstance(item, dict) else None
                if kind is not None:
                    yield kind, item.get(part), (section, index, part)
        publishing = self.source.data.get("publishing")
        buckets = publishing.get("buckets") if isinstance(publishing, dict) else None
        for index, item in enumerate(buckets if isinstance(buckets, list) else []):
            yield BucketSettings, item, ("publishing", "buckets", index)

    def _parts(self, section: str, part: str, items: list[Any], kinds: Any) -> Iterator[tuple[str, Any]]:
        for index, item in enumerate(items):
            kind = kinds().get(item.kind)
            if kind is None:
                allowed = ", ".join(sorted(kinds()))
                reason = BROKEN.get(item.kind) or CLOSED.get(re.sub(r"[\s_-]", "", item.kind.lower())) if section == "accounts" else None
                why = f" {reason}" if reason else ""
                self.problem((section, index, "kind"), f"found {item.kind!r}.{why} Use one of: {allowed}.")
                continue
            forbid_unknown_keys(kind)
            yield item.name, self._validate(kind, getattr(item, part), (section, index, part))

    def _validate(self, kind: Any, data: Any, prefix: Path) -> Any:
        for place, value in _leaves(data, ()):
            if isinstance(value, bool) and (allowed := number_asked(kind, place)):
                self.problem((*prefix, *place), f"found {shown(value)}. Allowed is {allowed}.")
        try:
            return TypeAdapter(kind).validate_python(data)
        except ValidationError as error:
            secret = list(secret_paths(kind, prefix)) if prefix else []
            for detail in error.errors():
                cause = detail.get("ctx", {}).get("error")
                path = (*prefix, *place_of(detail))
                if isinstance(cause, Amiss):
                    self._amiss(path, cause, detail["input"])
                    continue
                hidden = path[-1:] == ("config",) or _signs_in(path) or any(matches(path[: len(p)], p) for p in secret)
                found = self._as_written(detail["input"])
                told = message(detail, kind, None if hidden or isinstance(found, dict | list) else shown(found))
                same = found is detail["input"] or found == detail["input"]  # .nan equals nothing, not itself either
                self.problem(path, told if same else f"{told} {NOT_SHOWN}")
            return None

    def _amiss(self, path: Path, cause: Amiss, around: Any) -> None:
        """A value that its target refused: shown as it is written, without what may sign somebody in."""
        value = around
        for step in cause.key:
            value = value.get(step) if isinstance(value, dict) else value[int(step)] if isinstance(value, list) else None
        told = f"{str(cause).rstrip('.')}."
        if isinstance(value, str) and not told.startswith("found "):
            written = self._as_written(value)
            told = f"found {shown(without_secrets(written))}: {told}" + ("" if written == value else f" {NOT_SHOWN}")
        self.problem((*path, *cause.key), told)


def _undrawable(png: bytes) -> str:
    """What is wrong with a picture that looks like a PNG, and what is allowed; "" if all of it can be drawn."""
    allowed = f"Use a PNG of at most {MOST_PIXELS // 1_000_000} million pixels"
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                return f"which has {image.width} x {image.height} pixels. {allowed}"
            image.load()
    except Image.DecompressionBombError:
        return f"which has far too many pixels. {allowed}"
    except (OSError, ValueError, SyntaxError):
        return "a PNG that is damaged. Save it anew, or copy it again"
    return ""


def _signs_in(place: Path) -> bool:
    """True for a header or a field of a form with which a probe says who asks."""
    if len(place) < 2:
        return False
    name = str(place[-1]).lower()
    return (place[-2] == "headers" and name in SECRET_HEADERS) or (place[-2] in ("form", "json") and name in SECRET_FIELDS)


def _where(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "the file"


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every single value in lists and mappings, with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
