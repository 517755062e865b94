"""A file from a web server, brought to its end with HTTP's Range however often the connection breaks off.

A server's answer is a claim: its length, its range and where it leads on are
held to what was asked for.
"""

from __future__ import annotations

import http.client
from pathlib import Path
import re
import urllib.error
import urllib.parse
import urllib.request

from fer_utils.core.disk import is_full
from fer_utils.core.errors import FerError

#: What is asked of a connection at once, and how long it may be silent, in seconds.
_PIECE = 1 << 18
_TIMEOUT = 60


class BrokenConnectionError(Exception):
    """A try failed, and another one may not."""

    def __init__(self, text: str, wait: float = 0.0):
        super().__init__(text)
        self.wait = wait


class NotOnServerError(Exception):
    """There is nothing to be had: another try would get the same answer."""


def continue_part(url: str, whole: int, part: Path, have: int, bar) -> None:
    """One request, from byte ``have`` on where the server can; what comes is appended to the part.

    ``whole`` is the file's size in bytes, ``bar`` a tqdm bar.  Raises `BrokenConnectionError`, `NotOnServerError`,
    and ``FerError`` for a full disk.
    """

    def start_anew() -> None:
        part.unlink(missing_ok=True)
        bar.update(-have)

    if have > whole:
        start_anew()
        have = 0
    try:
        answer = ask(url, {"Range": f"bytes={have}-"} if have else {})
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the server has less than we do
            start_anew()
            raise BrokenConnectionError("the server has no such range") from error
        raise refusal(error) from error
    with answer:
        if answer.status == 206:
            match = re.match(rf"bytes {have}-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
            if not match or match[1] not in ("*", str(whole)):
                start_anew()
                raise BrokenConnectionError("the server sent another range than the one asked for")
        else:
            length = answer.headers.get("Content-Length")
            if length is not None and length != str(whole):
                raise NotOnServerError(f"the server's file has {length} bytes, the record says {whole:,}")
            if have:  # the server does not know Range
                start_anew()
                have = 0
        with open(part, "ab" if have else "wb") as out:
            while True:
                try:
                    chunk = answer.read1(_PIECE)  # what has come, so that a break loses nothing
                except (OSError, http.client.HTTPException) as error:
                    raise BrokenConnectionError(f"the connection broke off ({type(error).__name__})") from error
                if not chunk:
                    return
                have += len(chunk)
                if have > whole:
                    out.truncate(0)
                    bar.update(len(chunk) - have)
                    raise NotOnServerError(f"the server sends more than the {whole:,} bytes of the record")
                try:
                    out.write(chunk)
                    out.flush()
                except OSError as error:
                    if not is_full(error):
                        raise
                    raise FerError(
                        f"The disk that holds {part.parent} is full. Make room and call again: "
                        "what was downloaded is kept."
                    ) from error
                bar.update(len(chunk))


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows a server to other addresses of the web; urllib would go on by FTP as well."""

    def redirect_request(self, request, answer, code, message, headers, url):
        if not re.match(r"https?://", url, re.IGNORECASE):
            raise NotOnServerError(f"the server leads on to {url[:200]!r}, and only https:// and http:// are followed")
        return super().redirect_request(request, answer, code, message, headers, url)


def ask(url: str, headers: dict[str, str]):
    """Ask a server.

    Raises ``HTTPError`` for a refusal, ``BrokenConnectionError`` where no answer came, and ``NotOnServerError`` for
    what is no address.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        if not parts.hostname or parts.port == 0:  # `port` raises for one beyond 65535
            raise ValueError("it has no host, or port 0")
        request = urllib.request.Request(
            url, headers={"User-Agent": "fer_utils", "Accept-Encoding": "identity", **headers}
        )
        return urllib.request.build_opener(_WebOnly).open(request, timeout=_TIMEOUT)
    except (ValueError, http.client.InvalidURL) as error:  # also where a server leads on
        raise NotOnServerError(f"{url[:200]!r} is no address ({error})") from error
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            raise
        raise BrokenConnectionError(
            f"no connection ({getattr(error, 'reason', None) or type(error).__name__})"
        ) from error


def refusal(error: urllib.error.HTTPError) -> BrokenConnectionError | NotOnServerError:
    """Busy and broken servers may answer otherwise in a while; others will not."""
    error.close()
    if error.code in (408, 425, 429) or error.code >= 500:
        wait = error.headers.get("Retry-After", "") if error.headers else ""
        seconds = min(float(wait), 60.0) if wait.isdigit() else 0.0
        return BrokenConnectionError(f"the server answered {error.code}", seconds)
    return NotOnServerError(f"the server answered {error.code}")
