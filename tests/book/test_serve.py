"""What shows the site on this machine answers odd requests, and says which port it cannot use."""

from __future__ import annotations

import http.client
from pathlib import Path
import socket
import struct
import sys

from patience import PATIENCE
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import cli  # noqa: E402
from pipeline.serve import serving  # noqa: E402


def status(url: str, path: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.putrequest("GET", path, skip_host=True)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "_build" / "html" / "index.html").write_text("<p>A page</p>")
    (tmp_path / "secret").write_text("not of the site")
    return tmp_path


@pytest.mark.parametrize(
    "path",
    ["/%00", "/a%00.html", "/%00/", "/%ff", "/" + "a" * 5000, "/../../secret", "/%2e%2e/%2e%2e/secret", "/none.html"],
)
def test_an_odd_request_is_not_found_and_no_traceback(site, capfd, path):
    with serving(site / "_build" / "html") as url:
        assert status(url, path) == 404
        assert status(url, "/") == 200
    assert capfd.readouterr().err == ""


def test_a_reader_who_leaves_is_no_traceback(site, capfd):
    (site / "_build" / "html" / "large.bin").write_bytes(bytes(30_000_000))
    with serving(site / "_build" / "html") as url:
        host, port = url.removeprefix("http://").split(":")
        leaving = socket.create_connection((host, int(port)), timeout=PATIENCE)
        leaving.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
        leaving.recv(100)
        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # away, without a word
        leaving.close()
        assert status(url, "/") == 200
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("port", ["80000", "-1", "65536"])
def test_a_port_that_cannot_be_is_one_sentence(site, capsys, port):
    status = cli.main(["serve", "--root", str(site), "--out", str(site / "_build"), "--port", port])
    told = capsys.readouterr().err
    assert status == 1 and f"Port {port} cannot be used" in told and "make serve PORT=8001" in told
