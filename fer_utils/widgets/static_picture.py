"""What a widget is where no script runs."""

from __future__ import annotations

import io

import numpy as np

from fer_utils.core.errors import invalid


class StaticPicture:
    """Adds ``picture_html()`` to what a widget displays; stands before ``anywidget.AnyWidget`` among the bases."""

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/html": self.picture_html()}, metadata


def as_png(picture: np.ndarray) -> bytes:
    """A picture, (H, W) or (H, W, 3) uint8, as a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def checked_words(name: str, text: object) -> str:
    """What a chapter has a widget say, without spaces around it; FerError, naming the argument, for no words."""
    if not isinstance(text, str) or not text.strip():
        raise invalid(name, expected="a text, not empty", received=text)
    return text.strip()
