"""Train it here: the arithmetic against Keras, the training, and the widget under a real hand, without a kernel."""

from __future__ import annotations

import json
from pathlib import Path
import re

from browser import opened_page
import numpy as np
import pytest
from train_here_page import ROOT, SHORT, SMALL, serving, shown, trained, values_of

from fer_utils.core.errors import FerError
from fer_utils.widgets import train_here_still

WIDGETS = ROOT / "fer_utils" / "widgets"
STORED = json.loads(train_here_still.FILE.read_text(encoding="utf8"))


@pytest.fixture(scope="module")
def small():
    from fer_utils.widgets import TrainHere

    return TrainHere(**SMALL)


# The arithmetic ----------------------------------------------------------------------------------

#: What the page is asked: scores, losses, gradient and hidden units of some pictures, for given weights.
ARITHMETIC = """\
async ([address, text]) => {
  const { smallNetwork } = await import(`${address}/small_network.js`);
  const { weights, pictures, labels, factors } = JSON.parse(text);
  const network = smallNetwork().create({ classes: 7, seed: 0 });
  network.weights.set(weights);
  const values = Float32Array.from(pictures), losses = [], scores = [], hidden = [];
  const drop = factors && ((unit) => factors[unit]);
  labels.forEach((label, row) => {
    losses.push(network.learn(values, row * 48 * 48, label, null, drop));
    hidden.push([...network.hidden]);
  });
  const gradient = [...network.gradient].map((value) => value / labels.length);
  labels.forEach((_, row) => scores.push([...network.forward(values, row * 48 * 48, null, drop)]));
  network.step({ rate: 0.001, pictures: labels.length, l1: 0.01 });
  return JSON.stringify({ losses, scores, gradient, hidden, after: [...network.weights], left: [...network.gradient] });
}"""


@pytest.fixture(scope="module")
def arithmetic(browser):
    """A function that asks the JavaScript network in a page."""
    with serving(WIDGETS) as url, opened_page(browser) as (page, watch):
        page.goto(f"{url}/train_here.css")

        def ask(**question):
            plain = {name: None if value is None else np.asarray(value).tolist() for name, value in question.items()}
            return json.loads(page.evaluate(ARITHMETIC, [url, json.dumps(plain)]))

        ask.page, ask.url = page, url
        yield ask
        assert watch.complaints() == []


@pytest.fixture(scope="module")
def in_keras():
    """The same network in Keras with random weights, some hidden units dead, and a batch of pictures."""
    import keras

    rng = np.random.default_rng(3)
    layers = keras.layers
    inputs = layers.Input((48, 48, 1))
    x = inputs
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    hidden = layers.Dense(32, activation="relu", name="hidden")(layers.Flatten()(x))
    factors = layers.Input((32,))
    outputs = layers.Dense(7, activation="softmax")(layers.Multiply()([hidden, factors]))
    network = keras.Model([inputs, factors], outputs)
    weights = [rng.normal(0, 0.6 / np.sqrt(np.prod(w.shape[:-1]) or 1), w.shape) for w in network.weights]
    weights[7][:] = 0.3
    weights[7][[2, 5, 9]] = -1000.0  # these three give 0 whatever they see
    network.set_weights([w.astype("float32") for w in weights])
    pictures = rng.normal(size=(6, 48, 48)).astype("float32")
    return network, pictures, np.array([0, 3, 6, 1, 1, 5])


def by_keras(network, pictures, labels, factors):
    """Scores, losses, flat gradient and hidden units."""
    import keras
    import tensorflow as tf

    given = [pictures[..., None], np.tile(factors, (len(pictures), 1)).astype("float32")]
    with tf.GradientTape() as tape:
        scores = network(given)
        losses = keras.losses.sparse_categorical_crossentropy(labels, scores)
        loss = tf.reduce_mean(losses)
    gradient = np.concatenate([np.ravel(g) for g in tape.gradient(loss, network.trainable_variables)])
    hidden = keras.Model(network.inputs, network.get_layer("hidden").output)(given)
    return np.asarray(scores), np.asarray(losses), gradient, np.asarray(hidden)


