"""The trained network that lies in the package: its files, its card, and that it answers without a training."""

from __future__ import annotations

import copy
import json
from pathlib import Path
import shutil
import subprocess
import sys

import numpy as np
from patience import PATIENCE
import pytest
from small_trainings import untraced

import fer_utils
from fer_utils import compress, inference, models, studio
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.models import pretrained_networks
from fer_utils.reporting import model_cards, pretrained_sections
from fer_utils.studies import real_sets, shipping, transfer
from fer_utils.synthetic import random_faces
from fer_utils.synthetic.posed_prototypes import LABELS

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed: pip install ai-edge-litert")

FORMS = tuple(pretrained_networks.FORMS)
SHIP = "python -m fer_utils ship --real ck48=FOLDER --real fer2013=FOLDER --real ravdess=FOLDER"


@pytest.fixture(scope="module")
def card() -> dict:
    return pretrained_networks.card()


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    """A picture of two drawn people."""
    picture = np.full((320, 620, 3), 140, np.uint8)
    picture[10:310, 10:310] = studio.draw(studio.person(3), studio.prototype("happy"), size=300)
    picture[50:290, 340:580] = studio.draw(studio.person(8), studio.prototype("surprised"), size=240)
    return written(tmp_path_factory.mktemp("photo") / "photo.jpg", picture)


def written(path: Path, rgb: np.ndarray) -> Path:
    cv2.imwrite(str(path), rgb[..., ::-1])
    return path


# --- the files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_the_one_of_its_card(card, form):
    about = card["files"][form]
    content = (pretrained_networks.FOLDER / about["file"]).read_bytes()
    assert (
        len(content) == about["bytes"]
        and pretrained_networks.sha256(pretrained_networks.FOLDER / about["file"]) == (about["sha256"])
    )
    assert shipping.operations(content) == about["operations"]
    runner = compress.load(pretrained_networks.FOLDER / about["file"])
    assert runner.input_shape == (card["faces"]["size"], card["faces"]["size"], 1)
    assert runner.classes == len(card["labels"]) and runner.self_test_difference is not None


def test_both_files_travel_in_half_a_megabyte_and_have_builtin_operations_only(card):
    assert sum(file["bytes"] for file in card["files"].values()) < 500_000
    for file in card["files"].values():
        assert file["operations"] and not [name for name in file["operations"] if name.startswith(("Flex", "CUSTOM"))]


def test_the_files_answer_as_the_keras_network_did_to_faces_that_are_drawn_again(card):
    """Of 200 faces from a seed it is stored what Keras answered when the files were written; half are drawn again."""
    stored = pretrained_networks.reference()
    assert len(stored["probabilities"]) == stored["faces"] == 200
    people = stored["people"] // 2
    images = shipping.reference_faces(people, stored["seed"], people * len(LABELS))
    wanted = np.array(stored["probabilities"])
    assert np.allclose(wanted.sum(axis=1), 1, atol=1e-4)
    wanted = wanted[: len(images)]
    apart = {}
    for form in FORMS:
        given = compress.load(pretrained_networks.FOLDER / card["files"][form]["file"])(images[..., None])
        apart[form] = np.abs(given - wanted).mean()
        same = (given.argmax(axis=1) == wanted.argmax(axis=1)).mean()
        # Another processor may draw a pixel otherwise, so a face may be told otherwise.
        assert same >= {"float32": 0.985, "int8": 0.95}[form], (form, same)
    assert apart["float32"] < 2e-3 and apart["float32"] < apart["int8"] < 0.02


def test_no_stage_that_the_files_or_their_scores_rest_on_has_moved_on(card):
    passed = card["stages"]["files"] | card["stages"]["scores"]
    assert {"studio", "random_faces", "training", "model.contrast", "study.transfer", "export"} <= set(
        card["stages"]["files"]
    )
    assert {"faces", "metrics", "audit"} <= set(card["stages"]["scores"])
    newer = "; ".join(map(str, stages.newer(passed)))
    assert not newer, f"{newer}. Make the network anew: {SHIP} --card book/model-card.md"


