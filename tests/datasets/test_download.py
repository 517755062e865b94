"""RAVDESS from a real server on loopback, and zips that are not what they say."""

from __future__ import annotations

from email.message import Message
import errno
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import io
import json
import os
from pathlib import Path, PureWindowsPath
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import urllib.error
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE, wait_until
import pytest
from tqdm import tqdm

from fer_utils import datasets, studio
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.datasets import archives, connection, download, ravdess, zenodo
from fer_utils.datasets.access import how_to_get
from fer_utils.datasets.download import download_ravdess


def zipped(files: dict[str, bytes], method=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """{actor: {name in the zip: bytes}}: drawn clips in the real layout, two acts of five actors, both modalities."""
    root = tmp_path_factory.mktemp("drawn")
    studio.film("ravdess", root, actors=5, clips_per_actor=2, frames=2, size=64, twins=True, workers=1, progress=False)
    found: dict[str, dict[str, bytes]] = {}
    for path in sorted(root.glob("Actor_*/*.mp4")):
        found.setdefault(path.parent.name[-2:], {})[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    assert {actor: len(files) for actor, files in found.items()} == {f"{k:02d}": 4 for k in range(1, 6)}
    return found


class Home:
    """A record and its zips on 127.0.0.1.

    ``faults[key]`` are what happens to the next requests of a file, in order.
    """

    def __init__(self):
        self.zips: dict[str, bytes] = {}
        self.listing: dict[str, dict] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.faults: dict[str, list] = {}
        self.held = threading.Event()
        self.leads_to = ""
        home = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                key = self.path.rsplit("/", 1)[-1] if self.path.startswith("/files/") else "record"
                wanted = self.headers.get("Range")
                home.asked.append((key, wanted))
                if self.path.endswith("/aside"):
                    self.send_response(302)
                    self.send_header("Location", home.leads_to)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                waiting = home.faults.get(key, [])
                fault = waiting.pop(0) if waiting else None
                if isinstance(fault, int):
                    self.send_error(fault)
                    return
                data = home.record() if key == "record" else home.zips.get(key)
                if data is None:
                    self.send_error(404)
                    return
                start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and fault != "no range" else 0
                if start >= len(data):
                    self.send_error(416)
                    return
                self.send_response(206 if wanted and fault != "no range" else 200)
                if wanted and fault != "no range":
                    start = 0 if fault == "other range" else start
                    total = len(data) + (fault == "other total")
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{total}")
                body = data[start:]
                if fault == "too much":
                    body += bytes(2 << 20)
                else:
                    self.send_header("Content-Length", str(len(body) + (7 if fault == "other size" else 0)))
                self.end_headers()
                if fault == "break":
                    body = body[: len(body) // 2]
                if fault == "hold":
                    self.wfile.write(body[: len(body) // 2])
                    home.held.wait(60)
                    return
                if fault == "scramble":
                    body = bytes(len(body) // 2)
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/records/1188976"

    def record(self) -> bytes:
        return json.dumps(
            {"id": 1188976, "metadata": {"title": "RAVDESS"}, "files": list(self.listing.values())}
        ).encode()

    def offer(self, actor: str, data: bytes, channel: str = "Speech", **said) -> str:
        key = f"Video_{channel}_Actor_{actor}.zip"
        self.zips[key] = data
        self.listing[key] = {
            "key": key,
            "size": len(data),
            "checksum": f"md5:{hashlib.md5(data).hexdigest()}",
            "links": {"self": f"http://127.0.0.1:{self.server.server_port}/files/{key}"},
        } | said
        return key

    def of(self, key: str) -> list:
        """The Range of each request of a file."""
        return [wanted for asked, wanted in self.asked if asked == key]


@pytest.fixture
def home(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(zenodo, "_PAUSES", (0.0, 0.0))
    served = Home()
    yield served
    served.held.set()
    served.server.shutdown()
    served.server.server_close()


def lying(root: Path) -> dict[str, bytes]:
    """Every file below root, hidden ones too."""
    return (
        {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
        if root.exists()
        else {}
    )


def seen(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in lying(root).items() if "/." not in name and not name.startswith(".")}


def get(home: Home, root: Path, **more):
    return download_ravdess(root, record=home.url, progress=False, **more)


def kinds(found) -> list[str]:
    return list(found.problems["kind"])


def test_one_breaks_off_one_is_wrong_one_climbs_out_one_is_a_bomb(home, clips, tmp_path, capsys):
    """The whole story in one call: what is good arrives, what is not is told, nothing else is touched."""
    good = home.offer("01", zipped(clips["01"]))
    breaks = home.offer("02", zipped(clips["02"]))
    home.faults[breaks] = ["break"]
    wrong = home.offer("03", zipped(clips["03"]), checksum=f"md5:{'0' * 32}")
    home.offer(
        "04",
        zipped(
            clips["04"]
            | {
                "../../escaped.mp4": b"out",
                "Actor_04/../../escaped.mp4": b"out",
                "../02-01-01-01-01-01-04.mp4": b"out",
                "Actor_04/notes.txt": b"no clip",
            }
        ),
    )
    home.offer("05", zipped(clips["05"] | {"Actor_05/02-01-08-02-02-02-05.mp4": bytes(30 << 20)}, zipfile.ZIP_DEFLATED))
    root = tmp_path / "deep" / "ravdess"
    found = get(home, root, actors=[1, 2, 3, 4, 5, 6])

    assert found.actors == ("01", "02", "03", "04", "05", "06")
    assert found.there == found.fetched == ("01", "02", "04") and found.missing == ("03", "05", "06")
    assert seen(root) == clips["01"] | clips["02"] | clips["04"]
    assert not list(tmp_path.rglob("escaped*")) and sorted(p.name for p in tmp_path.iterdir()) == ["deep"]
    assert [p for p in lying(root) if p.startswith(".")] == []  # no part and no half-unpacked folder is left
    half = len(home.zips[breaks]) // 2
    assert home.of(good) == [None] and home.of(breaks) == [None, f"bytes={half}-"]
    assert home.of(wrong) == [None], "what came in one piece would come again"

    rows = found.problems.set_index("kind")
    assert sorted(kinds(found)) == ["bomb", "checksum", "missing", "name", "unsafe", "unsafe", "unsafe"]
    got = hashlib.md5(home.zips[wrong]).hexdigest()
    assert f"expected {'0' * 32}, received {got}" in rows.loc["checksum", "problem"]
    assert "it leads out of the folder" in rows.loc["unsafe", "problem"].iloc[0]
    assert "20 times is the limit" in rows.loc["bomb", "problem"] and rows.loc["bomb", "path"].endswith("Actor_05")
    assert rows.loc["missing", "path"] == "Actor_06" and "notes.txt" in rows.loc["name", "path"]
    assert datasets.scan("ravdess", root).problems.empty

    said = capsys.readouterr()
    assert said.out == "" and "CC BY-NC-SA 4.0" in said.err and "10.1371/journal.pone.0196391" in said.err
    assert "5 actors (01, 02, 03, 04, 05)" in said.err and archives.size(sum(map(len, home.zips.values()))) in said.err
    assert "3 of 6 actors, 3 fetched now" in repr(found) and "missing: 03, 05, 06" in repr(found)


def test_finished_actors_are_skipped_and_their_report_is_kept(home, clips, tmp_path, capsys):
    home.offer("01", zipped(clips["01"] | {"Actor_01/notes.txt": b"no clip"}))
    home.offer("02", zipped(clips["02"]))
    first = get(home, tmp_path, actors=["01"])
    asked, before = len(home.asked), lying(tmp_path)
    capsys.readouterr()
    again = get(home, tmp_path, actors=[1])
    assert len(home.asked) == asked and capsys.readouterr().err == ""  # no network at all
    assert again.there == ("01",) and again.fetched == () and lying(tmp_path) == before
    assert kinds(again) == ["name"] and again.problems.equals(first.problems)
    both = get(home, tmp_path, actors=[2, 1, 2])
    assert both.there == ("01", "02") and both.fetched == ("02",)
    assert [key for key, _ in home.asked[asked:]] == ["record", "Video_Speech_Actor_02.zip"]


def test_an_actor_that_lost_a_clip_is_fetched_again(home, clips, tmp_path):
    home.offer("01", zipped(clips["01"]))
    get(home, tmp_path, actors=[1])
    lost, cut = sorted(clips["01"])[:2]
    (tmp_path / lost).unlink()
    assert get(home, tmp_path, actors=[1]).fetched == ("01",)
    assert seen(tmp_path) == clips["01"]
    (tmp_path / cut).write_bytes(b"cut")  # what lies there is a person's own: told, and not overwritten
    found = get(home, tmp_path, actors=[1])
    assert kinds(found) == ["different"] and found.missing == ("01",) and (tmp_path / cut).read_bytes() == b"cut"
    (tmp_path / cut).unlink()
    asked = len(home.asked)
    assert get(home, tmp_path, actors=[1]).there == ("01",) and seen(tmp_path) == clips["01"]
    assert [key for key, _ in home.asked[asked:]] == ["record"]  # the zip had been kept
    assert not (tmp_path / ".download").exists()


@pytest.mark.parametrize("other", [lambda data: data + b"more", lambda data: bytes(len(data))])
def test_a_clip_that_is_longer_or_has_other_bytes_is_told_and_kept(home, clips, tmp_path, other):
    home.offer("01", zipped(clips["01"]))
    get(home, tmp_path, actors=[1])
    (changed, lost) = sorted(clips["01"])[:2]
    (tmp_path / changed).write_bytes(other(clips["01"][changed]))
    (tmp_path / lost).unlink()  # so that all are compared with the zip
    found = get(home, tmp_path, actors=[1])
    assert kinds(found) == ["different"] and found.problems["path"].item() == str(tmp_path / changed)
    assert (tmp_path / changed).read_bytes() == other(clips["01"][changed])


def test_a_clip_that_has_grown_is_noticed_by_its_size(home, clips, tmp_path):
    home.offer("01", zipped(clips["01"]))
    get(home, tmp_path, actors=[1])
    changed = sorted(clips["01"])[0]
    (tmp_path / changed).write_bytes(clips["01"][changed] + b"more")
    assert get(home, tmp_path, actors=[1]).missing == ("01",)


def test_every_digit_of_a_sum_counts(home, clips, tmp_path):
    data = zipped(clips["01"])
    sum_of = hashlib.md5(data).hexdigest()
    home.offer("01", data, checksum=f"md5:{sum_of[:-1]}{'0' if sum_of[-1] != '0' else '1'}")
    assert kinds(get(home, tmp_path, actors=[1])) == ["checksum"]


@pytest.mark.parametrize("code", [408, 425, 429, 500, 503])
@pytest.mark.parametrize("asked, waits", [("7", 7.0), ("3600", 60.0), ("", 0.0), ("tomorrow", 0.0)])
def test_a_busy_server_is_waited_for_a_minute_at_most(code, asked, waits):
    headers = Message()
    headers["Retry-After"] = asked
    reason = connection.refusal(urllib.error.HTTPError("http://x", code, "busy", headers, None))
    assert isinstance(reason, connection.BrokenConnectionError) and reason.wait == waits


def test_what_another_record_brought_is_not_taken_for_this_ones(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    get(home, tmp_path, actors=[1])
    found = download_ravdess(tmp_path, actors=[1], record=home.url + "?other", progress=False)
    assert (
        found.fetched == ("01",) and len(home.of(key)) == 2 and found.problems.empty
    )  # the same files: kept, and sealed anew


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"record": "URL", "clips": {}, "problems": []}',
        '{"record": "URL", "clips": 3, "problems": []}',
        "[" * 100_000,
    ],
    ids=range(7),
)
def test_a_seal_that_says_nothing_is_not_believed(home, clips, tmp_path, text):
    home.offer("01", zipped(clips["01"]))
    (tmp_path / "Actor_01").mkdir()
    (tmp_path / "Actor_01" / ".ravdess-speech.json").write_text(text.replace("URL", home.url))
    assert get(home, tmp_path, actors=[1]).fetched == ("01",) and seen(tmp_path) == clips["01"]


def test_speech_and_song_of_an_actor_share_a_folder(home, clips, tmp_path):
    song = {name.replace("-01-", "-02-", 1): data for name, data in clips["01"].items()}
    home.offer("01", zipped(clips["01"]))
    home.offer("01", zipped(song), channel="Song")
    get(home, tmp_path, actors=[1])
    own = tmp_path / "Actor_01" / "mine.txt"
    own.write_bytes(b"a person's own note")
    found = get(home, tmp_path, actors=[1], channel="song")
    assert found.there == ("01",) and seen(tmp_path) == clips["01"] | song | {
        "Actor_01/mine.txt": b"a person's own note"
    }
    assert get(home, tmp_path, actors=[1]).fetched == ()
    assert kinds(get(home, tmp_path, actors=[18], channel="song")) == ["missing"]


def test_clips_of_another_actor_or_channel_are_left_out(home, clips, tmp_path):
    stray = dict.fromkeys(
        ["Actor_01/02-01-08-01-01-01-02.mp4", "Actor_01/02-02-03-01-01-01-01.mp4", "Actor_01/03-01-03-01-01-01-01.wav"],
        b"x",
    )
    home.offer("01", zipped(clips["01"] | stray))
    found = get(home, tmp_path, actors=[1])
    assert seen(tmp_path) == clips["01"] and kinds(found) == ["name"] * 3
    assert sum("actor 02, in the speech of actor 01" in text for text in found.problems["problem"]) == 1


def test_a_zip_without_a_clip_makes_no_folder(home, tmp_path):
    home.offer("01", zipped({"readme.txt": b"nothing here"}))
    found = get(home, tmp_path, actors=[1])
    assert kinds(found) == ["name", "no clips"] and found.missing == ("01",) and lying(tmp_path) == {}
    assert not (tmp_path / "Actor_01").exists()


def test_the_bar_counts_bytes_and_can_be_turned_off(home, clips, tmp_path, capsys):
    key = home.offer("01", zipped(clips["01"]))
    home.faults[key] = ["break", "no range"]
    download_ravdess(tmp_path, record=home.url, actors=[1])
    shown = capsys.readouterr().err.split("\r")[-1]
    assert "Actor 01" in shown and "100%" in shown  # what came twice is counted once
    shutil.rmtree(tmp_path / "Actor_01")
    get(home, tmp_path, actors=[1])
    assert "%" not in capsys.readouterr().err


# The connection


def test_what_an_earlier_call_left_is_gone_on_with(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    home.faults[key] = ["break", "break", "break"]
    home.offer("02", zipped(clips["02"]))
    found = get(home, tmp_path, actors=[1, 2])
    kept = (tmp_path / ".download" / f"{key}.part").stat().st_size
    assert kinds(found) == ["unreachable", "not tried"] and found.there == ()
    assert f"{kept:,} of {len(home.zips[key]):,} bytes kept" in found.problems["action"][0]
    assert datasets.scan("ravdess", tmp_path)["clip"].empty
    asked = len(home.asked)
    assert get(home, tmp_path, actors=[1]).there == ("01",)
    assert home.asked[asked:] == [("record", None), (key, f"bytes={kept}-")]
    assert seen(tmp_path) == clips["01"] and not (tmp_path / ".download").exists()


def test_kill_9_and_the_same_call_goes_on(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    home.faults[key] = ["hold"]
    code = (
        "from fer_utils.datasets.download import download_ravdess\n"
        f"download_ravdess({str(tmp_path)!r}, actors=[1], record={home.url!r}, progress=False)"
    )
    part, half = tmp_path / ".download" / f"{key}.part", len(home.zips[key]) // 2
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    try:
        held = lambda: part.exists() and part.stat().st_size == half  # noqa: E731
        wait_until(lambda: child.poll() is not None or held(), "half of the file")
    finally:
        child.kill()
        child.wait(PATIENCE)
    assert child.returncode == -signal.SIGKILL and list(lying(tmp_path)) == [f".download/{key}.part"]
    assert get(home, tmp_path, actors=[1]).there == ("01",)
    assert home.of(key) == [None, f"bytes={half}-"] and seen(tmp_path) == clips["01"]


def test_a_connection_that_always_brings_enough_is_never_given_up(home, clips, tmp_path, monkeypatch):
    key = home.offer("01", zipped(clips["01"]))
    home.faults[key] = ["break"] * 6  # more than there are tries
    monkeypatch.setattr(zenodo, "_GAIN", 1)
    assert get(home, tmp_path, actors=[1]).there == ("01",) and len(home.of(key)) == 7


def test_a_server_without_range_starts_anew(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    home.faults[key] = ["break", "no range"]
    assert get(home, tmp_path, actors=[1]).there == ("01",) and len(home.of(key)) == 2
    assert seen(tmp_path) == clips["01"]


@pytest.mark.parametrize("faults", [["other range"], ["other total"], ["scramble"], [416], [503], ["scramble", 429]])
def test_a_part_that_cannot_be_continued_is_begun_anew(home, clips, tmp_path, faults):
    """Another range, other bytes pieced together, a part that is too long for the server, a busy server."""
    key = home.offer("01", zipped(clips["01"]))
    part = tmp_path / ".download" / f"{key}.part"
    part.parent.mkdir()
    part.write_bytes(home.zips[key][:1000])
    home.faults[key] = list(faults)
    found = get(home, tmp_path, actors=[1])
    assert found.there == ("01",) and seen(tmp_path) == clips["01"] and found.problems.empty
    assert not part.exists()


def test_a_part_that_is_longer_than_the_file_is_dropped(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    part = tmp_path / ".download" / f"{key}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(len(home.zips[key]) + 1))
    assert get(home, tmp_path, actors=[1]).there == ("01",) and home.of(key) == [None]


def test_a_part_of_other_bytes_is_caught_by_the_sum(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    part = tmp_path / ".download" / f"{key}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(1000))
    assert get(home, tmp_path, actors=[1]).there == ("01",) and home.of(key) == ["bytes=1000-", None]
    assert seen(tmp_path) == clips["01"]


@pytest.mark.parametrize(
    "fault, said",
    [(404, "answered 404"), (403, "answered 403"), ("other size", "the record says"), ("too much", "sends more than")],
)
def test_a_file_that_is_not_on_the_server_is_a_row_and_the_others_come(home, clips, tmp_path, fault, said):
    home.faults[home.offer("01", zipped(clips["01"]))] = [fault]
    home.offer("02", zipped(clips["02"]))
    found = get(home, tmp_path, actors=[1, 2])
    assert sum(p.stat().st_size for p in tmp_path.rglob("*.part")) == 0
    assert kinds(found) == ["missing"] and said in found.problems["problem"][0] and found.there == ("02",)


def test_without_a_network_the_record_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(zenodo, "_PAUSES", (0.0,))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(FerError, match="cannot be had: no connection") as caught:
            download_ravdess(tmp_path / "new", record=f"http://127.0.0.1:{taken.getsockname()[1]}/r", progress=False)
    assert "by hand" in str(caught.value) and not (tmp_path / "new").exists()


def test_a_record_that_is_busy_or_breaks_off_is_asked_again(home, clips, tmp_path):
    home.offer("01", zipped(clips["01"]))
    home.faults["record"] = [503, "break"]
    assert get(home, tmp_path, actors=[1]).there == ("01",)
    home.faults["record"] = [404]
    with pytest.raises(FerError, match="answered 404"):
        get(home, tmp_path, actors=[2])


@pytest.mark.parametrize(
    "said",
    [
        {"links": {"self": "file:///etc/passwd"}},
        {"links": {}},
        {"links": "http://127.0.0.1"},
        {"size": "12"},
        {"size": 0},
        {"size": True},
        {"checksum": None},
        {"checksum": "md5:"},
        {"checksum": "crc:12"},
    ],
)
def test_a_record_that_says_something_odd_is_refused(home, clips, tmp_path, said):
    home.offer("01", zipped(clips["01"]), **said)
    with pytest.raises(FerError, match=r"is not what is expected: Video_Speech_Actor_01.zip"):
        get(home, tmp_path, actors=[1])
    assert lying(tmp_path) == {}


@pytest.mark.parametrize("text", [b"<html>", b"[]", b"{}", b'{"files": 3}', b'{"files": [3]}', b""])
def test_a_record_that_is_none_is_refused(home, tmp_path, monkeypatch, text):
    monkeypatch.setattr(home, "record", lambda: text)
    with pytest.raises(FerError, match=r"JSON with a list `files`|416"):
        get(home, tmp_path)


def test_an_https_record_may_not_send_to_http():
    entry = {
        "key": "Video_Speech_Actor_01.zip",
        "size": 5,
        "checksum": "md5:00",
        "links": {"self": "http://example.org/x"},
    }
    with pytest.raises(FerError, match=r"links.self"):
        zenodo.wanted_zips([entry], zenodo.RECORD, ["01"], "speech", [])
    (kept,) = zenodo.wanted_zips(
        [entry | {"links": {"self": "https://example.org/x"}}], zenodo.RECORD, ["01"], "speech", []
    )
    assert kept.url == "https://example.org/x" and kept.algorithm == "md5"


# The disk


def test_too_little_room_is_said_before_anything_is_fetched(home, clips, tmp_path, monkeypatch):
    key = home.offer("01", zipped(clips["01"]))
    needed = 2 * len(home.zips[key])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=needed - 1))
    with pytest.raises(FerError) as caught:
        get(home, tmp_path / "new", actors=[1])
    assert f"{needed:,} bytes" in str(caught.value) and f"{needed - 1:,} bytes" in str(caught.value)
    assert home.of(key) == [] and not (tmp_path / "new").exists()
    part = tmp_path / "part" / ".download" / f"{key}.part"  # what is there already needs no room again
    part.parent.mkdir(parents=True)
    part.write_bytes(home.zips[key][:1])
    assert get(home, tmp_path / "part", actors=[1]).there == ("01",)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=needed))
    assert get(home, tmp_path / "new", actors=[1]).there == ("01",)


def test_too_little_room_to_unpack_keeps_the_zip(home, clips, tmp_path, monkeypatch):
    key = home.offer("01", zipped(clips["01"]))
    usage, answers = shutil.disk_usage(tmp_path), [1 << 40, 3]
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=answers.pop(0) if answers else 1 << 40))
    with pytest.raises(FerError, match=r"too little room to unpack.*3 bytes"):
        get(home, tmp_path, actors=[1])
    assert list(lying(tmp_path)) == [f".download/{key}.part"]
    assert get(home, tmp_path, actors=[1]).there == ("01",) and home.of(key) == [None]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_clear_error(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    part = tmp_path / f"{key}.part"
    part.symlink_to("/dev/full")
    with pytest.raises(FerError, match=r"is full. Make room and call again"):
        connection.continue_part(home.listing[key]["links"]["self"], len(home.zips[key]), part, 0, tqdm(disable=True))


def test_a_disk_that_fills_while_unpacking_is_one_clear_error(home, clips, tmp_path, monkeypatch):
    key = home.offer("01", zipped(clips["01"]))
    real = archives._copy

    def full(opened, entry, target):
        real(opened, entry, target)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives, "_copy", full)
    with pytest.raises(FerError, match=r"is full; .* was not unpacked"):
        get(home, tmp_path, actors=[1])
    assert list(lying(tmp_path)) == [f".download/{key}.part"]
    monkeypatch.setattr(archives, "_copy", lambda *_: (_ for _ in ()).throw(OSError(errno.EACCES, "Permission denied")))
    with pytest.raises(PermissionError):  # another trouble is not called a full disk
        get(home, tmp_path, actors=[1])


def test_an_end_while_unpacking_leaves_the_zip_and_no_half_actor(home, clips, tmp_path, monkeypatch):
    key = home.offer("01", zipped(clips["01"]))
    real, calls = archives._copy, []

    def dies(opened, entry, target):
        calls.append(target)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(opened, entry, target)

    monkeypatch.setattr(archives, "_copy", dies)
    with pytest.raises(KeyboardInterrupt):
        get(home, tmp_path, actors=[1])
    assert list(lying(tmp_path)) == [f".download/{key}.part"]
    left = tmp_path / ".Actor_01.unpacking"  # a killed process removes nothing
    left.mkdir()
    (left / "half.mp4").write_bytes(b"half")
    monkeypatch.setattr(archives, "_copy", real)
    assert get(home, tmp_path, actors=[1]).there == ("01",) and home.of(key) == [None]
    assert seen(tmp_path) == clips["01"] and not left.exists()


def test_an_actor_unpacked_by_hand_is_not_fetched_again(tmp_path, monkeypatch):
    monkeypatch.setattr(zenodo, "_PAUSES", (0.0, 0.0))
    folder = tmp_path / "Actor_07"
    folder.mkdir()
    for channel, count in (("speech", 120), ("song", 88)):
        names = download._all_clips("07", channel)
        assert len(set(names)) == count and all(ravdess.parse(name)["channel"] == channel for name in names)
    for name in download._all_clips("07", "speech"):
        (folder / name).write_bytes(b"a clip")
    found = download_ravdess(tmp_path, actors=[7], record="http://127.0.0.1:9/nobody", progress=False)
    assert found.there == ("07",) and kinds(found) == ["unchecked"]
    (folder / download._all_clips("07", "speech")[5]).write_bytes(b"")  # and then nothing is sure
    with pytest.raises(FerError, match="cannot be had"):
        download_ravdess(tmp_path, actors=[7], record="http://127.0.0.1:9/nobody", progress=False)
    assert download._all_clips("18", "song") == []


# Addresses, and folders where something else lies


@pytest.mark.parametrize(
    "link, told",
    [
        ("http://[::1", "is no address"),
        ("http://127.0.0.1:99999/x", "is no address"),
        ("http://127.0.0.1:1/a b", "is no address"),
        ("http://127.0.0.1:1/\xe4", "is no address"),
        ("http://", "is no address"),
    ],
)
def test_a_link_that_is_no_address_loses_one_actor(home, clips, tmp_path, link, told):
    home.offer("01", zipped(clips["01"]), links={"self": link})
    home.offer("02", zipped(clips["02"]))
    found = get(home, tmp_path, actors=[1, 2])
    assert found.there == ("02",) and kinds(found) == ["missing"] and told in found.problems["problem"][0]


@pytest.mark.parametrize("record", ["http://[::1", "http://127.0.0.1:99999/x", "http://127.0.0.1:1/\xe4"])
def test_a_record_that_is_no_address(tmp_path, monkeypatch, record):
    monkeypatch.setattr(zenodo.time, "sleep", lambda seconds: pytest.fail("another try would be the same"))
    with pytest.raises(FerError, match=f"(?s)The record {re.escape(record)} cannot be had: .*is no address.*by hand"):
        download_ravdess(tmp_path / "new", actors=[1], record=record, progress=False)
    assert not (tmp_path / "new").exists()
    assert (
        main.main(["download", "ravdess", str(tmp_path / "new"), "--actors", "1", "--record", record, "--quiet"]) == 2
    )


def test_a_record_of_brackets_is_not_what_is_expected(home, tmp_path, monkeypatch):
    monkeypatch.setattr(home, "record", lambda: b"[" * 200_000)
    with pytest.raises(FerError, match="not what is expected"):
        get(home, tmp_path, actors=[1])


@pytest.mark.parametrize("target", ["ftp://127.0.0.1:1/x", "FTP://127.0.0.1:1/x", "file:///etc/passwd", "http://[::1"])
def test_a_server_that_leads_out_of_the_web_is_not_followed(home, clips, tmp_path, target):
    home.offer("01", zipped(clips["01"]), links={"self": f"{home.url}/aside"})
    home.offer("02", zipped(clips["02"]))
    home.leads_to = target
    found = get(home, tmp_path, actors=[1, 2])
    assert found.there == ("02",) and kinds(found) == ["missing"]
    if target.lower().startswith("ftp"):
        assert "only https:// and http:// are followed" in found.problems["problem"][0]


def test_a_server_that_leads_on_is_followed(home, clips, tmp_path):
    key = home.offer("01", zipped(clips["01"]))
    home.leads_to = home.listing[key]["links"]["self"]
    home.listing[key]["links"] = {"self": f"{home.url}/aside"}
    assert get(home, tmp_path, actors=[1]).there == ("01",) and seen(tmp_path) == clips["01"]


def test_the_name_of_a_sum_may_be_in_capitals(home, clips, tmp_path):
    data = zipped(clips["01"])
    home.offer("01", data, checksum=f"MD5:{hashlib.md5(data).hexdigest().upper()}")
    assert get(home, tmp_path, actors=[1]).there == ("01",)


@pytest.mark.parametrize("what", ["file", "dead link"])
def test_something_else_with_an_actors_name_loses_one_actor(home, clips, tmp_path, what):
    for actor in ("01", "02"):
        home.offer(actor, zipped(clips[actor]))
    if what == "file":
        (tmp_path / "Actor_01").write_text("notes")
    else:
        (tmp_path / "Actor_01").symlink_to(tmp_path / "nowhere")
    found = get(home, tmp_path, actors=[1, 2])
    assert (
        found.there == ("02",)
        and kinds(found) == ["not a folder"]
        and found.problems["path"][0] == str(tmp_path / "Actor_01")
    )
    assert home.of("Video_Speech_Actor_01.zip") == [] and not (tmp_path / ".download").exists()


def test_roots_that_cannot_be_written_to(home, clips, tmp_path):
    home.offer("01", zipped(clips["01"]))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / ".download").write_text("a file")
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("a file")
    for root in ("taken", "dead", "file", "file/below", "x" * 5000):
        with pytest.raises(FerError, match="Invalid value for `root`"):
            get(home, tmp_path / root, actors=[1])
    assert home.of("Video_Speech_Actor_01.zip") == []


# Arguments


@pytest.mark.parametrize("bad", [3, "01", [], [0], [25], ["1"], [1.0], [True], [None], b"01"])
def test_bad_actors(tmp_path, bad):
    with pytest.raises(FerError, match="Invalid value for `actors`"):
        download_ravdess(tmp_path, actors=bad, record="http://127.0.0.1:9/", progress=False)


def test_all_actors_is_24_of_speech_and_23_of_song():
    assert download._chosen(None, "speech") == ravdess.ACTORS
    assert download._chosen(None, "song") == tuple(actor for actor in ravdess.ACTORS if actor != "18")


@pytest.mark.parametrize("name, value", [("channel", "video"), ("record", "file:///x"), ("record", None)])
def test_other_bad_arguments(tmp_path, name, value):
    with pytest.raises(FerError, match=f"Invalid value for `{name}`"):
        download_ravdess(tmp_path, **{name: value}, progress=False)


def test_a_file_is_no_root(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FerError, match="Invalid value for `root`"):
        download_ravdess(tmp_path / "file")


def test_the_record_is_zenodos():
    assert zenodo.RECORD == "https://zenodo.org/api/records/1188976"


@pytest.mark.parametrize(
    "name, words",
    [
        ("ravdess", ["1188976", "CC BY-NC-SA 4.0", "download_ravdess"]),
        ("savee", ["research only", "regist", "480"]),
        ("mead", ["agreement", "passed on", "10.1007/978-3-030-58589-1_42"]),
        ("crema_d", ["ODbL", "7,442", "load_features"]),
    ],
)
def test_how_to_get(name, words):
    text = how_to_get(name)
    assert (all(word in text for word in words) and "--dataset" in text) or name == "crema_d"


def test_how_to_get_of_something_else():
    with pytest.raises(
        FerError, match=r"Invalid value for `name`. Expected one of .'crema_d', 'fer2013', 'mead', 'ravdess', 'savee'"
    ):
        how_to_get("affectnet")


# Archives by themselves


def take_all(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def unpacked(tmp_path, data: bytes, **limits):
    (tmp_path / "a.zip").write_bytes(data)
    return archives.unpack(tmp_path / "a.zip", tmp_path / "out", take_all, archives.Limits(**limits))


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "..",
        "a/..",
        "/x",
        "//host/share/x",
        "C:/x",
        "c:x",
        "C:\\x",
        "\\x",
        "\\\\host\\x",
        "a\\..\\..\\x",
        "a\\x",
        "x\x00y",
        "x\ny",
        " ",
        "x.mp4:stream",
        "a/x:y",
    ],
)
def test_unsafe_names_are_left_out(tmp_path, name):
    assert archives.unsafe(name)
    if "\x00" in name:  # zipfile cuts such a name when it writes; the bytes are put in afterwards
        data = zipped({"good.mp4": b"good", "x_y": b"bad"}).replace(b"x_y", name.encode())
    else:
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = name
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as made:
            made.writestr("good.mp4", b"good")
            made.writestr(info, b"bad")
        data = out.getvalue()
    there, rows = unpacked(tmp_path, data)
    assert there == {"good.mp4": 4} and [row[2] for row in rows] == ["unsafe"]
    assert "\x00" not in rows[0][0] and "\n" not in rows[0][0]
    assert lying(tmp_path).keys() == {"a.zip", "out/good.mp4"}


@settings(deadline=None)
@given(st.text(st.sampled_from("ab./\\:C~ \x00\n"), max_size=12) | st.text(max_size=12))
def test_a_name_that_is_safe_stays_inside_on_every_system(name):
    if archives.unsafe(name):
        return
    assert os.path.normpath(os.path.join("/root/of/all", name)).startswith("/root/of/all")
    windows = PureWindowsPath(name)
    assert not windows.drive and not windows.root and ".." not in windows.parts


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_left_out(tmp_path, mode):
    info = zipfile.ZipInfo("x.mp4")
    info.external_attr = (mode | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(info, "/etc/passwd")
        made.writestr("good.mp4", b"good")
    there, rows = unpacked(tmp_path, out.getvalue())
    assert there == {"good.mp4": 4} and [row[2] for row in rows] == ["unsafe"] and not (tmp_path / "out/x.mp4").exists()


def refused(tmp_path, data: bytes, kind: str, match: str, **limits) -> None:
    with pytest.raises(archives.RefusedArchiveError, match=match) as caught:
        unpacked(tmp_path, data, **limits)
    assert caught.value.kind == kind and lying(tmp_path).keys() == {"a.zip"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_the_folder_that_gets_the_files_may_lie_in_one_that_is_not_there_yet(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped({"x.mp4": b"clip"}))
    there, problems = archives.unpack(tmp_path / "a.zip", tmp_path / "deep" / "er" / "out", lambda name: name)
    assert there == {"x.mp4": 4} and problems == []
    assert (tmp_path / "deep" / "er" / "out" / "x.mp4").read_bytes() == b"clip"


def test_bombs_are_refused_by_their_own_directory(tmp_path):
    zeros = zipped({"x.mp4": bytes(3 << 20)}, zipfile.ZIP_DEFLATED)
    refused(tmp_path, zeros, "bomb", "20 times is the limit")
    refused(tmp_path, zipped({f"{k}.mp4": b"" for k in range(30)}), "bomb", "30 files", files=29)
    refused(tmp_path, zipped({"x.mp4": bytes(2000)}), "bomb", "2.0 kB, and 1.0 kB", bytes=1000)
    refused(tmp_path, zipped({"n" * 60000 + str(k): b"" for k in range(2)}), "bomb", "too long for 5 files", files=5)
    one = {"noise.mp4": os.urandom(3 << 20), "zeros.mp4": bytes(4 << 20)}  # together only twice as large
    refused(tmp_path, zipped(one, zipfile.ZIP_DEFLATED), "bomb", "'zeros.mp4' 1,0.. times")
    many = {f"{k}.mp4": bytes(90_000) for k in range(20)}  # each small enough, together not
    refused(tmp_path, zipped(many, zipfile.ZIP_DEFLATED), "bomb", "20 times is the limit")


def test_a_long_directory_of_a_large_zip_is_refused_by_its_zip64_record(tmp_path):
    """The plain record says a small directory; that of zip64 (fields by PKWARE's APPNOTE 4.3.14) says a huge one."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 0, 0)
    refused(tmp_path, record + locator + end, "bomb", "directory of 1,099,511,627,776 bytes")


def patched_directory(data: bytes, at: int, value: int, size: str = "<L") -> bytes:
    """The zip with one field of its first directory entry changed."""
    changed = bytearray(data)
    struct.pack_into(size, changed, data.index(b"PK\x01\x02") + at, value)
    return bytes(changed)


def test_files_that_lie_over_each_other_are_refused(tmp_path):
    data = zipped({"a.mp4": os.urandom(5000), "b.mp4": b"b"})
    refused(tmp_path, patched_directory(patched_directory(data, 20, 9000), 24, 9000), "bomb", "lie over each other")


@pytest.mark.parametrize("declared", [10, 100_000])
def test_a_directory_that_lies_about_a_size_is_caught_while_reading(tmp_path, declared):
    """Declared small to get by the limits: no byte more is read, and the sum does not fit."""
    data = zipped({"x.mp4": bytes(50_000), "good.mp4": b"good"}, zipfile.ZIP_DEFLATED)
    there, rows = unpacked(tmp_path, patched_directory(data, 24, declared))
    assert (
        there == {"good.mp4": 4}
        and [row[2] for row in rows] == ["unreadable"]
        and not (tmp_path / "out/x.mp4").exists()
    )


@pytest.mark.parametrize(
    "damage, kind",
    [
        ("bytes", "unreadable"),
        ("encrypted", "unreadable"),
        ("offset", "unreadable"),
        ("method", "unreadable"),
        ("twice", "duplicate"),
        ("named twice", "duplicate"),
        ("no name", "unsafe"),
    ],
)
def test_bad_files_in_a_good_archive(tmp_path, damage, kind):
    data = zipped({"x.mp4": b"some bytes", "good.mp4": b"good"})
    if damage == "bytes":
        data = data.replace(b"some bytes", b"same bytes", 1)
    elif damage == "encrypted":
        data = patched_directory(data, 8, 1, "<H")
    elif damage == "offset":
        data = patched_directory(data, 42, 0xFFFF0000)
    elif damage == "method":
        data = patched_directory(data, 10, 99, "<H")
    elif damage == "twice":
        data = zipped({"good.mp4": b"good", "a/GOOD.mp4": b"good"})
    elif damage == "no name":
        data = zipped({"good.mp4": b"good", "a/.": b"dot"})
    else:
        data = zipped({"good.mp4": b"good", "gone.mp4": b"evil"}).replace(b"gone.mp4", b"good.mp4")
    there, rows = unpacked(tmp_path, data)
    assert there == {"good.mp4": 4} and [row[2] for row in rows] == [kind] and rows[0][4] == "left out"
    assert damage != "encrypted" or rows[0][3] == "it is encrypted"
    assert lying(tmp_path).keys() == {"a.zip", "out/good.mp4"}


@settings(deadline=None)
@given(st.data())
def test_no_damage_crashes_or_leaves_anything_outside(tmp_path_factory, data):
    """A zip with bytes changed or cut is refused, or gives rows, or what it gives passed its sum."""
    tmp_path = tmp_path_factory.mktemp("damaged")
    whole = bytearray(zipped({"x.mp4": bytes(range(200)), "good.mp4": b"good" * 9}, zipfile.ZIP_DEFLATED))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)) | st.just(len(whole)))
    try:
        there, _ = unpacked(tmp_path, bytes(whole[:cut]))
    except archives.RefusedArchiveError:
        there = {}
    found = lying(tmp_path)
    assert found.keys() - {"a.zip"} == {f"out/{name}" for name in there}
    assert all(found[f"out/{name}"] in (bytes(range(200)), b"good" * 9, b"") for name in there)


@pytest.mark.parametrize(
    "data",
    [b"", b"no zip at all", b"PK\x05\x06", zipped({"x.mp4": b"x"})[:-30]],
    ids=[
        "empty",
        "text",
        "signature only",
        "cut short",
    ],  # of itself pytest would name them by their bytes: a zip's time
)
def test_what_is_no_zip_is_refused(tmp_path, data):
    refused(tmp_path, data, "unreadable", "no zip")


def test_the_command_downloads_and_scan_says_what_lacks(home, clips, tmp_path, capsys):
    home.offer("01", zipped(clips["01"]))
    assert (
        main.main(
            ["download", "ravdess", str(tmp_path), "--actors", "1", "2", "--record", home.url, "--json", "--quiet"]
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["actors"] == told["fetched"] == ["01"] and told["missing"] == ["02"]
    assert [row["kind"] for row in told["problems"]] == ["missing"]
    assert main.main(["scan", "--dataset", "ravdess", str(tmp_path)]) == 0
    assert "speech, video-only: actor 01 of 24, 2 of 60 clips" in capsys.readouterr().out
    assert main.main(["download", "savee"]) == 0 and "Surrey" in capsys.readouterr().out
    assert main.main(["download", "ravdess"]) == 2 and "`root`" in capsys.readouterr().err


def test_the_command_says_where_to_ask_and_checks_what_was_unpacked(tmp_path, capsys):
    assert main.main(["download", "savee", str(tmp_path / "none"), "--quiet"]) == 1
    told = capsys.readouterr()
    assert "Surrey" in told.out and "0 clips" in told.out and "missing" in told.err
    for number in (1, 2):
        (tmp_path / "DC").mkdir(exist_ok=True)
        (tmp_path / "DC" / f"a{number:02d}.avi").write_bytes(b"x")
    assert main.main(["download", "savee", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert (
        "Surrey" in told
        and "2 clips of 1 actor" in told
        and str(datasets.check(datasets.scan("savee", tmp_path))) in told
    )
    assert main.main(["download", "savee", str(tmp_path), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["clips"] == 2 and not value["complete"] and len(value["missing"]) == 118 and "Surrey" in value["how"]


@pytest.mark.parametrize("given, shown", [("0", "['0']"), ("x", "['x']"), ("99", "['99']"), ("9" * 5000, "['999")])
def test_a_wrong_actor_is_shown_as_it_was_typed(tmp_path, capsys, given, shown):
    assert main.main(["download", "ravdess", str(tmp_path), "--actors", given, "--record", "http://127.0.0.1:1/"]) == 2
    assert f"Received: {shown}" in capsys.readouterr().err


def test_actors_may_be_typed_with_zeros(home, clips, tmp_path):
    home.offer("01", zipped(clips["01"]))
    assert main.main(["download", "ravdess", str(tmp_path), "--actors", "001", "--record", home.url, "--quiet"]) == 0
