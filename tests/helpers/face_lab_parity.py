"""The studio in the page beside the studio in Python: random states, drawn and scored by both.

The suite compares a small sample that uses every painter, and plants a few faults. The whole comparison, of 200 faces,
and all the faults take some minutes each:

    .venv/bin/python tests/helpers/face_lab_parity.py 200
    .venv/bin/python tests/helpers/face_lab_parity.py faults
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
import itertools
from pathlib import Path
import sys

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "book", Path(__file__).parent):
    sys.path.insert(0, str(folder))

from browser import launched_browser, opened_page  # noqa: E402

from fer_utils import studio  # noqa: E402
from fer_utils.faces.cropping import crop  # noqa: E402
from fer_utils.faces.detector_base import Box  # noqa: E402
from fer_utils.inference import networks  # noqa: E402
from fer_utils.inference.drawn_square import square_of  # noqa: E402
from fer_utils.studio import identity  # noqa: E402
from fer_utils.widgets import face_lab  # noqa: E402
from pipeline.serve import serving  # noqa: E402

#: What two drawings of one state may differ by, of 255, on the whole and in the worst square; see ``apart``.
MEAN, WORST = 0.4, 2.4

#: Side of the drawings that are compared, in pixels.
SIDE = 192

#: Planted faults in the painters: a file, a place in it, and what it becomes.
FAULTS: tuple[tuple[str, str, str], ...] = (
    ("studio_mouth.js", "fill(patch, window.to(s.parts.teeth), enamel);", ""),
    ("studio_hair.js", '"side part": [0.13,', '"side part": [0.10,'),
    ("studio_props.js", "if (sign * s.pose.sy > 0.1) continue;", "continue;"),
    ("studio_props.js", "  drawHandShadow(s, at);", ""),
    ("studio_props.js", "* 0.16 + tint[k % 4] * 0.84", "* 0.36 + tint[k % 4] * 0.64"),
    ("studio_shading.js", "0.74 + 0.26 * clamp(", "0.84 + 0.16 * clamp("),
    ("studio_features.js", "disc(s.picture, at, [wide, tall], s.colour(shadeOf(line, 0.62)), -sign * 16);", ""),
    ("studio_features.js", "mixColours(dark, i.skin, 0.06)", "mixColours(dark, i.skin, 0.5)"),
    ("studio_hair_styles.js", "-(chin + 0.015) * Math.cos(angle)", "-(chin - 0.05) * Math.cos(angle)"),
    ("studio_skin.js", "? [3, -15, -13]", "? [3, -5, -3]"),
    ("studio_draw.js", "else drawGlasses(s);", ""),
    ("studio_draw.js", "? 0.16 : 0.26", "? 0.5 : 0.26"),
    ("studio_draw.js", "1 + 0.07 * light.warmth", "1"),
    ("studio_canvas.js", "Math.sqrt((1 + slope * slope) / 2)", "1"),
    ("studio_head.js", "0.235 * i.chinWidth", "0.255 * i.chinWidth"),
)

_START = """\
async ([address, tables, weights]) => {
  const names = ["studio_draw", "studio_person", "studio_random", "face_lab_page", "drawn48_network"];
  const [draw, person, random, page, scorer] = await Promise.all(names.map((name) => import(`${address}/${name}.js`)));
  const text = (bytes) => {
    let all = "";
    for (let k = 0; k < bytes.length; k += 8192) all += String.fromCharCode(...bytes.subarray(k, k + 8192));
    return btoa(all);
  };
  const paint = draw.studioPainter(tables);
  const network = scorer.drawnNetwork(Uint8Array.from(atob(weights), (c) => c.charCodeAt(0)));
  globalThis.studio = {
    ...person, ...random, ...page, tables, paint,
    drawn(state, size) {
      const { picture, marks } = paint(state, size);
      const box = page.faceBox(marks, size);
      const face = page.faceForNetwork(picture, box);
      return { pixels: text(picture.data), marks, box, face: text(face), scores: Array.from(network.scores(face)) };
    },
  };
}"""


@contextmanager
def studio_page(browser, changed: tuple[str, str, str] | None = None):
    """A page with the studio's modules in ``globalThis.studio``; yields (page, watch).

    ``changed``, for planted faults: in the file of this name, the one place with this text has the other text.
    """
    with serving(ROOT / "fer_utils" / "widgets") as url, opened_page(browser) as (page, watch):
        if changed:
            name, good, bad = changed
            text = (ROOT / "fer_utils" / "widgets" / name).read_text(encoding="utf8")
            assert text.count(good) == 1, f"{name} has {text.count(good)} places with {good!r}; plant the fault in one"
            text = text.replace(good, bad)
            page.route(f"**/{name}", lambda route: route.fulfill(body=text, content_type="text/javascript"))
        page.goto(f"{url}/face_lab.css")
        page.set_content("<!doctype html><html lang=en><title>Studio</title><body></body></html>")
        weights = base64.b64encode(face_lab.FaceLab().weights).decode()
        page.evaluate(_START, [url, face_lab.studio_tables(), weights])
        yield page, watch


def drawn_in_page(page, state, size: int):
    """The page's picture (size, size, 3), landmarks (68, 2), box, the network's face (48, 48) and its scores (7,)."""
    made = page.evaluate("([state, size]) => globalThis.studio.drawn(state, size)", [state, size])
    picture = np.frombuffer(base64.b64decode(made["pixels"]), np.uint8).reshape(size, size, 4)[..., :3]
    face = np.frombuffer(base64.b64decode(made["face"]), np.uint8).reshape(48, 48)
    box = Box(made["box"]["x"], made["box"]["y"], made["box"]["side"], made["box"]["side"], 1.0)
    return picture, np.array(made["marks"]), box, face, np.array(made["scores"])


def states(count: int, seed: int) -> Iterator[dict]:
    """Random people and settings.

    Half of them are in another tone, a third from the front, a fifth at rest, and three in eight have something before
    the face.
    """
    rng = np.random.default_rng(seed)
    lights = list(studio.LIGHTS)
    for k in range(count):
        units = rng.choice(list(studio.ACTION_UNITS), int(rng.integers(1, 6)), replace=False)
        turned = bool(k % 3)
        yield {
            **face_lab.REST,
            "person": int(rng.integers(0, 100_000)),
            "tone": int(rng.integers(1, 11)) if k % 2 else None,
            "action_units": {str(unit): round(float(rng.random()), 2) for unit in units} if k % 5 else {},
            "light": lights[int(rng.integers(len(lights)))],
            "yaw": round(float(rng.uniform(-60, 60)), 1) if turned else 0,
            "pitch": round(float(rng.uniform(-30, 30)), 1) if turned else 0,
            "roll": round(float(rng.uniform(-45, 45)), 1) if turned else 0,
            "gaze": [round(float(value), 2) for value in rng.uniform(-1, 1, 2)],
            "occlusion": dict(enumerate(studio.OCCLUSIONS)).get(k % 8),
        }


def posed(count: int, seed: int, labels) -> list[dict]:
    """States as a reader scores them: a posed label at full strength, in the studio's light, turned a little."""
    made = []
    for k, state in enumerate(states(count, seed)):
        units = studio.prototype(labels[k % len(labels)])
        made.append(
            {
                **state,
                "yaw": round(state["yaw"] / 4, 1),
                "pitch": 0,
                "roll": 0,
                "light": "studio",
                "gaze": [0, 0],
                "action_units": {str(unit): value for unit, value in units.items()},
            }
        )
    return made


