"""What a network looks at: heat maps over a face, and how much of them lies where it should.

Three maps.  `grad_cam` (Selvaraju et al. 2017, doi 10.1109/ICCV.2017.74) weighs
the features of a layer by the gradient of a label's score; with
``average=False`` it is HiResCAM (Draelos & Carin 2020, arXiv 2011.08891), which
does not average the gradient over places first.  `occlusion` (Zeiler & Fergus
2014, doi 10.1007/978-3-319-10590-1_53) covers a square and sees what is lost;
it needs no gradient, and any function of pictures will do.

A map is an answer that nobody can check by looking.  Where the place that
decides is known (`fer_utils.synthetic.region_masks`, `fer_utils.explain.shortcuts`), `share` and
`pointing` check it; and `randomised` is the control without which a score means
nothing: a network that has learned nothing must score less.
"""

from __future__ import annotations

import keras
import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.scores import finite_scores
from fer_utils.core.stages import stage
from fer_utils.explain.parts import as_array, checked_images, checked_labels, cut, score_gradient

#: Side of the square that `occlusion` moves, and its step, in pixels of a face of 180.
PATCH, STRIDE = 24, 12


@stage("explain")
def grad_cam(
    model, images, labels=None, *, layer: str | None = None, average: bool = True, batch_size: int = 16
) -> np.ndarray:
    """Grad-CAM of a Keras model: where the features that speak for a label are.

    With A_k the k-th feature map of the layer (h x w places), and y the label's score,

        weight_k = mean over places of dy/dA_k,    map = max(0, sum over k of weight_k A_k),

    brought to the pictures' size by bilinear interpolation.  The mean throws away where a feature counted.
    Behind global average pooling nothing is lost by that; behind a flatten layer, as in
    ding2023, the same feature may speak for a label in one place and against it in another.
    ``average=False`` multiplies place by place, sum over k of dy/dA_k A_k (HiResCAM).

    The score is the one before the softmax where the last layer is a softmax: the probability
    of a network that is sure has no gradient.

    Parameters
    ----------
    model : a functional Keras model, (batch, H, W, C) to (batch, classes); TensorFlow, JAX or PyTorch backend.
    images : (N, H, W, C) or (N, H, W), in the pixels that the model takes.
    labels : (N,) class indices; None for what the model says.
    layer : name of a layer with a 4-D output through which everything passes; None for the last one.
    average : see above.
    batch_size : pictures at a time.

    Returns
    -------
    (N, H, W) float32, 0 or more; all 0 where nothing speaks for the label.

    Raises
    ------
    FerError : no functional model, no such layer, labels or pictures that do not fit, scores that are NaN or infinite.
    """
    images = checked_images(images)
    made = np.zeros(images.shape[:3], np.float32)
    start = 0
    for features, gradient in _each_batch(model, images, labels, layer, batch_size):
        if average:
            gradient = gradient.mean(axis=(1, 2), keepdims=True)
        small = np.maximum((gradient * features).sum(axis=3, keepdims=True), 0)
        stop = start + len(features)
        made[start:stop] = as_array(
            keras.ops.image.resize(small, images.shape[1:3], interpolation="bilinear", data_format="channels_last")
        )[..., 0]
        start = stop
    return made


@stage("explain")
def gradients(
    model, images, labels=None, *, layer: str | None = None, batch_size: int = 16
) -> tuple[np.ndarray, np.ndarray]:
    """What `grad_cam` is made of: the layer's features A and dy/dA, each (N, h, w, K) float32; arguments as there."""
    parts = list(_each_batch(model, checked_images(images), labels, layer, batch_size))
    features, slopes = zip(*parts, strict=True)
    return np.concatenate(features), np.concatenate(slopes)


def _each_batch(model, images: np.ndarray, labels, layer: str | None, batch_size: int):
    front, head, score = cut(model, layer)
    batch_size = whole_number("batch_size", batch_size, 1)
    wanted = None if labels is None else checked_labels(labels, len(images), model.output_shape[-1])

    def scores(given):
        return score(head(given, training=False))

    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        features = front(keras.ops.convert_to_tensor(images[part].astype(np.float32)), training=False)
        said = finite_scores("model", as_array(scores(features)), model.name)
        chosen = said.argmax(axis=1) if wanted is None else wanted[part]
        yield as_array(features), score_gradient(scores, features, chosen)


