"""Real measurements: the right bytes or one clear error, and tables that say what they should."""

from __future__ import annotations

import dataclasses
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import logging
from pathlib import Path
import shutil
import socket
import threading

import numpy as np
import pytest

from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.datasets import feature_tables, ravdess
from fer_utils.datasets.feature_tables import available_features, load_features

AU_FILE, VOTES_FILE = "df_average_AUs_total.csv", "tabulatedVotes.csv"
LEVELS = {"DFA_ANG_XX": "unspecified", "IEO_ANG_HI": "high", "IEO_ANG_LO": "low", "IEO_ANG_MD": "medium"}


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """A store of its own for every test, and no proxy between it and the loopback server."""
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("FER_DATA", raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    return tmp_path / "store"


def drawn_votes() -> bytes:
    """Two clips in the columns of the real file, seen three ways."""
    lines = ['"","A","D","F","H","N","S","fileName","numResponses"']
    for way in "123":
        lines += [f'"{way}00001",1,2,3,4,5,6,"1001_IEO_SAD_HI",21', f'"{way}00002",0,0,0,0,9,0,"1002_DFA_NEU_XX",9']
    return ("\n".join(lines) + "\n").encode()


def drawn_units() -> bytes:
    columns = [*feature_tables._INTENSITIES, *feature_tables._PRESENCES]
    lines = [";".join([*columns, "speech", "name", "path", "index"])]
    for k, name in enumerate(("01-01-08-02-01-02-24", "01-01-01-01-01-01-01")):
        lines.append(";".join([*(str(k + i / 100) for i in range(35)), "0", name, name, str(k)]))
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def server(monkeypatch):
    """A home on loopback: ``.bytes`` to be served by path; ``.asked`` is what was asked for."""

    class Home(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            data, length = self.server.bytes.get(self.path, (None, None))
            if data is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Home)
    served.asked, served.bytes = [], {}
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(feature_tables, "_BASE", f"http://127.0.0.1:{served.server_port}")
    yield served
    served.shutdown()
    served.server_close()


def offer(served, monkeypatch, name: str, good: bytes, sent: bytes | None = None, length: int | None = None) -> str:
    """The server sends ``sent`` where ``good`` is expected."""
    sent = good if sent is None else sent
    source = feature_tables._SOURCES[name]._replace(sha256=hashlib.sha256(good).hexdigest())
    monkeypatch.setitem(feature_tables._SOURCES, name, source)
    served.bytes[f"/{source.below}"] = sent, len(sent) if length is None else length
    return source.sha256


def listening(monkeypatch) -> list:
    """What pooch's own logger says from now on; it belongs to no other logger."""
    import pooch

    said: list = []
    handler = logging.Handler()
    handler.emit = said.append
    monkeypatch.setattr(pooch.get_logger(), "handlers", [handler])
    return said


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) if folder.exists() else []


def test_the_file_is_fetched_once_and_its_rows_are_right(server, own_store, monkeypatch, capfd):
    said = listening(monkeypatch)
    sha = offer(server, monkeypatch, "crema_d_votes", drawn_votes())
    found = load_features("crema_d_votes", progress=False)
    assert len(server.asked) == 1
    assert server.asked[0].endswith("/1658cd342dff90010aa843eaeebd53610a08b1dc/processedResults/tabulatedVotes.csv")
    assert found.sha256 == sha and found.source.endswith(server.asked[0])
    assert list(found.table.columns) == [
        "clip",
        "modality",
        "actor",
        "statement",
        "expression",
        "level",
        "votes_neutral",
        "votes_happy",
        "votes_sad",
        "votes_angry",
        "votes_fearful",
        "votes_disgust",
        "votes",
    ]
    first = found.table.iloc[0].to_dict()
    assert first == {
        "clip": "1001_IEO_SAD_HI",
        "modality": "both",
        "actor": "1001",
        "statement": "IEO",
        "expression": "sad",
        "level": "high",
        "votes_neutral": 5,
        "votes_happy": 4,
        "votes_sad": 6,
        "votes_angry": 1,
        "votes_fearful": 3,
        "votes_disgust": 2,
        "votes": 21,
    }
    assert list(found.table["modality"]) == ["both", "face", "voice"] * 2
    assert list(found.table.index) == list(range(6))
    assert files(own_store) == ["downloads/crema_d_votes/tabulatedVotes.csv"]
    assert (own_store / files(own_store)[0]).stat().st_mode & 0o044 == 0o044
    again = load_features("crema_d_votes", progress=False)
    assert len(server.asked) == 1 and again.table.equals(found.table)
    assert capfd.readouterr() == ("", "") and said == []


def test_a_bar_is_shown_and_a_lasting_setting_is_not_changed(server, monkeypatch, capfd):
    import pooch

    offer(server, monkeypatch, "crema_d_votes", drawn_votes())
    said = listening(monkeypatch)
    load_features("crema_d_votes")
    assert "100%" in capfd.readouterr().err and len(said) == 1 and pooch.get_logger().filters == []


