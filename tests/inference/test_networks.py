"""Networks as predictions take them: made-up answers to grey squares, names of outputs, and trouble with scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.inference import drawn_square, networks
from fer_utils.models import pretrained_networks


class Asked:
    """Stands for a network: each score is the mean of one channel, and what it is asked is kept."""

    def __init__(self, channels=3):
        self.input_shape, self.output_shape, self.seen = (None, 4, 4, channels), (None, channels), []

    def __call__(self, batch, training=None):
        assert training is False and batch.dtype == np.float32
        self.seen.append(batch)
        return batch.mean(axis=(1, 2))


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 70])
def test_each_face_is_asked_once_in_order_in_batches_of_32_in_its_own_grey_levels(count):
    faces = [np.full((4, 4), level, np.uint8) for level in range(count)]
    network = Asked()
    scores = networks.scores_of(network, faces, 3, 3)
    assert scores.shape == (count, 3) and scores.dtype == np.float32
    assert np.array_equal(scores, np.arange(count)[:, None] * np.ones((1, 3)))
    assert [len(batch) for batch in network.seen] == [32] * (count // 32) + [count % 32] * (count % 32 > 0)
    assert all(batch.shape[1:] == (4, 4, 3) for batch in network.seen)


@pytest.mark.parametrize(
    "scores, kind",
    [
        ([0.2, 0.3, 0.5], None),
        ([0.0, 0.0, 1.0], None),
        ([0.2, 0.3, 0.54], None),  # a sum of 1.04, rounded to 8 bits
        ([0.2, 0.3, 0.46], None),
        ([0.2, 0.3, 0.56], "no probabilities"),
        ([0.2, 0.3, 0.44], "no probabilities"),
        ([-0.01, 0.51, 0.5], "no probabilities"),
        ([1.01, 0.0, 0.0], "no probabilities"),
        ([np.nan, 0.5, 0.5], "no number"),
        ([np.inf, 0.0, 0.0], "no number"),
        ([-np.inf, 0.5, 0.5], "no number"),
    ],
)
def test_scores_are_probabilities_if_they_lie_in_0_to_1_and_add_up_to_1_within_a_twentieth(scores, kind):
    found = networks.score_trouble(np.float32(scores))
    assert (found and found[0]) == kind


@pytest.mark.parametrize("shape", [(None, 4, 5, 1), (None, 4, 4, 2), (None, None, None, 1), (None, 4, 4), [(4, 4, 1)]])
def test_a_network_takes_square_pictures_of_one_or_three_channels(shape):
    network = Asked()
    network.input_shape = shape
    with pytest.raises(FerError, match=r"`model`.*one square input"):
        networks.square_input(network)
    for channels in (1, 3):
        assert networks.square_input(Asked(channels)) == (4, channels)


@pytest.mark.parametrize("shape", [(None, 4, 3), (None, None), (3,), [(None, 3)], None])
def test_a_network_gives_one_score_for_each_label(shape):
    network = Asked()
    network.output_shape = shape
    with pytest.raises(FerError, match=r"`model`.*one score for each label"):
        networks.load_network(network, ["a", "b", "c"])


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c", "d"], ["a", "b", "b"], ["a", "b", 3], "abc"])
def test_there_is_one_different_name_for_each_output(labels):
    with pytest.raises(FerError, match="`labels`"):
        networks.load_network(Asked(), labels)
    assert networks.checked_labels("abc", 1) == ["abc"], "a text is one name"


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A result's folder whose network is `Asked`."""
    monkeypatch.setattr("fer_utils.models.load", lambda file: Asked())
    (tmp_path / "model.keras").write_bytes(b"not opened")
    (tmp_path / "result.json").write_text('{"labels": ["c", "a", "b"]}')
    return tmp_path


def test_names_that_are_given_stand_before_those_beside_the_file_and_keep_their_order(stored):
    assert networks.load_network(stored)[1] == ["c", "a", "b"]
    assert networks.load_network(stored, ("z", "y", "x"))[1] == ["z", "y", "x"]
    assert networks.load_network(stored / "result.json")[1] == ["c", "a", "b"]


@pytest.mark.parametrize("text", ['{"labels": "abc"}', '{"labels": null}', "{}", "[]", "{"])
def test_a_result_that_does_not_say_its_labels_is_named(stored, text):
    (stored / "result.json").write_text(text)
    with pytest.raises(FerError, match=r"result\.json does not say the labels"):
        networks.load_network(stored)


