"""Where commands put what they draw: `.png` or `.svg`, never over a file without being asked."""

from __future__ import annotations

import sys
from pathlib import Path

from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.training.report.scene import Scene


def check_drawing(path: Path, force: bool) -> None:
    """Raise UserError for another ending, a folder that is not there, and a file that must not be replaced."""
    from cfgtool.cli.output import refuse_to_replace

    if path.suffix.lower() not in (".png", ".svg"):
        raise UserError(f"{path.name!r} is neither a .png nor a .svg", path=str(path))
    if not path.parent.is_dir():
        raise UserError("there is no such folder", path=str(path.parent))
    refuse_to_replace(str(path), force)
    if path.suffix.lower() == ".png":
        import importlib.util

        if importlib.util.find_spec("PIL") is None:
            raise UserError(
                "drawing a .png needs PIL, which is not installed",
                hint="pip install 'cfgtool[train]', or write a .svg",
            )


def write_drawing(scene: Scene, path: Path) -> None:
    """Write the scene as its ending says, and tell where."""
    from cfgtool.files import atomic_write

    if path.suffix.lower() == ".svg":
        from cfgtool.training.report.svg import scene_as_file

        atomic_write(str(path), scene_as_file(scene).encode())
    else:
        from cfgtool.training.report.raster import scene_as_png

        atomic_write(str(path), scene_as_png(scene))
    print(f"drawn in {path}", file=sys.stderr)
