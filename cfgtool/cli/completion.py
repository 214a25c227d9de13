"""What the shell offers after a TAB, and the scripts that make it ask. Nothing is imported before it is asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from click.shell_completion import CompletionItem

    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_CFGTOOL_COMPLETE"
"""Environment variable through which the scripts ask; click looks for it."""


def words(names: Callable[[], Iterable[str]]) -> Complete:
    """Completes one of `names()`."""

    def complete(_context: click.Context, _parameter: click.Parameter, start: str) -> list[CompletionItem]:
        return _items((name, None) for name in names() if name.startswith(start))

    return complete


def formats() -> Iterable[str]:
    """The formats of lint."""
    from cfgtool.lint.reporters import FORMATS

    return FORMATS


def profiles() -> Iterable[str]:
    """The profiles of rules."""
    from cfgtool.lint.profiles import PROFILES

    return PROFILES


def codes(_context: click.Context, _parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """Completes a code, or the name of a rule once letters of one are typed, after the last comma."""
    from cfgtool.lint.rules import load

    before, comma, last = start.rpartition(",")
    rules = load().rules()
    offers = [(rule.code, f"{rule.name}: {rule.summary}") for rule in rules if rule.code.startswith(last)]
    if last:
        offers += [
            (rule.name, f"{rule.code}: {rule.summary}") for rule in rules if rule.name.startswith(last)
        ]
    return _items((f"{before}{comma}{word}", about) for word, about in offers)


def _items(offers: Iterable[tuple[str, str | None]]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(word, help=about) for word, about in offers]


def script(shell: str, command: click.Command) -> str:
    """The script that makes `shell` ask cfgtool."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    return made(command, {}, "cfgtool", VARIABLE).source() + "\n"


def install(shell: str, command: click.Command) -> str:
    """Put the script where `shell` looks for such scripts; returns what to tell the user.

    Raises UserError if it cannot be written. No file that starts a shell is changed.
    """
    import os

    from cfgtool.errors import UserError
    from cfgtool.files import atomic_write

    home = os.path.expanduser("~")
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    path, hint = {
        "bash": (
            os.path.join(data, "bash-completion", "completions", "cfgtool"),
            "bash-completion reads it when a new shell starts",
        ),
        "zsh": (
            os.path.join(home, ".zfunc", "_cfgtool"),
            "~/.zshrc needs 'fpath+=~/.zfunc' before 'autoload -Uz compinit && compinit'",
        ),
        "fish": (os.path.join(settings, "fish", "completions", "cfgtool.fish"), "new shells read it"),
    }[shell]
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", path=os.path.dirname(path)) from None
    atomic_write(path, script(shell, command).encode())
    return f"wrote {path}; {hint}"
