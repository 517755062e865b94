"""`make links`: which addresses outside of the book answer, tried on a server of this machine; all are well-formed."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import socket
import sys
import threading

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import cli, links  # noqa: E402
from pipeline.layout import Book  # noqa: E402


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hang":
            self.server.end.wait(60)
            return
        if self.path == "/broken":
            self.wfile.write(b"no HTTP at all\r\n\r\n")
            return
        status = int(self.path.strip("/").split("/")[0])
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "/302" if self.path == "/302" else "/200/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def answering():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.end = threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.end.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_each_kind_of_answer_is_told_apart():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with answering() as url:
        asked: list[links.Answer] = []
        names = ["200", "404", "301", "302", "403", "broken"]
        answers = links.ask_all([*(f"{url}/{name}" for name in names), nobody], asked=asked.append)
        slow = links.ask(f"{url}/hang", seconds=0.3)
        where = {one.address: ["book/a.md", "README.md"] for one in answers}
        said = links.report(answers, where)
    fine, missing, moved, circle, refused, broken, away = asked == answers and answers
    assert fine == links.Answer(f"{url}/200")
    assert missing.fault == "answers 404 Not Found" and not missing.unsure
    assert moved.fault == "" and moved.moved_to == f"{url}/200/there"
    assert circle.fault.startswith("answers 302") and not circle.unsure
    assert refused.unsure and refused.fault == "answers 403 Forbidden"
    assert broken.fault.startswith("cannot be read (BadStatusLine")
    assert away.fault.startswith("cannot be reached")
    assert slow.fault == "does not answer within 0.3 seconds"
    assert said[0] == "Do not answer (4):" and said[-1] == "2 of 7 addresses answer."
    assert f"  {missing.address} answers 404 Not Found; in book/a.md, README.md" in said
    assert said[-3] == "Refuse programs; open them in a browser (1):"


def test_addresses_end_where_they_end():
    text = (
        "See [it](https://a.org/b_(c)), <https://b.org/x>, https://c.org. [[d]](https://d.org/?q=1#e).\n"
        '`https://e.org`; <a href="https://f.org/g">h</a> and (https://h.org/i).'
    )
    wanted = {"a.org/b_(c)", "b.org/x", "c.org", "d.org/?q=1#e", "e.org", "f.org/g", "h.org/i"}
    assert links.addresses(text) == {f"https://{one}" for one in wanted}


def test_the_addresses_of_this_book_are_found_and_well_formed():
    where = links.outside(Book.at(ROOT))
    assert [(one, fault) for one in where if (fault := links.malformed(one))] == []
    assert len(where) > 50 and "https://doi.org/10.1109/TENCON58879.2023.10322470" in where
    assert not any("OWNER" in one or "localhost" in one for one in where)


@pytest.mark.parametrize(
    "address, said",
    [("http://a.org/", "is not https"), ("https://a/", "no valid host"), ("https:///b", "no valid host")],
)
def test_a_malformed_address_is_named_before_anybody_is_asked(tmp_path, capsys, address, said):
    assert said in links.malformed(address)
    (tmp_path / "README.md").write_text(f"[here]({address})\n")
    assert cli.main(["links", "--root", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert address in told and said in told and "0 of 0 addresses answer." in told


def test_the_command_fails_only_for_what_does_not_answer(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(links, "EXAMPLE", links.re.compile("$^"))
    monkeypatch.setattr(links, "malformed", lambda address: "")
    with answering() as url:
        (tmp_path / "README.md").write_text(f"{url}/200 and {url}/403\n")
        assert cli.main(["links", "--root", str(tmp_path)]) == 0
        assert "1 of 2 addresses answer." in capsys.readouterr().out
        (tmp_path / "README.md").write_text(f"{url}/200 and {url}/404\n")
        assert cli.main(["links", "--root", str(tmp_path), "--seconds", "5"]) == 1
        assert f"{url}/404 answers 404 Not Found; in README.md" in capsys.readouterr().out
