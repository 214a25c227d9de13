"""Hooks of the documentation site: the Markdown files at the root of the repository are pages of it too.

On a viewer of the repository README.md links to `docs/training.md`, and a page under `docs/` to `../README.md`. On the
site all of them lie in one folder, so the links are turned as the pages are read.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]

PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}
"""File at the root -> page of the site."""

_MARK = re.compile(r"\A<!-- [^\n]* -->\n+")
"""What says at the top of a page that a tool wrote it."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the files at the root to those under `docs/`."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=turned(text, source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ARG001
    """The text of a page with the links that fit the site, its title first: the navigation takes it from there."""
    path = page.file.src_uri
    markdown = _MARK.sub("", markdown)
    return markdown if path in PAGES.values() else turned(markdown, f"docs/{path}")


def turned(markdown: str, source: str) -> str:
    """`markdown` of the file `source`, a path from the root, with links to where the targets are on the site."""
    here = posixpath.dirname(PAGES.get(source, source.removeprefix("docs/")))

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        page = PAGES.get(target, target.removeprefix("docs/"))
        return posixpath.relpath(page, here or ".")

    return _LINK.sub(link, markdown)
