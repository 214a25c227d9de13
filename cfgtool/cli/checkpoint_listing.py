"""The list of a checkpoint's tensors, for programs."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint


def listing_json(checkpoint: Checkpoint) -> str:
    """The contract of `checkpoint ls --format json`: every entry, under its name in the file, on a line of its own."""
    head = {
        "path": checkpoint.path,
        "container": checkpoint.container,
        "format": checkpoint.format,
        "step": checkpoint.step,
        "has_data": checkpoint.has_data,
        "notes": checkpoint.notes,
    }
    encode = json.JSONEncoder().encode
    rows = [
        encode({"name": entry.name, "dtype": entry.dtype, "shape": entry.shape})
        for entry in checkpoint.entries.values()
    ]
    lines = [f"{encode(key)}: {encode(value)}" for key, value in head.items()]
    lines.append('"entries": [\n    ' + ",\n    ".join(rows) + "\n  ]" if rows else '"entries": []')
    return "{\n  " + ",\n  ".join(lines) + "\n}\n"
