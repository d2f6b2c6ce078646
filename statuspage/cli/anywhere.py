"""Options of the whole command, typed where they come to mind: `statuspage incident list --json` as well as in front."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import click


class Anywhere(click.Group):
    """A group whose own options may stand behind the name of a command too. After `--` everything is taken as it stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._in_front(args))

    def _in_front(self, args: Sequence[str]) -> list[str]:
        """The arguments with our own options first; help and version stay, for they mean the command before them."""
        takes_value = {
            name: not option.is_flag
            for option in self.params
            if isinstance(option, click.Option)
            for name in option.opts
            if name.startswith("--")
        }
        ours: list[str] = []
        rest: list[str] = []
        left = iter(args)
        for word in left:
            if word == "--":
                rest += [word, *left]
                break
            name, equals, _ = word.partition("=")
            if name == "--version" or name not in takes_value:
                rest.append(word)
            elif takes_value[name] and not equals:
                ours += [word, *itertools.islice(left, 1)]
            else:
                ours.append(word)
        return ours + rest
