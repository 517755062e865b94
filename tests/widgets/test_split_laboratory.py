"""*Split laboratory*: rows, splits, leaks and both classifiers are those of Python, in the page and from a file."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from split_laboratory_page import COUNTED, ENDED, READY, TRAITS, measured, opened
from train_here_page import ROOT, shown

from fer_utils import datasets, faces, metrics, splits, studies, studio
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.datasets import load_features
from fer_utils.splits.splitting import UNITS
from fer_utils.synthetic import stand_ins
from fer_utils.widgets import SplitLaboratory, split_laboratory, split_laboratory_rows

#: The page's network: hidden units, rows of a batch, steps and learning rate, as in split_laboratory_learning.js.
HIDDEN, BATCH, STEPS, RATE = 64, 16, 1500, 0.005
FILE = "input[type=file]"
OWN = "document.querySelector('.fer-split').dataset.ended?.startsWith('yours')"


# The rows ----------------------------------------------------------------------------------------


def test_the_rows_are_what_the_stages_of_today_make():
    stored = split_laboratory_rows._stored()
    assert stored["stages"] == stages.versions(split_laboratory_rows.STAGES), (
        "run python tests/widgets/store_split_rows.py"
    )
    assert split_laboratory_rows.FILE.stat().st_size < 250_000
    rows = split_laboratory_rows.rows()
    assert rows.shape == (24 * 20 * 2 * 3, 36) and (rows.min(axis=0) == 0).all() and (rows.max(axis=0) == 255).all()


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """Eight performances of actor 07, one of each label, filmed anew with their twins."""
    given = {"actors": ["07"], "clips_per_actor": 8, "seed": stand_ins.SEED, "twins": True}
    return studio.film("ravdess", tmp_path_factory.mktemp("film") / "film", workers=1, progress=False, **given)


def stored_of(clips) -> np.ndarray:
    """The stored rows of these clips, three each, in their order."""
    meta = split_laboratory_rows.meta()
    return np.concatenate([split_laboratory_rows.rows()[meta["clip"] == clip] for clip in clips]).astype(int)


def test_the_rows_are_near_the_drawn_truth(filmed):
    """Landmarks that were found lie about the drawn ones; so do the distances, and not about another clip's."""
    sampled = [2 * frame + 1 for frame in split_laboratory_rows.FRAMES]
    clips = filmed.clips["clip"].tolist()
    drawn = np.concatenate([filmed.frames(clip)["landmarks"][sampled] for clip in clips])
    features = split_laboratory_rows.features_of(drawn)
    wanted = split_laboratory_rows.as_bytes(features, *split_laboratory_rows.ranges()).astype(int)
    apart = np.abs(stored_of(clips) - wanted).mean()
    others = np.abs(stored_of(clips) - np.roll(wanted, 3, axis=0)).mean()
    twins = np.abs(stored_of(clips) - stored_of(filmed.clips["twin"])).mean()
    assert twins < apart < others / 1.5 and twins < 8


@pytest.mark.slow
def test_some_rows_are_found_again(filmed, tmp_path):
    """From the pictures, with the very predictor that was used, where it is at hand: its training takes a minute."""
    known = split_laboratory_rows._stored()["predictor"]
    files = sorted((ROOT / "_build" / "fer" / "landmarks").glob("*.dat"))
    file = next((one for one in files if hashlib.sha256(one.read_bytes()).hexdigest() == known), None)
    if file is None:
        pytest.skip("the landmark predictor is not in _build/fer; run python tests/widgets/store_split_rows.py")
    clips = datasets.scan("ravdess", filmed.root, progress=False)
    some = clips[clips["expression"].isin(["angry", "surprised"])].reset_index(drop=True)
    made = faces.prepare(some, tmp_path / "faces", frames=6, landmarks=file, workers=1, progress=False)
    chosen = split_laboratory_rows.chosen_rows(made)
    features = split_laboratory_rows.features_of(np.asarray(made.landmarks)[chosen])
    found = split_laboratory_rows.as_bytes(features, *split_laboratory_rows.ranges()).astype(int)
    wanted = stored_of(made.meta["clip"].iloc[chosen[::3]])
    assert found.shape == wanted.shape == (12, 36)
    # Another processor may round a pixel otherwise, and a landmark with it.
    assert (np.abs(found - wanted) <= 2).mean() > 0.98


# What Python says --------------------------------------------------------------------------------


def answered(widget: SplitLaboratory, learned) -> np.ndarray:
    """Which rows are right, (N,) bool; `learned(train inputs, train labels, test inputs, fold)` gives answers."""
    features, meta = widget.features.astype(float), widget.meta
    names = list(split_laboratory_rows.LABELS)
    true = meta["expression"].map(names.index).to_numpy()
    right = np.zeros(len(true), bool)
    for fold, (train, test) in enumerate(widget.folds()):
        scaler = StandardScaler().fit(features[train])
        inputs = scaler.transform(features)
        right[test] = learned(inputs[train], true[train], inputs[test], fold) == true[test]
    return right