@pytest.mark.browser
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_scores_losses_and_gradients_are_those_of_keras(arithmetic, in_keras, dropout):
    """To 1e-5 of the largest gradient, which is float32's own rounding over the sums' lengths."""
    network, pictures, labels = in_keras
    factors = np.ones(32)
    if dropout:
        factors = np.where(np.random.default_rng(1).random(32) < dropout, 0, 1 / (1 - dropout))
    scores, losses, gradient, hidden = by_keras(network, pictures, labels, factors)
    flat = np.concatenate([np.ravel(w) for w in network.get_weights()])
    answer = arithmetic(weights=flat, pictures=pictures.ravel(), labels=labels, factors=factors if dropout else None)
    assert np.allclose(answer["scores"], scores, atol=1e-5) and scores.max() > 0.25, "not all scores alike"
    assert np.allclose(answer["losses"], losses, rtol=1e-4)
    assert np.allclose(answer["hidden"], hidden, rtol=1e-4, atol=1e-4)
    assert len(answer["gradient"]) == len(gradient) == 43_015
    ends = np.cumsum([np.size(w) for w in network.get_weights()])
    for ours, theirs in zip(np.split(np.array(answer["gradient"]), ends), np.split(gradient, ends), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max(initial=1e-9))
    assert np.abs(gradient[: ends[0]]).max() > 1e-4, "the first layer learns"


@pytest.mark.browser
def test_a_step_is_adams_with_the_penalty_on_the_dense_layer(arithmetic, in_keras):
    import keras

    network, pictures, labels = in_keras
    _, _, gradient, _ = by_keras(network, pictures, labels, np.ones(32))
    shapes = [w.shape for w in network.get_weights()]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    flat = np.concatenate([np.ravel(w) for w in network.get_weights()]).astype("float32")
    variable = keras.Variable(flat)
    pulled = gradient.copy()
    pulled[ends[5] : ends[6]] += 0.01 * np.sign(flat[ends[5] : ends[6]])
    keras.optimizers.Adam(0.001).apply([keras.ops.convert_to_tensor(pulled)], [variable])
    answer = arithmetic(weights=flat, pictures=pictures.ravel(), labels=labels, factors=None)
    moved = np.abs(pulled) > 1e-3  # nearer to 0, Adam's epsilon counts, which Keras adds in another place
    assert moved.mean() > 0.8
    assert np.allclose(np.array(answer["after"])[moved], np.asarray(variable)[moved], atol=1e-5)
    assert not np.any(answer["left"]), "the next batch begins at 0"


@pytest.mark.browser
def test_many_steps_are_adams(arithmetic):
    """Gradients that change in size and sign: after ten steps both decays have their part."""
    import keras

    rng = np.random.default_rng(7)
    steps = [rng.normal(0, size, 43_015).astype("float32") for size in (1, 8, 0.5, 3, 0.2, 5, 1, 0.7, 2, 4)]
    variable, optimizer = keras.Variable(np.zeros(43_015, "float32")), keras.optimizers.Adam(0.001)
    for gradient in steps:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    after = arithmetic.page.evaluate(
        """async ([address, text]) => {
            const { smallNetwork } = await import(`${address}/small_network.js`);
            const network = smallNetwork().create({ classes: 7, seed: 0 });
            network.weights.fill(0);
            for (const gradient of JSON.parse(text)) {
              network.gradient.set(gradient);
              network.step({ rate: 0.001, pictures: 1, l1: 0 });
            }
            return JSON.stringify([...network.weights]);
        }""",
        [arithmetic.url, json.dumps([gradient.tolist() for gradient in steps])],
    )
    apart = np.abs(np.array(json.loads(after)) - np.asarray(variable))
    # Where a first slope is near 0 Adam's epsilon counts, which Keras adds in another place.
    assert apart.mean() < 1e-6 and apart.max() < 1e-4


