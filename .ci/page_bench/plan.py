"""What is measured, how much of it, and the numbers to reach."""

from __future__ import annotations

from dataclasses import dataclass

#: Width and height of a frame in pixels, as the page asks a camera for.
FRAME = (640, 480)
#: Images a step of the page's trainer.
BATCH = 16
#: Side of a drawing, in pixels.
DRAWING = 384
#: To reach: frames a second of finder and network together, and images a second of the trainer.
AIMS = {"frames": 15, "training": 300}
#: To reach: the share of drawn faces that are found, and their overlap with dlib's box (intersection over union).
FOUND, OVERLAP = 0.99, 0.6
#: No task of the page's main thread should take longer, in ms; browsers report longer ones only.
LONGEST_TASK = 50
#: To reach: the most bytes over the wire, of the first page, and of the camera's before its button is pressed.
MOST_BYTES = {"first": 1_500_000, "camera": 4_000_000}


@dataclass(frozen=True)
class Work:
    """How much is measured.

    Attributes
    ----------
    rounds : timed rounds of each way, 1 or more.
    frames : frames of a round in which a face is found and scored.
    again : how often a round asks the network alone about each of their faces.
    photographs : faces that the finder is to find.
    steps : of each training.
    people, strangers : who are learned from and tested on in the widget's own training.
    pictures : drawings of a round.
    warmup : rounds before, which are not timed.
    progress : bars on standard error.
    """

    rounds: int = 5
    frames: int = 12
    again: int = 4
    photographs: int = 200
    steps: int = 60
    people: int = 40
    strangers: int = 20
    pictures: int = 12
    warmup: int = 1
    progress: bool = True


#: As little as shows that everything runs.
LITTLE = Work(frames=2, again=1, photographs=2, steps=2, people=5, strangers=1, pictures=1, warmup=0)
