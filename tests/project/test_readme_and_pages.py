"""README, CONTRIBUTING and the pages about the package: what they show runs and exists; their numbers are stored."""

from __future__ import annotations

import html
import importlib.util
import re
import textwrap

import numpy as np
import pytest

from fer_utils import studies
from fer_utils.cli import main
from fer_utils.core import paths
from fer_utils.models import pretrained_networks
from fer_utils.reporting import compression_tables
from fer_utils.studies import transfer

PAGES = ("book/using.md", "book/real-data.md", "book/promises.md", "book/how-it-is-built.md")
TEXTS = ("README.md", *PAGES, "CONTRIBUTING.md")


@pytest.fixture(scope="module")
def texts(root) -> dict[str, str]:
    return {name: (root / name).read_text(encoding="utf-8") for name in TEXTS}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def shown_commands(texts) -> list[str]:
    """Every command of every bash block, without its comment; one that goes on after a backslash is one."""
    lines = [
        line.split(" #")[0].strip()
        for text in texts.values()
        for block in blocks(text, "bash")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line and not line.startswith("#")]


# --- the first screen -------------------------------------------------------------------------


def test_the_readme_is_read_in_two_minutes(texts):
    lines = texts["README.md"].splitlines()
    assert len(lines) <= 90 and max(map(len, lines)) <= 120
    first = "\n".join(lines[:25])
    assert "![" in first and "three numbers" in first and len(re.findall(r"\*\*\d+\.\d %\*\*", first)) == 3


