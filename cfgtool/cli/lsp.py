"""`cfgtool lsp`: the language server."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from cfgtool.errors import UserError

app = typer.Typer(add_completion=False, help="Serve editors: diagnostics, fixes, hover, completion.")

Port = Annotated[int | None, typer.Option("--tcp", metavar="PORT", help="Listen on a port, not on stdio.")]
Host = Annotated[str, typer.Option("--host", help="With --tcp: the address to listen on.")]
Stdio = Annotated[
    bool, typer.Option("--stdio", help="Talk over standard input and output, which is the default.")
]


@app.command()
def lsp(tcp: Port = None, host: Host = "127.0.0.1", stdio: Stdio = False) -> int:
    """Serve editors: diagnostics, fixes, hover, completion (Language Server Protocol).

    Ends when the editor says so, or goes away.
    """
    if tcp is not None and stdio:
        raise UserError("--tcp and --stdio exclude each other", hint="give one of them")
    if tcp is not None and not 0 < tcp < 65536:
        raise UserError(f"no port '{tcp}'", hint="ports are 1 to 65535")
    if importlib.util.find_spec("pygls") is None:
        raise UserError("the language server needs pygls", hint="pip install 'cfgtool[lsp]'")
    from cfgtool.lsp.server import serve_stdio, serve_tcp

    if tcp is None:
        serve_stdio()
    else:
        serve_tcp(host, tcp)
    return 0