def test_action_units_take_the_columns_of_the_clip_table(server, monkeypatch):
    offer(server, monkeypatch, "ravdess_au", drawn_units())
    table = load_features("ravdess_au", progress=False).table
    assert list(table["clip"]) == ["Actor_01/01-01-01-01-01-01-01.mp4", "Actor_24/01-01-08-02-01-02-24.mp4"]
    assert table.shape == (2, 43) and list(table.columns[8:]) == [
        *feature_tables._INTENSITIES,
        *feature_tables._PRESENCES,
    ]
    row = ravdess.parse("01-01-08-02-01-02-24.mp4")
    for column in ("actor", "sex", "expression", "intensity", "statement", "repetition", "performance"):
        assert table[column][1] == row[column]
    assert table["AU01_r"].tolist() == [1.0, 0.0] and table["AU45_c"].tolist() == [1.34, 0.34]


def test_a_store_that_was_damaged_is_mended(server, own_store, monkeypatch):
    offer(server, monkeypatch, "crema_d_votes", drawn_votes())
    kept = own_store / "downloads/crema_d_votes/tabulatedVotes.csv"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(drawn_votes()[:-5])
    assert len(load_features("crema_d_votes", progress=False).table) == 6
    assert kept.read_bytes() == drawn_votes()


def test_corrupted_bytes_are_refused_with_both_sums_and_nothing_is_kept(server, own_store, monkeypatch):
    wrong = drawn_votes().replace(b"9,0", b"8,1")
    sha = offer(server, monkeypatch, "crema_d_votes", drawn_votes(), wrong)
    with pytest.raises(FerError) as caught:
        load_features("crema_d_votes", progress=False)
    text = str(caught.value)
    assert sha in text and hashlib.sha256(wrong).hexdigest() in text and "folder=" in text
    assert files(own_store) == []


def test_an_answer_of_404_says_so(server, own_store):
    with pytest.raises(FerError, match="answered 404") as caught:
        load_features("ravdess_au", progress=False)
    assert feature_tables._SOURCES["ravdess_au"].below in str(caught.value) and "FER_DATA" in str(caught.value)
    assert files(own_store) == []


def test_a_body_that_breaks_off_is_no_file(server, own_store, monkeypatch):
    good = drawn_votes()
    offer(server, monkeypatch, "crema_d_votes", good, good[:100], len(good))
    with pytest.raises(FerError, match="connection broke off") as caught:
        load_features("crema_d_votes", progress=False)
    assert "by hand" in str(caught.value) and len(server.asked) == 2  # it was tried again
    assert files(own_store) == []


