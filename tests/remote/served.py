"""A web server on a thread that gives files in parts, and counts what it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Site:
    """Where a folder is served, and what was asked for: (method, path, bytes sent)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[tuple[str, str, int]] = []

    def sent(self, ending: str = "") -> int:
        """The bytes of the files whose path ends so."""
        return sum(count for method, path, count in self.asked if method == "GET" and path.endswith(ending))


@contextmanager
def served(folder: Path, *, ranges: bool = True, status: int | None = None) -> Iterator[Site]:
    """Serve a folder; without `ranges` whole files only, with `status` nothing but that answer."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            path = Path(self.translate_path(self.path))
            if status is not None:
                self.send_error(status)
                return
            if path.is_dir():
                super().do_GET()
                return
            if not path.is_file():
                self.send_error(404)
                return
            data = path.read_bytes()
            first, last = 0, len(data) - 1
            asked = self.headers.get("Range")
            if asked and ranges:
                begin, _, end = asked.removeprefix("bytes=").partition("-")
                first, last = int(begin), min(last, int(end or last))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            else:
                self.send_response(200)
            if ranges:
                self.send_header("Accept-Ranges", "bytes")
            body = data[first : last + 1]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            site.asked.append((self.command, self.path, len(body)))
            if self.command == "GET":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
