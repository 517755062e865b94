"""The parameter budget: the count agrees in both languages."""

from __future__ import annotations

import json
from pathlib import Path
import re
import subprocess
import sys

from browser import opened_page
from patience import PATIENCE
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from fer_utils.core.errors import FerError  # noqa: E402
from fer_utils.models.ding2023 import parameter_count  # noqa: E402
from pipeline.serve import serving  # noqa: E402

SETTINGS = [
    (filters, dense, classes, padding, pool)
    for filters in range(1, 65)
    for dense in range(1, 129)
    for classes in (7, 8)
    for padding in ("same", "valid")
    for pool in (2, 3)
]


def count(filters, dense, classes, padding, pool) -> int:
    return parameter_count(filters, dense, classes, 180, 1, padding, pool)


def test_importing_the_widgets_imports_no_widget_library():
    program = (
        "import sys, fer_utils.widgets; assert 'ParameterBudget' in dir(fer_utils.widgets); "
        "assert not {'anywidget', 'ipywidgets', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, timeout=PATIENCE)


def test_a_name_that_is_no_widget_is_an_attribute_error():
    import fer_utils.widgets

    with pytest.raises(AttributeError, match="ParameterBugdet"):
        _ = fer_utils.widgets.ParameterBugdet


def test_total_follows_the_settings_and_has_one_answer():
    from fer_utils.widgets import ParameterBudget

    budget = ParameterBudget(filters=16, dense=16)
    assert budget.total == 542_136 and "91.4 % of them sit in Dense 16" in budget.describe()
    budget.classes = 7
    assert budget.total == 542_119
    assert [s for s in SETTINGS if count(*s) == 542_136] == [(16, 16, 8, "same", 2)]


@pytest.mark.parametrize("settings", SETTINGS[::3557])
def test_breakdown_sums_to_the_packages_count(settings):
    from fer_utils.widgets.parameter_budget import layers

    assert sum(parameters for _, _, parameters in layers(*settings)) == count(*settings)


def test_breakdown_is_that_of_the_paper():
    from fer_utils.widgets import ParameterBudget

    assert ParameterBudget(filters=16, dense=16).breakdown == [
        ("Convolution 1", "90 × 90 × 16", 160),
        ("Convolution 2", "45 × 45 × 64", 9_280),
        ("Convolution 3", "22 × 22 × 64", 36_928),
        ("Dense 16", "16", 495_632),
        ("Softmax 8", "8", 136),
    ]


@pytest.mark.parametrize("settings", [SETTINGS[0], (16, 16, 8, "same", 2), (5, 40, 7, "valid", 3)])
def test_costs_are_those_that_the_package_counts(settings):
    from fer_utils import models
    from fer_utils.widgets.parameter_budget import costs

    filters, dense, classes, padding, pool = settings
    options = {"filters": filters, "dense": dense, "padding": padding, "pool": pool}
    found = models.profile(models.build("ding2023", classes=classes, input_shape=(180, 180, 1), **options))
    wanted = {"operations": found.macs, "weights": found.bytes, "activations": found.activation_bytes}
    assert costs(*settings) == wanted


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"filters": 0}, r"`filters`. Expected a whole number from 1 to 64. Received: 0"),
        ({"dense": 16.5}, r"`dense`. Expected a whole number from 1 to 128. Received: 16.5"),
        ({"padding": "full"}, r"`padding`. Expected 'same' or 'valid'"),
        ({"classes": True}, r"`classes`. Expected 7 or 8"),
        ({"filter": 16}, r"`filter`. Expected no such argument; there are filters, dense"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    from fer_utils.widgets import ParameterBudget

    with pytest.raises(FerError, match=message):
        ParameterBudget(**wrong)


def test_picture_says_in_words_what_it_shows():
    from fer_utils.widgets import ParameterBudget

    data, _ = ParameterBudget(filters=16, dense=16)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    assert "exactly the paper&#x27;s 542,136" in alt or "exactly the paper's 542,136" in alt


@pytest.mark.browser
def test_javascript_counts_as_python_does_for_every_setting(browser):
    from fer_utils.widgets.parameter_budget import costs

    with serving(ROOT / "fer_utils" / "widgets") as url, opened_page(browser) as (page, watch):
        page.goto(f"{url}/parameter_budget.css")  # any page of the same origin
        # As text: taking so many lists to the page one by one, playwright is slow.
        totals = page.evaluate(
            """async ([address, settings]) => {
                const { total, costs } = await import(address);
                return JSON.stringify(JSON.parse(settings).map(([filters, dense, classes, padding, pool]) => {
                    const given = { filters, dense, classes, padding, pool };
                    return [total(given), ...Object.values(costs(given))];
                }));
            }""",
            [f"{url}/parameter_budget.js", json.dumps(SETTINGS)],
        )
        assert json.loads(totals) == [[count(*settings), *costs(*settings).values()] for settings in SETTINGS]
        assert watch.complaints() == []
