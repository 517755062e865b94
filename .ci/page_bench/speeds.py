"""How fast the page computes, in turn with Python on the same pictures, each on one thread."""

from __future__ import annotations

import base64
from collections.abc import Callable
import io
import time
from typing import Any

from chromium_page import InPage, png
import keras
import numpy as np
from plan import BATCH, DRAWING, FRAME, Work
from short_range_fit import photograph
import tensorflow_js

from fer_utils import compress, studio
from fer_utils.core import page_files, worker_pool
from fer_utils.core.timing import latency
from fer_utils.faces.cropping import crop
from fer_utils.faces.short_range import ShortRange
from fer_utils.models import contrast, pretrained_networks
from fer_utils.widgets import TrainHere, face_lab, face_on_device, train_here

#: Side of the network's face, in pixels.
FACE = 48
#: How many different images the trainer learns from here.
LEARNED = 32
#: Who is drawn: the page remembers the last 12 people.
PEOPLE = 6


class InPython:
    """A way to be timed: a function that computes in this process."""

    def __init__(self, work: Callable[[], object]):
        self.work = work

    def timed(self) -> tuple[float, float]:
        """Do it: seconds by the clock on the wall, and of processor time."""
        wall, processor = time.perf_counter(), time.process_time()
        self.work()
        return time.perf_counter() - wall, time.process_time() - processor


class Kept:
    """What `latency` calls: it hears the seconds of the wall clock, and those of processor time are kept."""

    def __init__(self, way: InPython | InPage):
        self.way, self.processor = way, []

    def seconds(self, _: None) -> float:
        wall, processor = self.way.timed()
        # The system counts in hundredths of a second; what takes less does not take nothing.
        self.processor.append(max(processor, 0.005))
        return wall

    __call__ = seconds


def table(ways: dict[str, InPython | InPage], count: int, work: Work) -> list[dict]:
    """Ways timed in turn on one thread, one row each.

    Parameters
    ----------
    ways : by name; the ratios refer to the first.
    count : what a way works through, such as frames.
    work : the rounds.

    Returns
    -------
    list of dict: ``name``; ``per_second``, ``low``, ``high`` (by the wall clock, median and quartiles); ``processor``
    (a second of processor time, median); ``ms`` (of one, processor time, median); ``ratio`` (times as fast as the first
    way, by processor time, the median of the ratios within rounds).
    """
    kept = {name: Kept(way) for name, way in ways.items()}
    with worker_pool.one_thread():
        timed = latency(kept, None, repeats=work.rounds, warmup=work.warmup, progress=work.progress)
    seconds = np.array([one.processor[-work.rounds :] for one in kept.values()])
    ratios = np.median(seconds[0] / seconds, axis=1)
    return [
        {
            "name": row.name,
            "per_second": 1000 * count / row.median_ms,
            "low": 1000 * count / row.high_ms,
            "high": 1000 * count / row.low_ms,
            "processor": count / float(np.median(spent)),
            "ms": 1000 * float(np.median(spent)) / count,
            "ratio": float(ratio),
        }
        for row, spent, ratio in zip(timed.itertuples(), seconds, ratios, strict=True)
    ]


def in_keras() -> keras.Model:
    """The network drawn48 with random weights, which cost the same time."""
    keras.utils.set_random_seed(0)
    return contrast.averaged(*(contrast.build(classes=7, first=first) for first in ("contrast", "gradients")))


def seeing(opened: Any, work: Work) -> dict:
    """Finder and network together, and the network alone: ``frames`` and ``network``, rows of `table`.

    The finder has no form in Keras, so that the first way has it in LiteRT.
    """
    pictures = [photograph(5, number, FRAME) for number in range(work.frames)]
    finder, network = ShortRange(page_files.finder()), in_keras()
    litert = compress.load(pretrained_networks.find().checked(), threads=1)

    def eagerly(faces: np.ndarray) -> np.ndarray:
        return np.concatenate([np.asarray(network(face[None])) for face in faces])

    def face_of(picture: np.ndarray) -> np.ndarray:
        boxes = finder.detect(picture)
        cut = crop(picture, boxes[0], size=FACE) if boxes else np.zeros((FACE, FACE), np.uint8)
        return cut[None, :, :, None].astype("float32")

    # Each face several times: the system counts processor time in hundredths of a second.
    faces = np.concatenate([face_of(picture) for picture in pictures] * work.again)
    texts = [[png(picture) for picture in pictures], [png(face[..., 0].astype("uint8")) for face in faces]]
    opened.evaluate(
        "([constants, frames, faces]) => bench.load(constants, frames, faces)", [face_on_device.constants(), *texts]
    )
    together = {
        "Python: finder in LiteRT, network in eager Keras": InPython(
            lambda: [eagerly(face_of(one)) for one in pictures]
        ),
        "Python: both in LiteRT": InPython(lambda: [litert(face_of(one)) for one in pictures]),
        "the page: both in LiteRT.js": InPage(opened, "() => bench.see()"),
    }
    alone = {
        "Python: eager Keras": InPython(lambda: eagerly(faces)),
        "Python: LiteRT": InPython(lambda: litert(faces)),
        "the page: LiteRT.js": InPage(opened, "() => bench.score()"),
    }
    return {
        "frames": table(together, work.frames, work),
        "network": table(alone, len(faces), work),
    }