@pytest.mark.browser
def test_dead_units_are_those_that_keras_finds(arithmetic, in_keras):
    network, pictures, labels = in_keras
    _, _, _, hidden = by_keras(network, pictures, labels, np.ones(32))
    dead = int((hidden <= 0).all(axis=0).sum())
    point = first_look(arithmetic, network, pictures, labels)
    assert 3 <= dead < 32 and point["dead_units"] == dead
    right = np.asarray(network([pictures[..., None], np.ones((6, 32), "float32")])).argmax(axis=1) == labels
    assert point["accuracy"] == pytest.approx(right.mean()) and point["strangers_accuracy"] == point["accuracy"]
    assert point["gap"] == 0 and point["loss"] == pytest.approx(point["strangers_loss"])


def first_look(arithmetic, network, pictures, labels):
    """What a training of given weights says before its first step, with the same faces as training and strangers."""
    text = json.dumps(
        {
            "weights": np.concatenate([np.ravel(w) for w in network.get_weights()]).tolist(),
            "pictures": pictures.ravel().tolist(),
            "labels": labels.tolist(),
        }
    )
    return arithmetic.page.evaluate(
        """async ([address, text]) => {
            const { smallNetwork } = await import(`${address}/small_network.js`);
            const { trainingRun } = await import(`${address}/training_run.js`);
            const { weights, pictures, labels } = JSON.parse(text), own = smallNetwork();
            const create = (about) => { const made = own.create(about); made.weights.set(weights); return made; };
            const faces = { pictures: Float32Array.from(pictures), labels, people: labels.map(() => 0) };
            const run = trainingRun({ ...own, create }).train({ training: faces, strangers: faces, classes: 7 },
              { seed: 0, steps: 1, look: 1, learning_rate: 0.1, dropout: 0.9, l1: 0, label_noise: 0, learn_from: 1 });
            for (const point of run) if (point) return point;
        }""",
        [arithmetic.url, text],
    )


