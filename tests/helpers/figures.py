"""What the tests of figures share: the page's pictures, their pixels, and a module's drawing functions."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
import inspect
import io

from matplotlib.colors import to_rgb
import numpy as np
from PIL import Image

from fer_utils.plotting import INK, figure_html

ALT = 'Bars of "two" <networks> & their <b>sizes</b>, the first 47 times as long.'


class Pictures(HTMLParser):
    """The <img> elements, the words and the tags of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.images, self.words, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data):
        self.words.append(data)


def pixels(image: dict) -> np.ndarray:
    """The picture of an <img>, (H, W, 3) as 0..255."""
    data = base64.b64decode(image["src"].removeprefix("data:image/webp;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def has_ink(image: dict) -> bool:
    """Whether a pixel is of the ink's very grey; dark paper is bluish, so that no blend with it is."""
    return bool((pixels(image) == int(INK[1:3], 16)).all(axis=2).any())


def drawing_functions(*modules) -> set[str]:
    """The names of the public functions that return a figure, as their annotations say."""
    return {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and function.__annotations__.get("return") == "Figure"
    }


def is_shown_light_and_dark(figure, *, black_on_grey: bool = False) -> bool:
    """Whether a figure becomes two pictures, the dark one on dark paper and without ink.

    ``black_on_grey``: the figure has black letters on a grey bar, whose blends have the ink's grey.
    """
    light, dark = Pictures(figure_html(figure, alt=ALT)).images
    drawn = bool((pixels(light) != 255).any())
    readable = black_on_grey or not has_ink(dark)
    return drawn and readable and bool(pixels(dark)[0, 0].max() < 40)


def contrast(one: str, other) -> float:
    """The contrast ratio of two colours, by WCAG's definition."""
    levels = [np.array(to_rgb(colour)) for colour in (one, other)]
    linear = [np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) for level in levels]
    low, high = sorted(float(level @ (0.2126, 0.7152, 0.0722)) for level in linear)
    return (high + 0.05) / (low + 0.05)
