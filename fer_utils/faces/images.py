"""Still images as RGB of 8 bits.

The odd ones are read, too: 16 bits, alpha, palettes, CMYK, rotated, of several pages.

Two libraries share the work.  OpenCV decodes whatever it decodes rightly, which
is most, and 16-bit pictures, which Pillow cuts off at 255 instead of scaling
them.  What OpenCV gets wrong was found by ``tests/test_odd_images.py`` with
pictures that Pillow wrote (OpenCV 4.10 and 4.14, Pillow 13):

* alpha: it drops the channel and shows whatever colours lie under it, and lays
  a TIFF on black.  Pillow decodes these.
* the EXIF orientation of WebP, animated WebP, and GIF, which 4.10 cannot and 4.14
  can.  Pillow decodes these, and whatever is rotated and no JPEG.
* PGM and PPM whose white is neither 255 nor 65535, which it shows too dark.  Pillow decodes all of these.
* TIFF of floating-point numbers or 32-bit integers: no picture, or one without a
  scale.  OpenCV's raw numbers are taken and scaled here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import io
import os
import re
import tempfile
import threading
from typing import NamedTuple
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_utils.core.optional_packages import opencv

#: A picture of more pixels is not decoded: the pass takes some ten bytes a pixel, and is to stay under a gigabyte.
MOST_PIXELS = 80_000_000
_ORIENTATION = 0x0112
#: What `disguised_size` looks for.
_AMONG_VIDEOS = ("GIF", "PNG", "JPEG", "WEBP", "BMP", "TIFF")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Decoded(NamedTuple):
    """(H, W, 3) uint8 RGB or None, what there is to remark (kind, problem, action), and why there is none."""

    rgb: np.ndarray | None
    remarks: list[tuple[str, str, str]]
    failure: str = ""


def too_many_pixels(width: int, height: int) -> str:
    """The size in words where it is above `MOST_PIXELS`, else an empty text."""
    return f"{width} x {height} pixels, more than {MOST_PIXELS:,}" if width * height > MOST_PIXELS else ""


def disguised_size(path: str) -> tuple[int, int]:
    """(width, height) of an image file that goes as a video, a GIF above all, from its header; (0, 0) of any other.

    FFmpeg decodes the first picture of such a file when it opens it: too late to look at the size.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # the size is wanted, not an error without it
    try:
        with Image.open(path, formats=_AMONG_VIDEOS) as header:
            return header.size
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError):
        return 0, 0
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def decode(data: bytes) -> Decoded:
    """The picture of an image file's bytes, upright by its EXIF orientation.

    Transparent pixels are laid on white: it is what viewers and paper show,
    and the colours stored under them are any.  16 bits are scaled from 65535
    to 255.  Numbers of 32 bits have no agreed white: up to 1 (floating point
    only), 255 or 65535 they are taken to end there, others are stretched from the
    smallest to the largest, and a remark says which.  Of several pages or
    frames the first is taken.

    Parameters
    ----------
    data : the whole file.

    Returns
    -------
    Decoded : remarks are of the kinds ``several pages``, ``transparent``, ``damaged`` and
    ``value range``; ``rgb`` is None and ``failure`` says why where there is no
    picture.  Nothing is raised but ``MissingPackage`` where a library is missing.
    """
    cv2 = opencv()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files; ours are in the report
            return _decode(cv2, data)
    except (
        cv2.error,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        MemoryError,
        OverflowError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
    ) as error:  # each seen, or known, from damaged files in Pillow's readers
        return Decoded(None, [], f"it cannot be decoded as an image: {type(error).__name__}")


def _decode(cv2, data: bytes) -> Decoded:
    try:
        header = _header(data)
    except Image.DecompressionBombError:  # Pillow's own limit, which is higher
        return Decoded(None, [], f"it has more than {MOST_PIXELS:,} pixels")
    if header is not None and too_many_pixels(header.width, header.height):
        return Decoded(None, [], f"it has {too_many_pixels(header.width, header.height)}")
    remarks: list[tuple[str, str, str]] = []
    pages = _pages(header)
    # A camera's JPEG of several pictures (MPO) has previews behind the photograph: no remark.
    if pages > 1 and header.format != "MPO":
        remarks.append(("several pages", f"{pages} pages or frames in one image file", "first taken"))
    if data[:4] in _TIFF and (header is None or header.mode in ("F", "I")):
        rgb = _numbers(cv2, data, remarks)
    elif header is not None and _odd(header, pages):
        rgb = _by_pillow(header, remarks)
    else:
        picture = _by_opencv(cv2, data, cv2.IMREAD_COLOR, remarks)
        rgb = None if picture is None or picture.size == 0 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture)
    if rgb is None:
        return Decoded(None, [], "it cannot be decoded as an image")
    return Decoded(rgb, remarks)


