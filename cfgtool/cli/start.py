"""Where the command starts: what programs ask for often is answered before a parser of command lines is imported.

Importing that parser takes several times as long as listing a checkpoint does.
"""

from __future__ import annotations

import sys


def main(args: list[str] | None = None) -> None:
    """Run the command line, as `cfgtool.cli.main.main` does."""
    words = sys.argv[1:] if args is None else args
    if words[:2] == ["checkpoint", "ls"]:
        prefix = _of_json_listing(words[2:])
        if prefix is not None and _list(prefix):
            sys.exit(0)
    from cfgtool.cli.main import main as run

    run(args)


def _of_json_listing(words: list[str]) -> str | None:
    """The checkpoint, where nothing but one and the format are given: `PREFIX --format json`, in either order."""
    if words[1:] == ["--format", "json"]:
        prefix = words[0]
    elif words[:-1] == ["--format", "json"]:
        prefix = words[-1]
    else:
        return None
    return None if prefix.startswith("-") else prefix


def _list(prefix: str) -> bool:
    """Print the listing; False if something is wrong, which the whole command line says how."""
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.cli.checkpoint_listing import listing_json
    from cfgtool.errors import UserError

    try:
        text = listing_json(open_checkpoint(prefix))
        sys.stdout.write(text)
        sys.stdout.flush()
    except (UserError, BrokenPipeError):
        return False
    return True
