"""The Face lab without a kernel: the page draws the studio's faces as Python does, and scores them alike.

A small sample of states stands for all: it uses every painter, and planted faults show that it notices what it should.
The comparison of 200 faces is a command, ``python tests/helpers/face_lab_parity.py 200``; another tries all the faults.
"""

from __future__ import annotations

from face_lab_page import shown
import face_lab_parity as parity
import numpy as np
import pytest
from train_here_page import patient

from fer_utils import studio
from fer_utils.inference import networks
from fer_utils.widgets import face_lab


@pytest.fixture(scope="module")
def page(browser):
    """A page with the studio's modules in ``globalThis.studio``."""
    with parity.studio_page(browser) as (page, watch):
        yield page
        assert watch.complaints() == []


@pytest.mark.browser
def test_the_random_numbers_are_numpys(page):
    seeds = [[0], [20231031, 7], [555, 2**31], [37, 2**40 + 3, 4], [1, 2, 3, 4, 5, 6]]
    for seed in seeds:
        rng = np.random.default_rng(seed)
        wanted = [
            rng.random(5).tolist(),
            rng.standard_normal(20_000).tolist(),
            [int(rng.integers(7)) for _ in range(51)],
            [float(rng.gamma(2.0, 8.0)) for _ in range(50)],
        ]
        found = page.evaluate(
            """(seed) => {
              const rng = globalThis.studio.numpyRandom(seed);
              return [rng.list(5, rng.random), rng.list(20000, rng.normal), rng.list(51, () => rng.integer(7)),
                rng.list(50, () => rng.gamma(2, 8))];
            }""",
            seed,
        )
        assert found[0] == wanted[0] and found[2] == wanted[2], seed
        assert np.allclose(found[1], wanted[1], rtol=1e-12, atol=1e-15), seed
        assert np.allclose(found[3], wanted[3], rtol=1e-12), seed


@pytest.mark.browser
def test_a_seed_is_the_same_person(page):
    seeds = [*range(190), 9_999, 123_456, 2**32 - 1, 2**32, 2**40]
    people = page.evaluate(
        "(seeds) => seeds.map((seed) => globalThis.studio.personOf(seed, null, globalThis.studio.tables))", seeds
    )
    for seed, found in zip(seeds, people, strict=True):
        wanted = studio.person(seed)
        assert found["male"] == (wanted.presentation == "male") and found["ownTone"] == found["tone"] == wanted.tone
        for name, value in found.items():
            if name in ("male", "ownTone", "iris"):
                continue
            field = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
            there = getattr(wanted, field)
            there = list(there) if isinstance(there, tuple) else there
            assert value == (pytest.approx(there, abs=1e-9) if isinstance(value, (float, list)) else there), (
                seed,
                name,
            )


@pytest.fixture(scope="module")
def sample():
    return parity.drawn_sample()


@pytest.mark.browser
def test_people_and_settings_are_drawn_as_python_draws_them(page, sample):
    assert {state["occlusion"] for state, _, _ in sample} == {None, *studio.OCCLUSIONS}
    assert {state["light"] for state, _, _ in sample} == set(studio.LIGHTS)
    for state, wanted, truth in sample:
        picture, marks, *_ = parity.drawn_in_page(page, state, parity.SIDE)
        assert np.abs(marks - truth).max() < 1e-6, state
        mean, worst = parity.apart(picture, wanted)
        assert mean < parity.MEAN and worst < parity.WORST, (mean, worst, state)


@pytest.mark.browser
@pytest.mark.parametrize("fault", parity.FAULTS[:3], ids=lambda fault: fault[0])
def test_a_fault_in_one_painter_is_noticed(browser, sample, fault):
    assert parity.noticed(browser, sample, fault)


@pytest.mark.browser
def test_scores_and_label_are_those_of_python(page):
    labels = networks.load_network(None, None)[1]
    ours, theirs, faces = parity.scored(page, parity.posed(len(labels), 3, labels))
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).all()
    assert faces.max() < 2.5
    apart = np.abs(ours - theirs).max(axis=1)
    assert apart.max() < 0.02, apart


