"""The frame of our pages: one file of HTML that needs nothing else, in light and dark, with a policy of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.matching.report.markup import escape
from cfgtool.matching.report.palette import DARK, LIGHT, properties

if TYPE_CHECKING:
    from collections.abc import Mapping


def document(
    title: str,
    heading: str,
    body: str,
    footer: str,
    *,
    style: str,
    script: str,
    light: Mapping[str, str] = LIGHT,
    dark: Mapping[str, str] = DARK,
) -> str:
    """The whole page. `title` is plain text, `heading`, `body` and `footer` are markup.

    `style` and `script` come after those that all pages share; nothing else may run, and nothing is fetched.
    """
    sheet = _schemes(light, dark) + asset("base.css") + style
    code = asset("theme.js") + script
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(sheet)}'; script-src 'sha256-{_digest(code)}';"
        # An empty icon, so that browsers do not ask a server for one.
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    return "".join(
        (
            '<!doctype html>\n<html lang="en" data-theme="auto"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{sheet}</style></head><body>',
            f'<header><div><p>{heading}</p><button id="theme" type="button" hidden>Colours: auto</button></div>',
            f"</header><main>{body}</main><footer>{footer}</footer><script>{code}</script></body></html>",
        )
    )


def asset(name: str, folder: str | None = None) -> str:
    """A file of style or script beside this module, or in the folder."""
    import os

    with open(os.path.join(folder or os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()


def _schemes(light: Mapping[str, str], dark: Mapping[str, str]) -> str:
    """The colours of both schemes; the button's choice goes before the system's."""
    day, night = properties(light), properties(dark)
    return (
        f":root{{{day}}}@media(prefers-color-scheme:dark){{:root{{{night}}}}}"
        f":root[data-theme=light]{{{day}color-scheme:light}}:root[data-theme=dark]{{{night}color-scheme:dark}}"
        f"@media print{{:root[data-theme]{{{day}}}}}\n"
    )


def _digest(text: str) -> str:
    """The hash by which a content security policy knows what may run."""
    import base64
    import hashlib

    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