@stage("explain")
def occlusion(
    model,
    images,
    labels=None,
    *,
    patch: int = PATCH,
    stride: int = STRIDE,
    fill: float | None = None,
    batch_size: int = 64,
    progress: bool = True,
) -> np.ndarray:
    """How much of a label's probability is lost where a square is covered.

    The square moves by ``stride`` and is also put against the far edges.  A pixel's value is the mean loss over the
    squares that cover it; a negative one says that the label gains there.

    Parameters
    ----------
    model : a Keras model, or any function from (n, H, W, C) float32 pictures to (n, classes) probabilities.
    images : (N, H, W, C) or (N, H, W), in the pixels that the model takes.
    labels : (N,) class indices; None for what the model says.
    patch : side of the square, 1 to the shorter side of the pictures.
    stride : 1 to ``patch``, so that every pixel is covered.
    fill : the square's grey level; None for the mean of the picture.
    batch_size : pictures at a time.
    progress : a bar on standard error.

    Returns
    -------
    (N, H, W) float32, -1 to 1.
    """
    images = checked_images(images).astype(np.float32)
    count, height, width = images.shape[:3]
    patch = whole_number("patch", patch, 1, min(height, width))
    stride = whole_number("stride", stride, 1, patch)
    batch_size = whole_number("batch_size", batch_size, 1)
    if fill is not None and (isinstance(fill, bool) or not isinstance(fill, (int, float)) or not np.isfinite(fill)):
        raise invalid("fill", expected="None or a grey level", received=fill)
    plain = ask(model, images, batch_size=batch_size)
    wanted = plain.argmax(axis=1) if labels is None else checked_labels(labels, count, plain.shape[1])
    squares = [(top, left) for top in _steps(height, patch, stride) for left in _steps(width, patch, stride)]
    fills = (
        images.mean(axis=(1, 2), keepdims=True)
        if fill is None
        else np.full((count, 1, 1, images.shape[3]), fill, np.float32)
    )
    lost, covered = np.zeros((count, height, width), np.float32), np.zeros((height, width), np.float32)
    for top, left in squares:
        covered[top : top + patch, left : left + patch] += 1
    jobs = [(row, top, left) for row in range(count) for top, left in squares]
    with tqdm(total=len(jobs), desc="occlusion", unit="square", delay=2, disable=not progress) as bar:
        for start in range(0, len(jobs), batch_size):
            part = jobs[start : start + batch_size]
            covering = images[[row for row, _, _ in part]]
            for one, (row, top, left) in zip(covering, part, strict=True):
                one[top : top + patch, left : left + patch] = fills[row, 0, 0]
            answers = ask(model, covering, batch_size=batch_size)
            for found, (row, top, left) in zip(answers, part, strict=True):
                lost[row, top : top + patch, left : left + patch] += plain[row, wanted[row]] - found[wanted[row]]
            bar.update(len(part))
    return lost / covered


@stage("explain")
def ask(model, pictures: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
    """The probabilities (N, classes) that a Keras model, or any function, gives to pictures (N, H, W, C).

    FerError where they are NaN or infinite.
    """
    predict = getattr(model, "predict_on_batch", None)
    if predict is None and not callable(model):
        raise invalid("model", expected="a Keras model or a function of pictures", received=type(model).__name__)
    made = []
    for start in range(0, len(pictures), batch_size):
        part = np.asarray(pictures[start : start + batch_size])
        # A Keras model is compiled anew for every number of pictures: the last few are brought to the number of the
        # others.
        whole = part if predict is None else np.concatenate([part, np.repeat(part[:1], batch_size - len(part), axis=0)])
        made.append(np.asarray((predict or model)(whole))[: len(part)])
    return finite_scores("model", np.concatenate(made), getattr(model, "name", type(model).__name__))


def _steps(length: int, patch: int, stride: int) -> list[int]:
    return sorted({*range(0, length - patch + 1, stride), length - patch})


@stage("explain")
def randomised(model, *, seed: int = 0):
    """The same network with nothing learned: every kernel keeps its numbers and loses their places.

    The control of Adebayo et al. 2018 (arXiv 1810.03292): a map that looks as
    good for this network shows the picture and not what was learned.  Each output's weights are shuffled among
    its inputs, so that their mean and spread stay; a fresh softmax layer of ding2023 would be all 0 and have no
    gradient.

    Returns a new Keras model; the given one is left as it is.
    """
    rng = np.random.default_rng(seed)
    made = keras.models.clone_model(model)
    made.set_weights(
        [
            rng.permuted(w.reshape(-1, w.shape[-1]), axis=0).reshape(w.shape) if w.ndim > 1 else w
            for w in model.get_weights()
        ]
    )
    return made
