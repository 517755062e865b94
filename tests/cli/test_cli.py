"""The command line does what the functions do: outcome on standard output, everything else on standard error."""

from __future__ import annotations

import json
from pathlib import Path
import re
import subprocess
import sys

from eagerly import eagerly
from patience import PATIENCE
import preloaded
import pytest

from fer_utils import datasets
from fer_utils.cli import main
from fer_utils.core import paths
from fer_utils.faces import FaceSet

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

COMMANDS = (
    "scan",
    "download",
    "film",
    "prepare",
    "train",
    "difficulty",
    "study",
    "ship",
    "evaluate",
    "predict",
    "demo",
    "bench",
)
#: What no help may load: it takes seconds.
SLOW_TO_LOAD = ("tensorflow", "keras", "cv2", "dlib", "matplotlib", "sklearn", "PIL")
ACTORS, CLIPS, FRAMES, SIZE = 2, 4, 3, 48
FILM = ("--dataset", "ravdess", "{folder}/film")
CHECKOUT = Path(main.__file__).parents[2]


@pytest.fixture
def call(capsys, monkeypatch, tmp_path_factory):
    """Run a command in this process: (status, standard output, standard error)."""
    monkeypatch.setenv("FER_HOME", str(tmp_path_factory.getbasetemp() / "cli-store"))

    def run(*arguments):
        capsys.readouterr()
        status = main.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with `film`, `faces` and `result`, each made by its command."""
    folder = tmp_path_factory.mktemp("cli")
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_HOME", str(tmp_path_factory.getbasetemp() / "cli-store"))
        for name, arguments in {
            "film": [
                "film",
                "ravdess",
                folder / "film",
                "--actors",
                ACTORS,
                "--clips-per-actor",
                CLIPS,
                "--workers",
                1,
            ],
            "faces": [
                "prepare",
                "--dataset",
                "ravdess",
                folder / "film",
                "--out",
                folder / "faces",
                "--frames",
                FRAMES,
                "--size",
                SIZE,
                "--workers",
                1,
            ],
            "result": ["train", folder / "faces", "--model", "knn", "--epochs", 1, "--by", "actor", "--test", 0.5],
        }.items():
            made[name] = in_json(*arguments, "--json", "--quiet")
    return folder, made


def in_json(*arguments):
    """Run a command in this process where pytest's `capsys` cannot be had, and read its JSON."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main.main([str(argument) for argument in arguments]) == 0
    return json.loads(out.getvalue())