def test_without_a_network_there_is_one_error_with_the_remedy(own_store, monkeypatch):
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(feature_tables, "_BASE", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(FerError) as caught:
            load_features("crema_d_votes", progress=False)
    text = str(caught.value)
    assert "no network" in text and f"{feature_tables._BASE}/{feature_tables._SOURCES['crema_d_votes'].below}" in text
    assert "load_features('crema_d_votes', folder=...)" in text


@pytest.mark.parametrize("below", ["", "somewhere"])
def test_a_folder_is_enough_without_a_network(server, own_store, tmp_path, monkeypatch, below):
    offer(server, monkeypatch, "crema_d_votes", drawn_votes())
    place = tmp_path / "mine"
    (place / below).mkdir(parents=True)
    (place / below / VOTES_FILE).write_bytes(drawn_votes())
    by_argument = load_features("crema_d_votes", folder=place)
    monkeypatch.setenv("FER_DATA", str(place))
    by_variable = load_features("crema_d_votes")
    assert by_argument.table.equals(by_variable.table) and len(by_argument.table) == 6
    assert server.asked == [] and files(own_store) == []


def test_the_four_levels_of_crema_d_have_names(server, monkeypatch):
    lines = ['"","A","D","F","H","N","S","fileName","numResponses"']
    lines += [f'"10000{k}",1,0,0,0,0,0,"1001_{name}",1' for k, name in enumerate(LEVELS)]
    offer(server, monkeypatch, "crema_d_votes", ("\n".join(lines) + "\n").encode())
    table = load_features("crema_d_votes", progress=False).table.set_index("clip")
    assert {name: table.loc[f"1001_{name}", "level"] for name in LEVELS} == LEVELS


def test_the_folder_that_is_named_goes_before_the_variables(server, own_store, tmp_path, monkeypatch):
    offer(server, monkeypatch, "crema_d_votes", drawn_votes())
    (tmp_path / VOTES_FILE).write_bytes(drawn_votes())
    monkeypatch.setenv("FER_DATA", str(tmp_path / "nowhere"))
    assert len(load_features("crema_d_votes", folder=tmp_path).table) == 6


def test_a_folder_with_another_file_is_refused_and_left_alone(tmp_path):
    (tmp_path / AU_FILE).write_bytes(b"something else")
    with pytest.raises(FerError) as caught:
        load_features("ravdess_au", folder=tmp_path)
    assert feature_tables._SOURCES["ravdess_au"].sha256 in str(caught.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)
    assert (tmp_path / AU_FILE).read_bytes() == b"something else"


def test_line_ends_that_windows_changed_are_named(tmp_path, server, monkeypatch):
    offer(server, monkeypatch, "crema_d_votes", drawn_votes())
    for data, named in ((drawn_votes().replace(b"\n", b"\r\n"), True), (drawn_votes().replace(b"9,0", b"8,1"), False)):
        (tmp_path / VOTES_FILE).write_bytes(data)
        with pytest.raises(FerError) as caught:
            load_features("crema_d_votes", folder=tmp_path)
        assert ("line ends are CRLF" in str(caught.value)) == named and hashlib.sha256(data).hexdigest() in str(
            caught.value
        )


@pytest.mark.parametrize("folder", ["nowhere", 7, "bad\0name"])
def test_a_folder_without_the_file_is_named(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerError, match=f"Invalid value for `folder`. Expected a folder that holds {AU_FILE}"):
        load_features("ravdess_au", folder=folder)


def test_the_variable_is_named_where_it_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    with pytest.raises(FerError, match="Invalid value for `FER_DATA`"):
        load_features("ravdess_au")


@pytest.mark.parametrize("name", ["ravdess", "", None, ["ravdess_au"], 3])
def test_an_unknown_name(name):
    with pytest.raises(FerError, match=r"Invalid value for `name`. Expected one of .'crema_d_votes', 'ravdess_au'"):
        load_features(name)


def test_the_public_homes_are_pinned(shared_data):
    """Commit, path and sum are those of the register of real data."""
    register = (shared_data / "README.md").read_text(encoding="utf-8")
    assert feature_tables._BASE == "https://raw.githubusercontent.com"
    for name in available_features():
        source = feature_tables._SOURCES[name]
        assert all(part in register for part in (source.repository, source.commit, source.sha256, source.file))
        assert source.path.rsplit("/", 1)[0] + "/" in register
        assert source.citation.split("doi ")[1].split(";")[0] in register


def test_the_value_is_frozen_and_says_whose_it_is(shared_data):
    found = load_features("ravdess_au", folder=shared_data)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.table = None
    assert "1,440 rows" in repr(found) and "MIT" in found.licence and "10.3390/app12010327" in found.citation


def test_all_real_action_units(shared_data, tmp_path):
    shutil.copy(shared_data / "ravdess-au" / AU_FILE, tmp_path)
    table = load_features("ravdess_au", folder=tmp_path).table
    assert table.shape == (1440, 43) and not table.isna().any().any() and table["performance"].is_unique
    counts = table.groupby(["actor", "expression"]).size()
    assert counts.unstack()["neutral"].tolist() == [4] * 24
    assert (counts.unstack()[[e for e in labels.RAVDESS if e != "neutral"]] == 8).all().all()
    assert (
        table[list(feature_tables._INTENSITIES)].to_numpy().min() >= 0
        and table[list(feature_tables._INTENSITIES)].to_numpy().max() <= 5
    )
    assert (
        table[list(feature_tables._PRESENCES)].to_numpy().min() >= 0
        and table[list(feature_tables._PRESENCES)].to_numpy().max() <= 1
    )
    from fer_utils.studio.likeness import load_real

    before = load_real(shared_data / "ravdess-au" / AU_FILE)  # the studio's own reading of the same file
    ours = table.groupby(["expression", "intensity"])[list(feature_tables._INTENSITIES)[:5]].mean()
    theirs = before.groupby(["expression", "intensity"])[list(feature_tables._INTENSITIES)[:5]].mean()
    assert np.allclose(ours.to_numpy(), theirs.loc[ours.index].to_numpy())


def test_the_machine_takes_these_features_as_they_are(shared_data):
    """Actors are text here and numbers in the studio's own table: the folds of people must be the same ones."""
    from fer_utils.studio import likeness
    from fer_utils.studio.acting import real_acting

    found = likeness.svm_numbers(load_features("ravdess_au", folder=shared_data).table)
    assert found["actors"] == real_acting().svm["actors"] and found["known_actors"] == real_acting().svm["known_actors"]
    assert found["clips"] == pytest.approx(
        real_acting().svm["clips"], abs=3
    )  # folds at random, in another order of the clips


def test_all_real_votes(shared_data, root):
    table = load_features("crema_d_votes", folder=shared_data / "crema-d-votes").table
    assert table.shape == (22326, 13) and not table.isna().any().any()
    assert table["actor"].nunique() == 91 and table["clip"].nunique() == 7442
    assert table.groupby("modality").size().to_dict() == {"voice": 7442, "face": 7442, "both": 7442}
    faces = table[table["modality"] == "face"]
    stored = json.loads((root / "fer_utils/reporting/crema_d_votes.json").read_text())
    names = [f"votes_{label}" for label in stored["labels"]]
    assert faces.groupby("expression")[names].sum().loc[stored["labels"]].to_numpy().tolist() == stored["votes"]
    right = {
        m: sum(int(t[f"votes_{e}"].sum()) for e, t in part.groupby("expression")) / part["votes"].sum()
        for m, part in table.groupby("modality")
    }
    assert {m: round(100 * share, 1) for m, share in right.items()} == {"face": 57.4, "voice": 40.0, "both": 63.1}
