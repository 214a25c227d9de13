"""What the shell offers after a TAB, and the scripts that make it ask."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from cfgtool.cli.main import COMPLETE
from cfgtool.errors import UserError
from cfgtool.files import atomic_write
from cfgtool.lint.findings import FAIL_ON
from cfgtool.lint.profiles import PROFILES
from cfgtool.lint.reporters import FORMATS
from cfgtool.lint.rules import TARGETS, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Offer = Callable[[str], Iterable[tuple[str, str | None]]]
    """From what is typed so far to (word, what it is) of what it may become."""


def _words(*names: str) -> Offer:
    return lambda start: [(name, None) for name in names if name.startswith(start)]


def _profiles(start: str) -> Iterable[tuple[str, str | None]]:
    return [(name, profile.purpose) for name, profile in PROFILES.items() if name.startswith(start)]


def _codes(start: str) -> Iterable[tuple[str, str | None]]:
    """Codes, and the names of rules once letters of one are typed, after the last comma."""
    before, comma, last = start.rpartition(",")
    rules = load().rules()
    offers = [(rule.code, f"{rule.name}: {rule.summary}") for rule in rules if rule.code.startswith(last)]
    if last:
        offers += [
            (rule.name, f"{rule.code}: {rule.summary}") for rule in rules if rule.name.startswith(last)
        ]
    return [(f"{before}{comma}{word}", about) for word, about in offers]


_TEXT_OR_JSON = _words("text", "json")
OFFERS: dict[tuple[str, str], Offer] = {
    ("lint", "format"): _words(*FORMATS),
    ("lint", "target"): _words(*TARGETS),
    ("lint", "profile"): _profiles,
    ("lint", "fail_on"): _words(*FAIL_ON),
    ("lint", "select"): _codes,
    ("lint", "extend_select"): _codes,
    ("lint", "ignore"): _codes,
    ("explain", "subject"): _codes,
    ("rules", "format"): _TEXT_OR_JSON,
    ("match", "format"): _TEXT_OR_JSON,
    ("match", "generation"): _words(*TARGETS),
    ("variables", "format"): _TEXT_OR_JSON,
    ("variables", "generation"): _words(*TARGETS),
    ("migrate", "to"): _words("same", "tf2"),
}
"""(command, parameter) -> what is offered; for all others the shell offers files."""


def attach(command: click.Command) -> None:
    """Let the parameters of a command complete, where there is something to offer."""
    for parameter in command.params:
        offer = OFFERS.get((command.name or "", parameter.name or ""))
        if offer or isinstance(parameter.type, click.types.StringParamType):
            complete = _completed(offer) if offer else _files
            parameter.shell_complete = complete  # type: ignore[method-assign, assignment]


def _completed(offer: Offer) -> Callable[[click.Context, str], list[CompletionItem]]:
    return lambda _, start: [CompletionItem(word, help=about) for word, about in offer(start)]


def _files(_context: click.Context, start: str) -> list[CompletionItem]:
    """Leave it to the shell, which knows its files."""
    return [CompletionItem(start, type="file")]


def script(shell: str, command: click.Command) -> str:
    """The script that makes `shell` ask cfgtool."""
    made = get_completion_class(shell)
    assert made is not None
    return made(command, {}, "cfgtool", COMPLETE).source() + "\n"


def install(shell: str, command: click.Command) -> str:
    """Put the script where `shell` looks for such scripts; returns what to tell the user.

    Raises UserError if it cannot be written. No file that starts a shell is changed.
    """
    path, hint = _place(shell)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", path=os.path.dirname(path)) from None
    atomic_write(path, script(shell, command).encode())
    return f"wrote {path}; {hint}"


def _place(shell: str) -> tuple[str, str]:
    """(where a shell finds the script, what has to be so that it does)."""
    home = os.path.expanduser("~")
    if shell == "bash":
        data = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
        path = os.path.join(data, "bash-completion", "completions", "cfgtool")
        return path, "bash-completion reads it when it is first needed"
    if shell == "zsh":
        hint = "~/.zshrc needs 'fpath+=~/.zfunc' before 'autoload -Uz compinit && compinit'"
        return os.path.join(home, ".zfunc", "_cfgtool"), hint
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return os.path.join(settings, "fish", "completions", "cfgtool.fish"), "new shells read it"