def painters_of(state: dict) -> set[tuple]:
    """What is drawn for a state, by the names of what differs between drawings."""
    who = face_lab.person_of(state)
    turned = "front" if abs(state["yaw"]) < 12 else "left" if state["yaw"] < 0 else "right"
    return {
        ("hair", who.hair_style),
        ("hair turned", who.hair_style in ("long", "bob", "headscarf", "short"), turned),
        ("facial hair", who.facial_hair),
        ("glasses", who.glasses),
        ("freckles", who.freckles > 0),
        ("old", who.age > 50),
        ("light", state["light"]),
        ("turned", turned),
        ("nods", int(np.sign(round(state["pitch"] / 10)))),
        ("before", state["occlusion"], turned == "front"),
        *(("unit", unit) for unit, value in state["action_units"].items() if value > 0.3),
    }


def covering(seed: int, among: int = 400) -> list[dict]:
    """A small sample of random states that uses every painter there is among so many of them."""
    pool = [(state, painters_of(state)) for state in states(among, seed)]
    missing = set().union(*(painters for _, painters in pool))
    styles = {name for names in identity.HAIR_STYLES.values() for name in names}
    assert {("hair", name) for name in styles} <= missing, "some hair style is not among these states"
    chosen = []
    while missing:
        state, painters = max(pool, key=lambda pair: len(pair[1] & missing))
        chosen.append(state)
        missing -= painters
    return chosen


