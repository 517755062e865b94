"""The quality report: what is doubtful comes first, nothing is left out, and nobody is doubtful for how they look."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
import re

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_utils import datasets, faces, studio
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.core.tables import Problems
from fer_utils.faces.quality_report import doubts, losses, report


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Faces of eight drawn people, light and dark, eight each; one face of each of two is spoilt."""
    people = [studio.person(seed) for seed in (42, 0, 39, 10, 6, 37, 11, 1)]
    images, rows = [], []
    for who, person in enumerate(people):
        for take in range(8):
            picture = studio.draw(person, {12: take / 8, 4: (8 - take) / 10}, size=180, yaw=take - 4.0, roll=0.5 * take)
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            noisy = np.clip(grey + np.random.default_rng([who, take]).normal(0, 2, grey.shape), 0, 255).astype(np.uint8)
            if (who, take) == (1, 3):
                noisy = cv2.GaussianBlur(noisy, (0, 0), 5)
            if (who, take) == (6, 5):
                noisy = cv2.convertScaleAbs(noisy, alpha=0.3)
            sharpness, brightness = faces.quality(noisy)
            images.append(noisy)
            rows.append(
                {
                    "path": f"/x/{who}-{take}.mp4",
                    "dataset": "folder",
                    "clip": f"<i>{who}</i>/{take}.mp4",
                    "actor": f"{who:02d}",
                    "expression": "happy",
                    "intensity": 1,
                    "repetition": 1,
                    "performance": f"{who}-{take}",
                    "frame_index": take,
                    "detector": "dlib",
                    "score": 2.0 + 0.05 * ((3 * take + who) % 7),
                    "sharpness": sharpness,
                    "brightness": brightness,
                }
            )
    rows[20]["score"] = 0.1
    problems = Problems.of(
        [("/x/0-0.mp4", "detect", "no face", "frame 3 (0.1 s): no face found", "frame left out")] * 3
        + [("/x/<b>.mp4", "decode", "unreadable", "5 < 6 & more", "left out")]
    )
    return faces.FaceSet.save(np.stack(images), pd.DataFrame(rows), tmp_path_factory.mktemp("set") / "set", problems)


def test_the_spoilt_faces_come_first_and_say_why(made):
    found = doubts(made.meta)
    first = found.sort_values("doubt", ascending=False).index[:3]
    assert set(first) == {8 + 3, 48 + 5, 20}
    assert (
        found.loc[20, "because"] == "score"
        and found.loc[11, "because"] == "sharpness"
        and found.loc[53, "because"] != "score"
    )
    assert (found["doubt"] >= 0).all() and found["doubt"].median() < 2


def test_doubts_by_hand():
    """Scores are compared within a detector; sharpness, by its logarithm, and brightness within an actor."""
    rng = np.random.default_rng(3)
    meta = pd.DataFrame(
        {
            "actor": list("aabbabab" * 3),
            "detector": ["dlib"] * 12 + ["haar"] * 12,
            "score": np.r_[rng.normal(2, 0.3, 12), rng.normal(30, 0.3, 12)],
            "sharpness": rng.lognormal(5, 1, 24),
            "brightness": rng.normal(120, 20, 24),
        }
    )

    def behind(values, groups):
        return np.array([np.median(values[groups == group]) - one for one, group in zip(values, groups, strict=True)])

    actor = meta["actor"].to_numpy()
    distances = {
        "score": behind(meta["score"].to_numpy(), meta["detector"].to_numpy()),
        "sharpness": behind(np.log1p(meta["sharpness"].to_numpy()), actor),
        "brightness": np.abs(behind(meta["brightness"].to_numpy(), actor)),
    }
    scaled = pd.DataFrame({name: one / (1.4826 * np.median(np.abs(one))) for name, one in distances.items()})
    found = doubts(meta)
    assert found["doubt"].tolist() == pytest.approx(scaled.max(axis=1).tolist())
    assert found["because"].tolist() == scaled.idxmax(axis=1).tolist()
    assert set(found["because"]) == {"score", "sharpness", "brightness"}


