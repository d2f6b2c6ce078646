"""The faults that the switchboard offers: their names are a stable interface, their words are for a person who tries them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from statuspage.demo.bank.customers import ACCOUNT_LETTERS

Value = float | str
Settings = Mapping[str, Value]


class UnknownFault(Exception):
    """There is no fault of that name."""


class InvalidSettings(Exception):
    """A setting is unknown, of the wrong kind or out of range."""


@dataclass(frozen=True)
class Number:
    """A setting in the unit that its name says, with its default and range."""

    default: float
    low: float
    high: float

    @property
    def allowed(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def read(self, value: object) -> Value:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise ValueError
        return float(value)

    def read_text(self, text: str) -> Value:
        return self.read(float(text))


@dataclass(frozen=True)
class Choice:
    """A setting that is one of several words."""

    default: str
    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.choices)

    def read(self, value: object) -> Value:
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError
        return value

    def read_text(self, text: str) -> Value:
        return self.read(text)


@dataclass(frozen=True)
class Fault:
    """sees: what customers notice. watch: what to look at meanwhile. group: heading on the switchboard."""

    name: str
    title: str
    group: str
    sees: str
    watch: str
    settings: Mapping[str, Number | Choice] = field(default_factory=dict)

    def read(self, given: object, *, texts: bool = False) -> Settings:
        """Settings complete with defaults. Raises InvalidSettings. texts: values come from a form."""
        if not isinstance(given, Mapping):
            raise InvalidSettings(f"{self.name}: the settings must be a JSON object, like {{}}. Nothing was switched.")
        if unknown := sorted(set(given) - set(self.settings)):
            allowed = ", ".join(self.settings) or "none"
            raise InvalidSettings(f"{self.name} has no setting {unknown[0]!r}. Allowed: {allowed}. Nothing was switched.")
        found: dict[str, Value] = {}
        for key, setting in self.settings.items():
            value = given.get(key, setting.default)
            try:
                found[key] = setting.read_text(value) if texts and isinstance(value, str) else setting.read(value)
            except ValueError:
                raise InvalidSettings(f"{self.name}: {key} is {value!r}; use {setting.allowed}. Nothing was switched.") from None
        return found


_IN, _DATA, _LOAD, _NET = "Signing in", "Behind the pages", "The website answers badly", "The connection"

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "sign_in_stopped", "Sign-in service stopped", _IN,
            "Everyone is sent back to the sign-in page at once: “Login failed”.",
            "Log in turns red; posts go out in every language.",
        ),
        Fault(
            "sign_in_frozen", "Sign-in service frozen", _IN,
            "The same “Login failed”, after a pause: the website gives up waiting for the service.",
            "Log in turns red, a little later than when the service is stopped.",
            {"seconds": Number(2.0, 0.1, 60.0)},
        ),
        Fault(
            "keys_out_of_step", "Signing keys out of step", _IN,
            "Signing in looks perfect, and the next page asks to sign in again, for ever.",
            "The page before the code still works: only a complete sign-in finds it.",
        ),
        Fault(
            "session_short", "Sessions end too early", _IN,
            "Customers are signed out again after so many seconds; 0 is at once.",
            "A complete sign-in fails where the account page should be.",
            {"seconds": Number(0.0, 0.0, 900.0)},
        ),
        Fault(
            "canary_expired", "A test account's password has run out", _IN,
            "Customers notice nothing: only the test account of that letter gets “Login failed”.",
            "The public page must stay green; the bank's own staff get an alarm.",
            {"account": Choice("a", ACCOUNT_LETTERS)},
        ),
        Fault(
            "database_restarted", "Customer database restarted", _IN,
            "The first sign-in after it fails, the second works.",
            "Nothing may turn red: one failure is no outage.",
        ),
        Fault(
            "balance_missing", "Balance service stopped", _DATA,
            "The account page opens, with dashes instead of a number.",
            "Balance and history is partly down and the app is unstable, although every page answers 200.",
        ),
        Fault(
            "database_stopped", "Booking database stopped", _DATA,
            "The balance is right, the list of bookings is empty, and nothing says why.",
            "Balance and history is partly down, although every page answers 200.",
        ),
        Fault(
            "maintenance_page", "A back end shows a maintenance page", _DATA,
            "After signing in: “Something went wrong” (error 500), because a page came where data should be.",
            "Log in turns red with all that needs it, although its first page works.",
        ),
        Fault(
            "workers_busy", "All workers busy", _LOAD,
            "Every page takes that many seconds, the sign-in page too.",
            "Slow pages run into the probes' time limit: several components, one incident.",
            {"seconds": Number(13.0, 0.1, 120.0)},
        ),
        Fault(
            "slow", "Slow", _LOAD,
            "Every page works, that many seconds later.",
            "Components turn to slow rather than down while the answers still come in time.",
            {"seconds": Number(3.0, 0.1, 120.0)},
        ),
        Fault(
            "error_500", "Error 500", _LOAD,
            "Every page says that something went wrong.",
            "Everything behind the website turns red: one incident, not five.",
        ),
        Fault(
            "error_503", "Error 503", _LOAD,
            "Every page says that the bank is not available.",
            "Everything behind the website turns red: one incident, not five.",
        ),
        Fault(
            "sorry_page", "A “sorry” page", _LOAD,
            "Every page is a friendly apology, sent as if all were well (200).",
            "Only probes that read the page notice.",
        ),
        Fault("empty_body", "Empty pages", _LOAD, "Every page is white: 200, and nothing in it.", "Only probes that read the page notice."),
        Fault(
            "redirect_loop", "Redirect loop", _LOAD,
            "The browser says that the page redirects too often.",
            "The evidence in the console says where the loop is.",
        ),
        Fault(
            "everything_down", "Everything down", _NET,
            "Nothing answers any more: website, app and transfers are gone.",
            "One incident that names all of it, and this status page stays up.",
        ),
        Fault("refuse", "Refuse connections", _NET, "The browser says at once that it cannot connect.", "Found fastest of all."),
        Fault(
            "hang", "Hang", _NET,
            "The browser waits for ever: the connection opens and nothing comes.",
            "Found as fast as the probes' time limit allows.",
        ),
        Fault(
            "drip", "Drip", _NET,
            "Pages come one byte after the other.",
            "A probe that only waits for silence would wait for ever; the total time limit ends it.",
            {"bytes_per_s": Number(1.0, 0.1, 1000.0)},
        ),
        Fault(
            "expired_certificate", "Expired certificate", _NET,
            "Over https the browser warns of an unsafe connection; http goes on.",
            "The certificate's probe says since when.",
        ),
    )
}  # fmt: skip


class Faults:
    """Which faults are on. All are off when the bank starts. `changed` is told after each switch, with the fault turned on, or None."""

    def __init__(self, changed: Callable[[Mapping[str, Settings], str | None], None]) -> None:
        self._on: dict[str, Settings] = {}
        self._lock = threading.Lock()
        self._changed = changed

    @staticmethod
    def known(name: str) -> Fault:
        try:
            return FAULTS[name]
        except KeyError:
            raise UnknownFault(f"There is no fault {name!r}. Use one of: {', '.join(FAULTS)}. Nothing was switched.") from None

    def turn_on(self, name: str, settings: object, *, texts: bool = False) -> None:
        """Raises UnknownFault or InvalidSettings. Turning on what is on changes its settings."""
        read = self.known(name).read(settings, texts=texts)
        with self._lock:
            self._on[name] = read
            self._changed(dict(self._on), name)

    def turn_off(self, name: str) -> None:
        """Raises UnknownFault. Turning off what is off is fine."""
        self.known(name)
        with self._lock:
            self._on.pop(name, None)
            self._changed(dict(self._on), None)

    def listing(self) -> dict[str, dict[str, object]]:
        """name -> {"on", "settings", "description"}; settings that count now, or the defaults."""
        with self._lock:
            on = dict(self._on)
        return {
            fault.name: {
                "on": fault.name in on,
                "settings": dict(on.get(fault.name) or fault.read({})),
                "description": f"{fault.sees} {fault.watch}",
            }
            for fault in FAULTS.values()
        }
