"""A figure becomes two pictures with alt text, in colours that can be read on light and on dark paper."""

from __future__ import annotations

import subprocess
import sys

from figures import ALT, Pictures, has_ink, pixels
import numpy as np
from patience import PATIENCE
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import style


def drawing():
    return plotting.bars({"one": 47.0, "two": 1.0}, title="The first is larger", xlabel="parameters")


def test_a_figure_is_two_pictures_with_the_alt_text_and_nothing_from_elsewhere():
    page = Pictures(plotting.figure_html(drawing(), alt=ALT, caption="a < b"))
    light, dark = page.images
    assert page.tags == ["figure", *["picture", "source", "img"] * 2, "figcaption"] and page.words == ["a < b"]
    assert light["class"] == "fer-light" and dark["class"] == "fer-dark"
    assert light["alt"] == dark["alt"] == f"{ALT} Horizontal bars, parameters: one 47; two 1."
    assert "display:none" in dark["style"] and "display:none" not in light["style"]
    assert pixels(light).shape == pixels(dark).shape
    assert pixels(light)[0, 0].tolist() == [255, 255, 255]
    paper = [int(plotting.DARK_PAPER[i : i + 2], 16) for i in (1, 3, 5)]
    assert pixels(dark)[0, 0].tolist() == paper
    assert has_ink(light) and not has_ink(dark)


def test_the_environment_says_how_fine_pictures_are(monkeypatch):
    sizes = []
    for dots in ("200", "100"):
        monkeypatch.setenv(style.DPI_VARIABLE, dots)
        sizes.append(pixels(Pictures(plotting.figure_html(drawing())).images[0]).shape[:2])
    assert np.allclose(np.divide(*sizes), 2, atol=0.02)
    for wrong in ("ten", "40", "4000", "-200", ""):
        monkeypatch.setenv(style.DPI_VARIABLE, wrong)
        with pytest.raises(FerError, match=f"`{style.DPI_VARIABLE}`.*50 to 400"):
            plotting.figure_html(drawing())


def test_ink_becomes_light_on_dark_paper_and_ink_again_afterwards():
    figure = drawing()
    axis = figure.axes[0]

    def colours():
        return (
            [text.get_color() for text in axis.texts]
            + [axis.title.get_color(), axis.xaxis.label.get_color()]
            + [spine.get_edgecolor() for spine in axis.spines.values()]
            + [bar.get_facecolor() for bar in axis.patches]
            + [axis.get_facecolor()]
        )

    before = colours()
    with style.dark_colours(figure):
        assert axis.title.get_color() == "#E6E6E6" and colours() != before
    assert colours() == before
    first, second = (Pictures(plotting.figure_html(figure, alt=ALT)).images[0]["src"] for _ in range(2))
    assert first == second


def test_dark_colours_are_undone_also_if_drawing_fails(monkeypatch):
    figure = drawing()

    def fails(figure, paper):
        if paper == plotting.DARK_PAPER:
            raise OSError("no space")
        return ""

    monkeypatch.setattr(style, "_webp", fails)
    with pytest.raises(OSError, match="no space"):
        plotting.figure_html(figure, alt=ALT)
    assert figure.axes[0].title.get_color() == plotting.INK


def test_a_plot_describes_itself_where_nobody_adds_a_sentence():
    (light, _) = Pictures(plotting.figure_html(drawing())).images
    assert light["alt"] == "Horizontal bars, parameters: one 47; two 1."


@pytest.mark.parametrize("alt", [" ", "a bar chart", None, 4, ["a", "list", "of", "words"]])
def test_alt_text_that_says_nothing_is_refused(alt):
    with pytest.raises(FerError, match=r"`alt`.*what is seen"):
        plotting.figure_html(drawing(), alt=alt)


def test_a_figure_of_ones_own_needs_a_sentence():
    figure, _ = plotting.subplots()
    with pytest.raises(FerError, match=r"`alt`.*what is seen"):
        plotting.figure_html(figure)
    style.describe(figure, "An empty figure,", "", "drawn by a test.")
    (light, _) = Pictures(plotting.figure_html(figure)).images
    assert light["alt"] == "An empty figure, drawn by a test."


def test_the_package_loads_no_matplotlib_before_a_name_is_used(root):
    program = (
        "import sys, fer_utils\n"
        "from fer_utils import plotting, reporting\n"
        "assert 'bars' in dir(plotting)\n"
        "assert not {'matplotlib', 'seaborn', 'pandas'} & set(sys.modules), 'loaded too early'\n"
        "plotting.bars\n"
        "assert 'matplotlib' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, timeout=PATIENCE)


def test_subplots_are_rows_and_columns_and_leave_nothing_to_pyplot():
    import matplotlib.pyplot

    figure, axes = plotting.subplots(2, 3, width=6.0, height=4.0)
    assert axes.shape == (2, 3) and figure.get_size_inches().tolist() == [6.0, 4.0]
    assert matplotlib.pyplot.get_fignums() == []
