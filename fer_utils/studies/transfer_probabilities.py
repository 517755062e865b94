"""The steps of the study ``transfer``, each as probabilities of the labels for a real set."""

from __future__ import annotations

from collections.abc import Callable
import functools

import keras
import numpy as np
from sklearn.neural_network import MLPClassifier

from fer_utils.core import provenance, stages
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import home
from fer_utils.studies import transfer_methods as methods
from fer_utils.studies.real_sets import SIDE, RealSet
from fer_utils.synthetic import stand_ins
from fer_utils.synthetic.photographs import Crop, crop_faces, photographed
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import RandomFaces, draw_faces

#: Seed of the drawn people who are learned from.
SEED = 1
#: Drawings by which the crop is chosen.
TRIED = 140
#: The boxes by which the drawings are cut out for the networks, and how strongly they are changed, one after the other.
CROPS: tuple[Crop, ...] = (Crop(), Crop(1.1), Crop(0.92))
STRENGTHS: tuple[float, ...] = (1.0, 1.0, 1.0, 0.6)


class Learner:
    """Learns from drawn faces what each step needs, once, and reads real sets.

    Parameters
    ----------
    people, more_people : of the first rows, and of those from *more people* on.
    epochs : of the networks.
    wears : how often each drawing is cut out and changed for the networks.
    progress : bars on standard error.

    Attributes
    ----------
    crops : a real set's fingerprint -> the crop that was found for it.
    """

    def __init__(self, people: int, more_people: int, epochs: int, wears: int, *, progress: bool = True):
        self.people, self.more_people, self.epochs, self.wears = people, more_people, epochs, wears
        self.progress = progress
        self.crops: dict[str, Crop] = {}
        self._features: dict[tuple, np.ndarray] = {}
        self._answers: dict[tuple[str, str], np.ndarray] = {}
        self._anns: dict[tuple[int, bool], MLPClassifier] = {}
        self._networks: dict[str, keras.Model] = {}

    def probabilities(self, row: str, one: RealSet) -> np.ndarray:
        """(N, 7) of a step, by its name in `fer_utils.studies.transfer.ROWS`."""
        key = (row, one.fingerprint)
        if key not in self._answers:
            self._answers[key] = self._steps()[row](one)
        return self._answers[key]

    def _steps(self) -> dict[str, Callable[[RealSet], np.ndarray]]:
        return {
            "stand-in": self._stand_in,
            "random people": functools.partial(self._ann, self.people, False),
            "photographs": functools.partial(self._ann, self.people, True),
            "more people": functools.partial(self._ann, self.more_people, True),
            "standardised": functools.partial(self._ann, self.more_people, True, by_target=True),
            "LDA": lambda one: self._lda(one, Crop(), methods.by_lda),
            "registered": lambda one: self._lda(one, self._crop(one), methods.by_lda),
            "self-training": lambda one: self._lda(one, self._crop(one), methods.by_self_training),
            "nano": functools.partial(self._plain, "nano"),
            "contrast": functools.partial(self._plain, "contrast"),
            "gradients": functools.partial(self._plain, "gradients"),
            "two networks": lambda one: self._mean(one, "contrast", "gradients"),
            "two networks, normalised": lambda one: self._both(one, self._normalised),
            "together": lambda one: self._mean(one, "self-training", "two networks, normalised"),
        }

    @functools.cached_property
    def faces(self) -> RandomFaces:
        """The drawn people; kept in the store, for drawing them takes minutes."""
        made_from = [self.more_people, SEED, stages.versions(["studio", "random_faces"])]
        place = home() / "random_faces" / f"{provenance.digest(made_from)[:24]}.npz"
        if place.is_file():
            stages.mark("studio", "random_faces")
            with np.load(place, allow_pickle=False) as kept:
                return RandomFaces(kept["images"], kept["labels"], kept["people"])
        made = draw_faces(self.more_people, seed=SEED, progress=self.progress)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_suffix(".part.npz")
        np.savez(temporary, images=made.images, labels=made.labels, people=made.people)
        temporary.replace(place)
        return made

    def _rows(self, people: int) -> np.ndarray:
        return np.flatnonzero(self.faces.people < people)

    def _described(self, people: int, worn: bool, where: Crop) -> np.ndarray:
        key = (people, worn, where)
        if key not in self._features:
            images = crop_faces(self.faces.images[self._rows(people)], size=SIDE, where=where)
            self._features[key] = methods.described(photographed(images, progress=self.progress) if worn else images)
        return self._features[key]

    def _ann(self, people: int, worn: bool, one: RealSet, *, by_target: bool = False) -> np.ndarray:
        drawn = self._described(people, worn, Crop(jitter=1.0 if worn else 0.0))
        read = methods.described(one.images)
        target = methods.standardised(read, by=None if by_target else drawn)
        key = (people, worn)
        if key not in self._anns:  # what it has learned does not depend on whom it reads
            self._anns[key] = methods.fitted_ann(methods.standardised(drawn), self.faces.labels[self._rows(people)])
        return self._anns[key].predict_proba(target)

    def _lda(self, one: RealSet, where: Crop, how) -> np.ndarray:
        drawn = methods.standardised(self._described(self.more_people, True, where))
        return how(drawn, self.faces.labels, methods.standardised(methods.described(one.images)))

    def _crop(self, one: RealSet) -> Crop:
        if one.fingerprint not in self.crops:
            self.crops[one.fingerprint] = methods.registered(self.faces.images[:TRIED], one.images)
        return self.crops[one.fingerprint]

    def _stand_in(self, one: RealSet) -> np.ndarray:
        cv2 = opencv()
        made = stand_ins.face_set("ravdess", tier="smoke", progress=self.progress)
        meta = made.meta
        kept = meta["expression"].isin(LABELS).to_numpy()
        images = np.stack(
            [
                cv2.resize(image[:, :, 0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                for image in np.asarray(made.images)[kept]
            ]
        )
        drawn = methods.described(images)
        numbers = meta["expression"][kept].map({label: number for number, label in enumerate(LABELS)})
        target = methods.standardised(methods.described(one.images), by=drawn)
        return methods.fitted_ann(methods.standardised(drawn), numbers.to_numpy(np.int64)).predict_proba(target)

    def network(self, name: str):
        """A network that has learned from every drawing, cut out and changed as often as `wears` says."""
        if name not in self._networks:
            images, labels = self.worn
            passed = stages.versions(
                [
                    "studio",
                    "random_faces",
                    "training",
                    "model.nano" if name == "nano" else "model.contrast",
                    "study.transfer",
                ]
            )
            made_from = [name, self.more_people, self.epochs, self.wears, passed]
            folder = home() / "transfer" / f"{name}-{provenance.digest(made_from)[:16]}"
            self._networks[name] = methods.trained(
                name, images, labels, epochs=self.epochs, folder=folder, progress=self.progress
            )
        return self._networks[name]

    @functools.cached_property
    def worn(self) -> tuple[np.ndarray, np.ndarray]:
        """What the networks learn from: (`wears` x N, SIDE, SIDE) uint8 and their labels, one round after another.

        Where a detector puts its box is not known, so the rounds have boxes of several sizes.
        """
        rounds = []
        for number in range(self.wears):
            where = CROPS[number % len(CROPS)]
            cut = crop_faces(self.faces.images, size=SIDE, where=where, seed=number)
            rounds.append(
                photographed(cut, strength=STRENGTHS[number % len(STRENGTHS)], seed=number, progress=self.progress)
            )
        return np.concatenate(rounds), np.tile(self.faces.labels, self.wears)

    def _mean(self, one: RealSet, *rows: str) -> np.ndarray:
        return np.mean([self.probabilities(row, one) for row in rows], axis=0)

    def _both(self, one: RealSet, how: Callable[[str, RealSet], np.ndarray]) -> np.ndarray:
        return np.mean([how(name, one) for name in ("contrast", "gradients")], axis=0)

    def _plain(self, name: str, one: RealSet) -> np.ndarray:
        return _answers(self.network(name), one)

    def _normalised(self, name: str, one: RealSet) -> np.ndarray:
        model = self.network(name)
        weights = model.get_weights()
        found = _answers(methods.normalised_by(model, one.images), one)
        model.set_weights(weights)
        return found


def _answers(model, one: RealSet) -> np.ndarray:
    return np.asarray(model.predict(one.images[..., None].astype("float32"), batch_size=256, verbose=0))
