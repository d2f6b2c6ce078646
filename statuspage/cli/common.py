"""What every command shares: where things are, how it prints, and what its exit status means.

Exit status: 0 done; 1 refused by a rule, nothing was changed; 2 the command was typed wrong; 3 the configuration is wrong;
4 no such thing; 5 somebody else changed it meanwhile; 6 the database, a file or another process cannot be used; 7 `channel test` of a
kind that cannot be tried; 130 ended by Ctrl-C (__main__.py); 141 nobody read the answer to its end.
"""

from __future__ import annotations

import functools
import getpass
import json
import os
import re
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar
from urllib.parse import SplitResult, urlsplit

import click
from rich.console import Console
from rich.table import Table

from statuspage.actions.context import Context
from statuspage.core.errors import Conflict, DomainError, NotFound
from statuspage.demo import stage
from statuspage.ports import Ports
from statuspage.settings.keys import BrokenKey, refuse_open_doors
from statuspage.settings.loader import ConfigError
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.store.migrate import NotMigrated, require_head
from statuspage.store.trouble import StoreTrouble, reason
from statuspage.worker.in_use import using
from statuspage.worker.process import context_of, open_ports, running_configuration

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a network's answer must not move the cursor of who reads it
REFUSED, WRONG_CONFIGURATION, NOT_FOUND, CONFLICT, NO_ANSWER, NOT_TRIED = 1, 3, 4, 5, 6, 7
READER_LEFT = 141  # 128 + SIGPIPE, as shells say it of every program
P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Invocation:
    """One call of the command: where things are, and how to print. config_typed: the file was named on the command line."""

    process: ProcessSettings
    as_json: bool
    config_typed: bool = False

    @functools.cached_property
    def ports(self) -> Ports:
        """The real ports, over a database that is there and has this version's tables. Raises NotMigrated."""
        with closing(Database(self.process.database)) as database:
            require_head(database)
        return open_ports(self.process)

    @property
    def environ(self) -> Mapping[str, str]:
        """What references of the configuration are looked up in; beside a running demonstration, its own (invented) values too."""
        return {**_demonstration(self.process), **os.environ}

    def context(self) -> Context:
        """The configuration that runs, put together. The caller acts on the database directly."""
        _, loaded = running_configuration(self.ports, self.process, self.environ)
        return context_of(self.ports, self.process, loaded)

    def done(self, sentence: str, **facts: Any) -> None:
        """Says that it is done: a sentence for people, or with --json an object of facts for programs."""
        click.echo(json.dumps(facts, default=plain, ensure_ascii=False, indent=2) if self.as_json else sentence)


def _demonstration(process: ProcessSettings) -> Mapping[str, str]:
    page, networks = _page(process), "networks" in _addresses(process)
    return stage.environment(page.hostname or "", page.port or 80, process.data) if page is not None and networks else {}


def running_port(process: ProcessSettings) -> int | None:
    """The port of the page that `up` serves on this data folder; None if it serves none."""
    page = _page(process)
    return None if page is None else page.port


def _page(process: ProcessSettings) -> SplitResult | None:
    return urlsplit(_addresses(process)["page"]) if "page" in _addresses(process) else None


def _addresses(process: ProcessSettings) -> dict[str, str]:
    """What `up` wrote down when everything answered; empty if it does not run."""
    try:
        return {name: str(address) for name, address in json.loads(process.addresses.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def prepare(process: ProcessSettings) -> None:
    """Makes the data folder, and the file of an SQLite database: read by nobody else, though others may look into public/."""
    process.data.mkdir(parents=True, exist_ok=True, mode=0o711)
    file = Database(process.database).file
    if file is not None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        file.touch(mode=0o600)


@contextmanager
def at_work(process: ProcessSettings) -> Iterator[None]:
    """Around whatever runs for long: others cannot get at keys and database, and no restore may begin meanwhile."""
    file = Database(process.database).file
    refuse_open_doors(process.secrets, [] if file is None else [file])
    with using(process.data) as free:
        if not free:
            fail(f"A backup is being restored into {process.data}. Nothing was started; start again when that is done.", REFUSED)
        yield


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Turns errors into a sentence on standard error and the exit status of this module's docstring."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ConfigError as error:
            fail(f"The configuration is wrong; nothing was changed.\n{error}", WRONG_CONFIGURATION)
        except (NotMigrated, BrokenKey) as error:
            fail(str(error), NO_ANSWER)
        except NotFound as error:
            fail(str(error), NOT_FOUND)
        except Conflict as error:
            fail(str(error), CONFLICT)
        except DomainError as error:
            fail(str(error), REFUSED)
        except StoreTrouble as error:
            fail(f"The database does not answer: {reason(error)}. Nothing was changed; try again.", NO_ANSWER)
        except OSError as error:
            if isinstance(error, BrokenPipeError) and _reader_left():
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be flushed at the end goes there
                sys.exit(READER_LEFT)
            fail(f"{error.filename or 'A file or socket'} cannot be used: {error.strerror}. Nothing was changed.", NO_ANSWER)

    return wrapper


def _reader_left() -> bool:
    """True if nobody reads standard output any more, as in `| head -1`. What was done is done: there is nothing to complain of."""
    looked = select.poll()
    looked.register(sys.stdout.fileno(), 0)  # 0: only what is always told, that the other end is gone
    return bool(looked.poll(0))


def fail(message: str, status: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(status)


def who() -> str:
    """Name of the person at this terminal, for the audit log."""
    return os.environ.get("STATUSPAGE_WHO") or f"{getpass.getuser()} (command line)"


def show(invocation: Invocation, rows: Sequence[Mapping[str, Any]], columns: Iterable[str], title: str = "") -> None:
    """A table for people, or with --json a list of objects for programs."""
    if invocation.as_json:
        click.echo(json.dumps(list(rows), default=plain, ensure_ascii=False, indent=2))
        return
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    names = list(columns)
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    wide = None if sys.stdout.isatty() else 200
    Console(width=wide, highlight=False, markup=False).print(table if rows else f"{title or 'Nothing'}: none.")


def show_one(invocation: Invocation, thing: Mapping[str, Any]) -> None:
    """One thing, key by key, or with --json as an object."""
    if invocation.as_json:
        click.echo(json.dumps(thing, default=plain, ensure_ascii=False, indent=2))
        return
    width = max((len(key) for key in thing), default=0)
    for key, value in thing.items():
        text = _cell(value).replace("\n", "\n" + " " * (width + 2))
        click.echo(f"{key.replace('_', ' '):<{width}}  {text}")


def plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"cannot print a {type(value).__name__}")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_cell(item)}" for key, item in value.items()) or "-"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_cell(item) for item in value) or "-"
    return _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", str(value))