#: What libjpeg and libtiff say of damaged data, on the standard error of the process and nowhere else.
_DAMAGE = re.compile(
    rb"(?:Corrupt JPEG data|Premature end of JPEG|Inconsistent progression sequence|Invalid SOS parameters)[^\r\n]*"
    rb"|(?<=TIFF_Error )[^\r\n]*"
)
_one_at_a_time = threading.Lock()


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What the decoder complains of within the block, known when the block has ended.

    Standard error goes into a file meanwhile; what is no complaint of a decoder is written to it afterwards.
    """
    told: list[str] = []
    with _one_at_a_time:
        try:
            caught = tempfile.TemporaryFile()
        except OSError:  # no room: the picture is read all the same
            yield told
            return
        with caught:
            try:
                kept = os.dup(2)
            except OSError:  # no standard error
                yield told
                return
            os.dup2(caught.fileno(), 2)
            try:
                yield told
            finally:
                os.dup2(kept, 2)
                caught.seek(0)
                said = caught.read()
                told += [line.decode(errors="replace").strip() for line in _DAMAGE.findall(said)]
                rest = b"".join(line for line in said.splitlines(True) if not _DAMAGE.search(line))
                if rest:
                    os.write(kept, rest)
                os.close(kept)


def _by_opencv(cv2, data: bytes, flag: int, remarks: list) -> np.ndarray | None:
    with _complaints() as told:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if told:
        remarks.append(("damaged", f"the decoder says: {told[0]}", "kept, although pixels may be wrong"))
    return picture


def _header(data: bytes):
    """The file as Pillow sees it, no pixel decoded yet; None where Pillow knows no such format."""
    try:
        return Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        return None


def _pages(header) -> int:
    try:
        return int(getattr(header, "n_frames", 1)) if header is not None else 1
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError):
        return 1  # a broken later page is no reason to lose the first


def _has_alpha(header) -> bool:
    return header.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in header.info


def _odd(header, pages: int) -> bool:
    """Whether OpenCV is known to get a file of this kind wrong; see the head of this module."""
    rotated = header.format not in ("JPEG", "MPO") and header.getexif().get(_ORIENTATION, 1) != 1
    return _has_alpha(header) or rotated or (pages > 1 and header.format == "WEBP") or header.format in ("GIF", "PPM")


def _by_pillow(picture, remarks: list) -> np.ndarray:
    picture.seek(0)
    clear = _has_alpha(picture)
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16 bits; Pillow's own conversion would cut them off at 255
        numbers = np.asarray(picture)
        grey = ((numbers.astype(np.float32) + 128) // 257).astype(np.uint8)
        if "transparency" in picture.info:
            hidden = numbers == picture.info["transparency"]
            _remark_on_alpha(np.where(hidden, 0, 255), remarks)
            grey[hidden] = 255
        return np.repeat(grey[..., None], 3, axis=2)
    if not clear:
        return np.array(picture.convert("RGB"))
    picture = picture.convert("RGBA")
    _remark_on_alpha(np.asarray(picture.getchannel("A")), remarks)
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture)
    return np.array(page.convert("RGB"))


def _remark_on_alpha(alpha: np.ndarray, remarks: list) -> None:
    share = float((alpha < 255).mean())
    if share > 0:
        shown = f"{100 * share:.0f} %" if share > 0.005 else "less than 1 %"
        remarks.append(("transparent", f"{shown} of the pixels are transparent or half so", "laid on white"))


def _numbers(cv2, data: bytes, remarks: list) -> np.ndarray | None:
    """A TIFF whose pixels are numbers of 32 or 64 bits."""
    raw = _by_opencv(cv2, data, cv2.IMREAD_UNCHANGED, remarks)
    if raw is None or raw.size == 0:
        return None
    if raw.dtype == np.uint8 or raw.dtype == np.uint16:  # Pillow did not know it, OpenCV does
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return None if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    real = np.issubdtype(raw.dtype, np.floating)
    values = raw.astype(np.float64)
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    black, white = 0.0, next((w for w in ((1.0,) if real else ()) + (255.0, 65535.0) if 0 <= low and high <= w), None)
    if white is None:
        black, white = low, high
    values = np.where(finite, values, black)
    grey = np.clip((values - black) * (255 / max(white - black, 1e-300)) + 0.5, 0, 255).astype(np.uint8)
    remarks.append(
        (
            "value range",
            f"its pixels are {'floating-point numbers' if real else 'integers of 32 bits'} from "
            f"{low:.6g} to {high:.6g}",
            f"{black:.6g} taken as black, {white:.6g} as white",
        )
    )
    # OpenCV has turned it upright already, by the TIFF's own orientation, also with IMREAD_UNCHANGED.
    if grey.ndim == 2 or grey.shape[2] < 3:
        grey = np.repeat((grey if grey.ndim == 2 else grey[..., 0])[..., None], 3, axis=2)
    return np.ascontiguousarray(grey[..., 2::-1])
