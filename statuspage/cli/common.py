"""What every command shares: where things are, how it prints, and what its exit status means.

Exit status: 0 done; 1 refused by a rule, nothing was changed; 2 the command was typed wrong; 3 the configuration is wrong;
4 no such thing; 5 somebody else changed it meanwhile; 6 the database or another process does not answer.
"""

from __future__ import annotations

import functools
import getpass
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Table

from statuspage.actions.context import Context
from statuspage.core.errors import Conflict, DomainError, NotFound
from statuspage.settings.loader import ConfigError
from statuspage.settings.process import ProcessSettings
from statuspage.store.migrate import NotMigrated
from statuspage.store.trouble import StoreTrouble
from statuspage.worker.assemble import build_context
from statuspage.worker.process import NoConfiguration, open_ports, running_configuration

REFUSED, WRONG_CONFIGURATION, NOT_FOUND, CONFLICT, NO_ANSWER = 1, 3, 4, 5, 6
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Invocation:
    """One call of the command: where things are, and how to print."""

    process: ProcessSettings
    as_json: bool

    def context(self) -> Context:
        """The configuration that runs, put together. The caller acts on the database directly."""
        ports = open_ports(self.process, threading.Event())
        _, loaded = running_configuration(ports, self.process, os.environ)
        return build_context(ports, self.process, loaded)


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Turns errors into a sentence on standard error and the exit status of this module's docstring."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ConfigError as error:
            fail(f"The configuration is wrong; nothing was changed.\n{error}", WRONG_CONFIGURATION)
        except NoConfiguration as error:
            fail(f"{error}: there is no such file, and no configuration was accepted before. Try: statuspage init", WRONG_CONFIGURATION)
        except NotMigrated as error:
            fail(str(error), NO_ANSWER)
        except NotFound as error:
            fail(str(error), NOT_FOUND)
        except Conflict as error:
            fail(str(error), CONFLICT)
        except DomainError as error:
            fail(str(error), REFUSED)
        except StoreTrouble as error:
            fail(f"The database does not answer: {error}. Nothing was changed; try again.", NO_ANSWER)

    return wrapper


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
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_cell(item)}" for key, item in value.items()) or "-"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_cell(item) for item in value) or "-"
    return str(value)
