"""The `cfgtool` command: finds the module of a command only when that command is asked for.

A linter that runs on every commit must not pay for the trainer, so each command lives in a module of its own under
`cfgtool.cli` that is imported on demand. The module holds a typer app named `app` with one command, or several, or a
plain command of that name.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, cast

import click

import cfgtool
from cfgtool.cli import THRESHOLD
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    Callback = Callable[..., None]

COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("cfgtool.cli.new", "Write a config for a network and your data."),
    "lint": ("cfgtool.cli.lint", "Report every mistake of a config at its place."),
    "migrate": ("cfgtool.cli.migrate", "Rewrite deprecated and dead fields, keeping comments."),
    "fmt": ("cfgtool.cli.fmt", "Write configs in one layout, keeping values and comments."),
    "set": ("cfgtool.cli.set", "Set fields of a config, keeping comments and layout."),
    "get": ("cfgtool.cli.get", "Print values of a config."),
    "match": ("cfgtool.cli.match", "Show what a checkpoint would restore, variable by variable."),
    "variables": ("cfgtool.cli.variables", "List the variables of the configured network."),
    "describe": ("cfgtool.cli.describe", "Describe the configured network and what it costs."),
    "checkpoint": ("cfgtool.cli.checkpoint", "Look into a checkpoint without TensorFlow."),
    "train": ("cfgtool.cli.train", "Train the configured detector."),
    "manifest": ("cfgtool.cli.manifest", "Write a Kubernetes job that trains on one or several machines."),
    "evaluate": ("cfgtool.cli.evaluate", "Compute COCO metrics of a trained checkpoint."),
    "export": ("cfgtool.cli.export", "Write a trained detector as a SavedModel or for TFLite."),
    "predict": ("cfgtool.cli.predict", "Detect objects on images, and draw them."),
    "preview": (
        "cfgtool.cli.preview",
        "Draw what the network is fed: augmented examples with boxes and anchors.",
    ),
    "plot": ("cfgtool.cli.plot", "Draw learning rates and losses, as PNG or SVG."),
    "report": ("cfgtool.cli.report", "Write one page about a run: curves, metrics, pictures, config."),
    "rules": ("cfgtool.cli.rules", "List the rules of the linter."),
    "explain": ("cfgtool.cli.explain", "Explain a rule or a field of the config."),
    "schema": ("cfgtool.cli.schema", "Show the schema of the config, also as JSON Schema."),
    "data": ("cfgtool.cli.data", "Import, check and describe TFRecords and label maps."),
    "doctor": ("cfgtool.cli.doctor", "Tell what of this environment suits."),
    "lsp": ("cfgtool.cli.lsp", "Serve editors: diagnostics, fixes, hover, completion."),
}
"""Command name -> (module, one-line help)."""

LONG = ("train", "evaluate", "export", "predict")
"""Commands that run for so long that garbage is collected as usual."""

SHELLS = ("bash", "zsh", "fish")
COMPLETE = "_CFGTOOL_COMPLETE"
"""Environment variable through which the scripts of shells ask; click looks for it."""


def load_command(name: str) -> click.Command:
    """The command of that name, its module imported. Its `app` is a typer app, or a plain command where even
    importing typer would take too long."""
    app: Any = importlib.import_module(COMMANDS[name][0]).app
    if not isinstance(app, click.Command):
        import typer

        app = typer.main.get_command(app)
    app.name = name
    return cast(click.Command, app)


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in LONG:
            gc.set_threshold(*THRESHOLD)
        command = load_command(cmd_name)
        if COMPLETE in os.environ:
            from cfgtool.cli.completion import attach

            attach(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"commands are {', '.join(COMMANDS)}"
            ctx.fail(f"no such command {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the names of commands without importing them."""
        from click.shell_completion import CompletionItem

        offers = [
            CompletionItem(name, help=about)
            for name, (_, about) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return offers + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _show_completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
    if shell is not None and not ctx.resilient_parsing:
        from cfgtool.cli.completion import script

        click.echo(script(shell, ctx.command), nl=False)
        ctx.exit()


def _install_completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
    if shell is not None and not ctx.resilient_parsing:
        from cfgtool.cli.completion import install

        click.echo(install(shell, ctx.command), err=True)
        ctx.exit()


def _completion_option(name: str, act: Any, text: str) -> Callable[[Callback], Callback]:
    """An option that takes a shell, acts, and stops."""
    shells = click.Choice(SHELLS)
    return click.option(name, type=shells, is_eager=True, expose_value=False, callback=act, help=text)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cfgtool.__version__, prog_name="cfgtool")
@_completion_option(
    "--install-completion", _install_completion, "Let a shell complete commands, options and codes."
)
@_completion_option("--show-completion", _show_completion, "Print the script that does that.")
def _cli() -> None:
    """Lint, migrate, match and train TensorFlow Object Detection API pipeline.config files."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; exits with 0 (nothing to report), 1 (findings, or would change) or 2 (cannot do it)."""
    try:
        status = _cli.main(args=args, prog_name="cfgtool", standalone_mode=False)
    except UserError as error:
        from cfgtool.cli.output import write

        write(f"cfgtool: error: {error}\n", sys.stderr)
        status = 2
    except click.exceptions.Exit as exit_:
        status = exit_.exit_code
    except click.ClickException as error:
        error.show()
        status = 2
    except (KeyboardInterrupt, click.Abort):
        print("cfgtool: interrupted", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        # The reader of our output has gone (`cfgtool ... | head`); keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