def nearest(inputs, labels, asked, fold):
    return KNeighborsClassifier(1).fit(inputs, labels).predict(asked)


def xorshift(seed: int):
    """The random numbers of small_network.js."""
    state = ((seed + 1) * 0x9E3779B1) & 0xFFFFFFFF or 1

    def following() -> float:
        nonlocal state
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        return state / 2**32

    for _ in range(16):
        following()
    return following


def network(inputs, labels, asked, fold, seed=0):
    """The network of split_laboratory_learning.js in NumPy."""
    width, classes = inputs.shape[1], len(split_laboratory_rows.LABELS)
    first, order = xorshift(2 * (10 * seed + fold)), xorshift(2 * (10 * seed + fold) + 1)

    def weights(outputs, inputs_, most):
        return np.array([most * (2 * first() - 1) for _ in range(outputs * inputs_)]).reshape(outputs, inputs_)

    hidden = weights(HIDDEN, width, np.sqrt(6 / width))
    parts = [hidden, np.zeros(HIDDEN), weights(HIDDEN, classes, 0.1), np.zeros(classes)]
    means, squares = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    rows, turn = list(range(len(inputs))), len(inputs)
    for step in range(1, STEPS + 1):
        if turn >= len(rows):
            turn = 0
            for last in range(len(rows) - 1, 0, -1):
                other = int(order() * (last + 1))
                rows[last], rows[other] = rows[other], rows[last]
        batch = rows[turn : turn + BATCH]
        turn += BATCH
        x, kernel, out = inputs[batch], parts[0], parts[2]
        active = np.maximum(x @ kernel.T + parts[1], 0)
        scores = active @ out + parts[3]
        delta = np.exp(scores - scores.max(axis=1, keepdims=True))
        delta /= delta.sum(axis=1, keepdims=True)
        delta[np.arange(len(batch)), labels[batch]] -= 1
        back = (delta @ out.T) * (active > 0)
        slopes = [back.T @ x, back.sum(axis=0), active.T @ delta, delta.sum(axis=0)]
        for part, mean, square, slope in zip(parts, means, squares, slopes, strict=True):
            slope = slope / len(batch)
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope**2 - square)
            corrected = np.sqrt(square / (1 - 0.999**step)) + 1e-7
            part -= RATE * mean / (1 - 0.9**step) / corrected
    return (np.maximum(asked @ parts[0].T + parts[1], 0) @ parts[2] + parts[3]).argmax(axis=1)


# The page ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(browser):
    with opened(browser, SplitLaboratory(method="nearest")) as (page, watch):
        yield page
        assert watch.complaints() == []


def settings_of(page) -> dict:
    return {name: page.evaluate("(name) => model.get(name)", name) for name in TRAITS[:5]}


@pytest.mark.slow
@pytest.mark.browser
def test_folds_leaks_and_neighbours_are_those_of_the_package(page):
    """The nearest neighbour's count is exact, so that one row in another fold would be seen."""
    for number, split in enumerate(UNITS):
        for twins in (True, False):
            given = {"split": split, "twins": twins, "seed": number, "fold": 4 - number, "method": "nearest"}
            got, widget = measured(page, **given), SplitLaboratory(**given)
            assert settings_of(page) == given
            right = answered(widget, nearest)
            assert (got["right"], got["rows"]) == (right.sum(), len(right)), given
            leaks = widget.leakage()
            for level, found in got["leaks"].items():
                assert found == leaks.loc[level, ["shared", "test_rows"]].to_dict(), (given, level)
            people = splits.splitting.pd.Series(right).groupby(widget.meta["actor"]).mean()
            interval = metrics.student_interval(people.to_numpy())
            assert np.allclose(
                [got[k] for k in ("value", "low", "high")], [interval[k] for k in ("value", "low", "high")]
            )


@pytest.mark.slow
@pytest.mark.browser
def test_the_network_is_that_of_numpy(page):
    for split in ("actor",):
        given = {"split": split, "twins": False, "seed": 0, "fold": 0, "method": "network"}
        right = answered(SplitLaboratory(**given), network)
        got = measured(page, **given)
        assert abs(got["right"] / got["rows"] - right.mean()) < 0.005, split
        stored = split_laboratory._stored_results(False)[split]
        assert abs(stored["network"]["right"] - got["right"]) <= 5, "run python tests/widgets/store_split_rows.py"


