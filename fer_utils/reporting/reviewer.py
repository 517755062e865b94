"""Twelve questions that a reviewer may ask of Ding, Tang & Lu 2023, with answers that a reader unfolds.

The paper: doi 10.1109/TENCON58879.2023.10322470.  Numbers of the answers are quoted from its tables or computed from
them, or come from the stored answer ``sizes``.
"""

from __future__ import annotations

from dataclasses import dataclass
import html

from fer_utils import studies
from fer_utils.core.errors import invalid
from fer_utils.models import ding2023
from fer_utils.reporting import literature
from fer_utils.reporting.text import sentence

#: The groups of the questions, in their order.
GROUPS: tuple[str, ...] = ("compared with what", "counted how", "how surely", "why this choice")

_AVOTS = "AlexNet (Avots et al. 2018)"
_OURS = "2D CNN (Ding et al. 2023)"
#: Frames and clips of SAVEE that a fifth of the set has, and frames a clip.
_SAVEE_CLIPS, _FRAMES = 480, 6
#: Images that the paper counts in RAVDESS, and the set's speech clips.
_RAVDESS_IMAGES, _SPEECH_CLIPS = 17_250, 1440


@dataclass(frozen=True)
class Question:
    """A question, where to look before answering, and the answer; plain text."""

    number: int
    group: str
    question: str
    look: str
    answer: str


@dataclass(frozen=True)
class Questions:
    """Questions that a notebook shows, each with its answer folded away."""

    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        return "\n".join(f"{one.number}. {one.question} ({one.look})" for one in self.questions)

    def _repr_html_(self) -> str:
        return "".join(
            f'<details style="margin:0.6em 0"><summary><b>{one.number}. {html.escape(one.question)}</b> '
            f"<i>{html.escape(one.look)}</i></summary>"
            f'<p style="margin:0.3em 0 0.6em 1.2em">{html.escape(one.answer)}</p></details>'
            for one in self.questions
        )


def questions(group: str) -> Questions:
    """The questions of one of `GROUPS`, with answers to unfold.

    Raises
    ------
    FerError : a group that is not there; the stored answer ``sizes`` is missing.
    """
    if group not in GROUPS:
        raise invalid("group", expected=f"one of {', '.join(GROUPS)}", received=group)
    return Questions(tuple(one for one in all_questions() if one.group == group))


def all_questions() -> tuple[Question, ...]:
    """All twelve, in their order."""
    made = [*_compared(), *_counted(), *_surely(), *_chosen()]
    return tuple(Question(number, *one) for number, one in enumerate(made, start=1))


def _tables():
    """Table I and table II of the paper, by system."""
    rows = literature.reported_results()
    printed = rows[rows["source"].str.startswith("Ding")].set_index("system")
    return printed[printed["data set"] == "ravdess"], printed[printed["data set"] == "savee"]


def _compared():
    ravdess, savee = _tables()
    rivals = savee.drop(_OURS)["accuracy"]
    own = savee.loc[_OURS, "accuracy"]
    below = int((rivals < own).sum())
    he = ravdess.loc["AlexNet (He et al. 2019)"]
    sharafi = literature.reported_results("ravdess").set_index("system").loc["DTN+DSN+CNN (Sharafi et al. 2022)"]
    group = GROUPS[0]
    yield (
        group,
        "The abstract claims to outperform the majority 'except one LSTM network'. Is that the only exception?",
        "Look at table II.",
        sentence(
            "No. {name} has {theirs:.2f} % on SAVEE, and the proposed network {own:.2f} %. There is a second "
            "exception.",
            name=_AVOTS,
            theirs=rivals[_AVOTS],
            own=own,
        ),
    )
    yield (
        group,
        "Do the text and its table agree?",
        "Look at section III and at table II.",
        sentence(
            "Section III says that on SAVEE the model 'did not outperform majority of the studies'. In table II it is "
            "ahead of {below} of {all}. Here the text is too modest, and misleads all the same.",
            below=below,
            all=len(rivals),
        ),
    )
    yield (
        group,
        "The abstract says 47.28 times fewer parameters. Than which rival?",
        "Look at table I.",
        sentence(
            "Than {name}, which has {accuracy:.2f} %, the lowest accuracy of table I. The only rival ahead of the "
            "proposed network has a count that nobody can rebuild from what is printed.",
            name=ravdess["accuracy"].idxmin(),
            accuracy=ravdess["accuracy"].min(),
        ),
    )
    yield (
        group,
        "Do the rows of table I answer one question?",
        "Compare *task* in the first table of this chapter.",
        sentence(
            "No. He et al. (2019) used {task} with {classes} labels. Guessing is right once in {classes} there, and "
            "once in {ours} here.",
            task=he["task"],
            classes=int(he["classes"]),
            ours=int(ravdess.loc[_OURS, "classes"]),
        ),
    )
    yield (
        group,
        "Which result that the authors knew is missing from table I?",
        "Look at the row of Sharafi et al. in table II.",
        sentence(
            "The same paper of Sharafi et al. reports {accuracy:.2f} % on RAVDESS, with {task}. Table I does not "
            "have it.",
            accuracy=sharafi["accuracy"],
            task=sharafi["task"],
        ),
    )