@pytest.mark.browser
def test_every_setting_moves_the_face_in_the_page(page):
    rest = {**face_lab.REST, "action_units": {"25": 0.5, "26": 0.3}}
    settings = [
        {"action_units": {**rest["action_units"], str(unit): end}} for unit in studio.ACTION_UNITS for end in (0, 1)
    ]
    settings += [{name: sign * most} for name, most in face_lab.TURNS.items() for sign in (-1, 1)]
    settings += [{"gaze": [sign, 0]} for sign in (-1, 1)] + [{"gaze": [0, sign]} for sign in (-1, 1)]
    settings += [{"light": light} for light in studio.LIGHTS] + [{"occlusion": name} for name in studio.OCCLUSIONS]
    settings = [changes for changes in settings if _shows(changes, rest)]
    moved = page.evaluate(
        """([rest, settings, size]) => {
          const pixels = (changes) => globalThis.studio.paint({ ...rest, ...changes }, size).picture.data;
          const before = pixels({});
          const apart = (now) => now.reduce((sum, value, k) => sum + Math.abs(value - before[k]), 0);
          return settings.map((changes) => apart(pixels(changes)));
        }""",
        [rest, settings, 96],
    )
    for changes, sum_of_differences in zip(settings, moved, strict=True):
        assert sum_of_differences > 300, changes


def _shows(changes: dict, rest: dict) -> bool:
    """Whether the state is another one: an action unit at 0 is as if it were not there."""
    now = {**rest, **changes}
    return now | {"action_units": {unit: value for unit, value in now["action_units"].items() if value}} != rest


# Under a real hand, with nobody behind the page --------------------------------------------------


@pytest.mark.browser
def test_every_slider_asks_for_its_own_setting(browser):
    lab = face_lab.FaceLab(action_units={26: 0.3, 25: 0.5})
    with shown(browser, lab, live=False, painter="return { about: JSON.stringify(state) };") as (page, watch, _):
        page.wait_for_selector(".fer-lab-live")
        asked = page.evaluate(
            """async () => {
              const asked = [];
              async function set(slider, value) {
                const before = window.model.get("state");
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
                while (window.model.get("state") === before) await new Promise((then) => setTimeout(then, 0));
              }
              for (const slider of document.querySelectorAll(".fer-lab input[type=range]")) {
                const kept = slider.value;
                for (const end of [slider.min, slider.max].filter((value) => value !== kept)) {
                  await set(slider, end);
                  asked.push([slider.dataset.setting, Number(end), window.model.get("state")]);
                }
                await set(slider, kept);
              }
              return asked;
            }"""
        )
        assert watch.complaints() == []
    for name, value, state in asked:
        wanted = {**face_lab.REST, "action_units": {"26": 0.3, "25": 0.5}}
        if name.startswith("au"):
            wanted["action_units"].pop(name[2:], None)
            wanted["action_units"] |= {name[2:]: value} if value else {}
        elif name.startswith("gaze"):
            wanted["gaze"] = [value, 0] if name == "gaze0" else [0, value]
        else:
            wanted[name] = value
        assert state == wanted, (name, value)
    assert len({name for name, _, _ in asked}) == len(studio.ACTION_UNITS) + len(face_lab.TURNS) + 2


