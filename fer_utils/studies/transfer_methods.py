"""What reads real faces after learning from drawn ones: features, classifiers, and what unlabelled real faces may give.

Nothing here sees the label of a real face.  *The target* is a set of real faces without labels.
"""

from __future__ import annotations

import math
import warnings

import keras
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from fer_utils import models, training
from fer_utils.core.stages import stage
from fer_utils.models import contrast
from fer_utils.models.hog import hog
from fer_utils.synthetic.photographs import Crop, crop_faces
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.training import Recipe

#: Side of a cell of HOG in pixels, for faces of 48.
CELL = 6
#: The share of the diagonal in the covariance of linear discriminant analysis.
SHRINKAGE = 0.3
#: Units of the ANN's hidden layer, its L2 and its passes over the faces.
HIDDEN, L2, PASSES = 64, 0.01, 25
#: Rounds of self-training, and the share of the target that is believed, of each label its most certain.
ROUNDS, BELIEVED = 5, 0.6
#: Crops that are tried for a target: sizes of the box, and how far down it lies.
SCALES: tuple[float, ...] = (0.80, 0.90, 1.00, 1.10, 1.20)
DOWNS: tuple[float, ...] = (-0.08, -0.04, 0.0, 0.04, 0.08)
#: The networks by name, with their options: `nano`, and `fer_utils.models.contrast` with either first layer.
NETWORKS: dict[str, dict] = {"nano": {"widths": (16, 32, 48, 64)}, "gradients": {"first": "gradients"}, "contrast": {}}
#: Batches of the target on which a network's normalisation is estimated anew.
BATCHES = 60


def described(images: np.ndarray) -> np.ndarray:
    """HOG of (N, 48, 48) uint8 faces, (N, 1764) float32."""
    parts = [
        keras.ops.convert_to_numpy(hog(images[at : at + 256, :, :, None], cell=CELL))
        for at in range(0, len(images), 256)
    ]
    return np.concatenate(parts)


@stage("study.transfer")
def standardised(features: np.ndarray, by: np.ndarray | None = None) -> np.ndarray:
    """Features less the mean of ``by`` (None: of themselves), by its standard deviation."""
    known = features if by is None else by
    return ((features - known.mean(axis=0)) / (known.std(axis=0) + 1e-6)).astype(np.float32)


@stage("study.transfer")
def fitted_ann(drawn: np.ndarray, labels: np.ndarray, *, seed: int = 0) -> MLPClassifier:
    """A network with one hidden layer after `PASSES` passes over drawn faces; that it has not converged is meant."""
    made = MLPClassifier(HIDDEN, alpha=L2, max_iter=PASSES, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return made.fit(drawn, labels)


@stage("study.transfer")
def by_lda(drawn: np.ndarray, labels: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Probabilities (N, 7) of the target by linear discriminant analysis of drawn faces.

    The covariance is shrunk (Fisher 1936; Friedman 1989).
    """
    made = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE)
    return made.fit(drawn, labels).predict_proba(target)


@stage("study.transfer")
def by_self_training(drawn: np.ndarray, labels: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The same, learned anew from drawn faces and from the target with its own certain answers as labels.

    In each of `ROUNDS` rounds the `BELIEVED` share of the faces that were answered with a label joins, the most certain
    ones, repeated until they weigh about half as much as the drawn faces (Lee 2013, pseudo-labels; label by label as in
    Zou et al. 2018, arXiv 1810.07911).
    """
    found = by_lda(drawn, labels, target)
    for _ in range(ROUNDS):
        rows = certain(found)
        times = max(1, len(drawn) // (2 * max(1, len(rows))))
        more = np.tile(rows, times)
        found = by_lda(
            np.concatenate([drawn, target[more]]), np.concatenate([labels, found.argmax(axis=1)[more]]), target
        )
    return found


def certain(probabilities: np.ndarray) -> np.ndarray:
    """The rows that are believed: of the faces answered with each label the `BELIEVED` share, at least one."""
    answers, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for label in np.unique(answers):
        rows = np.flatnonzero(answers == label)
        chosen.append(rows[np.argsort(-sure[rows], kind="stable")[: max(1, int(BELIEVED * len(rows)))]])
    return np.sort(np.concatenate(chosen))


@stage("study.transfer")
def registered(drawings: np.ndarray, target: np.ndarray) -> Crop:
    """The crop of drawn faces whose mean HOG is most like the target's, by the cosine; detectors' boxes differ.

    Only the middle of the square is compared, its outer blocks left out: there hair and background are.

    Parameters
    ----------
    drawings : (N, 96, 96) uint8, some dozens of `fer_utils.synthetic.random_faces`.
    target : (M, 48, 48) uint8.
    """
    wanted = _middle(described(target))
    best, found = -1.0, Crop()
    for scale in SCALES:
        for down in DOWNS:
            mean = _middle(described(crop_faces(drawings, where=Crop(scale, down, jitter=0.0))))
            alike = float(mean @ wanted / (np.linalg.norm(mean) * np.linalg.norm(wanted)))
            if alike > best:
                best, found = alike, Crop(scale, down)
    return found


def _middle(features: np.ndarray) -> np.ndarray:
    """The mean over faces of the blocks of HOG that do not lie at the rim, as one row of numbers."""
    side = math.isqrt(features.shape[1] // 36)  # a block has 2 x 2 cells of 9 bins
    return features.mean(axis=0).reshape(side, side, 36)[1:-1, 1:-1].ravel()


@stage("study.transfer")
def trained(network: str, faces: np.ndarray, labels: np.ndarray, *, epochs: int, folder=None, progress: bool = True):
    """A network of `NETWORKS` after so many epochs on drawn faces, (N, 48, 48) uint8; all have one recipe.

    ``folder`` keeps the last epoch, so that a killed training goes on; None keeps nothing.
    """
    keras.utils.set_random_seed(0)
    made = {"classes": len(LABELS), "input_shape": (*faces.shape[1:], 1), **NETWORKS[network]}
    model = models.build("nano", **made) if network == "nano" else contrast.build(**made)
    recipe = Recipe(epochs=epochs, batch_size=128, learning_rate=2e-3, optimizer="adamw", schedule="cosine")
    model, _ = training.fit(
        model,
        faces[..., None],
        labels,
        np.arange(len(faces)),
        [],
        recipe=recipe,
        folder=folder,
        progress=progress,
        description=f"{network} on drawn faces",
    )
    return model


@stage("study.transfer")
def normalised_by(model, target: np.ndarray, *, seed: int = 0):
    """Estimate the means and variances of a network's batch normalisation anew, on the target (Li et al. 2016, arXiv
    1603.04779).  The model is changed, its learned weights are not."""
    rng = np.random.default_rng(seed)
    size = min(256, len(target))
    for _ in range(BATCHES):
        model(target[rng.choice(len(target), size, replace=False)][..., None].astype("float32"), training=True)
    return model