@pytest.mark.browser
def test_random_labels_pictures_and_random_numbers(arithmetic):
    answer = arithmetic.page.evaluate(
        """async ([address]) => {
            const { smallNetwork } = await import(`${address}/small_network.js`);
            const { trainingRun } = await import(`${address}/training_run.js`);
            const own = smallNetwork(), run = trainingRun(own), labels = Array.from({ length: 7000 }, (_, i) => i % 7);
            const noisy = (share) => [share, run.taughtLabels(labels, share, 7, 4)];
            const taught = Object.fromEntries([0, 0.3, 0.5, 1].map(noisy));
            const pixels = Uint8Array.from({ length: 2 * 48 * 48 }, (_, i) => (i < 48 * 48 ? i % 251 : 9));
            const random = own.randomNumbers(5), numbers = Array.from({ length: 20000 }, random);
            const others = [0, 1, 2].map((seed) => own.randomNumbers(seed)());
            return { taught, pictures: [...run.standardised(pixels)], numbers, others };
        }""",
        [arithmetic.url],
    )
    labels = np.arange(7000) % 7
    taught = {float(share): np.array(values) for share, values in answer["taught"].items()}
    assert (taught[0.0] == labels).all()
    for share in (0.3, 0.5, 1.0):
        wrong = (taught[share] != labels).mean()
        assert wrong == pytest.approx(share * 6 / 7, abs=0.02), "of random labels a seventh stays right"
        assert np.bincount(taught[share], minlength=7).min() > 900
    changed = [taught[share] != labels for share in (0.3, 0.5, 1.0)]
    assert (changed[1] | ~changed[0]).all() and (changed[2] | ~changed[1]).all(), "more noise: the same faces, and more"
    first, flat = np.array(answer["pictures"]).reshape(2, -1)
    assert abs(first.mean()) < 1e-5 and abs(first.std() - 1) < 1e-4 and not flat.any()
    numbers = np.array(answer["numbers"])
    assert 0 <= numbers.min() and numbers.max() < 1 and abs(numbers.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03 and len(set(answer["others"])) == 3


# In Python ---------------------------------------------------------------------------------------


def test_the_picture_holds_the_faces_that_its_description_names(small, monkeypatch):
    import io

    from PIL import Image

    from fer_utils.synthetic import photographs, random_faces
    from fer_utils.widgets import train_here

    made = []
    monkeypatch.setattr(
        train_here, "draw_faces", lambda *a, **b: made.append(random_faces.draw_faces(*a, **b)) or made[0]
    )
    wanted = train_here.faces_of(8, 4, 1, 1, progress=False)
    (drawn,) = made
    assert np.array_equal(wanted, photographs.crop_faces(drawn.images, size=48, where=train_here.CROP, seed=1))
    assert small.sprite == train_here.one_picture(wanted), "what is kept is what would be made"
    sheet = np.asarray(Image.open(io.BytesIO(small.sprite)).convert("L"), float)
    tiles = sheet.reshape(2, 48, 42, 48).swapaxes(1, 2).reshape(-1, 48, 48)
    assert np.abs(tiles[:84] - wanted).mean() < 6 < np.abs(tiles[:84] - wanted[::-1]).mean(), "WebP's own error"
    training, strangers = small.faces["training"], small.faces["strangers"]
    assert training["labels"] + strangers["labels"] == drawn.labels.tolist()
    assert training["people"] + [8 + number for number in strangers["people"]] == drawn.people.tolist()
    assert small.faces["names"][drawn.labels[-1]] == "surprised"


def test_the_widget_as_it_is_shows_stored_faces_which_are_todays(monkeypatch):
    import io

    from PIL import Image

    from fer_utils.widgets import train_here, train_here_still

    first = train_here.faces_of(4, 1, 2, 1, progress=False)[:56]
    monkeypatch.setattr(train_here, "faces_of", lambda *_: pytest.fail("drawn in vain"))
    widget = train_here.TrainHere()
    sheet = np.asarray(Image.open(io.BytesIO(widget.sprite)).convert("L"), float)
    tiles = sheet.reshape(-1, 48, 42, 48).swapaxes(1, 2).reshape(-1, 48, 48)
    assert len(tiles) == 60 * 7 * 2
    assert np.abs(tiles[:56] - first).mean(axis=(1, 2)).max() < 8 < np.abs(tiles[:56] - first[::-1]).mean()

    origin = train_here.made_from(**widget.drawn_as)
    assert train_here_still.stored_faces(origin) == widget.sprite
    for position in range(len(origin) - 1):
        assert train_here_still.stored_faces([*origin[:position], -1, *origin[position + 1 :]]) is None
    raised = {name: version + 1 for name, version in origin[-1].items()}
    assert train_here_still.stored_faces([*origin[:-1], raised]) is None


def test_faces_are_drawn_once_and_anew_if_what_is_kept_is_damaged(tmp_path, monkeypatch):
    from fer_utils.widgets import train_here

    monkeypatch.setenv("FER_HOME", str(tmp_path))
    made = []

    def few(people, strangers, poses, faces_seed, progress):
        made.append(people)
        return np.full((7 * poses * (people + strangers), 48, 48), faces_seed, np.uint8)

    monkeypatch.setattr(train_here, "faces_of", few)
    first = train_here.TrainHere(people=2, strangers=1, poses=1).sprite
    assert train_here.TrainHere(people=2, strangers=1, poses=1).sprite == first and made == [2]
    (kept,) = (tmp_path / "train_here").iterdir()
    kept.write_bytes(first[: len(first) // 2])
    assert train_here.TrainHere(people=2, strangers=1, poses=1).sprite == first == kept.read_bytes() and made == [2, 2]
    train_here.TrainHere(people=2, strangers=1, poses=1, faces_seed=2)
    assert made == [2, 2, 2]


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"people": 1}, r"`people`.*from 2 to 60. Received: 1"),
        ({"people": "many"}, r"`people`"),
        ({"strangers": 0}, r"`strangers`"),
        ({"poses": 9}, r"`poses`"),
        ({"faces_seed": -1}, r"`faces_seed`"),
        ({"steps": 5}, r"`steps`.*from 15 to 3000"),
        ({"dropout": 1.0}, r"`dropout`. Expected one of 0.0, 0.1.*Received: 1.0"),
        ({"dropout": False}, r"`dropout`"),
        ({"learning_rate": "high"}, r"`learning_rate`"),
        ({"learn_from": 9}, r"`learn_from`. Expected one of 1, 2, 3, 4, 6, 8. Received: 9"),
        ({"augment": 1}, r"`augment`. Expected one of False, True"),
        ({"rate": 0.1}, r"`rate`. Expected no such setting; there are learning_rate, learn_from"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_a_face_is_drawn(monkeypatch, wrong, message):
    from fer_utils.widgets import TrainHere, train_here

    monkeypatch.setattr(train_here, "_kept_picture", lambda **_: pytest.fail("drawn in vain"))
    with pytest.raises(FerError, match=message):
        TrainHere(**{"people": 8, **wrong})


def test_settings_that_are_assigned_are_checked(small):
    before = small.settings
    small.settings = {**before, "dropout": 0.3}
    with pytest.raises(FerError, match="`dropout`"):
        small.settings = {**before, "dropout": 2}
    small.settings = before


def test_a_file_is_joined_only_behind_those_that_it_imports():
    from fer_utils.widgets.joined_modules import joined

    with pytest.raises(RuntimeError, match=r"training_engine.js imports small_network.js, training_run.js"):
        joined("training_engine.js", "small_network.js", "training_run.js")


def test_at_rest_the_still_picture_has_the_stored_curves(monkeypatch, small):
    from fer_utils.widgets import TrainHere, train_here

    monkeypatch.setattr(train_here, "_kept_picture", lambda **_: small.sprite)
    alt = re.search(r'alt="([^"]+)"', TrainHere().picture_html())[1]
    run = STORED["run"]
    assert "stored training" in alt, "stale: python tests/widgets/store_run.py makes it anew"
    assert f"at {run['loss'][-1]:.2f}, that of strangers at {run['strangers_loss'][-1]:.2f}" in alt
    assert f"and {100 * run['strangers_accuracy'][-1]:.0f} %." in alt and run["steps"][-1] == 600
    svg, _ = train_here_still.drawn(small.sprite, 48, 1, small.faces["names"], run)
    assert svg.count("<polyline") == 4 and svg.count("<image") == 7
    for changed in ({"dropout": 0.5}, {"steps": 300}, {"people": 30}):
        assert "stored training" not in TrainHere(**changed).picture_html()


def test_the_still_picture_shows_faces_and_says_what_the_widget_does(small):
    data, _ = small._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    assert "poses neutral, happy, sad" in alt and "stored training" not in alt, "no curves that were not measured"


# Under a real hand -------------------------------------------------------------------------------

#: The page is out of sight from the first look of the next training on.
HELD_AT_THE_FIRST_LOOK = """\
() => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => window.away });
  const cell = document.querySelector(".fer-train-table tbody td");
  let begun = false;
  new MutationObserver((_, watching) => {
    if (cell.textContent === "–") begun = true;
    if (!begun || cell.textContent === "–") return;
    watching.disconnect();
    window.away = true;
    document.dispatchEvent(new Event("visibilitychange"));
  }).observe(cell, { childList: true });
}"""


@pytest.mark.browser
def test_the_keyboard_alone_trains_compares_and_stops(browser, small):
    with shown(browser, small, width=390, dark=True) as (page, watch):
        assert "Training faces: 8 people" in page.locator(".fer-train-gallery").inner_text()
        assert page.locator(".fer-train").evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")
        page.locator(".fer-train-go").focus()
        page.keyboard.press("Enter")
        first = trained(page)
        assert first["ended"] == "done" and first["steps"] == list(range(0, 121, 8)) and first["units"] == 32
        assert first["epochs"][-1] == 120 / 4 and first["loss"][0] == pytest.approx(np.log(7), abs=0.2)
        # 56 faces of eight people: learned by heart, and strangers are read better than by chance.
        assert first["accuracy"][-1] > 0.9 and max(first["strangers_accuracy"]) > 1.7 / 7
        gaps = np.subtract(first["accuracy"], first["strangers_accuracy"])
        assert np.allclose(first["gap"], gaps) and gaps[-1] > 0.3
        spoken = page.locator(".fer-train-spoken[role=status]").inner_text()
        assert f"This run: training faces {round(100 * first['accuracy'][-1])} %" in spoken and "Last run" not in spoken
        # Back from the button to the settings, and one of them is changed.
        slider = page.get_by_label("Dropout")
        slider.focus()
        for _ in range(9):
            page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "0.9"
        # Held at its first look by a page that is out of sight, so that it cannot be done before the hand stops it.
        page.evaluate(HELD_AT_THE_FIRST_LOOK)
        page.locator(".fer-train-go").focus()
        page.keyboard.press("Space")
        page.wait_for_function("document.querySelectorAll('.fer-train-legend li').length === 2")
        assert page.get_by_role("button", name="Stop").evaluate("(button) => button === document.activeElement")
        page.wait_for_function("document.querySelector('.fer-train-table tbody td').textContent !== '–'")
        page.keyboard.press("Space")
        second = trained(page)
        page.evaluate("window.away = false; 0")
        assert second["ended"] == "stopped" and second["settings"]["dropout"] == 0.9 and len(second["steps"]) < 16
        legend = page.locator(".fer-train-legend").inner_text()
        assert "dropout 0.9" in legend and "the same but no dropout" in legend
        cells = page.locator(".fer-train-table tr", has_text="Accuracy, strangers").locator("td").all_inner_texts()
        ends = [round(100 * run["strangers_accuracy"][-1]) for run in (second, first)]
        assert cells == [f"{end} %" for end in ends]
        assert (
            page.locator("polyline.fer-train-last").count() == 4 == page.locator("polyline.fer-train-present").count()
        )
        assert "last run, step 120" in page.locator(".fer-train-chart").first.get_attribute("aria-label")
        page.get_by_role("button", name="Default settings").press("Enter")
        assert slider.get_attribute("aria-valuetext") == "none"
        for width in (390, 640, 1280):  # one chart below the other, two that are narrow, two that are wide
            page.set_viewport_size({"width": width, "height": 900})
            sizes = page.locator(".fer-train-chart text").evaluate_all(
                "(all) => all.map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
            )
            assert min(sizes) >= 11, "texts of the charts, in pixels of the screen"
        assert watch.complaints() == []


@pytest.mark.browser
def test_the_same_seed_gives_the_same_curves_in_a_worker_and_on_the_page(browser, small):
    """Where a worker is refused the page trains in slices, and stays ready for a hand."""
    runs = []
    for before, where in (("0", "worker"), ("void (Worker = class { constructor() { throw new Error(); } })", "page")):
        with shown(browser, small, before=before, changed=SHORT) as (page, watch):
            page.get_by_label("Dropout").fill("5")
            page.get_by_label("Mirror and move the training faces at random").check()
            page.get_by_label("Random labels").fill("3")
            page.get_by_role("button", name="Train").click()
            runs.append(trained(page))
            assert page.locator(".fer-train").get_attribute("data-where") == where
            if where == "worker":
                page.get_by_label("Seed").fill("1")
                page.get_by_role("button", name="Train").click()
                page.wait_for_function("window.model.get('history').length === 2")
                other = page.evaluate("window.model.get('history').at(-1)")
            assert watch.complaints() == []
    assert runs[0] == runs[1] and runs[0]["settings"]["augment"] is True
    assert other["loss"] != runs[0]["loss"]
    # What is stored was made by the same arithmetic; another processor may draw single pixels otherwise.
    assert runs[0]["settings"] == STORED["short_run"]["settings"]
    for name in ("loss", "strangers_loss", "accuracy", "strangers_accuracy"):
        stale = "python tests/widgets/store_run.py makes it anew"
        assert runs[0][name] == pytest.approx(STORED["short_run"][name], abs=0.02), stale


@pytest.mark.browser
def test_bad_data_are_said_in_one_sentence(browser, small):
    faces = small.faces
    fewer = {**faces["training"], "labels": faces["training"]["labels"][1:]}
    cases = [
        ({"sprite": "bm8gcGljdHVyZQ=="}, "The picture that holds the faces cannot be read; run the cell again."),
        ({"faces": {**faces, "training": fewer}}, "The training faces have 55 labels and 56 people."),
        (
            {"faces": {**faces, "columns": 40}},
            "The picture of 84 faces has 2016 × 96 pixels; it should have 1920 × 144.",
        ),
        (
            {"faces": {**faces, "names": ["happy"]}},
            "A label of the training faces is 1; there are 1 labels, from 0 on.",
        ),
        ({"faces": {**faces, "strangers": {"labels": [], "people": []}}}, "There are no strangers."),
        ({"faces": {**faces, "side": 64}}, "The faces are 64 pixels wide, and the network reads 48."),
    ]
    with shown(browser, small, changed=cases[0][0]) as (page, watch):
        assert page.get_by_role("alert").inner_text() == cases[0][1]
        assert page.get_by_role("button", name="Train").is_disabled()
        for changed, sentence in cases:
            values = {**values_of(small), **changed}
            said = page.evaluate(
                """async ([esm, sprite, faces]) => {
                    const address = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
                    const { readFaces } = await import(address);
                    const bytes = Uint8Array.from(atob(sprite), (c) => c.charCodeAt(0));
                    return readFaces(bytes, faces).then(() => "read", (error) => error.message);
                }""",
                [str(small._esm), values["sprite"], values["faces"]],
            )
            assert said == sentence
        assert watch.complaints() == []


@pytest.mark.browser
def test_a_training_that_takes_too_long_ends_and_says_so(browser, small):
    with shown(browser, small, changed={"steps": 3000, "look": 8}, longest=1) as (page, watch):
        page.get_by_role("button", name="Train").click()
        page.wait_for_function("document.querySelector('.fer-train').dataset.ended === 'time'")
        status = page.locator(".fer-train-status").inner_text()
        assert status.startswith("Stopped after 60 seconds") and watch.complaints() == []


@pytest.mark.browser
def test_a_training_waits_while_its_page_is_out_of_sight(browser, small):
    with shown(browser, small, changed={"steps": 3000, "look": 8}) as (page, watch):
        page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.away })")
        page.get_by_role("button", name="Train").click()
        page.wait_for_function("document.querySelector('.fer-train-table tbody td').textContent !== '–'")
        turn = "(away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); }"
        page.evaluate(turn, True)
        assert page.locator(".fer-train-status").inner_text() == "Paused while this page is out of sight."
        reached, later = "", page.locator(".fer-train-table tr").last.inner_text()
        while later != reached:  # what was computed before may come late; one that is not paused never stands still
            page.wait_for_timeout(300)
            reached, later = later, page.locator(".fer-train-table tr").last.inner_text()
        assert page.locator(".fer-train").get_attribute("data-ended") is None
        page.evaluate(turn, False)
        assert page.locator(".fer-train-status").inner_text() != "Paused while this page is out of sight."
        page.wait_for_function(
            "(before) => [...document.querySelectorAll('.fer-train-table tr')].at(-1).innerText !== before", arg=reached
        )
        page.get_by_role("button", name="Stop").click()
        assert trained(page)["ended"] == "stopped" and watch.complaints() == []


# On the book's pages -----------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("chapter", ["04_training", "05_overfitting"])
def test_the_books_page_trains_with_no_kernel(smoke_site, browser, chapter):
    with serving(Path(smoke_site)) as url, opened_page(browser, width=390, dark=True) as (page, watch):
        page.goto(f"{url}/notebooks/{chapter}.html", wait_until="networkidle")
        page.get_by_role("button", name="Train", exact=True).click()
        page.wait_for_function("document.querySelector('.fer-train-table tbody td').textContent !== '–'")
        page.get_by_role("button", name="Stop", exact=True).click()
        page.wait_for_function("document.querySelector('.fer-train').dataset.ended")
        assert page.locator(".fer-train").get_attribute("data-where") == "worker"
        assert page.locator(".fer-train").evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")
        assert watch.complaints() == []
    with serving(Path(smoke_site)) as url, opened_page(browser, scripts=False) as (page, _):
        page.goto(f"{url}/notebooks/{chapter}.html")
        still = page.locator(".fer-train-still img").first
        assert still.is_visible() and "A drawn person poses neutral" in still.get_attribute("alt")
