"""The package's trained network in a page: its scores are those of its file, and weights travel whole."""

from __future__ import annotations

import base64
import json

from browser import opened_page
import numpy as np
import pytest
from train_here_page import ROOT, serving

from fer_utils.core.errors import FerError
from fer_utils.models import pretrained_networks
from fer_utils.synthetic.photographs import crop_faces
from fer_utils.synthetic.random_faces import draw_faces
from fer_utils.widgets import drawn48_weights

WIDGETS = ROOT / "fer_utils" / "widgets"
#: What the page is asked: the scores of some faces; the weights are three bytes each, or a list of numbers.
SCORES = """\
async ([address, weights, faces, packed]) => {
  const { drawnNetwork } = await import(`${address}/drawn48_network.js`);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const network = drawnNetwork(packed ? bytes(weights) : new Float32Array(bytes(weights).buffer));
  const pixels = bytes(faces), size = network.SIDE * network.SIDE, scores = [];
  for (let at = 0; at < pixels.length; at += size) scores.push(network.scores(pixels.subarray(at, at + size)));
  const layers = network.layers.map(({ branch, name, kernel, bias, depthwise }) =>
    [branch, name, kernel.length, bias.length, Boolean(depthwise)]);
  return JSON.stringify({ scores, layers });
}"""


def as_text(values) -> str:
    return base64.b64encode(bytes(values)).decode()


@pytest.fixture(scope="module")
def asked(browser):
    """A function that asks the network in a page: faces (N, 48, 48) uint8 and weights to scores and layers."""
    with serving(WIDGETS) as url, opened_page(browser) as (page, watch):
        page.goto(f"{url}/train_here.css")  # any page of the same origin

        def ask(faces: np.ndarray, weights: np.ndarray | None = None) -> dict:
            packed = weights is None
            given = drawn48_weights.packed() if packed else weights.astype("<f4").tobytes()
            question = [url, as_text(given), as_text(np.ascontiguousarray(faces).tobytes()), packed]
            return json.loads(page.evaluate(SCORES, question))

        yield ask
        assert watch.complaints() == []


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Two drawn people with all labels, a black face, a white one, and noise."""
    drawn = crop_faces(draw_faces(2, seed=11, progress=False).images, seed=11)
    noise = np.random.default_rng(0).integers(0, 256, (1, 48, 48), dtype=np.uint8)
    return np.concatenate([drawn, np.zeros_like(noise), np.full_like(noise, 255), noise])


def by_the_file(faces: np.ndarray) -> np.ndarray:
    """What LiteRT says of faces, one after the other: (N, 7)."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(pretrained_networks.find().checked()), num_threads=1)
    interpreter.allocate_tensors()
    given, found = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    answers = []
    for face in faces:
        interpreter.set_tensor(given, face[None, :, :, None].astype("float32"))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(found)[0])
    return np.array(answers)


@pytest.mark.browser
def test_the_scores_are_those_of_the_file(asked, faces):
    wanted, got = by_the_file(faces), np.array(asked(faces)["scores"])
    assert np.abs(got - wanted).max() < 2e-4
    assert len(set(wanted.argmax(1))) > 4, "faces of one label alone would prove little"


@pytest.mark.slow
@pytest.mark.browser
def test_two_hundred_faces_get_the_label_that_keras_gave_them(asked):
    stored = pretrained_networks.reference()
    drawn = crop_faces(draw_faces(29, seed=stored["seed"], progress=False).images, seed=stored["seed"])
    got, wanted = np.array(asked(drawn[:200])["scores"]), np.array(stored["probabilities"])
    assert np.array_equal(got.argmax(1), wanted.argmax(1)) and np.abs(got - wanted).max() < 1e-3


@pytest.mark.browser
def test_every_weight_has_its_place_in_the_page(asked, faces):
    """One layer after the other is set to 0, in the page and in NumPy's account of where its weights lie."""
    got = asked(faces[:1])["layers"]
    assert got == [[one.branch, one.name, one.size, one.biases, one.depthwise] for one in drawn48_weights.LAYERS]
    start = 0
    plain = np.array(asked(faces[:1])["scores"])
    for layer in drawn48_weights.LAYERS:
        changed = drawn48_weights.flat()
        changed[start : start + layer.size] = 0
        assert np.abs(np.array(asked(faces[:1], changed)["scores"]) - plain).max() > 1e-3, layer
        start += layer.size + layer.biases
    assert start == drawn48_weights.flat().size


def test_three_bytes_keep_a_weight_to_one_part_in_65000():
    rng = np.random.default_rng(1)
    weights = np.concatenate([[0, 1, -1, 1e-6], rng.normal(size=1000)]).astype("float32")
    kept = drawn48_weights.unpacked(drawn48_weights.packed(weights))
    assert kept[:3].tolist() == [0, 1, -1] and np.all(np.abs(kept - weights) <= np.abs(weights) * 2.0**-16)
    assert np.abs(kept - weights).max() > 0, "a byte is missing, so most weights are rounded"
    assert len(drawn48_weights.packed()) == 3 * 50_446 < 160_000


def test_bytes_that_are_no_weights_are_refused():
    with pytest.raises(FerError, match=r"`packed_weights`. Expected three bytes for each weight"):
        drawn48_weights.unpacked(b"1234")