def _counted():
    systems = {row["name"]: row for row in studies.load("sizes").answer["systems"]}
    resnet, ours = systems["resnet50"], systems["ding2023"]
    group = GROUPS[1]
    yield (
        group,
        "Is the printed count that of the network that was tested on SAVEE?",
        "Count the labels of SAVEE.",
        sentence(
            "No. Both tables print {eight:,}. With the seven labels of SAVEE the network has {seven:,}, because the "
            "last layer has one unit fewer.",
            eight=ding2023.parameter_count(),
            seven=ding2023.parameter_count(classes=7),
        ),
    )
    yield (
        group,
        "'15 TIMIT sentences for each emotion' of seven, by four men, six frames a clip: how many images?",
        "Multiply, and compare with the paper's count.",
        sentence(
            "The sentence gives {stated:,}. The paper has {all:,}, which is right: *neutral* has thirty sentences, and "
            "so it is also the commonest label.",
            stated=4 * 7 * 15 * _FRAMES,
            all=_SAVEE_CLIPS * _FRAMES,
        ).replace("*", ""),
    )
    yield (
        group,
        "The saving 'is expected to translate into faster execution'. Does it?",
        "Look for a time in the paper, then at the figure on parameters and time in this chapter.",
        sentence(
            "The paper prints no time. Measured here, ResNet50 with eight labels has {size:.1f} times the parameters "
            "and {work:.1f} times the multiply-accumulates, and takes {time:.1f} times as long. So the small network "
            "is faster; by how much, the parameters do not tell.",
            size=resnet["ours"]["parameters"] / ours["ours"]["parameters"],
            work=resnet["ours"]["macs"] / ours["ours"]["macs"],
            time=resnet["latency"]["times"],
        ),
    )


def _surely():
    _, savee = _tables()
    own, theirs = savee.loc[_OURS, "accuracy"] / 100, savee.loc[_AVOTS, "accuracy"] / 100
    clips = round(0.2 * _SAVEE_CLIPS)
    images = clips * _FRAMES
    performances = _RAVDESS_IMAGES // _FRAMES
    group = GROUPS[2]
    yield (
        group,
        sentence("Are {own:.2f} and {theirs:.2f} % on SAVEE different?", own=100 * own, theirs=100 * theirs),
        "Exercise 09-4 computes it: a fifth of the set is the test.",
        sentence(
            "The gap is {gap:.1f} of {images} images. If frames were independent, the standard error of each share "
            "would be {frame:.1f} points. Six frames of a clip are nearly one observation, and for {clips} clips it is "
            "{clip:.1f} points. So no: and all of them are of four men.",
            gap=(theirs - own) * images,
            images=images,
            frame=100 * literature.standard_error(own, images),
            clips=clips,
            clip=100 * literature.standard_error(own, clips),
        ),
    )
    yield (
        group,
        "What was chosen by looking at the test?",
        "Look for a validation set.",
        "Dropout and L1. There is a training set and a testing set, and no third. Both were changed because of the "
        "curves on the testing set, and the changed network is reported on the same set. Chapter 5 measures what such "
        "a choice is worth.",
    )
    yield (
        group,
        "Which frames train, and which test?",
        "80/20 of what? Count the clips of RAVDESS, too.",
        sentence(
            "The paper does not say. {images:,} images are {clips:,} clips of six. RAVDESS has {speech:,} speech "
            "clips, and each a second time as a video without sound: {both:,}. So probably every performance is in the "
            "data twice. If frames are drawn at random, the twin of a test frame is in training with "
            "probability {twin}. Chapter 6 tries it.",
            images=_RAVDESS_IMAGES,
            clips=performances,
            speech=_SPEECH_CLIPS,
            both=2 * _SPEECH_CLIPS,
            twin=0.8,
        ),
    )


def _chosen():
    yield (
        GROUPS[3],
        "Why dlib?",
        "Compare the introduction with the method.",
        "The introduction cites work that found OpenCV's detector faster than dlib's; the method then uses dlib and "
        "gives no reason. It may be the better choice: chapter 2 measures both, who is found beside how fast.",
    )