def as_a_program(*arguments, python=(sys.executable,), **options):
    return subprocess.run(
        [*python, "-m", "fer_utils", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        **options,
        timeout=PATIENCE,
    )


def test_help_lists_the_commands():
    done = as_a_program("--help")
    assert done.returncode == 0 and done.stderr == ""
    listed = [line.split()[0] for line in done.stdout.splitlines() if re.match(" {4}[a-z]", line)]
    assert listed == list(COMMANDS) == [command.name for command in main.COMMANDS]
    assert main.main([]) == 0  # no command: the same help and no error


def test_help_loads_nothing_that_is_slow():
    calls = [["--help"], *([command, "--help"] for command in COMMANDS), ["download", "mead"]]
    code = f"""
import sys
from fer_utils.cli import main
for arguments in {calls!r}:
    try:
        status = main.main(arguments)
    except SystemExit as end:
        status = end.code
    print(*arguments, status, [name for name in {SLOW_TO_LOAD!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, timeout=PATIENCE)
    assert done.stderr.splitlines() == [f"{' '.join(arguments)} 0 []" for arguments in calls]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command, capsys):
    with pytest.raises(SystemExit) as end:
        main.main([command, "--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0 and "--json" in shown and "--quiet" in shown
    described = next(one.help for one in main.COMMANDS if one.name == command)
    assert " ".join(described.split()) in " ".join(shown.split())


def test_film(place):
    folder, made = place
    film = made["film"]
    assert film["layout"] == "ravdess" and film["clips"] == ACTORS * CLIPS and Path(film["root"]) == folder / "film"
    assert len(list((folder / "film").glob("Actor_*/02-*.mp4"))) == ACTORS * CLIPS
    assert film["manifest"]["plan"]["actors"] == ["01", "02"]


def test_scan(place, call, tmp_path):
    folder, _ = place
    status, out, err = call(
        "scan", "--dataset", "ravdess", folder / "film", "--json", "--csv", tmp_path / "new" / "clips.csv"
    )
    told, clips = json.loads(out), datasets.scan("ravdess", folder / "film")
    assert status == 0 and err == ""
    assert told["clips"] == len(clips) == ACTORS * CLIPS and told["actors"] == ["01", "02"] and told["problems"] == []
    assert (
        told["expressions"] == clips["expression"].value_counts().to_dict() and sum(told["expressions"].values()) == 8
    )
    assert (tmp_path / "new" / "clips.csv").read_text() == clips.to_csv(index=False)
    status, out, _ = call("scan", "--dataset", "ravdess", folder / "film")
    assert status == 0 and out.startswith("8 clips of 2 actors, 8 performances\n")


def test_prepare(place, call):
    folder, made = place
    stored = FaceSet.load(folder / "faces")
    assert made["faces"] == {
        "out": str(folder / "faces"),
        "clips": ACTORS * CLIPS,
        "faces": len(stored),
        "fingerprint": stored.fingerprint,
        "lost": made["faces"]["lost"],
        "problems": [],
    }
    assert sum(row["clips"] for row in made["faces"]["lost"]) == ACTORS * CLIPS
    assert not any(row["without_a_face"] or row["share"] for row in made["faces"]["lost"])
    assert stored.images.shape == (ACTORS * CLIPS * FRAMES, SIZE, SIZE, 1)
    status, out, err = call(
        "prepare",
        "--dataset",
        "ravdess",
        folder / "film",
        "--out",
        folder / "faces",
        "--frames",
        FRAMES,
        "--size",
        SIZE,
        "--workers",
        1,
        "--quiet",
    )
    assert status == 0 and out == f"24 faces from 8 clips in {folder / 'faces'}\n" and err == ""


def test_train_stores_what_evaluate_reads(place, call):
    _, made = place
    trained = made["result"]
    assert set(trained) == {"result", "parameters", "metrics", "minutes", "split"}
    assert trained["metrics"]["n"] == CLIPS * FRAMES and 0 <= trained["metrics"]["accuracy"]["value"] <= 1
    assert (Path(trained["result"]) / "model.keras").is_file()
    status, out, err = call("evaluate", trained["result"], "--json")
    told = json.loads(out)
    assert status == 0 and err == "" and told["metrics"] == trained["metrics"]
    assert told["split"]["leaked_share"]["actor"] == 0 and told["split"]["test"] == CLIPS * FRAMES
    status, out, _ = call("evaluate", trained["result"])
    assert status == 0 and out.startswith("knn, split by actor, 12 test images of 1 actor\naccuracy")
    assert "no interval: 1 actor in the test" in out and "leaked actor" in out


@pytest.mark.slow
def test_a_small_network_is_trained_with_its_recipe_and_a_teacher(place, call):
    from fer_utils.experiments import Result

    folder, _ = place
    small = ("train", folder / "faces", "--model", "nano", "--epochs", 1, "--quiet", "--json")
    with eagerly():
        status, out, err = call(*small, "--schedule", "cosine", "--flip", "--augment", 0.5, "--precision", "float32")
    assert status == 0, err
    teacher = json.loads(out)["result"]
    recipe = Result.load(teacher).experiment["recipe"]
    assert (recipe["schedule"], recipe["flip"], recipe["augment"], recipe["precision"]) == (
        "cosine",
        True,
        0.5,
        "float32",
    )
    with eagerly():
        status, out, err = call(*small, "--teacher", teacher)
    assert status == 0, err
    taught = Result.load(json.loads(out)["result"]).experiment["distillation"]
    assert [one["recipe"] for one in taught["teachers"]] == [recipe]
    for arguments, word in (
        (("--teacher", folder), "`teacher`"),
        (("--teacher", teacher, "--by", "clip"), "`teacher`"),
        (("--schedule", "linear"), "`schedule`"),
        (("--augment", 2), "`augment`"),
        (("--precision", "half"), "`precision`"),
    ):
        status, out, err = call(*small, *arguments)
        assert (status, out) == (2, "") and word in err


@pytest.mark.slow
def test_a_network_with_options_is_trained_until_validation_people_end_it(place, call):
    from fer_utils.experiments import Result

    folder, _ = place
    arguments = ("train", folder / "faces", "--model", "contrast", "--size", 16, "--option", "first=gradients")
    arguments += ("--option", "widths=[4,6]", "--steps", 4, "--check-every", 2, "--patience", 1, "--batch-size", 4)
    arguments += ("--schedule", "plateau", "--test", 0.25, "--quiet", "--json")
    with eagerly():
        status, out, err = call(*arguments, "--by", "clip", "--validation", 0.34)
    assert status == 0, err
    stored = Result.load(json.loads(out)["result"])
    model, recipe = stored.experiment["model"], stored.experiment["recipe"]
    assert (model["name"], model["size"]) == ("contrast", 16)
    assert dict(model["options"]) == {"first": "gradients", "widths": [4, 6]}
    assert (recipe["steps"], recipe["check_every"], recipe["patience"], recipe["schedule"]) == (4, 2, 1, "plateau")
    assert stored.experiment["split"]["validation"] == 0.34 and len(stored.history["validation_accuracy"]) <= 2
    for changed, word in (
        ((), "`validation`"),
        (("--validation", 0.34, "--option", "first"), "`option`"),
        (("--validation", 0.34, "--option", "first=contrast"), "one value of first"),
        (("--validation", 0.34, "--option", "depths=2"), "`depths`"),
        (("--validation", 1.5), "`validation`"),
        (("--validation", 0.34, "--steps", 5), "`steps`"),
        (("--validation", 0.34, "--size", 0), "`size`"),
    ):
        status, out, err = call(*arguments, "--by", "clip", *changed)
        assert (status, out) == (2, "") and word in err, (changed, err)


def test_faces_bring_the_labels_of_their_set(place, call, tmp_path):
    from fer_utils.experiments import Result

    assert len(Result.load(place[1]["result"]["result"]).labels) == 8  # RAVDESS's, though four are filmed
    _, out, _ = call(
        "film", "savee", tmp_path / "film", "--actors", 2, "--clips-per-actor", 2, "--workers", 1, "--quiet"
    )
    assert out.startswith("4 clips of drawn actors")
    call(
        "prepare",
        "--dataset",
        "savee",
        tmp_path / "film",
        "--out",
        tmp_path / "faces",
        "--frames",
        FRAMES,
        "--workers",
        1,
        "--quiet",
    )
    status, out, _ = call("train", tmp_path / "faces", "--model", "knn", "--epochs", 1, "--quiet", "--json")
    assert status == 0 and len(Result.load(json.loads(out)["result"]).labels) == 7


def test_predict_on_a_video_and_on_a_picture_of_it(place, call, tmp_path):
    import drawn

    from fer_utils.faces import read_frames

    folder, made = place
    clip = sorted((folder / "film").glob("Actor_01/*.mp4"))[0]
    status, out, _ = call("predict", clip, "--model", made["result"]["result"], "--frames", 2, "--json", "--quiet")
    faces = json.loads(out)["faces"]
    assert status == 0 and len(faces) == 2 and faces[0]["frame_index"] < faces[1]["frame_index"]
    for face in faces:
        scores = {name: score for name, score in face.items() if name.startswith("score_")}
        assert len(scores) == 8 and sum(scores.values()) == pytest.approx(1, abs=1e-5)
        assert scores["score_" + face["expression"]] == max(scores.values())
    picture = drawn.write_image(tmp_path / "frame.png", read_frames(clip, 1).frames[0].rgb)
    status, out, _ = call("predict", picture, "--model", made["result"]["result"], "--quiet")
    assert status == 0 and out.startswith("1 face (scores are for posed-expression labels)\n  frame 0, box (")


def test_predict_says_where_its_faces_differ_from_those_of_the_training(place, call):
    folder, made = place
    clip = sorted((folder / "film").glob("Actor_01/*.mp4"))[0]
    asked = ("predict", clip, "--model", made["result"]["result"], "--quiet", "--json")
    status, out, err = call(*asked, "--margin", 0.3, "--detector", "whole", "--sampling", "middle")
    assert status == 0 and len(json.loads(out)["faces"]) == FRAMES  # as many as the result's faces, without --frames
    problems = [row["problem"] for row in json.loads(out)["problems"]]
    assert [problem.split(":")[0] for problem in problems] == ["detector", "margin"] and "dlib" in problems[0]
    assert "other faces 2" in err
    status, _, err = call(*asked, "--align")
    assert status == 2 and "`--landmarks`" in err and "landmarks=" not in err


def test_nothing_found_is_status_one_and_a_report(place, call, tmp_path):
    import drawn
    import numpy as np

    _, made = place
    status, out, err = call("scan", "--dataset", "ravdess", tmp_path / "none", "--json")
    assert status == 1 and json.loads(out)["clips"] == 0 and "missing" in err and str(tmp_path / "none") in err
    assert [row["kind"] for row in json.loads(out)["problems"]] == ["missing"]
    status, out, err = call(
        "prepare", "--dataset", "savee", tmp_path / "none", "--out", tmp_path / "out", "--json", "--quiet"
    )
    assert status == 1 and json.loads(out)["faces"] == 0 and err.startswith("1 problem: missing 1\n")
    assert not (tmp_path / "out").exists()  # an empty set would refuse the corrected call
    empty = drawn.write_image(tmp_path / "grey.png", np.full((200, 200, 3), 128, np.uint8))
    status, out, err = call("predict", empty, "--model", made["result"]["result"], "--json", "--quiet")
    assert status == 1 and json.loads(out)["faces"] == [] and "no face" in err


def test_scores_that_are_no_numbers_are_status_one_and_a_report(place, call, tmp_path):
    import keras

    folder, _ = place
    broken = keras.Sequential(
        [
            keras.layers.Input((24, 24, 1)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, bias_initializer=keras.initializers.Constant(float("nan")), activation="softmax"),
        ]
    )
    broken.save(tmp_path / "broken.keras")
    clip = sorted((folder / "film").glob("Actor_01/*.mp4"))[0]
    model = ("--model", tmp_path / "broken.keras", "--labels", "happy,sad", "--json", "--quiet")
    status, out, err = call("predict", clip, "--frames", 2, *model)
    assert status == 1 and json.loads(out)["faces"] == [] and "no finite numbers" in err
    assert {row["kind"] for row in json.loads(out)["problems"]} == {"no number"}


def test_a_training_that_diverges_is_status_one_and_says_what_to_do(place, call, monkeypatch):
    from fer_utils import models

    folder, _ = place

    build = models.build

    def spoilt(name, **options):
        network = build(name, **options)
        network.set_weights([weights + float("nan") for weights in network.get_weights()])
        return network

    monkeypatch.setattr(models, "build", spoilt)
    arguments = ("--model", "nano", "--epochs", 1, "--test", 0.5, "--learning-rate", 0.02, "--quiet", "--json")
    with eagerly():
        status, out, err = call("train", folder / "faces", *arguments)
    assert (status, out) == (1, "") and err.startswith("fer_utils train: The training (nano, split by actor) diverged")
    assert "try 0.002" in err and "Traceback" not in err


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["scan", "--dataset", "affectnet", "{folder}"], "`dataset`"),
        (["film", "fer2013", "{new}"], "`layout`"),
        (["film", "ravdess", "{new}", "--actors", "0"], "`actors`"),
        (["film", "ravdess", "{folder}/faces"], "`root`"),
        (["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--frames", "0"], "`frames`"),
        (["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--detector", "eye"], "`detector`"),
        (
            ["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--detector", "yunet"],
            "face_detection_yunet_2023mar.onnx",
        ),
        (["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--align"], "`align`"),
        (
            ["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--scheduler", "nonsense"],
            "`scheduler`",
        ),
        (["train", "{folder}/faces", "--model", "gpt"], "`model`"),
        (["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{file}"], "`out`"),
        (
            ["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--report", "{file}/r.html"],
            "`report`",
        ),
        (["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--report", "{folder}"], "`report`"),
        (["prepare", "--dataset", "ravdess", "{folder}/film", "--out", "{new}", "--report", ""], "`report`"),
        (["train", "{folder}/faces", "--by", "smile"], "`by`"),
        (["train", "{folder}/faces", "--epochs", "0"], "`epochs`"),
        (["train", "{folder}/faces", "--dataset", "affectnet"], "`dataset`"),
        (["train", "{folder}/film"], "no face set"),
        (["train", "--tier", "huge"], "`tier`"),
        (["train", "{new}"], "`faces`"),
        (["train", "{new}", "--dataset", "ravdess"], "`faces`"),
        (["train", "{folder}/film"], "`faces`"),
        (["train", "{folder}/faces", "--teacher", "{new}"], "`teacher`"),
        (["train", "{new}", "--teacher", "{result}", "--dataset", "savee"], "`teacher`"),
        (["difficulty", "--only", "smiles"], "`only`"),
        (["study", "smiles"], "`name`"),
        (["study", "paper_figures", "--real", "ravdess={new}"], "`real`"),
        (["demo", "--video", "{new}", "--model", "{result}"], "`video`"),
        (["bench", "live", "--video", "{new}"], "`--video`"),
        (["evaluate", "{folder}/film"], "stored result"),
        (["evaluate", "{folder}/film"], "`result`"),
        (["download", "folder"], "`dataset`"),
        (["predict", "{folder}/none.png", "--model", "{result}"], "`file`"),
        (["predict", "{folder}/none.png", "--model", "{folder}/film"], "`"),
        (["scan", "--dataset", "ravdess", "{folder}/film", "--csv", "{file}/clips.csv"], "`csv`"),
        (["scan", "--dataset", "ravdess", "{folder}/film", "--csv", "{folder}"], "`csv`"),
    ],
)
def test_impossible_calls_are_status_two_and_one_error(place, call, tmp_path, arguments, word):
    folder, made = place
    (tmp_path / "file").write_text("a file, no folder")
    names = {"folder": folder, "new": tmp_path / "new", "file": tmp_path / "file", "result": made["result"]["result"]}
    status, out, err = call(*[argument.format(**names) for argument in arguments], "--quiet", "--json")
    assert status == 2 and out == ""
    # TensorFlow speaks on standard error by itself; our own words are the last of it.
    told = err[err.rindex("fer_utils ") :]
    assert told.startswith(f"fer_utils {arguments[0]}: ") and word in told and "Traceback" not in err
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").rglob("*.*"))


PYTHON = re.compile(
    r"resume=|align=|landmarks=|detector=|scheduler=|fer_utils\.\w+\.|None|True|False|a Detector|out_dir|`\w+_\w+`|\('"
)


@pytest.mark.parametrize(
    "arguments, remedy",
    [
        (["evaluate", "{new}"], "the command `train`"),
        (["train", "{new}"], "as `--out`"),
        (["train", "{folder}/faces", "--teacher", "{new}"], "the command `train`"),
        (["train", "{folder}/faces", "--batch-size", "0"], "`--batch-size`"),
        (["train", "{folder}/faces", "--learning-rate", "0"], "`--learning-rate`"),
        (["film", "ravdess", "{new}", "--clips-per-actor", "0"], "`--clips-per-actor`"),
        (["film", "savee", "{new}", "--twins"], "with layout 'ravdess' only"),
        (["scan", "--dataset", "affectnet", "{folder}"], "'ravdess'"),
        (["scan", "--dataset", "ravdess", "{folder}", "--actor", "kdef"], "left out, because"),
        (["download", "ravdess"], "Received: nothing"),
        (["download", "ravdess", "{new}", "--actors", "99"], "numbers from 1 to 24. Received: ['99']"),
        (["prepare", *FILM, "--out", "{new}", "--align"], "`--landmarks drawn`"),
        (["prepare", *FILM, "--out", "{new}", "--landmarks", "{new}"], "`--landmarks drawn`"),
        (["prepare", *FILM, "--out", "{new}", "--detector", "eye"], "'haar'"),
        (["prepare", *FILM, "--out", "{new}", "--detector", "yunet"], "`--detector yunet:"),
        (["prepare", *FILM, "--out", "{begun}"], "name another folder, or remove this one."),
        (["prepare", *FILM, "--out", "{new}", "--scheduler", "tcp://a:1", "--workers", "2"], "`--scheduler`"),
    ],
)
def test_an_error_speaks_of_what_is_typed(place, call, tmp_path, arguments, remedy):
    folder, _ = place
    begun = tmp_path / "begun" / ".parts"
    begun.mkdir(parents=True)
    request = json.loads((folder / "faces" / "faceset.json").read_text())
    (begun / "request.json").write_text(json.dumps({"config": request["config"], "clips": request["clips"]}))
    status, out, err = call(*[one.format(folder=folder, new=tmp_path / "new", begun=begun.parent) for one in arguments])
    assert (status, out) == (2, "") and remedy in err
    assert PYTHON.findall(err) == []


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="no pipes with names on this system")
@pytest.mark.parametrize("command", [["predict", "{pipe}"], ["demo", "--headless", "--video", "{pipe}"]])
def test_a_pipe_is_told_to_be_one(place, call, tmp_path, command):
    import os

    os.mkfifo(tmp_path / "pipe.mp4")
    _, made = place
    arguments = [one.format(pipe=tmp_path / "pipe.mp4") for one in command]
    status, out, err = call(*arguments, "--model", made["result"]["result"])
    assert (status, out) == (2, "") and "It is a pipe" in err and "no such file" not in err


def test_demo_watches_a_film_and_stores_what_is_asked_for(place, call, tmp_path):
    folder, made = place
    film, result = next((folder / "film").rglob("*.mp4")), made["result"]["result"]
    status, out, err = call(
        "demo", "--video", film, "--model", result, "--headless", "--out", tmp_path / "a.webm", "--quiet", "--json"
    )
    value = json.loads(out)
    assert (
        status == 0
        and value["frames"] == 12
        and value["seen"] >= 1
        and (tmp_path / "a.webm").is_file()
        and value["out"] == str(tmp_path / "a.webm")
    )
    status, out, err = call("demo", "--video", film, "--model", result, "--headless")
    assert status == 0 and "Nothing is stored." in err and "stored: nothing" in out
    for arguments, word in (
        (("--video", tmp_path / "nowhere.mp4", "--headless"), "`video`"),
        (("--camera", 63, "--headless"), "`camera`"),
        (("--video", film, "--headless", "--out", tmp_path / "a.webm"), "`out`"),
    ):
        status, out, err = call("demo", "--model", result, *arguments)
        assert (status, out) == (2, "") and word in err


def test_as_a_program_an_error_is_a_sentence(place, tmp_path):
    done = as_a_program("scan", "--dataset", "affectnet", tmp_path)
    assert (
        done.returncode == 2
        and done.stdout == ""
        and done.stderr.startswith("fer_utils scan: Invalid value for `dataset`.")
    )
    assert "Traceback" not in done.stderr
    unknown = as_a_program("teach")
    assert unknown.returncode == 2 and "invalid choice: 'teach'" in unknown.stderr


@pytest.mark.slow
def test_as_a_program_standard_output_is_json_and_nothing_else(place, tmp_path):
    import os

    folder, _ = place
    done = as_a_program(
        "train",
        folder / "faces",
        "--model",
        "knn",
        "--by",
        "clip",
        "--epochs",
        "1",
        "--json",
        python=preloaded.command(),
        env=os.environ | {"FER_HOME": str(tmp_path / "store")},
    )
    assert done.returncode == 0, done.stderr
    # TensorFlow's notes and the bar are on standard error; that to load it writes nothing else, `preloaded` asserts.
    told = json.loads(done.stdout)
    assert Path(told["result"]).parent == tmp_path / "store" / "results" and "knn" in done.stderr


def test_paths_that_the_screen_cannot_show(place, tmp_path, monkeypatch):
    """ASCII on standard output and standard error, and letters beyond it in a path: told with backslashes."""
    import io
    import shutil

    root = tmp_path / "Größe \u0416"
    shutil.copytree(place[0] / "film", root)
    (root / "Actor_01" / "leer\u0416.mp4").write_bytes(b"")
    streams = {name: io.TextIOWrapper(io.BytesIO(), "ascii") for name in ("stdout", "stderr")}
    with monkeypatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        status = main.main(
            [
                "prepare",
                "--dataset",
                "ravdess",
                str(root),
                "--out",
                str(root / "out"),
                "--frames",
                "1",
                "--workers",
                "1",
                "--quiet",
            ]
        )
    out, err = (stream.buffer.getvalue().decode("ascii") for stream in streams.values())
    assert (
        status == 0
        and out == f"8 faces from 8 clips in {tmp_path}/Gr\\xf6\\xdfe \\u0416/out\n"
        and "leer\\u0416.mp4" in err
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX pipes on this system")
@pytest.mark.parametrize("both", [False, True], ids=["standard output", "both streams"])
def test_nobody_reads_on(tmp_path, both):
    """``| head``: the pipe is closed before a word is written."""
    import os

    from clipfiles import touch

    touch(tmp_path, "02-01-01-01-01-01-01.mp4", "holiday.mp4")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fer_utils", "scan", "--dataset", "ravdess", str(tmp_path)],
            stdout=writer,
            stderr=writer if both else subprocess.PIPE,
            cwd=CHECKOUT,
            timeout=PATIENCE,
        )
    finally:
        os.close(writer)
    assert done.returncode == 0  # the status of the work, read or not
    assert both or (b"ipe" not in done.stderr and done.stderr.startswith(b"1 problem: name 1"))


@pytest.mark.skipif(sys.platform == "win32", reason="no descriptors to close on this system")
@pytest.mark.parametrize("closed", [(2,), (1,), (1, 2)], ids=["standard error", "standard output", "both"])
@pytest.mark.parametrize("command", ["scan", "film"])
def test_a_closed_stream_is_no_error(tmp_path, closed, command):
    """``2>&-``: bars and problems have nowhere to go, and must not land in the outcome or in a file."""
    import os

    from clipfiles import touch

    touch(tmp_path / "in", "02-01-01-01-01-01-01.mp4", "holiday.mp4")
    arguments = {
        "scan": ["scan", "--dataset", "ravdess", str(tmp_path / "in"), "--json"],
        "film": ["film", "ravdess", str(tmp_path / "film"), "--actors", "1", "--clips-per-actor", "1", "--json"],
    }[command]
    redirections = " ".join(f"{number}>&-" for number in closed)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", "fer_utils", *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"FER_HOME": str(tmp_path / "store")},
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    if 1 not in closed:
        assert json.loads(done.stdout)["clips"] == 1
    assert "Traceback" not in done.stderr


def test_an_interrupted_command_says_that_it_can_go_on(call, monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "scan", interrupted)
    status, out, err = call("scan", "--dataset", "ravdess", tmp_path)
    assert status == 130 and out == "" and "interrupted" in err


def test_the_store_of_these_tests_is_their_own(call, tmp_path_factory):
    assert paths.home() == (tmp_path_factory.getbasetemp() / "cli-store").resolve()
