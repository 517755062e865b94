"""``bench``: which benches there are, and which options each takes. What they measure is tested with them."""

from __future__ import annotations

import json
import subprocess

from patience import PATIENCE
import pytest

from fer_utils.cli import bench_command, main

NAMES = ["drawing", "training", "faces", "live", "pace"]


@pytest.fixture
def asked(monkeypatch):
    """The benches, replaced by ones that measure nothing: the options of each call, in order."""
    calls = []

    def replaced(name):
        def measure(options):
            calls.append((name, options))
            return {"bench": name}, f"speeds of {name}"

        bench = bench_command.BENCHES[name]
        return bench_command.Bench(bench.title, bench.options, measure)

    monkeypatch.setattr(bench_command, "BENCHES", {name: replaced(name) for name in bench_command.BENCHES})
    return calls


def test_the_benches_have_their_names_and_help_says_them(capsys):
    assert list(bench_command.BENCHES) == NAMES
    with pytest.raises(SystemExit) as end:
        main.main(["bench", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert end.value.code == 0
    for name, bench in bench_command.BENCHES.items():
        assert f"{name}, {bench.title}" in shown
    for option in bench_command.SPECIAL_OPTIONS:
        assert bench_command.typed(option) in shown


@pytest.mark.parametrize("name", NAMES)
def test_a_named_bench_runs_alone(asked, capsys, name):
    assert main.main(["bench", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"bench": name}
    assert main.main(["bench", name]) == 0
    assert capsys.readouterr().out == f"speeds of {name}\n"
    assert [one for one, _ in asked] == [name, name]


def test_without_a_name_all_run_in_turn_and_each_speaks_when_it_is_done(asked, capsys):
    assert main.main(["bench", "--root", "my clips", "--quick"]) == 0
    out = capsys.readouterr().out
    assert [name for name, _ in asked] == NAMES
    assert all(str(options.root) == "my clips" and options.quick for _, options in asked)
    assert [out.index(f"speeds of {name}") for name in NAMES] == sorted(
        out.index(f"speeds of {name}") for name in NAMES
    )
    assert main.main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {name: {"bench": name} for name in NAMES}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["shoes"], ("`name`", "drawing, training, faces, live, pace", "shoes")),
        (["--memory", "28000"], ("`--memory`", "bench faces --memory 28000")),
        (["drawing", "--images", "3"], ("`--images`", "one of training", "'3'")),
        (["drawing", "--frames", "0"], ("`--frames`", "one of pace", "'0'")),
        (["faces", "--video", "a.mp4"], ("`--video`", "one of live, pace")),
        (["pace", "--no-peers"], ("`--no-peers`", "one of live")),
        (["pace", "--rounds", "2"], ("`--rounds`", "one of drawing, training, faces, live")),
    ],
)
def test_an_option_that_would_not_be_looked_at_is_refused(asked, capsys, arguments, words):
    assert main.main(["bench", *arguments, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and asked == [] and err.startswith("fer_utils bench: ")
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["drawing", "--rounds", "0"], "`rounds`"),
        (["training", "--images", "3"], "`images`"),
        (["faces", "--memory", "3"], "`--memory`"),
        (["faces", "--root", "{folder}/none"], "`root`"),
    ],
)
def test_an_error_of_a_bench_names_what_was_typed(capsys, tmp_path, arguments, word):
    pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    assert main.main(["bench", *(one.format(folder=tmp_path) for one in arguments), "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and word in err and "Traceback" not in err


@pytest.mark.parametrize("name", ["live", "pace"])
def test_a_film_that_is_not_there_is_a_wrong_video(capsys, tmp_path, name):
    pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    assert main.main(["bench", name, "--video", str(tmp_path / "none.mp4"), "--quick", "--quiet"]) == 2
    assert "`--video`. Expected a video that exists" in capsys.readouterr().err


def test_quick_is_small_unless_the_size_is_given(monkeypatch):
    from fer_utils import benchmarks

    asked = []
    monkeypatch.setattr(benchmarks.training_steps, "measure", lambda **options: asked.append(options))
    monkeypatch.setattr(benchmarks.training_steps, "report", lambda found: "")
    parser = main.make_parser()
    for arguments in ([], ["--quick"], ["--quick", "--images", "96", "--rounds", "2"]):
        bench_command.BENCHES["training"].measure(parser.parse_args(["bench", "training", "--quiet", *arguments]))
    assert asked == [
        {"progress": False},
        {"progress": False, "images": 48, "steps": 2},
        {"progress": False, "images": 96, "steps": 2, "rounds": 2},
    ]


@pytest.mark.parametrize("clips, told", [((), "bench"), (("CLIPS=my clips",), 'bench --root "my clips"')])
def test_make_runs_them_with_the_readers_own_clips(root, clips, told):
    done = subprocess.run(
        ["make", "-n", "bench", *clips], cwd=root, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    lines = [line.strip() for line in done.stdout.splitlines() if "-m fer_utils" in line]
    assert len(lines) == 1 and lines[0].endswith(f"python -m fer_utils {told}")
    listed = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert "make bench" in listed.stdout
