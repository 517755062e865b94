"""Serve the site on this machine only."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import sys
import threading

from .not_found import NAME as NOT_FOUND


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".woff2": "font/woff2",
    }

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")  # a rebuilt page shows at once
        super().end_headers()

    def send_head(self):
        try:
            return super().send_head()
        except ValueError:  # a NUL in the name (/%00): there is no such file
            self.send_error(404)
            return None

    def send_error(self, code, message=None, explain=None):
        page = Path(self.directory) / NOT_FOUND
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # a reader who has left the page is no error


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """An HTTP server of a folder on 127.0.0.1; port 0 takes a free one."""
    return _Server(("127.0.0.1", port), partial(_Handler, directory=str(folder)))


@contextmanager
def serving(folder: Path):
    """Serve a folder while the block runs; yields its address, without a slash at the end."""
    running = server(folder)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
