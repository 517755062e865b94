"""*Trade-offs*: the page's frontier is Python's for every pair and filter, and each control does what it says."""

from __future__ import annotations

import itertools
import json
import math
import re

import chapter_widgets
import pytest
from train_here_page import shown

from fer_utils import studies
from fer_utils.core.errors import FerError
from fer_utils.plotting import pareto
from fer_utils.studies import trade_offs as rules
from fer_utils.widgets.trade_offs import TradeOffs

SIZES = (48, 64, 80, 180)
SETTINGS = ("x", "y", "families", "sizes", "limits", "unconverged", "logarithmic", "chosen")
SAVED = (*SETTINGS, "systems", "quantities", "family_names", "order", "rest", "question", "first")
SHOWN = {"name": "trade_offs", "saved": SAVED, "ready": "document.querySelector('.fer-trade-row')"}
PAIRS = list(itertools.permutations(rules.QUANTITIES, 2))
SUBSETS = [list(some) for n in range(5) for some in itertools.combinations(rules.FAMILIES, n)]
LIMITS = [
    {},
    {"accuracy": [0.62, None]},
    {"accuracy": [None, 0.66], "file": [None, 700_000]},
    {"time": [0.2, 1.0]},
    {"parameters": [148_040, 148_920]},
    {"random": [None, None]},
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def widget():
    return TradeOffs()


@pytest.fixture(scope="module")
def opened(browser, widget):
    with shown(browser, widget, **SHOWN) as (page, watch):
        yield page
        assert watch.complaints() == []


@pytest.fixture
def page(opened):
    """The page with every setting at rest again."""
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.evaluate("Object.entries(model.get('rest')).forEach(([name, value]) => model.set(name, value))")
    return opened


def on_page(page) -> list[str]:
    """The names of the systems that the page's table has on the frontier, in its order."""
    return page.locator(".fer-trade-row.fer-trade-frontier button").all_inner_texts()


def front_by_the_figure(systems, x, y) -> set[str]:
    """Who is on the front by the function that draws the book's figure; costs have less for better."""
    signs = [1 if rules.QUANTITIES[name].more else -1 for name in (x, y)]
    values = {one["name"]: signs[1] * one["values"][y] for one in systems}
    return set(pareto.non_dominated(values, {one["name"]: -signs[0] * one["values"][x] for one in systems}))


def taking_part(systems, x, y, families, sizes, limits, unconverged):
    """Written anew: those that pass the filters, have both values and, if asked for, a witness."""
    for one in systems:
        passes = one["family"] in families and one["size"] in sizes and (one["witness"] or unconverged)
        for name, (low, high) in limits.items():
            value = one["values"][name]
            if low is not None:
                passes = passes and value is not None and value >= low
            if high is not None:
                passes = passes and value is not None and value <= high
        if passes and one["values"][x] is not None and one["values"][y] is not None:
            yield one


def with_ties(systems) -> list[dict]:
    """The systems, and some that were made up: equal in all, in one quantity alone, and in all but the accuracy."""
    (nano,) = [one for one in systems if one["name"] == "nano"]
    changes = {
        "twin": {},
        "cheaper": {"file": nano["values"]["file"] - 1},
        "dearer": {"operations": nano["values"]["operations"] + 1},
        "less accurate": {"accuracy": nano["values"]["accuracy"] - 0.001},
    }
    return [*systems, *(nano | {"name": name, "values": nano["values"] | new} for name, new in changes.items())]


def test_methods_and_quantities_stand_in_their_own_order(page):
    methods = page.get_by_role("group", name="Methods").locator("label").all_inner_texts()
    assert [one.strip() for one in methods] == list(rules.FAMILIES.values())
    quantities = page.get_by_label("Upwards").locator("option").all_inner_texts()
    assert quantities == [one.name for one in rules.QUANTITIES.values()]


def test_no_system_is_shown_twice():
    """A network whose trainings under the protocol are stored is not shown after six epochs, too."""
    names = [one["name"] for one in rules.systems()]
    assert len(names) == len(set(names))


def test_the_frontier_is_pythons_and_the_figures_for_every_pair_filter_and_limit(opened, widget):
    systems = with_ties(widget.systems)
    choices = [
        {"x": x, "y": y, "families": families, "sizes": sizes, "limits": limits, "unconverged": unconverged}
        for (x, y), families, unconverged in itertools.product(PAIRS, SUBSETS, (False, True))
        for sizes, limits in [(list(SIZES), {}), ([80], {}), *((list(SIZES), one) for one in LIMITS[1:])]
    ]
    text = json.dumps([systems, widget.quantities, choices])
    in_javascript = opened.evaluate(
        """async ([esm, text]) => {
          const source = esm.replace("export default { render };", "export default { judged };");
          const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { default: { judged } } = await import(address);
          const [systems, quantities, choices] = JSON.parse(text);
          return JSON.stringify(choices.map((choice) => judged(systems, quantities, choice)));
        }""",
        [str(widget._esm), text],
    )
    seen = set()
    for choice, places in zip(choices, json.loads(in_javascript), strict=True):
        asked = {name: choice[name] for name in ("families", "sizes", "limits", "unconverged")}
        by_python = rules.judged(systems, choice["x"], choice["y"], **asked)
        assert list(by_python.values()) == places, choice
        racing = list(taking_part(systems, choice["x"], choice["y"], **asked))
        front = {name for name, place in by_python.items() if place == "frontier"}
        assert front == front_by_the_figure(racing, choice["x"], choice["y"]), choice
        seen |= set(places)
    assert seen == set(rules.PLACES) and len(choices) == 30 * 16 * 2 * 7


def test_a_system_whose_interval_reaches_the_frontier_is_said_to_be_near_it(widget):
    """By hand: with the upper end of its interval no other system would beat it."""
    places = rules.judged(widget.systems, "parameters", "accuracy")
    racing = list(taking_part(widget.systems, "parameters", "accuracy", rules.FAMILIES, SIZES, {}, False))
    seen = set()
    for one in racing:
        values, (_, high) = one["values"], one["intervals"]["accuracy"]
        cheaper = [
            other["values"]["accuracy"]
            for other in racing
            if other["values"]["parameters"] <= values["parameters"] and other is not one
        ]
        if cheaper and max(cheaper) > values["accuracy"]:
            assert places[one["name"]] == ("within" if high > max(cheaper) else "beaten"), one["name"]
            seen.add(places[one["name"]])
    assert seen == {"within", "beaten"} and places["landmarks and SVM"] == "unknown"


def test_the_systems_are_those_of_the_stored_answers(widget):
    """The table of chapter 12 has the same numbers; every row of the three other studies is there."""
    from fer_utils.reporting import frontier_tables

    named = {one["name"]: one for one in widget.systems}
    accuracy, costs = frontier_tables.points(studies.load("frontier").answer)
    labels = {
        "parameters": (frontier_tables.PARAMETERS, 1000),
        "operations": (frontier_tables.OPERATIONS, 1e6),
        "file": (frontier_tables.BYTES, 1000),
        "time": (frontier_tables.TIME, 1),
    }
    for name, point in accuracy.items():
        assert named[name]["values"]["accuracy"] == point["value"]
        assert named[name]["intervals"]["accuracy"] == [point["low"], point["high"]]
        for key, (label, unit) in labels.items():
            assert named[name]["values"][key] == pytest.approx(costs[label][name] * unit)
    assert {row["name"] for row in studies.load("frontier").answer["rows"]} <= set(named)
    assert {row["name"] for row in studies.load("lightweight2019").answer["rows"]} <= set(named)
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    at_random = rows["HOG and SVM, frames at random"]["accuracy"]["value"]
    assert named["HOG and SVM"]["values"]["random"] == at_random and named["nano"]["values"]["random"] is None
    assert not named["nano, 25,000"]["witness"] and named["nano"]["witness"]
    assert len(named) == len(widget.systems) == 21 <= 26


def test_the_axes_are_chosen_and_the_frontier_follows(page, widget):
    assert on_page(page) == widget.frontier and len(widget.frontier) > 2
    seen = {tuple(widget.frontier)}
    for x in ("operations", "file", "time"):
        page.get_by_label("To the right").select_option(x)
        changed = TradeOffs(x=x)
        assert on_page(page) == changed.frontier and page.locator(".fer-trade-line").count() == 1
        seen.add(tuple(changed.frontier))
    assert len(seen) > 1, "what is counted changes who is on the frontier"
    page.get_by_label("Upwards").select_option("time")  # what both would show changes places
    assert page.evaluate("[model.get('x'), model.get('y')]") == ["accuracy", "time"]


def test_filters_and_the_witness_change_who_takes_part(page):
    page.get_by_label("HOG and a classifier").uncheck()
    assert on_page(page) == TradeOffs(families=["networks", "landmarks", "few_epochs"]).frontier
    page.get_by_label("let those that have not converged take part").check()
    changed = TradeOffs(families=["networks", "landmarks", "few_epochs"], unconverged=True)
    assert on_page(page) == changed.frontier and "nano, 25,000" in changed.frontier
    for pixels in SIZES:
        page.get_by_label(f"{pixels} pixels", exact=True).uncheck()
    assert "No system takes part" in page.locator(".fer-trade-summary").inner_text() and on_page(page) == []
    page.get_by_role("button", name="As at first").click()
    assert on_page(page) == TradeOffs().frontier


def test_limits_by_the_keyboard_alone_go_to_their_ends(page, widget):
    slider = page.get_by_role("slider", name="accuracy on strangers, from")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    values = sorted({one["values"]["accuracy"] for one in widget.systems})
    assert page.evaluate("model.get('limits')") == {"accuracy": [values[3], None]}
    assert slider.get_attribute("aria-valuetext") == f"{100 * values[3]:.1f} %"
    page.keyboard.press("End")
    assert page.evaluate("model.get('limits')") == {"accuracy": [values[-1], None]}
    (best,) = [one["name"] for one in widget.systems if one["values"]["accuracy"] == values[-1]]
    assert on_page(page) == TradeOffs(limits={"accuracy": [values[-1], None]}).frontier
    assert set(on_page(page)) <= {best} and page.locator(".fer-trade-point.fer-trade-out").count() > 10
    page.keyboard.press("Home")
    assert page.evaluate("model.get('limits')") == {}
    counts = sorted({one["values"]["parameters"] for one in widget.systems if one["values"]["parameters"]})
    largest = max(one["values"]["parameters"] for one in widget.systems if one["name"] in widget.frontier)
    place = counts.index(largest) - 1  # the largest system of the frontier is left out
    page.get_by_role("slider", name="parameters, to").fill(str(place))
    most = counts[place]
    assert page.evaluate("model.get('limits')") == {"parameters": [None, most]}
    assert on_page(page) == TradeOffs(limits={"parameters": [None, most]}).frontier != widget.frontier
    page.get_by_label("To the right").select_option("file")  # no slider shows that limit any more
    assert page.evaluate("model.get('limits')") == {}


def test_a_limit_takes_the_other_end_along(page, widget):
    page.get_by_role("slider", name="accuracy on strangers, to").fill("2")
    page.get_by_role("slider", name="accuracy on strangers, from").fill("6")
    values = sorted({one["values"]["accuracy"] for one in widget.systems})
    assert page.evaluate("model.get('limits')") == {"accuracy": [values[6], values[6]]}


def test_a_rectangle_in_the_plot_sets_both_limits(page, widget):
    box = page.locator(".fer-trade-plot").bounding_box()
    nano, other = (page.locator(f"[data-name='{name}'] circle").first for name in ("nano", "HOG and ANN"))
    one, two = ({"x": float(c.get_attribute("cx")), "y": float(c.get_attribute("cy"))} for c in (nano, other))
    page.mouse.move(box["x"] + one["x"] - 15, box["y"] + one["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + two["x"] + 4, box["y"] + two["y"] - 8, steps=4)
    assert page.locator(".fer-trade-brush").get_attribute("visibility") == "visible"
    page.mouse.up()
    limits = page.evaluate("model.get('limits')")
    named = {system["name"]: system["values"] for system in widget.systems}
    assert limits["parameters"][1] == 148_920, "ding2023 lies inside, too"
    assert limits["accuracy"] == [named["nano"]["accuracy"], named["HOG and ANN"]["accuracy"]]
    assert on_page(page) == TradeOffs(limits=limits).frontier == ["nano", "HOG and ANN, 80 px", "HOG and ANN"]
    page.mouse.move(box["x"] + 60, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 75, box["y"] + 45)
    page.mouse.up()
    assert "No system lies in this rectangle" in page.locator(".fer-trade-summary").inner_text()
    assert page.evaluate("model.get('limits')") == limits
    page.get_by_role("button", name="No limits").click()
    assert page.evaluate("model.get('limits')") == {}


def test_a_system_is_chosen_in_table_and_plot_and_says_who_beats_it(page, widget):
    page.get_by_label("To the right").select_option("operations")
    page.get_by_role("button", name="nano", exact=True).press("Enter")
    detail = page.locator(".fer-trade-detail").inner_text()
    values = {one["name"]: one["values"] for one in widget.systems}
    assert "parameters 19,144" in detail and "accuracy on random frames not known" in detail
    places = rules.judged(widget.systems, "operations", "accuracy")
    rivals = rules.beaten_by(widget.systems, places, "nano", "operations", "accuracy")
    assert detail.endswith(f"Beaten by {'; '.join(rivals)}.") and rivals == ["HOG and ANN, 80 px"]
    assert values["HOG and ANN, 80 px"]["operations"] < values["nano"]["operations"]
    focused = page.evaluate("document.activeElement.dataset.name")
    assert focused == "nano", "the keyboard stays where it was, though the table was made anew"
    page.locator("[data-name='landmarks and SVM'] button, button[data-name='landmarks and SVM']").click()
    assert "neither counted nor timed" in page.locator(".fer-trade-detail").inner_text()
    spot = page.locator("g[data-name='HOG and SVM'] .fer-trade-disc")
    box = page.locator(".fer-trade-plot").bounding_box()
    page.mouse.click(box["x"] + float(spot.get_attribute("cx")), box["y"] + float(spot.get_attribute("cy")))
    assert page.evaluate("model.get('chosen')") == "HOG and SVM"
    rivals = rules.beaten_by(widget.systems, places, "HOG and SVM", "operations", "accuracy")
    assert rivals and page.locator(".fer-trade-detail").inner_text().endswith(f"Beaten by {'; '.join(rivals)}.")
    page.get_by_role("button", name="gradients, 48 px", exact=True).press("Enter")
    assert page.locator(".fer-trade-detail").inner_text().endswith("Beaten by nobody here.")


def test_the_frontier_is_a_staircase_through_its_points(page):
    """For every pair: each point lies on the line, and no system that takes part lies on the better side of it."""
    for x, y in PAIRS:
        page.evaluate("([x, y]) => { model.set('x', x); model.set('y', y); }", [x, y])
        line = page.locator(".fer-trade-line").get_attribute("points")
        corners = [tuple(map(float, corner.split(","))) for corner in re.findall(r"[-\d.]+,[-\d.]+", line)]
        ends = _points(page, ".fer-trade-frontier")
        assert all(any(abs(a - c) + abs(b - d) < 0.01 for c, d in corners) for a, b in ends), (x, y)
        for (a, b), (c, d) in itertools.pairwise(corners):
            assert abs(a - c) < 0.01 or abs(b - d) < 0.01, "steps are level or upright"
        for corner in corners:  # a corner that no point covers would promise what no system gives
            assert any(_covers(end, corner, x, y) for end in ends), (x, y, corner)


@pytest.mark.parametrize("width", [1280, 390])
def test_no_disc_hides_the_letter_of_another(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    moved = 0
    for x, y in PAIRS:
        page.evaluate("([x, y]) => { model.set('x', x); model.set('y', y); }", [x, y])
        discs = _points(page, ":not(.fer-trade-out)", ".fer-trade-disc")
        letters = page.locator(".fer-trade-point text").evaluate_all(
            "(all) => all.map((t) => [Number(t.getAttribute('x')), Number(t.getAttribute('y')) - 4])"
        )
        assert letters == discs
        apart = [math.dist(one, two) for one, two in itertools.combinations(discs, 2)]
        assert min(apart, default=17) >= 17, (x, y)
        lines = page.locator(".fer-trade-leader").evaluate_all(
            "(all) => all.map((l) => ['x1', 'y1', 'x2', 'y2'].map((name) => Number(l.getAttribute(name))))"
        )
        points = _points(page, ":not(.fer-trade-out)")
        expected = [(*point, *disc) for point, disc in zip(points, discs, strict=True) if point != disc]
        assert sorted(map(tuple, lines)) == sorted(expected), "a line leads from each point to its disc"
        moved += len(lines)
    assert moved, "some systems cost the same, so the test has tried it"


def _points(page, kind: str, circle: str = "circle") -> list[list[float]]:
    """Where the first circle of each mark of a kind stands; that of ``circle`` is the system's own place."""
    return page.locator(f".fer-trade-point{kind}").evaluate_all(
        "(all, circle) => all.map((mark) => mark.querySelector(circle))"
        ".map((c) => [Number(c.getAttribute('cx')), Number(c.getAttribute('cy'))])",
        circle,
    )


def _covers(end, corner, x, y) -> bool:
    """Whether a point of the plot is at least as good as a corner; upwards pixels become fewer."""
    as_good_across = end[0] >= corner[0] - 0.01 if rules.QUANTITIES[x].more else end[0] <= corner[0] + 0.01
    as_good_up = end[1] <= corner[1] + 0.01 if rules.QUANTITIES[y].more else end[1] >= corner[1] - 0.01
    return as_good_across and as_good_up


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("document.querySelector('.fer-trade-plot').getBoundingClientRect().right < innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".fer-trade *")]
          .filter((node) => node.textContent && node.getClientRects().length)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11
    below = page.locator(".fer-trade-below")
    page.get_by_role("button", name="nano", exact=True).click()
    assert below.is_visible() == (width == 390)


def test_the_dark_page_is_dark(browser, widget):
    grounds = []
    for dark in (False, True):
        with shown(browser, widget, dark=dark, **SHOWN) as (page, watch):
            grounds.append(page.locator(".fer-trade").evaluate("(node) => getComputedStyle(node).backgroundColor"))
            assert watch.complaints() == []
    assert grounds == ["rgb(255, 255, 255)", "rgb(22, 27, 34)"]


def test_without_scripts_it_is_a_picture_in_words(widget):
    data, _ = widget._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    assert all(name in alt for name in widget.frontier) and "8 more had not converged" in alt
    svg = TradeOffs(x="accuracy", y="time")._svg()
    racing = list(taking_part(widget.systems, "accuracy", "time", rules.FAMILIES, SIZES, {}, False))
    assert svg.count("<circle") == len(racing) == 11 and svg.count('fill="#b34700"') == len(
        TradeOffs(x="time").frontier
    )
    assert "<circle" not in TradeOffs(families=[])._svg()


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"x": "price"}, r"`x`. Expected one of accuracy, random"),
        ({"y": "parameters"}, r"`y`. Expected another quantity than x, which is parameters"),
        ({"families": "hog"}, r"`families`. Expected a list of some of networks"),
        ({"families": ["svm"]}, r"`families`"),
        ({"sizes": ["80"]}, r"`sizes`. Expected a list of sides"),
        ({"limits": {"price": [0, 1]}}, r"`limits`. Expected a dict such as"),
        ({"limits": {"accuracy": [0.5]}}, r"`limits`. Expected two numbers or None for 'accuracy'"),
        ({"limits": {"accuracy": ["0.5", None]}}, r"`limits`"),
        ({"unconverged": 1}, r"`unconverged`. Expected True or False"),
        ({"chosen": "nanno"}, r"`chosen`.*or one of"),
        ({"z": "time"}, r"`z`. Expected no such argument; there are x, y"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        TradeOffs(**wrong)


def test_a_chapter_has_its_own_words_and_settings_and_the_button_goes_back_to_them(browser):
    words = {"question": "Which is fast?", "first": "press *nano* and *ding2023*."}
    widget = TradeOffs(x="operations", y="time", families=["networks"], **words)
    with shown(browser, widget, **SHOWN) as (page, watch):
        assert page.locator(".fer-trade-question").inner_text() == "Which is fast?"
        assert page.locator(".fer-trade p em").all_inner_texts() == ["nano", "ding2023"]
        page.get_by_label("To the right").select_option("file")
        page.get_by_role("button", name="As at first").click()
        page.wait_for_function("model.get('x') === 'operations'")
        assert page.evaluate("[model.get('y'), model.get('families')]") == ["time", ["networks"]]
        assert watch.complaints() == []


def test_what_the_chapters_ask_can_be_answered_there(root):
    chapter_9, chapter_11, chapter_12 = chapter_widgets.of(root, "TradeOffs")
    assert len({one.question for one in (chapter_9, chapter_11, chapter_12)}) == 3
    assert chapter_12.question == TradeOffs().question and chapter_12.rest == TradeOffs().rest
    points = [name for name, place in chapter_9.places.items() if place in ("frontier", "within", "beaten")]
    assert len(points) > 3 and len(chapter_9.frontier) < len(points), "points to press, and some are beaten"
    values = {one["name"]: one["values"] for one in chapter_11.systems}
    for name in ("HOG and ANN, 80 px", "ding2023"):
        assert name in chapter_11.first and name in chapter_11.places
    small, large = values["HOG and ANN"], values["HOG and SVM, 80 px"]
    assert small["file"] < large["file"] and small["time"] > large["time"], "a larger file that is faster"
    assert all(chapter_11.places[name] != "unknown" for name in ("HOG and ANN", "HOG and SVM, 80 px"))


def test_the_neighbours_of_the_widget_are_as_many_as_exercise_09_5_says(root):
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    text = (root / "notebooks" / "09_comparison.ipynb").read_text(encoding="utf8")
    assert rows["HOG and nearest neighbours"]["setting"] == 15 and "neighbours, fifteen, which was chosen" in text


@pytest.mark.parametrize("name", ["question", "first"])
def test_words_that_are_none_are_refused(name):
    with pytest.raises(FerError, match=f"`{name}`"):
        TradeOffs(**{name: "  "})