def test_the_readmes_picture_is_small_and_what_its_script_draws(texts, root):
    from PIL import Image

    alt, name = re.search(r"!\[(.*?)\]\((.*?)\)", texts["README.md"], re.S).groups()
    file = root / name
    assert file.stat().st_size < 60_000 and len(alt.split()) > 10
    script = file.with_name("drawn_faces.py")
    assert f".venv/bin/python {script.relative_to(root)}" in texts["book/using.md"]
    spec = importlib.util.spec_from_file_location("drawn_faces", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert all(label in alt for label in module.PEOPLE)
    drawn, kept = module.picture().astype(float), np.asarray(Image.open(file).convert("RGB"), float)
    assert drawn.shape == kept.shape and np.abs(drawn - kept).mean() < 4  # WebP loses a little


# --- numbers ----------------------------------------------------------------------------------


def per_cent(value: float) -> str:
    return f"{100 * value:.1f} %"


def span(one: dict) -> str:
    return f"{100 * one['low']:.1f} to {100 * one['high']:.1f}"


def test_the_main_finding_is_that_of_the_stored_answers(texts):
    answer, readme = studies.load("one_protocol").answer, texts["README.md"]
    rows = {row["name"]: row for row in answer["rows"]}
    lines = [line for line in readme.splitlines() if line.startswith(("| drawn at", "| of actors"))]
    endings = (", frames at random, twins", ", frames at random", "")
    assert len(lines) == len(endings)
    for line, ending in zip(lines, endings, strict=True):
        network, simple = rows["ding2023" + ending], rows["HOG and SVM" + ending]
        shown = f"| **{per_cent(network['accuracy']['value'])}** | {per_cent(simple['accuracy']['value'])} |"
        assert line.endswith(shown)
        for row in (network, simple):
            assert row["accuracy"]["groups"] == 24
            assert row["witness"] or row["name"] == "ding2023, frames at random, twins"
    twice = rows["ding2023, frames at random, twins"]
    late = ("no", "one", "two", "three", "four", "five")[twice["trainings"] - twice["converged"]]
    assert f"the five networks of the first row {late} reached the limit of 8,000 steps" in " ".join(readme.split())
    assert rows["ding2023"]["size"] == 80 and f"{rows['ding2023']['parameters']:,} on faces of 80 pixels" in readme
    asked = np.sum(rows["ding2023"]["confusion"], axis=1)
    assert f"commonest label scores {per_cent(asked.max() / asked.sum())}" in readme
    real = studies.load("real_people").answer
    people = {
        (row["model"], row["protocol"]): row["accuracy"]["value"] for row in real["rows"] if row["reference"] == "plain"
    }
    for number in (people["support vectors", "twins"], people["support vectors", "actors"], real["chance"]):
        assert per_cent(number) in readme
    assert len(real["actors"]) == 24


def test_what_is_said_of_one_protocol_is_that_of_its_answer(texts):
    answer = studies.load("one_protocol").answer
    rows = {row["name"]: row for row in answer["rows"]}
    using, readme = texts["book/using.md"], " ".join(texts["README.md"].split())
    listed = (
        "gradients",
        "mobilenet_inception2019",
        "gradients, 48 px",
        "HOG and SVM",
        "HOG and ANN",
        "ding2023",
        "nano",
    )
    assert list(listed) == sorted(listed, key=lambda name: -rows[name]["accuracy"]["value"])
    for name in listed:
        row = rows[name]
        line = next(line for line in using.splitlines() if line.startswith(f"| {name} |"))
        accuracy = row["accuracy"]
        assert f"| {row['parameters']:,} | {per_cent(accuracy['value'])} | {span(accuracy)} |" in line
        assert accuracy["groups"] == 24 and row["witness"]
    nano, large, small = rows["nano"], rows["gradients"], rows["gradients, 48 px"]
    assert f"(`gradients`: {large['parameters']:,} parameters, faces of {large['size']} pixels)" in readme
    assert f"reads {per_cent(large['accuracy']['value'])} of the faces of unseen drawn actors" in readme
    assert "**Smaller, and better on drawn strangers.**" in readme
    assert small["parameters"] < large["parameters"] < rows["ding2023"]["parameters"]
    gaps = {(row["first"], row["second"]): row for row in answer["comparisons"]}
    paper, simple = gaps["gradients", "ding2023"], gaps["gradients", "HOG and SVM"]
    of_small = gaps["gradients, 48 px", "ding2023"]
    assert [one["verdict"] for one in (paper, simple, of_small)] == ["higher"] * 3
    assert (
        f"{100 * paper['value']:.1f} points more than the paper's network (95 % interval {span(paper)}), and "
        f"{100 * simple['value']:.1f} more than HOG and SVM at 180 pixels ({span(simple)})." in readme
    )
    assert rows["HOG and SVM"]["size"] is None and rows["ding2023"]["size"] == large["size"]
    assert (
        f"At {small['size']} pixels ({small['parameters']:,} parameters) it reads "
        f"{per_cent(small['accuracy']['value'])}: {100 * of_small['value']:.1f} points more than the paper's "
        f"network at 80 pixels ({span(of_small)})." in readme
    )
    assert (
        f"`nano` ({nano['parameters']:,} parameters) reads {per_cent(nano['accuracy']['value'])}. On photographs"
        in readme
    )
    against = {row["second"]: row for row in answer["comparisons"] if row["first"] == "nano"}
    real = {row["name"]: row for row in studies.load("fer2013").answer["rows"]}
    order = ["HOG and RBF SVM", "ding2023", "gradients", "nano"]
    seen = [per_cent(real[name]["accuracy"]["value"]) for name in order]
    assert (
        f"(FER2013's test) HOG and SVM reads {seen[0]}, the paper's network {seen[1]}, fixed edges "
        f"{seen[2]}, `nano` {seen[3]} (the networks had learned under 60 % of their own" in readme
    )
    assert order == sorted(order, key=lambda name: -real[name]["accuracy"]["value"])
    assert max(real[name]["train_accuracy"] for name in order[1:]) < 0.6
    for name in ("HOG and SVM", "HOG and ANN", "ding2023"):
        row = against[name]
        assert row["verdict"] == "not told apart"
        sign = "fewer" if row["value"] < 0 else "more"
        words = f"{abs(100 * row['value']):.1f} (points )?{sign} \\((95 % interval )?{span(row)}\\)"
        assert re.search(words, " ".join(using.split())), name
    assert [rows[name]["seeds"] for name in ("nano", "ding2023", "gradients", "gradients, 48 px")] == [3, 3, 3, 3]
    for others in ("ding2023, frames at random", "ding2023, frames at random, twins"):
        assert rows[others]["seeds"] == 1
    assert "In the last row the network was trained with three seeds a fold, in the others with one." in readme
    words = " ".join(using.split())
    assert "The network of 2019 and the SVM were trained with one seed a fold, all others with three." in words
    of_layer = studies.load("first_layers").answer["comparisons"]
    learned, contrast = (of_layer[f"{name}, 48 px, same rate"] for name in ("learned first layer", "local contrast"))
    assert (learned["verdict"], contrast["verdict"]) == ("higher", "not told apart")
    assert f"the latter reads {100 * learned['value']:.1f} points fewer (95 % interval {span(learned)})" in words
    assert "It is not told apart from the same network behind local contrast normalisation" in words
    once = {"mobilenet_inception2019", "HOG and SVM"}
    assert all(rows[name]["seeds"] == 1 for name in once)
    assert all(rows[name]["seeds"] == 3 for name in listed if name not in once)
    of_large, of_small = gaps["gradients", "nano"], gaps["gradients, 48 px", "nano"]
    of_2019 = against["mobilenet_inception2019"]
    assert (of_large["verdict"], of_small["verdict"], of_2019["verdict"]) == ("higher", "higher", "lower")
    assert (
        f"`gradients` reads {100 * of_large['value']:.1f} points more than `nano` (95 % interval {span(of_large)}), "
        f"`gradients, 48 px` {100 * of_small['value']:.1f} more ({span(of_small)})" in words
    )
    ends = f"{-100 * of_2019['high']:.1f} to {-100 * of_2019['low']:.1f}"
    assert f"the network of 2019 {-100 * of_2019['value']:.1f} more ({ends})" in words
    of_2019 = per_cent(rows["mobilenet_inception2019"]["accuracy"]["value"])
    assert f"Trained as above, its network reads {of_2019} of drawn strangers." in readme


def test_what_is_said_of_fer2013_is_that_of_the_stored_answer(texts):
    found = studies.load("fer2013").answer
    page, using = texts["book/real-data.md"], texts["book/using.md"]
    rows = {row["name"]: row for row in found["rows"]}
    for name, row in rows.items():
        line = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        shown = [f"{row['parameters']:,}", row["trainings"], per_cent(row["accuracy"]["value"]), span(row["accuracy"])]
        shown += [per_cent(row[side]["value"]) for side in ("met", "new")]
        assert line == f"| {name} | {' | '.join(map(str, shown))} |"
    gaps = {(one["first"], one["second"]): one for one in found["comparisons"]}
    words = " ".join(page.split())
    small, old = gaps["nano, cleaned", "nano"], gaps["HOG and RBF SVM, cleaned", "HOG and RBF SVM"]
    assert f"`nano` reads {100 * small['value']:.1f} points more ({span(small)}), but one of its three" in words
    assert (rows["nano, cleaned"]["trainings"], rows["nano, cleaned"]["converged"]) == (3, 2)
    assert f"{-100 * old['value']:.1f} points fewer ({-100 * old['high']:.1f} to {-100 * old['low']:.1f})" in words
    before, after = (rows[name]["new"]["value"] for name in ("HOG and RBF SVM", "HOG and RBF SVM, cleaned"))
    assert abs(before - after) < 0.002  # what it loses, it loses on the pictures that had leaked
    learned = [per_cent(rows[name]["train_accuracy"]) for name in ("nano", "ding2023")]
    assert f"`nano` read {learned[0]} of its own training pictures and the paper's network {learned[1]}:" in words
    assert f"read only {learned[0]} of its own training pictures, and the paper's network {learned[1]}." in " ".join(
        using.split()
    )
    own, paper, other = (rows[name] for name in ("nano", "ding2023", "fer 25.10.3"))
    hardest, confused_with, share = own["confused"][0]
    assert (hardest, confused_with) == ("disgust", "angry") and min(own["recall"], key=own["recall"].get) == "disgust"
    assert f"reads {per_cent(own['recall']['happy'])} of `happy` and {per_cent(own['recall']['disgust'])} of" in words
    assert f"calls {per_cent(share)} of these pictures `angry`" in words
    assert (
        f"network reads {per_cent(paper['recall']['disgust'])}, and `fer` {per_cent(other['recall']['disgust'])}."
        in words
    )
    two = [per_cent(row["in_best_two"]) for row in (own, paper, other)]
    assert f"{two[0]} of the pictures for `nano`, {two[1]} for the paper's network and {two[2]} for `fer`" in words
    errors = [f"{100 * row['ece']:.1f}" for row in (own, paper, other, rows["HOG and ANN"])]
    assert "error is {}, {} and {} points, and {} for HOG and ANN".format(*errors) in words
    far = gaps["nano", "ding2023"]
    assert f"{-100 * far['value']:.1f} points more than `nano` here ({-100 * far['high']:.1f} to" in words
    judged = [one for one in found["comparisons"] if one["verdict"] != "no verdict"]
    assert (len(found["comparisons"]), len(judged)) == (10, 9) and all(one["p_holm"] < 0.05 for one in judged)
    assert (
        "Of the ten planned comparisons of these rows nine can be judged, and all nine remain after Holm's correction."
        in words
    )
    longer = [there for name, (there, _) in found["missing"].items() if "long" in name]
    assert len(longer) == 4 and not any(longer) and "None of them has been trained yet." in words
    more = gaps["gradients", "nano"]
    assert f"reads {100 * more['value']:.1f} points more than `nano` ({span(more)})" in words
    for rival, said in (("ding2023", "than the paper's network"), ("HOG and RBF SVM", "than HOG with an RBF SVM")):
        gap = gaps["gradients", rival]
        ends = f"({-100 * gap['high']:.1f} to {-100 * gap['low']:.1f})"
        assert f"{-100 * gap['value']:.1f} fewer {said} {ends}" in words and gap["verdict"] == "lower"
    assert round(paper["parameters"] / rows["gradients"]["parameters"]) == 3
    counted = found["counted"]
    shared = [counted["shared"][f"{part} in Training"] for part in ("PublicTest", "PrivateTest")]
    words = " ".join(page.split())
    for said in (
        f"{counted['rows']:,} pictures {counted['copies']:,} are copies",
        f"{sum(shared)} of the 7,178 test pictures stand in Training, too: {shared[0]} of PublicTest and {shared[1]}",
        f"{counted['two_labels']['pictures']} pictures stand there with two labels",
        f"{counted['two_labels']['other_label']} copies have another label",
    ):
        assert said in words, said
    for name in ("nano", "fer 25.10.3"):
        assert per_cent(rows[name]["accuracy"]["value"]) in using and f"{rows[name]['parameters']:,} weights" in using
    gaps = {one["second"]: one for one in found["comparisons"] if one["first"] == "nano"}
    for name in ("fer 25.10.3", "HOG and RBF SVM", "ding2023"):
        gap, row = gaps[name], rows[name]["accuracy"]
        assert per_cent(row["value"]) in using and f"{-100 * gap['value']:.1f} points more" in using
        assert f"({-100 * gap['high']:.1f} to {-100 * gap['low']:.1f}" in using
    assert f"{rows['fer 25.10.3']['macs'] / rows['nano']['macs']:.0f} times as much" in using


def test_what_is_said_of_near_duplicates_is_that_of_the_stored_answer(texts):
    found, page = studies.load("near_duplicates_real").answer, " ".join(texts["book/real-data.md"].split())
    rows = {(row["set"], row["kind"]): row for row in found["recall"] if row["half"] != "chosen"}
    for words, key in {
        "CK+48, frames of one sequence": ("ck48", "frames of one sequence"),
        "RAVDESS, one frame of twin clips, boxes of dlib": ("ravdess", "twin frames, dlib's boxes"),
        "FER2013, copies equal to the bit": ("fer2013", "copies by the byte"),
        "FER2013, stored again as JPEG of quality 30": ("fer2013", "JPEG of quality 30"),
        "FER2013, cut out by a box 6 % smaller": ("fer2013", "cut out by a box 6 % smaller"),
        "FER2013, turned by 3 degrees": ("fer2013", "turned by 3 degrees"),
    }.items():
        row = rows[key]
        assert f"| {words} | {per_cent(row['share'])} of {row['pairs']:,} |" in page, words
    unlike = rows["ravdess", "twin frames, dlib's boxes, those that differ"]
    all_ = rows["ravdess", "twin frames, dlib's boxes"]["pairs"]
    assert f"only in {unlike['pairs']} of its {all_} pairs do the two boxes differ; of these {unlike['found']}" in page
    assert 0.25 < 1 - rows["fer2013", "turned by 3 degrees"]["share"] < 0.4
    assert rows["fer2013", "JPEG of quality 10"]["share"] < 0.5
    assert rows["fer2013", "cut out by a box 12 % smaller"]["found"] == 0
    (drawn,) = [row for row in found["others"] if (row["set"], row["kind"]) == ("drawn", "two people")]
    assert f"Of {drawn['pairs']:,} pairs of drawn people ten were." in page and drawn["found"] == 10
    people = [row for row in found["others"] if (row["set"], row["kind"]) == ("ck48", "two people")]
    assert sum(row["found"] for row in people) == 0 and f"of {sum(row['pairs'] for row in people):,}" in page
    sets = {row["set"]: row for row in found["others"] if row["kind"] == "pictures of two sets"}
    web, posed = sets["fer2013 and ravdess"], sets["ck48 and fer2013"]
    assert f"of {web['pairs']:,} pairs of RAVDESS and FER2013 none was called one" in page and web["found"] == 0
    assert f"of {posed['pairs']:,} pairs of CK+48 and FER2013 three were" in page and posed["found"] == 3
    (man,) = [row for row in found["others"] if row["kind"] == "one man, another performance, dlib's boxes"]
    assert f"in {per_cent(man['share'])} of the pairs" in page
    split = found["frame_splits"][0]
    assert f"says that {per_cent(split['by_picture'])} of the test pictures" in page
    assert f"names it is {per_cent(split['by_name'])}." in page
    assert f"took {found['fer2013_seconds']:.0f} seconds" in page and f"{found['pictures']:,} pictures took" in page


def test_what_is_said_of_drawn_and_real_faces_is_that_of_the_stored_answer(texts):
    found = studies.load("transfer").answer
    words = " ".join(texts["book/real-data.md"].split())
    rows = {row["name"]: row for row in found["rows"]}
    sets = {one["name"]: one for one in found["sets"]}

    def accuracy(name, read):
        one = rows[name]["read"][read]["accuracy"]
        return per_cent(one["value"]) + ("" if one["low"] is None else f" ({span(one)})")

    for name, row in rows.items():
        shown = [name, "yes" if row["unlabelled"] else "no", *(accuracy(name, read) for read in transfer.REAL_SETS)]
        assert f"| {' | '.join(shown)} |" in texts["book/real-data.md"].splitlines(), shown
    network = rows["two networks"]["read"]
    for said in (
        f"{sets['ck48']['faces']} pictures of {sets['ck48']['people']} people",
        f"{sets['fer2013']['faces']:,} pictures of FER2013",
        f"names {per_cent(network['ck48']['accuracy']['value'])} of CK+48's pictures",
        f"{per_cent(network['fer2013']['accuracy']['value'])} of FER2013's",
        f"{per_cent(max(sets['fer2013']['counts'].values()) / sets['fer2013']['faces'])} of them are `happy`",
        f"`nano` on the same drawn faces names {per_cent(rows['nano']['read']['ck48']['accuracy']['value'])}",
        f"`fearful` only {per_cent(network['ck48']['recall']['fearful'])}",
    ):
        assert said in words, said


def test_what_is_said_of_the_trained_network_is_on_its_card(texts):
    card = pretrained_networks.card()
    readme, using = (" ".join(texts[name].replace("\n> ", "\n").split()) for name in ("README.md", "book/using.md"))
    ck48, fer2013 = (round(100 * card["scores"]["float32"][name]["accuracy"]["value"]) for name in ("ck48", "fer2013"))
    assert (
        f"right for {ck48} of 100 posed frontal photographs (CK+48, whose labels chose it), "
        f"for {fer2013} of 100 pictures in the wild" in readme
    )
    assert f"{pretrained_networks.worth(card)}." in using
    assert f"two files of {sum(file['bytes'] for file in card['files'].values()) / 1000:.0f} kB together" in using


def test_the_figure_of_drawn_and_real_faces_is_what_its_script_draws(texts, root):
    assert ":file: images/transfer-steps.html" in texts["book/real-data.md"]
    script = root / "book" / "images" / "transfer_steps.py"
    spec = importlib.util.spec_from_file_location("transfer_steps", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = module.FILE.read_text(encoding="utf-8")
    answer = studies.load("transfer").answer
    assert len(kept) < 600_000 and html.escape(module.alt(answer), quote=True) in kept
    names = [text.get_text() for text in module.figure().axes[0].get_yticklabels()]
    assert [name.removesuffix(" *") for name in names] == [row["name"] for row in answer["rows"]]


def test_times_as_fast_says_as_what(texts):
    rows = {(row["network"], row["form"], row["quantize"]): row for row in studies.load("compression").answer["rows"]}
    whole = rows["xception", "litert", None]
    for words, key in (
        ("float32", ("xception", "litert", None)),
        ("int8", ("xception", "litert", "int8")),
        ("float32, half of the filters gone", ("xception, filters pruned", "litert", None)),
        ("int8, half of the filters gone", ("xception, filters pruned", "litert", "int8")),
    ):
        eager, same = rows[key]["ratio_1"], rows[key]["ratio_1"] / whole["ratio_1"]
        line = next(line for line in texts["book/using.md"].splitlines() if line.startswith(f"| {words} |"))
        assert f"| {eager:.1f} | {same:.1f} |".replace("| 1.0 |", "| 1 |") in line
    for number in (eager, same):
        assert f"{number:.1f} times as fast" in texts["README.md"]
    readme = " ".join(texts["README.md"].split())
    read = [per_cent(row["accuracy"]) for row in (rows["xception, filters pruned", "litert", "int8"], whole)]
    assert f"It read {read[0]} of five drawn actors' faces, the whole network {read[1]}: too few people" in readme
    for key in (("xception", "litert", "int8"), ("xception, filters pruned", "litert", "int8")):
        row = rows[key]
        assert f"{100 * row['change']:+.1f}" in texts["book/using.md"]
        assert f"({100 * row['change_low']:.1f} to {100 * row['change_high']:.1f})" in texts["book/using.md"]


def test_a_speed_says_how_far_files_of_the_same_work_lie_apart(texts):
    rows = {(row["network"], row["form"], row["quantize"]): row for row in studies.load("compression").answer["rows"]}
    alike = [rows[name, "litert", None] for name in compression_tables.EQUAL_WORK]
    apart = [max(times) / min(times) - 1 for times in ([row[f"latency_ms_{n}"] for row in alike] for n in (1, 2))]
    words = " ".join(texts["book/using.md"].split())
    assert f"three files of the same work differ by {100 * apart[0]:.0f} % here, and by {100 * apart[1]:.0f} %" in words


def test_the_claim_of_2019_is_not_judged(texts):
    study = studies.load("lightweight2019").answer
    assert (study["epochs"], study["size"]) == (6, 80)
    for name in ("README.md", "book/using.md"):
        text = " ".join(texts[name].split())
        assert "not testable at this budget" in text and "six epochs on faces of 80 pixels" in text
        assert not re.search(r"did(n't| not) hold|does not hold", text)


# --- Python and commands ----------------------------------------------------------------------


def test_the_example_runs_as_printed(texts, tmp_path, monkeypatch, capsys):
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    (example,) = blocks(texts["README.md"], "python")
    assert example == blocks(texts["book/using.md"], "python")[0]
    assert len([line for line in example.splitlines() if line]) == 10 and "actors=4, clips_per_actor=8" in example
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    exec(example.replace("actors=4, clips_per_actor=8", "actors=2, clips_per_actor=2"), {})
    told = capsys.readouterr().out
    assert told.startswith("(24, 180, 180, 1) no problems\n") and str(paths.home() / "results" / "knn-") in told
    assert "expression" in told


def test_the_studios_example_runs_as_printed(texts, tmp_path, monkeypatch, capsys):
    _, example = blocks(texts["book/using.md"], "python")
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(example, space)
    assert "true_expression" in capsys.readouterr().out
    assert space["picture"].shape == (256, 256, 3) and space["marks"].shape == (68, 2)
    assert len(space["film"].clips) == 8 and len(space["acted"].clips) == 1440


def test_no_python_block_goes_unchecked(texts):
    count = {name: len(blocks(text, "python")) for name, text in texts.items()}
    assert count.pop("README.md") == 1 and count.pop("book/using.md") == 2
    for name in count:
        for block in map(textwrap.dedent, blocks(texts[name], "python")):
            compile(block, name, "exec")


def test_the_commands_exist(texts, root):
    shown = shown_commands(texts)
    ours = [found[1] for line in shown if (found := re.search(r"python -m fer_utils (?!\.)(.*)", line))]
    assert len(ours) >= 15
    for command in ours:
        main.make_parser().parse_args(command.split())  # exits where an option is unknown
    for name, text in texts.items():  # those within a sentence: the command's name
        for command in re.findall(r"`(?:\.venv/bin/)?python -m fer_utils ([a-z]+)", text):
            assert re.search(rf"^    {command} ", main.make_parser().format_help(), re.M), (name, command)
    for line in shown:
        if found := re.search(r"python -m (fer_utils\.[\w.]+)", line):
            assert importlib.util.find_spec(found[1]), line
        if found := re.match(r"\.venv/bin/python ([\w./-]+)", line):
            if not found[1].startswith("-"):
                assert (root / found[1]).exists(), line


def test_the_targets_of_make_exist(texts, root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    everything = "\n".join(
        [*shown_commands(texts), *(code for text in texts.values() for code in re.findall(r"`([^`\n]+)`", text))]
    )
    targets = set(re.findall(r"(?m)^make ([a-z]+)", everything))
    assert {"book", "test", "serve", "address", "bench", "lock", "env", "lab"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target


# --- what is named exists ---------------------------------------------------------------------


def test_the_promises_are_proved_by_tests_that_exist(texts, root):
    promises = re.findall(r"(?m)^\*\*(.+)\*\*\n((?:- `.*`\n)+)", texts["book/promises.md"])
    assert len(promises) >= 17
    for promise, proofs in promises:
        named = re.findall(r"(?m)^- `(tests/[\w/]+\.py)::(test_\w+)`$", proofs)
        assert named and len(named) == len(proofs.splitlines()), promise
        for file, name in named:
            assert f"\ndef {name}(" in (root / file).read_text(encoding="utf-8"), name


def test_every_test_that_is_named_exists(texts, root):
    named = {found for text in texts.values() for found in re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", text)}
    assert named
    for file, name in named:
        assert f"\ndef {name}(" in (root / file).read_text(encoding="utf-8"), (file, name)


def test_every_file_of_the_repository_that_is_named_exists(texts, root):
    in_words, linked = [], []
    for name, text in texts.items():
        in_words += [
            (name, root / path)
            for path in re.findall(r"`((?:fer_utils|tests|notebooks|book|\.github|\.ci)/[\w./-]*)", text)
            if not re.search(r"NN|NAME|SUBPACKAGE", path)
        ]
        linked += [(name, (root / name).parent / path) for path in re.findall(r"\]\(((?!https?:|#)[^)]+)\)", text)]
    assert len(in_words) > 10 and len(linked) > 5, "files are named"
    assert [f"{name}: {path}" for name, path in in_words + linked if not path.exists()] == []


def test_the_map_has_every_subpackage(texts, root):
    subpackages = {path.parent.name for path in (root / "fer_utils").glob("*/__init__.py")}
    mapped = re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (`.*?) \|", texts["book/how-it-is-built.md"])))
    assert sorted(mapped) == sorted(subpackages)


def test_the_pages_are_in_the_contents(root):
    contents = (root / "_toc.yml").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"- file: {page.removesuffix('.md')}\n" in contents


def test_the_switch_of_the_landing_page_has_the_numbers_of_the_stored_answer(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "book" / "images")  # as for a script that is run from there
    assert ":file: images/landing.html" in (root / "book" / "intro.md").read_text(encoding="utf-8")
    script = root / "book" / "images" / "landing.py"
    spec = importlib.util.spec_from_file_location("landing", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = module.FILE.read_text(encoding="utf-8")
    assert len(kept) < 60_000 and module.switch() in kept and kept.count("<img ") == len(module.PEOPLE) == 8
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    for name in ("ding2023", "HOG and SVM"):
        for number, division in enumerate((", frames at random, twins", ", frames at random", ""), start=1):
            share = per_cent(rows[name + division]["accuracy"]["value"])
            assert f'<b class="fer-when-{number}">{share}</b>' in kept
    unfinished = [row for name, row in rows.items() if name.startswith("ding2023") and not row["witness"]]
    assert kept.count("had not converged") == len(unfinished)
