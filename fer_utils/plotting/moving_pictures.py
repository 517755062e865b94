"""A short film on a page: an animated WebP with a button that stops it, and a still for those who want no motion.

`film` returns a `FilmStrip`, which `fer_utils.plotting.show` displays as it does a Matplotlib figure.  It is HTML and
CSS alone, so that it works on the static page, in JupyterLab and on Colab.  Where the reader's system asks for reduced
motion (CSS Media Queries Level 5, ``prefers-reduced-motion``) the still is shown, and the button plays the film.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import html
import io

import numpy as np
from PIL import Image

from fer_utils.core.errors import invalid, whole_number

#: Qualities of the WebP, from the best; the first is taken with which the film is small enough.
QUALITIES: tuple[int, ...] = (70, 55, 40, 25)
#: The button is a checkbox: not pressed means what the system asks for, pressed the opposite.
_CSS = """\
.fer-film { margin: 1em 0; max-width: 100%; position: relative; }
.fer-film-title { margin: 0 0 0.5rem; font-weight: 700; font-size: 1.05rem; line-height: 1.35; }
.fer-film > input { position: absolute; opacity: 0; }
.fer-film > label { display: inline-block; margin: 0 0 0.4rem; padding: 0.15rem 0.8rem; border: 1px solid #8888; \
border-radius: 0.3rem; cursor: pointer; font-size: 0.9rem; }
.fer-film > input:focus-visible + label { outline: 2px solid #0072b2; outline-offset: 2px; }
.fer-film > img { width: 100%; height: auto; margin: 0; padding: 0; filter: none !important; }
.fer-film figcaption { margin-top: 0.4rem; }
.fer-film .fer-film-still, .fer-film .fer-film-play, .fer-film > input:checked ~ .fer-film-moving, \
.fer-film > input:checked + label .fer-film-stop { display: none; }
.fer-film .fer-film-moving, .fer-film > input:checked ~ .fer-film-still { display: block; }
.fer-film .fer-film-stop, .fer-film > input:checked + label .fer-film-play { display: inline; }
@media (prefers-reduced-motion: reduce) {
  .fer-film .fer-film-moving, .fer-film .fer-film-stop, .fer-film > input:checked ~ .fer-film-still, \
.fer-film > input:checked + label .fer-film-play { display: none; }
  .fer-film .fer-film-still, .fer-film > input:checked ~ .fer-film-moving { display: block; }
  .fer-film .fer-film-play, .fer-film > input:checked + label .fer-film-stop { display: inline; }
}
"""


@dataclass(frozen=True)
class FilmStrip:
    """A film and one of its pictures; ``plotting.show(strip, alt=...)`` puts it on the page.

    Attributes
    ----------
    moving, still : WebP files, as bytes.
    size : (width, height) in pixels.
    frames : pictures in the film.
    seconds : how long it runs before it begins again.
    title : the film's message.
    """

    moving: bytes
    still: bytes
    size: tuple[int, int]
    frames: int
    seconds: float
    title: str

    @property
    def description(self) -> str:
        """How long the film is and how large; see `fer_utils.plotting.show`."""
        wide, high = self.size
        return f"A film of {self.seconds:.1f} s, {self.frames} pictures of {wide} x {high} pixels, again and again."

    def sheet_html(self, *, alt: str, caption: str | None = None) -> str:
        """The film as HTML, with its button."""
        name = f"fer-film-{hashlib.sha256(self.moving).hexdigest()[:12]}"
        told, (wide, high) = html.escape(alt, quote=True), self.size
        images = "".join(
            f'<img class="fer-film-{kind} dark-light" alt="{told}" width="{wide}" height="{high}" '
            f'style="max-width:{wide}px" src="data:image/webp;base64,{base64.b64encode(data).decode()}">'
            for kind, data in (("moving", self.moving), ("still", self.still))
        )
        title = f'<p class="fer-film-title">{html.escape(self.title)}</p>' if self.title else ""
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return (
            f'<figure class="fer-figure fer-film"><style>{_CSS}</style>{title}'
            f'<input type="checkbox" id="{name}"><label for="{name}"><span class="fer-film-stop">Stop the film</span>'
            f'<span class="fer-film-play">Play the film</span></label>{images}{below}</figure>'
        )


def film(
    pictures: Sequence[np.ndarray],
    times: Sequence[float],
    *,
    rate: float = 10.0,
    width: int = 640,
    still: int = 0,
    title: str = "",
    most_bytes: int = 400_000,
) -> FilmStrip:
    """Pictures of a film as an animated WebP.

    Parameters
    ----------
    pictures : (H, W, 3) uint8 RGB, all of one shape.
    times : seconds of each, rising.
    rate : pictures a second on the page, at most; of more, the first of each step is taken.
    width : of the film in pixels, at most that of the pictures.
    still : the place of the picture that is shown while the film stands.
    title : the film's message.
    most_bytes : the largest that the file may be; its quality is lowered until it fits.

    Raises
    ------
    FerError : no picture, pictures of different shapes, other than one time a picture, a still that is not there,
        or a film that is too large at the lowest quality.
    """
    pictures, times = [np.asarray(picture) for picture in pictures], np.asarray(times, float)
    if not pictures or any(p.dtype != np.uint8 or p.ndim != 3 or p.shape != pictures[0].shape for p in pictures):
        raise invalid(
            "pictures", expected="at least one, uint8 of one shape (H, W, 3)", received=[p.shape for p in pictures][:4]
        )
    if times.shape != (len(pictures),) or not (np.diff(times) > 0).all():
        raise invalid("times", expected=f"{len(pictures)} seconds, rising", received=times)
    still = whole_number("still", still, 0, len(pictures) - 1)
    high, wide = pictures[0].shape[:2]
    wide, high = min(width, wide), round(high * min(width, wide) / wide)
    steps = np.floor((times - times[0]) * rate + 1e-6).astype(int)
    kept = np.flatnonzero(np.diff(steps, prepend=-1))
    shown = [Image.fromarray(pictures[k]).resize((wide, high), Image.Resampling.BOX) for k in kept]
    last = 1 / rate if len(times) < 2 else max(1 / rate, float(np.median(np.diff(times))))
    lengths = [max(1, round(1000 * s)) for s in np.diff(times[kept], append=times[kept[-1]] + last)]
    poster = Image.fromarray(pictures[still]).resize((wide, high), Image.Resampling.BOX)
    for quality in QUALITIES:
        moving = _webp(shown, quality, duration=lengths)
        if len(moving) <= most_bytes:
            return FilmStrip(moving, _webp([poster], quality), (wide, high), len(shown), sum(lengths) / 1000, title)
    raise invalid(
        "pictures",
        expected=f"a film of at most {most_bytes:,} bytes",
        received=f"{len(moving):,} bytes at quality {QUALITIES[-1]}",
        remedy="Take fewer pictures, a lower rate or a smaller width.",
    )


def _webp(pictures: list[Image.Image], quality: int, **options) -> bytes:
    """Pictures as one WebP file, which moves where there are several."""
    made = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:], "loop": 0, **options} if len(pictures) > 1 else {}
    pictures[0].save(made, "WEBP", quality=quality, method=3, **more)
    return made.getvalue()