def apart(picture: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """The mean absolute difference of two pictures (side, side, 3), of 255, over all and in the worst square.

    The squares are a twelfth of the side wide, so that a part of the face that is missing shows.
    """
    difference = np.abs(picture.astype(float) - wanted).mean(axis=2)
    tile = len(difference) // 12
    tiles = difference[: 12 * tile, : 12 * tile].reshape(12, tile, 12, tile).mean(axis=(1, 3))
    return float(difference.mean()), float(tiles.max())


def drawn_sample() -> list[tuple[dict, np.ndarray, np.ndarray]]:
    """The few states that use every painter, each with Python's picture of it and its landmarks."""
    return [(state, *face_lab.draw_state(state, SIDE)) for state in covering(seed=1)]


def noticed(browser, sample, fault: tuple[str, str, str]) -> bool:
    """Whether the sample shows that this fault was planted."""
    with studio_page(browser, changed=fault) as (page, _):
        for state, wanted, truth in sample:
            picture, marks, *_ = drawn_in_page(page, state, SIDE)
            mean, worst = apart(picture, wanted)
            if mean > MEAN or worst > WORST or np.abs(marks - truth).max() > 1e-6:
                return True
    return False


def scored(page, posed_states: list[dict]):
    """Both scores of these states, (n, 7) from the page and from Python, and how far the networks' faces are apart."""
    network, labels = networks.load_network(None, None)
    ours, crops, faces = [], [], []
    for state in posed_states:
        _, _, box, face, scores = drawn_in_page(page, state, face_lab.SIZE)
        wanted, truth = face_lab.draw_state(state)
        assert box == square_of(truth, face_lab.SIZE), state
        crops.append(crop(wanted, box, size=48))
        ours.append(scores)
        faces.append(np.abs(face.astype(float) - crops[-1]).mean())
    return np.array(ours), networks.scores_of(network, crops, 1, len(labels)), np.array(faces)


def main(count: int) -> None:
    """Compare so many drawings and so many scores, and print what was found."""
    labels = networks.load_network(None, None)[1]
    with launched_browser() as browser, studio_page(browser) as (page, _):
        rows = []
        for k, state in enumerate(states(count, seed=20261125)):
            picture, marks, *_ = drawn_in_page(page, state, SIDE)
            wanted, truth = face_lab.draw_state(state, SIDE)
            rows.append((*apart(picture, wanted), np.abs(marks - truth).max(), str(state["occlusion"])))
            print(f"\rdrawn {k + 1} of {count}", end="", file=sys.stderr)
        print(file=sys.stderr)
        for name, group in itertools.groupby(sorted(rows, key=lambda row: row[-1]), key=lambda row: row[-1]):
            means, tiles, marks = np.array([row[:3] for row in group]).T
            print(
                f"{len(means)} drawings, before the face {name}: mean difference {means.mean():.2f}, at most "
                f"{means.max():.2f} of 255; in the worst square {tiles.max():.1f}; landmarks {marks.max():.1e} pixels"
            )
        for words, bare in (("bare faces", True), ("with a hand, a mask or glasses before some", False)):
            chosen = posed(count, 3, labels)
            chosen = [{**state, "occlusion": None} for state in chosen] if bare else chosen
            ours, theirs, faces = scored(page, chosen)
            off = np.abs(ours - theirs).max(axis=1)
            same = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
            print(
                f"{count} scored, {words}: {same} labels agree; scores apart {np.median(off):.4f} in the median, at "
                f"most {off.max():.4f}, {int((off <= 0.02).sum())} within 0.02; faces {faces.max():.2f} of 255"
            )
            print("   the largest:", np.sort(off)[::-1][:8].round(4).tolist())


def try_faults() -> None:
    """Plant every fault and print whether the sample notices it."""
    sample = drawn_sample()
    with launched_browser() as browser:
        for fault in FAULTS:
            print("noticed" if noticed(browser, sample, fault) else "NOT NOTICED", *fault, sep="  ")


if __name__ == "__main__":
    wish = sys.argv[1] if len(sys.argv) > 1 else "200"
    if wish == "faults":
        try_faults()
    else:
        main(int(wish))
