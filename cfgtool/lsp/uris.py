"""File names and the URIs that stand for them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname


def path_of(uri: str) -> str | None:
    """The file that `uri` names; None for a text that has no file here, such as `untitled:Untitled-1`."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file":
        return None
    path = unquote(parts.path, errors="surrogateescape")
    if os.name == "nt":
        path = url2pathname(path)
    return path if path and "\0" not in path else None


def uri_of(path: str) -> str:
    """The URI of a file; a relative path starts at the current folder."""
    return Path(os.path.abspath(path)).as_uri()