def test_clips_faces_and_lost_frames_are_counted_apart(made, tmp_path):
    meta = made.meta.iloc[:4].assign(path=list("xxyy"), clip=list("xxyy"), sharpness=[1.0, 2.0, 3.0, 90.0])
    lost = [("x", "detect", "no face", "frame 9 (0.3 s): no face found", "frame left out")]
    beside = [("x", "detect", "several faces", "frame 1 (0.0 s): 2 faces found", "largest kept")] * 2
    few = faces.FaceSet.save(np.asarray(made.images[:4, ..., 0]), meta, tmp_path / "few", Problems.of(lost + beside))
    page = report(few, tmp_path / "few.html").read_text(encoding="utf-8")
    assert "4 faces of 2 clips and 1 actors; 3 problems" in page
    part = page[page.index("<h2>Actors") : page.index("<h2>Problems")]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", part, re.S)]
    row = dict(zip(cells[0], cells[1], strict=True))
    assert (row["clips"], row["faces"], row["frames lost in these clips"]) == ("2", "4", "1")
    assert row["median sharpness"] == "2.5"


def test_faces_that_are_as_doubtful_stay_in_their_order(made, tmp_path):
    meta = pd.concat([made.meta.iloc[:1]] * 40).assign(frame_index=range(40), score=[1.0, 2.0, 3.0, 2.0] * 10)
    small = np.zeros((40, 16, 16), np.uint8)
    page = report(faces.FaceSet.save(small, meta, tmp_path / "set"), tmp_path / "page.html").read_text(encoding="utf-8")
    shown = [int(number) for number in re.findall(r'frame (\d+) of [^"]*"', page)]
    assert shown == [*range(0, 40, 4), *(row for row in range(40) if row % 4)]


