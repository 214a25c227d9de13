"""Everything that is compiled or generated: `python -m tools.generated [--check]`.

Schema artefacts, rule artefacts and rule pages, the command reference, the table of migration steps, the outputs shown in
the documentation. With `--check` nothing is written and the exit status is 1 if anything is stale.
"""

from __future__ import annotations

import subprocess
import sys

GENERATORS = (
    "compile_schema",
    "compile_rules",
    "make_training_use",
    "make_field_reference",
    "make_reference",
    "make_migration_steps",
    "make_support",
    "shown_outputs",
)
"""Modules of `tools`, in the order in which one builds on the other."""


def main(arguments: list[str]) -> int:
    """Run every generator; returns the exit status."""
    stale = []
    for name in GENERATORS:
        done = subprocess.run([sys.executable, "-m", f"tools.{name}", *arguments], check=False)
        if done.returncode:
            stale.append(name)
    if stale:
        print(f"not current: {', '.join(stale)}; run `python -m tools.generated`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