@pytest.mark.slow
@pytest.mark.browser
def test_by_keyboard_every_split_is_trained_and_the_map_says_who_leaks(page):
    measured(page, split="frame", twins=True, seed=0, fold=0, method="nearest")
    page.get_by_role("radio", name="frame").press("ArrowDown")
    page.get_by_role("button", name="Train every split").press("Enter")
    page.wait_for_function(f"document.querySelectorAll('.fer-split-open').length === 4 && {ENDED}")
    found = split_laboratory._stored_results(True)
    for split, cells in zip(UNITS, page.locator(".fer-split-table tbody tr").all(), strict=True):
        share = found[split]["nearest"]["right"] / found[split]["nearest"]["rows"]
        assert f"{100 * share:.1f}" in cells.inner_text(), split
    said = page.get_by_role("status").inner_text()
    gap = found["clip"]["nearest"]["right"] - found["actor"]["nearest"]["right"]
    assert f"The split by clip gives away {100 * gap / 2880:.1f} points" in said
    leaks = SplitLaboratory(split="clip").leakage()["test_rows"]
    words = page.locator(".fer-split-people").get_attribute("aria-label")
    assert (
        f"{leaks['clip']} have frames of their own clip" in words and f"{leaks['performance']} have their perf" in words
    )
    legend = page.locator(".fer-split-legend").inner_text()
    assert f"its twin in training: {leaks['performance']}" in legend
    squares = page.evaluate(
        """() => ["training", "clip", "performance", "actor", "none"].map((tie) => [
          ...document.querySelectorAll(`.fer-split-people .fer-split-${tie}`),
        ].reduce((sum, path) => sum + path.getAttribute("d").split("M").length - 1, 0))"""
    )
    tests = len(SplitLaboratory(split="clip").folds()[0][1])
    assert squares == [2880 - tests, 0, leaks["performance"], tests - leaks["performance"], 0]
    study = next(
        row for row in studies.load("split", "class").answer["rows"] if (row["unit"], row["twins"]) == ("clip", True)
    )
    assert f"{100 * study['accuracy']['value']:.1f}" in page.locator(".fer-split-reference").inner_text()


@pytest.mark.slow
@pytest.mark.browser
def test_every_split_that_is_asked_for_at_once_after_a_change_is_trained(page):
    page.evaluate(
        """() => {
          for (const [name, value] of [["method", "nearest"], ["twins", false], ["seed", 4]]) model.set(name, value);
          document.querySelector(".fer-split-buttons button").click();
        }"""
    )
    page.wait_for_function(ENDED)
    assert page.locator(".fer-split-open").count() == 4, "the four of the network, which nobody asked for"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".fer-split *")]
          .filter((node) => node.offsetParent && node.innerText)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11


# The reader's own table --------------------------------------------------------------------------


def table(*names: str, columns=split_laboratory.OWN_COLUMNS, value="0.5") -> str:
    lines = [";".join((*columns, "name"))]
    lines += [";".join([value] * len(columns) + [name]) for name in names]
    return "\n".join(lines) + "\n"


WRONG = {
    "empty": ("", "is empty"),
    "no text": ("a;b\n\0;1\n", "is no text"),
    "commas": ("name,AU01_r\n01-01-01-01-01-01-01,0.5\n", "separated by semicolons"),
    "columns": (table(columns=split_laboratory.OWN_COLUMNS[2:]), "no column AU01_r and 1 more"),
    "name": (table("01-01-01-01-01-01-01", "holiday"), 'Line 3 of the file: "holiday" is no name of a RAVDESS clip'),
    "strong neutral": (table("01-01-01-02-01-01-01"), "is no name of a RAVDESS clip"),
    "actor": (table("01-01-03-02-01-01-25"), "is no name of a RAVDESS clip"),
    "twice": (table("01-01-03-01-01-01-01", "02-01-03-01-01-01-01"), "is there already"),
    "number": (table("01-01-03-01-01-01-01", value="much"), '"much" in column AU01_r is no number'),
    "no number": (table("01-01-03-01-01-01-01", value=""), "is no number"),
    "short line": (table() + "0.5;0.5\n", "has 2 columns; the first line has 36"),
    "few": (table("01-01-03-01-01-01-01", "01-01-03-01-01-01-02"), "2 actors; at least 5"),
}


@pytest.mark.browser
def test_a_file_that_is_no_such_table_is_refused_in_one_sentence(page):
    page.wait_for_function(COUNTED)
    before = page.locator(".fer-split-table").inner_text()
    for name, (text, words) in WRONG.items():
        given = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": text.encode()}
        page.set_input_files(FILE, given)
        page.wait_for_function(
            "(words) => document.querySelector('.fer-split-problem').textContent.includes(words)", arg=words
        )
        assert (
            page.get_by_role("alert").inner_text().count(".") <= 4 and "stays" in page.get_by_role("alert").inner_text()
        )
    assert page.locator(".fer-split-table").inner_text() == before