def test_nobody_is_doubtful_for_dark_skin(made):
    """Without the spoilt ones the darkest half is not more doubtful than the lightest."""
    whole = doubts(made.meta).drop([11, 53, 20])["doubt"]
    level = made.meta.groupby("actor")["brightness"].median()
    assert level.max() > 1.25 * level.min(), "these people differ in how light they are"
    dark = made.meta["actor"].map(level < level.median())[whole.index]
    assert whole[dark].median() < 2 * whole[~dark].median() + 0.5
    # The plain measure would say otherwise.
    plain = (made.meta["brightness"] - made.meta["brightness"].median()).abs()
    assert plain.groupby(made.meta["actor"]).median().idxmax() in set(level.index[[level.argmax(), level.argmin()]])


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.images, self.links, self.text, self.cells = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "img":
            self.images.append(found)
        self.cells += tag == "tr"
        self.links += [value for key, value in attributes if key in ("src", "href") and not value.startswith("data:")]
        assert tag not in ("script", "i"), "names of files are text, not markup"

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_holds_all_and_needs_nothing_else(made, tmp_path):
    path = report(made, tmp_path / "deep" / "report.html", most=10)
    page = Page(path.read_text(encoding="utf-8"))
    text = " ".join(page.text)
    assert len(page.images) == 10 and all(
        re.match(r"Face of actor \d\d, label happy, frame \d of <i>", one["alt"]) for one in page.images
    )
    assert page.links == []
    assert (
        "64 faces of 64 clips and 8 actors; 4 problems" in text
        and "no face: 3" in text
        and "unreadable: 1" in text
        and "5 < 6 & more" in text
    )
    assert "score 0.1" in text and "frame left out" in text
    assert page.cells == (8 + 1) + (3 + 1) + (1 + 1)
    shown = cv2.imdecode(
        np.frombuffer(base64.b64decode(page.images[0]["src"].split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE
    )
    worst = doubts(made.meta)["doubt"].idxmax()
    wanted = cv2.resize(np.asarray(made.images[worst, ..., 0]), (120, 120), interpolation=cv2.INTER_AREA)
    assert np.array_equal(shown, wanted)


def test_an_empty_set_has_a_page_too(tmp_path):
    empty = faces.FaceSet.save(
        np.zeros((0, 40, 40), np.uint8),
        pd.DataFrame({"clip": []}),
        tmp_path / "none",
        Problems.of([("/a.mp4", "decode", "unreadable", "why", "left out")]),
    )
    text = report(empty, tmp_path / "none.html").read_text()
    assert "0 faces" in text and "No face was found" in text and "why" in text


def test_prepare_writes_it_on_request(tmp_path, capsys):
    studio.film(
        "ravdess", tmp_path / "film", actors=1, clips_per_actor=2, frames=3, size=180, workers=1, progress=False
    )
    assert (
        main.main(
            [
                "prepare",
                "--dataset",
                "ravdess",
                str(tmp_path / "film"),
                "--out",
                str(tmp_path / "set"),
                "--frames",
                "2",
                "--report",
                str(tmp_path / "r.html"),
                "--quiet",
                "--workers",
                "1",
            ]
        )
        == 0
    )
    assert len(Page((tmp_path / "r.html").read_text()).images) == 4
    assert (
        main.main(
            [
                "prepare",
                "--dataset",
                "ravdess",
                str(tmp_path / "film"),
                "--out",
                str(tmp_path / "other"),
                "--report",
                str(tmp_path),
            ]
        )
        == 2
    )
    assert "`report`" in capsys.readouterr().err and not (tmp_path / "other").exists(), "said before the pass"


def test_bad_input_is_one_clear_error(made, tmp_path):
    for call, word in (
        (lambda: report("x", tmp_path / "a.html"), "`face_set`"),
        (lambda: report(made, tmp_path), "`path`"),
        (lambda: report(made, None), "`path`"),
        (lambda: report(made, 3), "`path`"),
        (lambda: report(made, b"a.html"), "`path`"),
        (lambda: report(made, tmp_path / "a\0b"), "`path`"),
        (lambda: report(made, tmp_path / "a.html", most=0), "`most`"),
    ):
        with pytest.raises(FerError, match=word):
            call()


def test_small_print_can_be_read_by_day_and_by_night(made, tmp_path):
    """WCAG's contrast of 4.5, on white and on the grey that browsers take for dark paper."""
    page = report(made, tmp_path / "a.html", most=1).read_text(encoding="utf-8")
    assert "small, summary { color: var(--faint); }" in page

    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        return np.dot(
            (0.2126, 0.7152, 0.0722), [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        )

    inks = re.findall(r"--faint: (#[0-9a-f]{6});", page)
    assert len(inks) == 2 and page.index(inks[0]) < page.index("prefers-color-scheme: dark") < page.index(inks[1])
    for ink, paper in zip(inks, ("#ffffff", "#1e1e1e"), strict=True):
        dark, bright = sorted((light(ink), light(paper)))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)


def test_with_the_clip_table_nobody_without_a_face_is_forgotten(made, tmp_path):
    clips = made.meta.drop_duplicates("path")[["path", "actor"]]
    gone = pd.DataFrame({"path": ["/x/0-8.mp4", "/x/9-0.mp4", "/x/9-1.mp4"], "actor": ["00", "09", "09"]})
    rows = {}
    for name, table in (("with", pd.concat([clips, gone])), ("without", None)):
        page = report(made, tmp_path / f"{name}.html", clips=table).read_text(encoding="utf-8")
        part = page[page.index("<h2>Actors") : page.index("<h2>Problems")]
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", part, re.S)]
        rows[name] = pd.DataFrame(cells[1:], columns=cells[0]).set_index("actor")
    found = rows["with"]
    assert found.loc["00", ["clips", "clips without a face", "faces", "frames without a face"]].tolist() == [
        "9",
        "1",
        "8",
        "3",
    ]
    assert found.loc["09", ["clips", "clips without a face", "faces", "frames without a face"]].tolist() == [
        "2",
        "2",
        "0",
        "0",
    ]
    assert (
        found.loc["03", ["clips", "clips without a face"]].tolist() == ["8", "0"]
        and found.loc["09", "median score"] == ""
    )
    assert "09" not in rows["without"].index and rows["without"].loc["00", "clips"] == "8"
    with pytest.raises(FerError, match=r"`clips`"):
        report(made, tmp_path / "none.html", clips=[1])


# --- what was lost, label by label ----------------------------------------------------------


@pytest.fixture
def lossy(tmp_path):
    """Four pictures of a drawn face and four of none: all happy ones have a face, of the angry ones one in four has."""
    face = cv2.cvtColor(studio.draw(studio.person(0), {12: 1.0}, size=200), cv2.COLOR_RGB2BGR)
    for label, with_face in (("happy", (True, True, True, True)), ("angry", (True, False, False, False))):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number, one in enumerate(with_face):
            picture = face if one else np.full((200, 200, 3), 40 * number, np.uint8)
            cv2.imwrite(str(tmp_path / "set" / label / f"{number}.png"), picture)
    return tmp_path / "set"


def test_losses_are_counted_by_label(lossy, tmp_path):
    clips = datasets.scan("folder", lossy)
    made = faces.prepare(clips, tmp_path / "faces", detector="dlib", workers=1, progress=False)
    table = losses(made, clips)
    assert table.to_dict(orient="index") == {
        "angry": {"clips": 4, "without_a_face": 3, "share": 0.75},
        "happy": {"clips": 4, "without_a_face": 0, "share": 0.0},
    }
    page = report(made, tmp_path / "page.html", clips=clips).read_text(encoding="utf-8")
    assert re.search(r"<td>angry</td>\s*<td>4</td>\s*<td>3</td>\s*<td>75.0%</td>", page)
    assert "<h2>Labels</h2>" not in report(made, tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(FerError, match=r"`by`.*expression"):
        losses(made, clips, by="colour")
    with pytest.raises(FerError, match=r"`clips`"):
        losses(made, None)
    with pytest.raises(FerError, match="`face_set`"):
        losses(None, clips)


def test_prepare_prints_what_was_lost_and_the_whole_picture_loses_nothing(lossy, tmp_path, capsys):
    given = ["prepare", "--dataset", "folder", str(lossy), "--workers", "1", "--quiet", "--margin", "0.1"]
    assert main.main([*given, "--out", str(tmp_path / "found")]) == 0
    said = capsys.readouterr().out
    assert "5 faces from 8 clips" in said and "--detector whole" in said
    assert re.search(r"angry +3 of 4 \(75.0%\)\n +happy +0 of 4 \(0.0%\)", said)
    assert main.main([*given, "--out", str(tmp_path / "whole"), "--detector", "whole"]) == 0
    said = capsys.readouterr().out
    assert "8 faces from 8 clips" in said and "No face was found" not in said
    found, whole = faces.FaceSet.load(tmp_path / "found"), faces.FaceSet.load(tmp_path / "whole")
    assert found.manifest["config"]["margin"] == 0.1
    assert set(whole.meta["detector"]) == {"whole"}
    assert whole.meta[["box_x", "box_y", "box_w", "box_h"]].drop_duplicates().to_numpy().tolist() == [[0, 0, 200, 200]]


def test_the_whole_picture_comes_back_pixel_by_pixel(tmp_path):
    """At the picture's own size nothing is resampled: what was cropped by others is passed on as it is."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    (tmp_path / "set" / "sad").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "set" / "sad" / "a.png"), noise)
    clips = datasets.scan("folder", tmp_path / "set")
    made = faces.prepare(clips, tmp_path / "out", detector="whole", size=48, workers=1, progress=False)
    np.testing.assert_array_equal(made.images[0, :, :, 0], noise)