def test_a_changed_file_and_a_missing_card_are_one_sentence(card, tmp_path, monkeypatch, photo):
    for file in pretrained_networks.FOLDER.iterdir():
        shutil.copy(file, tmp_path / file.name)
    monkeypatch.setattr(pretrained_networks, "FOLDER", tmp_path)
    path = tmp_path / card["files"]["float32"]["file"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(FerError, match=r"missing or was changed\. Install the package again"):
        fer_utils.predict(photo)
    (tmp_path / "drawn48.json").unlink()
    with pytest.raises(FerError, match=r"card .*drawn48\.json cannot be read"):
        models.pretrained()


# --- the card -----------------------------------------------------------------------------------


def test_the_card_is_about_the_network_of_the_study(card):
    assert tuple(card["labels"]) == tuple(LABELS)
    people, _, epochs, wears = transfer.SIZES["class"][1], 0, *transfer.SIZES["class"][2:]
    learned = card["learned"]
    assert (learned["people"], learned["epochs"], learned["pictures"]) == (people, epochs, people * len(LABELS) * wears)
    assert learned["real faces"] == 0 and learned["row"] in transfer.ROWS
    assert {one["name"] for one in card["sets"] if one["real"]} >= set(transfer.REAL_SETS)
    asked = {one["name"]: one for one in card["sets"]}
    assert asked["ck48"]["faces"] == 927 and asked["fer2013"]["faces"] == 7178


@pytest.mark.parametrize("form", FORMS)
def test_the_scores_are_those_of_the_confusions(card, form):
    for one in card["sets"]:
        score, counts = card["scores"][form][one["name"]], np.array(list(one["counts"].values()))
        confusion = np.array(score["confusion"])
        assert confusion.sum(axis=1).tolist() == counts.tolist() and counts.sum() == one["faces"]
        assert score["accuracy"]["value"] == pytest.approx(np.trace(confusion) / counts.sum(), abs=1e-5)
        if score["accuracy"]["low"] is not None:
            assert score["accuracy"]["low"] < score["accuracy"]["value"] < score["accuracy"]["high"]


def test_the_weights_score_what_the_stored_study_says_but_for_rounding(card):
    """Trained again by the same code: the card says how much the accuracy moved, and by how much a file rounds."""
    for name in ("ck48", "fer2013"):
        beside = card["study"][name]
        assert abs(beside["keras"] - beside["stored"]) < 0.03, name
        assert beside["float32"]["same label"] > 0.999 and beside["int8"]["same label"] > 0.96


def test_what_it_is_worth_comes_from_the_card_and_names_where_it_is_weak(card):
    changed = copy.deepcopy(card)
    scores = changed["scores"]["int8"]
    scores["ck48"]["accuracy"]["value"], scores["fer2013"]["accuracy"]["value"] = 0.123, 0.456
    for name in ("ck48", "fer2013"):
        scores[name]["recall"] = dict.fromkeys(LABELS, 0.5) | {"disgust": 0.1}
    said = pretrained_networks.worth(changed, "int8")
    assert said.startswith("posed-expression label by drawn48-int8 (51,838 parameters, learned from drawn faces only)")
    assert (
        "12 of 100 posed frontal photographs (CK+48, whose labels chose it) and "
        "46 of 100 pictures in the wild (FER2013)" in said
    )
    assert said.endswith("guessing is right for 14; no better than guessing at disgust") and "RAVDESS" not in said
    scores["ck48"]["recall"]["disgust"] = scores["fer2013"]["recall"]["disgust"] = None
    assert "no better" not in pretrained_networks.worth(changed, "int8")
    today = pretrained_networks.worth(card)
    assert f"{100 * card['scores']['float32']['fer2013']['accuracy']['value']:.0f} of 100 pictures in the wild" in today


def test_the_page_of_the_book_is_the_card(card, root):
    page = (root / "book" / "model-card.md").read_text(encoding="utf-8")
    assert page == model_cards.pretrained_card().markdown, f"write it anew: {SHIP} --card book/model-card.md"
    assert "- file: book/model-card\n" in (root / "_toc.yml").read_text(encoding="utf-8")


def test_a_rendered_card_has_its_own_numbers_and_what_nobody_measured(card):
    changed = copy.deepcopy(card)
    changed["scores"]["int8"]["fer2013"]["accuracy"]["value"] = 0.98765
    changed["scores"]["float32"]["ck48"]["answered"] |= {"angry": 0.0}
    changed["audit"]["groups"]["rows"].append(
        {
            "attribute": "skin tone",
            "value": "purple",
            "people": 77,
            "accuracy": 0.4321,
            "gap": -0.25,
            "gap_low": -0.3,
            "gap_high": -0.2,
            "judged": True,
            "found": True,
        }
    )
    made = model_cards.pretrained_card(changed)
    assert "98.8 % (" in made.section("Quantitative analyses")
    assert "| skin tone: purple | 77 | 43.2 % | -25.0 | -30.0 to -20.0 |" in made.markdown
    assert "98.8 %" not in model_cards.pretrained_card().markdown and "purple" not in str(model_cards.pretrained_card())
    assert "angry" in pretrained_sections.rare_labels(changed, "ck48")
    for file in card["files"].values():
        assert file["sha256"] in made.section("Model details") and f"{file['bytes']:,} bytes" in made.markdown
    for missing in made.missing:
        assert missing in made.section("Caveats and recommendations")
    assert "AI Act" in made.section("Intended use") and "MIT" in made.section("Model details")
    assert len(made.markdown.split("\n## ")) == 10


def test_the_list_of_what_there_is(card):
    listed = models.pretrained()
    assert list(listed["name"]) == ["drawn48", "drawn48-int8"] == list(pretrained_networks.file_names())
    for row in listed.to_dict("records"):
        about = card["files"][row["form"]]
        assert (row["bytes"], row["sha256"], row["parameters"]) == (about["bytes"], about["sha256"], 51_838)
        assert row["ck48"] == card["scores"][row["form"]]["ck48"]["accuracy"]["value"]
        assert Path(row["path"]).is_file()
    for wrong in ("drawn49", "", 3):
        with pytest.raises(FerError, match=r"`name`.*drawn48"):
            pretrained_networks.find(wrong)
        with pytest.raises(FerError, match=r"`name`.*drawn48"):
            pretrained_networks.card(wrong)


# --- predictions --------------------------------------------------------------------------------


def test_predict_needs_no_model_no_tensorflow_and_no_network(photo, tmp_path):
    code = f"""
import json, socket, sys
def refused(*arguments, **options): raise AssertionError("a connection was asked for")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused
import fer_utils
found = fer_utils.predict({str(photo)!r})
print(json.dumps([sorted({{name.split(".")[0] for name in sys.modules}}), list(found["expression"]), repr(found)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env={
            "PYTHONPATH": str(Path(fer_utils.__file__).parents[1]),
            "FER_HOME": str(tmp_path / "store"),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        },
    )
    loaded, said, shown = json.loads(done.stdout)
    assert not {"tensorflow", "keras", "sklearn", "matplotlib"} & set(loaded) and "ai_edge_litert" in loaded
    assert len(said) == 2 and set(said) <= set(LABELS)
    assert shown.splitlines()[0] == pretrained_networks.worth(pretrained_networks.card()) + "."
    assert sorted(path.name for path in tmp_path.iterdir()) == []  # nothing is stored


def test_the_network_sees_a_photographs_faces_as_the_study_made_them(photo, tmp_path, monkeypatch):
    """`real_sets.read` takes the largest face of a picture, `predict` all of them; the pixels are the same."""
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    folder = tmp_path / "faces" / "happy"
    folder.mkdir(parents=True)
    shutil.copy(photo, folder / "photo.jpg")
    wanted = real_sets.read("mine", str(tmp_path / "faces"), progress=False)
    seen = []
    asked = inference.ExportedNetwork.__call__

    def kept(self, images, training=False):
        seen.extend(images)
        return asked(self, images, training)

    monkeypatch.setattr(inference.ExportedNetwork, "__call__", kept)
    found = fer_utils.predict(photo)
    assert len(found) == 2 and len(found.problems) == 0 and wanted.detector == "dlib"
    assert np.array_equal(seen[0][..., 0], wanted.images[0].astype(np.float32))


def test_both_forms_answer_alike_and_the_name_says_which(photo):
    exact, small = fer_utils.predict(photo, "drawn48"), fer_utils.predict(photo, model="drawn48-int8")
    columns = [f"score_{label}" for label in LABELS]
    assert fer_utils.predict(photo)[columns].equals(exact[columns]) and list(exact.columns[-7:]) == columns
    assert 0 < np.abs(exact[columns].to_numpy() - small[columns].to_numpy()).max() < 0.5
    assert "drawn48-int8 (" in small.worth and "drawn48 (" in exact.worth
    assert "<p>posed-expression label by drawn48-int8" in small._repr_html_() and "<table" in small._repr_html_()
    with pytest.raises(FerError, match=r"`model`.*drawn48-int8"):
        fer_utils.predict(photo, model="drawn49")
    with pytest.raises(FerError, match="`labels`"):
        fer_utils.predict(photo, labels=["a", "b"])


def test_the_command_line_says_first_what_an_answer_is_worth(photo, tmp_path, capsys):
    from fer_utils.cli import main

    def call(*arguments):
        status = main.main([*map(str, arguments), "--quiet"])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    status, lines, _ = call("predict", photo)
    assert status == 0 and lines[0] == pretrained_networks.find().worth() + "."
    assert lines[1].startswith("2 faces (") and len(lines) == 4
    status, lines, _ = call("predict", photo, "--int8")
    assert status == 0 and lines[0].startswith("posed-expression label by drawn48-int8 (")
    empty = written(tmp_path / "grey.png", np.full((200, 200, 3), 128, np.uint8))
    status, lines, err = call("predict", empty)
    assert status == 1 and len(lines) == 2 and lines[1].startswith("No face was found: ") and "problem" not in err
    status, _, err = call("predict", photo, "--int8", "--model", "drawn48")
    assert status == 2 and "`--int8`" in err
    assert inference.PRETRAINED_INT8 in pretrained_networks.file_names()


def test_a_clip_is_answered_frame_by_frame_and_the_live_view_takes_the_network(tmp_path):
    import drawn

    from fer_utils import live

    clip = drawn.write_video(tmp_path / "clip.mp4", drawn.moving(1, 12))
    found = fer_utils.predict(clip)
    assert len(found) == 6 and found["frame_index"].is_monotonic_increasing and found["frame_index"].nunique() == 6
    opened = live.classifier("drawn48-int8")
    assert opened.labels == tuple(LABELS) and opened.engine == "litert" and opened.faces["size"] == opened.side == 48
    assert opened(np.zeros((2, 48, 48), np.uint8)).shape == (2, 7) and opened.name == "drawn48-int8"


def test_an_empty_answer_is_printed_as_a_sentence_and_other_networks_as_before():
    grey = np.full((120, 120), 127, np.uint8)
    shown = repr(fer_utils.predict(grey)).splitlines()
    assert (
        len(shown) == 2
        and shown[1].startswith("No face was found: ")
        and "<table" not in str(fer_utils.predict(grey)._repr_html_())
    )
    plain = inference.Predictions({"expression": ["happy"]})
    assert "posed-expression" not in repr(plain) and "happy" in repr(plain)


# --- shipping -----------------------------------------------------------------------------------


def test_who_is_drawn_is_known_without_a_drawing():
    """The audit's groups are those of the very people who were drawn."""
    drawn_people = []
    draw = random_faces.studio.draw

    def noted(who, *arguments, **options):
        drawn_people.append(who)
        return draw(who, *arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(random_faces.studio, "draw", noted)
        random_faces.draw_faces(2, seed=5, progress=False)
    assert drawn_people == [random_faces.person_of(5, number) for number in (0, 1) for _ in LABELS]


def test_the_packages_own_files_need_every_set_and_the_stored_size(tmp_path):
    for given in (
        {"real": {}},
        {"real": {"ck48": str(tmp_path)}},
        {"real": dict.fromkeys(transfer.REAL_SETS, str(tmp_path)), "tier": "smoke"},
    ):
        with pytest.raises(FerError, match=r"`real`.*for the package's own files"):
            shipping.ship(**given, progress=False)
    with pytest.raises(FerError, match="`tier`"):
        shipping.ship({}, tier="huge", folder=tmp_path, progress=False)


@pytest.mark.slow
def test_the_command_trains_measures_and_writes_files_that_predict_takes(tmp_path, monkeypatch, capsys, photo):
    from fer_utils.cli import main

    monkeypatch.setitem(shipping.STRANGERS, "smoke", (6, 2, 1, 2))
    monkeypatch.setattr(shipping, "REFERENCE_FACES", 28)
    faces = random_faces.draw_faces(2, seed=9, progress=False)
    for number, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        folder = tmp_path / "real" / LABELS[label]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), image[10:90, 8:88])
    out, page = tmp_path / "made", tmp_path / "card.md"
    command = ["ship", "--tier", "smoke", "--real", f"mine={tmp_path / 'real'}", "--out", str(out), "--card", str(page)]
    with untraced():
        assert main.main([*command, "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("# Model card: drawn48\n")
    monkeypatch.setattr(pretrained_networks, "FOLDER", out)
    made = pretrained_networks.card()
    assert page.read_text(encoding="utf-8") == model_cards.pretrained_card().markdown
    assert str(tmp_path) not in json.dumps(made) and made["learned"]["tier"] == "smoke"
    mine = next(one for one in made["sets"] if one["name"] == "mine")
    assert mine["real"] and mine["faces"] == 14 and made["study"]["mine"]["stored"] is None
    assert {one["name"] for one in made["sets"] if not one["real"]} == {
        "drawn strangers",
        "drawn strangers, changed",
        "stand-in",
    }
    groups = {row["attribute"] for row in made["audit"]["groups"]["rows"]}
    assert groups >= {"everybody", "skin tone", "presentation", "age"}
    assert {row["attribute"] for row in made["audit"]["conditions"]["rows"]} >= {"pose", "light", "occlusion"}
    assert made["scores"]["float32"]["mine"]["gain"] is None and made["scores"]["int8"]["mine"]["gain"] is not None
    stored = pretrained_networks.reference()
    assert len(stored["probabilities"]) == stored["faces"] == 28 and stored["people"] == 4
    images = shipping.reference_faces(stored["people"], stored["seed"], stored["faces"])
    given = compress.load(out / "drawn48.tflite")(images[..., None])
    assert np.abs(given - np.array(stored["probabilities"])).max() < 1e-4
    assert len(fer_utils.predict(photo)) == 2
