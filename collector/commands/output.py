"""What commands print: JSON for programs, tables for people, a sentence when they cannot run."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import NoReturn, ParamSpec

import click

from collector.errors import CollectorError

P = ParamSpec("P")

COULD_NOT_RUN, INTERRUPTED = 2, 130


def said_plainly(command: Callable[P, int | None]) -> Callable[P, NoReturn]:
    """End the process with the command's exit code; an expected error is a sentence on stderr and exit code 2.

    Ctrl-C is 130, as shells have it.
    """

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        try:
            code = command(*args, **kwargs)
        except CollectorError as error:
            click.echo(error, err=True)
            code = COULD_NOT_RUN
        except KeyboardInterrupt:  # click would say 1, which means that something was found
            click.echo("stopped", err=True)
            code = INTERRUPTED
        sys.exit(code or 0)

    return wrapper


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, object]], *, empty: str) -> None:
    """Rows as a table; `columns` maps a row's key to its heading. The last column takes what is left of the line."""
    if not rows:
        click.echo(empty)
        return
    cells = [list(columns.values())]
    cells += [[_text(row.get(key)) for key in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for line in cells:
        padded = [text.ljust(width) for text, width in zip(line[:-1], widths[:-1], strict=True)]
        click.echo("  ".join([*padded, line[-1]]).rstrip())


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={each}" for key, each in value.items() if each) or "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)