def test_a_network_s_file_is_found_from_the_home_and_wherever_a_result_says(stored, monkeypatch):
    monkeypatch.setenv("HOME", str(stored.parent))
    monkeypatch.setenv("USERPROFILE", str(stored.parent))
    result = type("Result", (), {"path": stored})()
    for model in (stored, str(stored), f"~/{stored.name}", stored / "result.json", stored / "model.keras", result):
        assert networks.network_file(model) == stored / "model.keras"
    for model in (Asked(), 7, "", None):
        assert networks.network_file(model) is None


@pytest.mark.parametrize("name, remedy", [("N.TFLITE", "demo --video"), ("n.H5", "save it as"), ("n.bin", "Train one")])
def test_the_remedy_for_another_format_goes_by_the_ending_in_whatever_letters(tmp_path, name, remedy):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(FerError, match=rf"(?s)`model`.*{remedy}"):
        networks.network_file(tmp_path / name)


def test_a_shipped_network_is_found_by_its_name_and_named_outputs_may_be_renamed(monkeypatch):
    names = pretrained_networks.file_names()
    assert networks.pretrained_file(None).path == networks.pretrained_file(names[0]).path
    assert networks.pretrained_file(networks.PRETRAINED_INT8).path != networks.pretrained_file(None).path
    assert networks.pretrained_file("drawn49") is None and networks.pretrained_file(Path(names[0])) is None
    labels = pretrained_networks.card()["labels"]
    opened = Asked(len(labels))
    monkeypatch.setattr(networks, "ExportedNetwork", lambda path: opened)
    assert networks.load_network(None) == (opened, labels)
    assert networks.load_network(None, labels[::-1]) == (opened, labels[::-1])


def test_an_exported_file_says_its_shapes_as_keras_does(monkeypatch):
    engine = lambda images: images[:, 0, 0] * 2  # noqa: E731
    engine.input_shape, engine.classes = (48, 48, 1), 7
    monkeypatch.setattr("fer_utils.compress.load", lambda path: engine)
    network = networks.ExportedNetwork("file")
    assert (network.input_shape, network.output_shape) == ((None, 48, 48, 1), (None, 7))
    assert network(np.ones((2, 1, 1, 7)), training=False).tolist() == [[2] * 7] * 2


# --- the square of a drawn face -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "middle, size, box",
    [
        ((184.5, 225.0), 384, (94, 134, 180)),
        ((194.4, 234.9), 384, (94, 134, 180)),  # half a step of twenty pixels further, all but a little
        ((194.5, 235.0), 384, (114, 154, 180)),
        ((174.4, 214.9), 384, (74, 114, 180)),
        ((184.5, 265.0), 384, (94, 174, 180)),
        ((92.25, 112.5), 192, (47, 67, 90)),  # half as large
        ((48.046875, 58.59375), 100, (24, 35, 47)),  # rounded: 24.5, 34.9 and 46.9
    ],
)
def test_the_square_of_a_drawn_face_goes_with_its_landmarks_in_steps(middle, size, box):
    offsets = np.array([[-30.0, -20.0], [30.0, 20.0], [-5.0, 8.0], [5.0, -8.0]])
    found = drawn_square.square_of(np.array(middle) + np.tile(offsets, (17, 1)), size)
    assert found == (*box, box[2], 1.0)


def test_a_drawing_is_scored_in_that_square_by_the_labels_of_the_network(monkeypatch):
    picture = np.random.default_rng(0).integers(0, 256, (384, 384, 3), dtype=np.uint8)
    marks = np.tile([184.5, 225.0], (68, 1))
    network, seen = Asked(1), []
    network.output_shape = (None, 3)
    monkeypatch.setattr(drawn_square, "load_network", lambda model, labels: (network, ["sad", "angry", "happy"]))

    def cut_out(shown, box, *, size):
        seen.append((shown is picture, tuple(box), size))
        return np.arange(16.0).reshape(4, 4)

    monkeypatch.setattr(drawn_square, "crop", cut_out)
    monkeypatch.setattr(Asked, "__call__", lambda self, batch, training: batch[:, 0, :3, 0] + batch[:, 3, :3, 0] / 100)
    found = drawn_square.scores_of_drawing(picture, marks)
    assert list(found) == ["sad", "angry", "happy"] and seen == [(True, (94, 134, 180, 180, 1.0), 4)]
    assert list(found.values()) == pytest.approx([0.12, 1.13, 2.14])