@pytest.mark.browser
def test_by_keyboard_and_in_words(browser):
    lab = face_lab.FaceLab(question="What moves?", first="press *sad*, and look.")
    with shown(browser, lab, live=False, width=390, dark=True) as (page, watch, sent):
        page.wait_for_selector("canvas.fer-lab-face:visible")
        assert page.locator(".fer-lab-question").inner_text() == "What moves?"
        assert page.locator(".fer-lab-try").inner_text() == "Try first: press sad, and look."
        assert page.locator(".fer-lab-try em").inner_text() == "sad"
        page.get_by_role("button", name="surprised").focus()
        page.keyboard.press("Enter")
        said = "document.querySelector('canvas.fer-lab-face').ariaLabel"
        page.wait_for_function(f"{said}.includes('AU 26 (jaw drop) at 0.85')")
        page.wait_for_function("document.querySelector('.fer-lab-top th').textContent === 'surprised'")
        scores = page.locator(".fer-lab-score").all_inner_texts()
        assert sum(float(score) for score in scores) == pytest.approx(1, abs=0.04)
        page.get_by_label("AU 12 lip corner puller").focus()
        page.keyboard.press("End")
        page.wait_for_function(f"{said}.includes('AU 12 (lip corner puller) at 1.00')")
        page.get_by_role("spinbutton", name="Person").fill("-3")
        page.wait_for_function("document.querySelector('.fer-lab-problem').textContent.includes('0 or more')")
        page.get_by_role("spinbutton", name="Person").fill("30")
        page.get_by_label("Sliders move").select_option("L")
        page.get_by_label("AU 14 dimpler").fill("0.55")
        page.wait_for_function(f"{said}.includes('AU 14 (dimpler, their left side) at 0.55')")
        page.get_by_text("Head, eyes and light").click()
        page.get_by_label("Tilt").fill("-9")
        page.get_by_label("Eyes up and down").fill("0.8")
        page.wait_for_function(f"{said}.includes('eyes ')")
        pixels = "document.querySelector('canvas.fer-lab-face').toDataURL()"
        before = page.evaluate(pixels)
        page.get_by_label("In front").select_option("mask")
        page.wait_for_function(f"{said}.includes('mask in front of the face')")
        assert page.evaluate(pixels) != before
        state = page.evaluate("window.model.get('state')")
        assert page.evaluate(said) == face_lab.describe({**face_lab.REST, **state})
        page.get_by_role("button", name="Reset everything").click()
        page.wait_for_function(f"{said}.includes('a face at rest')")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        small = page.evaluate("""() => [...document.querySelectorAll(".fer-lab *")].filter((node) =>
            node.childNodes.length && parseFloat(getComputedStyle(node).fontSize) < 11).length""")
        assert small == 0 and sent == [] and watch.complaints() == []


@pytest.mark.browser
def test_a_kernel_that_answers_late_takes_over(browser):
    lab = face_lab.FaceLab()
    with shown(browser, lab, live=False) as (page, watch, _):
        page.wait_for_selector("canvas.fer-lab-face:visible")
        page.evaluate("window.answer({ kind: 'here' })")
        page.wait_for_selector("canvas.fer-lab-face", state="hidden")
        assert page.locator("img.fer-lab-face").is_visible() and not page.locator(".fer-lab-note").is_visible()
        assert watch.complaints() == []


@pytest.mark.browser
def test_a_worker_draws_and_the_page_itself_where_there_is_none(page):
    """The one text that a page gets: its worker, a page without workers, and one whose worker breaks draw the same."""
    lab = face_lab.FaceLab(occlusion="hand")
    made = page.evaluate(
        """async ([text, offer, state]) => {
          const module = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
          const { default: widget, faceLabStudio, drawingEngine } = await import(module);
          URL.revokeObjectURL(module);
          const kinds = {
            worker: Worker,
            none: undefined,
            broken: class { constructor() { return new kinds.worker("data:text/javascript,throw 'broken'"); } },
          };
          const made = { render: typeof widget.render };
          for (const kind of Object.keys(kinds)) {
            let here = 0; // how often the page itself makes a studio
            const counted = () => { here += 1; return faceLabStudio(); };
            counted.toString = () => `${faceLabStudio}`;
            globalThis.Worker = kinds[kind];
            const engine = drawingEngine(counted, { offer, weights: null });
            const drawn = engine.draw(state);
            const wrong = await engine.draw({ ...state, light: "moon" }).catch((error) => error.message);
            const { picture } = await drawn;
            engine.end();
            made[kind] = [here, picture.data.reduce((sum, value, k) => (sum * 31 + value) % 1000003, 7), wrong];
          }
          globalThis.Worker = kinds.worker;
          return made;
        }""",
        [patient(str(lab._esm)), lab.offer, lab.state],
    )
    assert made["render"] == "function"
    assert [made[kind][0] for kind in ("worker", "none", "broken")] == [0, 1, 1]
    assert made["worker"][1:] == made["none"][1:] == made["broken"][1:]
    assert made["worker"][2].startswith("`light`: expected one of")
