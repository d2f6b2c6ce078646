"""What a journey is, as statuspage.yaml writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from statuspage.probes.texts import check_patterns
from statuspage.probes.values import json_path, slots

_SECRET_SLOTS = frozenset({"user", "password", "totp"})
_OWN_SLOTS = _SECRET_SLOTS | {"unique"}


@dataclass(frozen=True, repr=False)
class Account:
    """A test account. Its user, password and one-time codes are {user}, {password}, {totp} in steps; values and secrets by their names.

    totp      secret of its authenticator in base32 (RFC 6238, SHA-1, 6 digits, 30 s)
    values    plain, e.g. its expected balance; secrets: further credentials, e.g. a device key
    """

    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    totp: str = field(default="", repr=False)
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"Account({self.name!r})"

    @property
    def hidden(self) -> tuple[str, ...]:
        """All that may not be shown."""
        return (self.user, self.password, self.totp, *self.secrets.values())


@dataclass(frozen=True)
class Number:
    """A number that must be there: by `match` (a pattern with one group, the number) or by `json` (a path).

    equals   may name a value of the account, e.g. "{balance}"; decimal: the sign that pages here put before the cents, and texts
    of JSON; a number of JSON has a point, whatever it says
    """

    match: str = ""
    json: str = ""
    equals: str = ""
    min: float | None = None
    max: float | None = None
    decimal: Literal[".", ","] = "."

    def __post_init__(self) -> None:
        _one_of("number", match=self.match, json=self.json)
        check_patterns([self.match] if self.match else [], groups=1)


@dataclass(frozen=True)
class Rows:
    """How often a pattern matches, or how many values a JSON path finds."""

    match: str = ""
    json: str = ""
    min: int = 1
    max: int | None = None

    def __post_init__(self) -> None:
        _one_of("rows", match=self.match, json=self.json)
        check_patterns([self.match] if self.match else [])


@dataclass(frozen=True)
class JsonRule:
    """A value that must be at a JSON path; with `equals` or `matches` (a pattern) this very one."""

    path: str
    equals: str = ""
    matches: str = ""

    def __post_init__(self) -> None:
        json_path(self.path)
        check_patterns([self.matches] if self.matches else [])


@dataclass(frozen=True)
class Expect:
    """What must be true of an answer. ends_at: a path, or an address without its query; cookies: names that must be set by now."""

    status: tuple[int, ...] = (200,)
    ends_at: str = ""
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    rows: tuple[Rows, ...] = ()
    json: tuple[JsonRule, ...] = ()
    cookies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_patterns((*self.matches, *self.avoids))

    @property
    def slots(self) -> set[str]:
        """All names in {brackets} that the rules need."""
        texts = (*self.contains, *(rule.equals for rule in self.numbers), *(rule.equals for rule in self.json))
        return {name for text in texts for name in slots(text)}


@dataclass(frozen=True)
class Capture:
    """Where a value for later steps comes from: the <input> of that name, the group of a pattern, a JSON path, or a cookie."""

    input: str = ""
    match: str = ""
    json: str = ""
    cookie: str = ""

    def __post_init__(self) -> None:
        _one_of("capture", input=self.input, match=self.match, json=self.json, cookie=self.cookie)
        check_patterns([self.match] if self.match else [], groups=1)


@dataclass(frozen=True)
class Refused:
    """How this step shows that the credentials were refused: a text of the page, a place, or a status.

    min_s, max_s   how long a true refusal takes here; one that is quicker or slower comes from a service that is ill
    """

    texts: tuple[str, ...] = ()
    ends_at: str = ""
    status: tuple[int, ...] = ()
    min_s: float = 0.0
    max_s: float | None = None

    def __post_init__(self) -> None:
        if not (self.texts or self.ends_at or self.status):
            raise ValueError("refused says nothing: name texts, ends_at or status")


@dataclass(frozen=True)
class Confirm:
    """How to learn what became of an order whose answer never came: a page to read, and what it shows once this is settled."""

    url: str
    expect: Expect = field(default_factory=Expect)


@dataclass(frozen=True)
class Step:
    """One request of a journey, redirects included.

    url       a path, or an address; it, form, json and headers may hold {slots}
    partial   True: if this step fails, customers can do much all the same; unset: so for every step after the sign-in
    writes    the step changes something (an order): it is never sent again before `confirm` says what became of it
    slow_s    slower than this is degraded, even if it works
    """

    name: str
    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    form: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    follow_redirects: bool = True
    expect: Expect = field(default_factory=Expect)
    capture: Mapping[str, Capture] = field(default_factory=dict)
    refused: Refused | None = None
    slow_s: float | None = None
    partial: bool | None = None
    writes: bool = False
    confirm: Confirm | None = None

    def __post_init__(self) -> None:
        if self.form and self.json is not None:
            raise ValueError(f"step {self.name!r}: a request carries a form or json, not both")
        if (self.form or self.json is not None) and self.method in ("GET", "HEAD"):
            raise ValueError(f"step {self.name!r}: {self.method} carries no form or json; use method POST")
        if self.writes and self.confirm is None:
            raise ValueError(f"step {self.name!r} writes, so it needs `confirm`: a page that tells what became of an unanswered order")

    @property
    def slots(self) -> set[str]:
        """All names in {brackets} that the request needs."""
        return {name for text in self._texts() for name in slots(text)}

    @property
    def uses_credentials(self) -> bool:
        return bool(self.slots & _SECRET_SLOTS)

    def _texts(self) -> Iterator[str]:
        yield self.url
        if self.confirm is not None:
            yield self.confirm.url
            yield from (f"{{{name}}}" for name in self.confirm.expect.slots)
        yield from (*self.form.values(), *self.headers.values(), *_strings(self.json))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _one_of(what: str, **given: str) -> None:
    named = [name for name, value in given.items() if value]
    if len(named) != 1:
        raise ValueError(f"{what}: name exactly one of {', '.join(given)}; found {', '.join(named) or 'none'}")
    if named == ["json"]:
        json_path(given["json"])


def check_slots(steps: tuple[Step, ...], accounts: tuple[Account, ...]) -> None:
    """Raises ValueError for a {slot} that nothing fills: no account, no earlier step."""
    of_accounts = [{*account.values, *account.secrets} for account in accounts]
    known = set.intersection(*of_accounts) if of_accounts else set()
    known |= _OWN_SLOTS if accounts else {"unique"}
    for step in steps:
        if missing := sorted((step.slots | step.expect.slots) - known):
            told = f"step {step.name!r} uses {{{missing[0]}}}, which no account and no earlier step gives"
            raise ValueError(f"{told}. Known here: {', '.join(sorted(known))}")
        if "totp" in step.slots and not all(account.totp for account in accounts):
            raise ValueError(f"step {step.name!r} uses {{totp}}, but not every account has a totp secret")
        known |= set(step.capture)