def training(opened: Any, work: Work, library: str = "") -> dict:
    """The page's trainer in its worker, and the widget's own training.

    Parameters
    ----------
    library : the text of TensorFlow.js, which is then timed in turn with both; ``""`` leaves it out.

    Returns
    -------
    ``rows`` of `table`, in images a second; ``widget_steps``, which the widget made; ``longest_task_ms`` and
    ``long_tasks``: of the main thread while the widget *Train it here* trains and draws its curves, the longest task
    over `plan.LONGEST_TASK` (0 where there is none) and how many there are.
    """
    steps = work.steps
    widget = TrainHere(
        people=work.people, strangers=work.strangers, steps=max(steps, train_here.LOOKS), progress=work.progress
    )
    sprite = base64.b64encode(widget.sprite).decode()
    opened.evaluate("([sprite, faces, count]) => bench.prepare(sprite, faces, count)", [sprite, widget.faces, LEARNED])
    network, (faces, labels) = small_network(len(widget.faces["names"])), learned(widget, steps)

    def fit() -> None:
        network.fit(faces, labels, batch_size=BATCH, shuffle=False, verbose=0)

    ways = {
        "Python: Keras' fit, compiled": InPython(
            lambda: network.fit(faces, labels, batch_size=BATCH, shuffle=False, verbose=0)
        ),
        **(tensorflow_js.trainer(opened, library, faces, labels, len(widget.faces["names"])) if library else {}),
        "the page: its worker": InPage(
            opened, "(settings) => bench.train(settings)", {**widget.settings, "steps": steps}
        ),
    }
    rows = table(ways, steps * BATCH, work)
    values = {name: getattr(widget, name) for name in ("settings", "history", "steps", "look", "faces", "offer")}
    css = widget._css if isinstance(widget._css, str) else str(widget._css)
    shown = opened.evaluate(
        "([values, css]) => bench.widget(values, css)", [{**values, "sprite": sprite, "history": []}, css]
    )
    return {
        "rows": rows,
        "widget_steps": shown["steps"],
        "longest_task_ms": max(shown["tasks"], default=0.0),
        "long_tasks": len(shown["tasks"]),
    }


def small_network(classes: int) -> keras.Model:
    """The network of the widget *Train it here* in Keras, compiled as it is trained there."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential(
        [
            layers.Input((train_here.SIDE, train_here.SIDE, 1)),
            *(layers.Conv2D(count, 3, strides=2, padding="same", activation="relu") for count in (8, 16, 32)),
            layers.Flatten(),
            layers.Dense(train_here.UNITS, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    rate = train_here.REST["learning_rate"]
    network.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    return network


def learned(widget: TrainHere, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """As many of the widget's faces as so many steps take, standardised, of `LEARNED` different ones; and labels."""
    from PIL import Image

    side, columns = train_here.SIDE, train_here.COLUMNS
    sheet = np.asarray(Image.open(io.BytesIO(widget.sprite)).convert("L"), "float32")
    tiles = sheet.reshape(-1, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)[:LEARNED]
    faces = (tiles - tiles.mean((1, 2), keepdims=True)) / tiles.std((1, 2), keepdims=True)
    rows = np.arange(steps * BATCH) % LEARNED
    return faces[rows][..., None], np.array(widget.faces["training"]["labels"])[rows]


def states(count: int) -> list[dict]:
    """Settings of the Face lab: `PEOPLE` in turn, each in another pose, turned by up to 30 degrees."""
    rng = np.random.default_rng(20261125)
    made = []
    for number in range(count):
        units = rng.choice(list(studio.ACTION_UNITS), 4, replace=False)
        made.append(
            {
                **face_lab.REST,
                "person": number % PEOPLE,
                "action_units": {str(unit): round(float(rng.random()), 2) for unit in units},
                "yaw": round(float(rng.uniform(-30, 30)), 1),
            }
        )
    return made


def drawing(opened: Any, work: Work) -> list[dict]:
    """The Face lab's pictures in Python and in the page, rows of `table`."""
    shown = states(work.pictures)
    opened.evaluate("(tables) => bench.studio(tables)", face_lab.studio_tables())
    ways = {
        "Python: studio.draw": InPython(lambda: [face_lab.draw_state(state, DRAWING) for state in shown]),
        "the page: the Face lab's own drawing": InPage(
            opened, "([states, size]) => bench.draw(states, size)", [shown, DRAWING]
        ),
    }
    return table(ways, work.pictures, work)