@pytest.mark.browser
def test_a_table_that_is_read_late_does_not_replace_what_was_chosen_after_it(page):
    page.evaluate(
        """() => {
          const { text } = File.prototype;
          window.held = new Promise((then) => { window.release = then; });
          File.prototype.text = async function () {
            const whole = await text.call(this);
            if (this.name === "first.csv") await held;
            return whole;
          };
        }"""
    )
    names = [f"01-01-0{label}-01-0{say}-01-{actor:02}" for actor in range(1, 6) for label in (3, 4) for say in (1, 2)]
    for name, text in (("first", table(*names)), ("second", "")):
        page.set_input_files(FILE, {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.wait_for_function("document.querySelector('.fer-split-problem').textContent.includes('is empty')")
    page.evaluate("release(); new Promise((then) => { setTimeout(then, 20); })")
    assert page.get_by_role("alert").inner_text().startswith("This file is empty.")
    assert page.get_by_role("button", name="Back to the drawn actors").count() == 0


@pytest.mark.slow
@pytest.mark.browser
def test_the_real_table_runs_in_the_page_as_in_python(page, shared_data):
    folder = shared_data / "ravdess-au"
    if not folder.is_dir():
        pytest.skip(f"no real action units; put df_average_AUs_total.csv into {folder} to run this test")
    real = load_features("ravdess_au", folder=folder).table
    assert tuple(name for name in real.columns if name.startswith("AU")) == split_laboratory.OWN_COLUMNS
    measured(page, split="clip", twins=False, seed=2, fold=1, method="nearest")
    page.set_input_files(FILE, folder / "df_average_AUs_total.csv")
    page.wait_for_function(OWN)
    values, true = real[list(split_laboratory.OWN_COLUMNS)].to_numpy(), real["expression"].to_numpy()
    for split in ("clip", "actor"):
        got = measured(page, split=split)
        right, meta = np.zeros(len(true), bool), real.assign(dataset="ravdess")
        folds = splits.folds(meta, by=split, k=5, seed=2)
        for train, test in folds:
            machine = make_pipeline(StandardScaler(), KNeighborsClassifier(1)).fit(values[train], true[train])
            right[test] = machine.predict(values[test]) == true[test]
        assert got["table"] == "yours" and got["rows"] == 1440
        assert abs(got["right"] - right.sum()) <= 1, "a distance may be rounded otherwise"
        leaks = splits.leakage(meta, *folds[1], progress=False)["test_rows"]
        assert {level: one["test_rows"] for level, one in got["leaks"].items()} == leaks.drop("row").to_dict()
    twice, apart = measured(page, split="clip", twins=True), measured(page, split="performance")
    assert twice["rows"] == 2880 and twice["value"] > apart["value"] + 0.15
    words = page.locator(".fer-split-reference").inner_text()
    rows = studies.load("real_people").answer["rows"]
    wanted = {"model": "support vectors", "protocol": "twins together", "reference": "plain"}
    assert f"{100 * studies.real_people.pick(rows, **wanted)['accuracy']['value']:.1f}" in words
    assert page.get_by_role("radio", name="frame").is_disabled()
    page.get_by_role("button", name="Back to the drawn actors").click()
    assert measured(page, split="frame", twins=True)["rows"] == 2880


# The widget in Python ----------------------------------------------------------------------------


@pytest.mark.browser
def test_rows_that_cannot_be_read_are_said(browser):
    options = {
        "name": "split_laboratory",
        "saved": TRAITS,
        "ready": READY,
        "changed": {"about": {**SplitLaboratory().about, "files": ["holiday"]}},
    }
    with shown(browser, SplitLaboratory(), **options) as (page, _):
        assert "run its cell again" in page.get_by_role("alert").inner_text()


def test_without_scripts_it_is_a_picture_in_words():
    data, _ = SplitLaboratory(twins=False)._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    right = answered(SplitLaboratory(split="actor", twins=False), nearest)
    assert "split by actor" in alt and f"the nearest neighbour in {100 * right.mean():.1f} %" in alt
    assert "in one file" in alt and len(alt) <= 600


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"split": "person"}, r"`split`. Expected one of frame, clip, performance, actor"),
        ({"method": "forest"}, r"`method`. Expected one of network, nearest"),
        ({"twins": 1}, r"`twins`. Expected True or False"),
        ({"seed": 5}, r"`seed`"),
        ({"fold": -1}, r"`fold`"),
        ({"folds": 3}, r"`folds`. Expected no such argument; there are split, twins"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        SplitLaboratory(**wrong)
