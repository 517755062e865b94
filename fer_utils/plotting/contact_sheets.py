"""Sheets: many pictures on one page, with names that stay text, and pictures beside curves.

`grid` returns a `Sheet`, which `fer_utils.plotting.show` displays as it does a
Matplotlib figure.  Its pictures are small WebP files inside the page and its
names are the page's own text, so that they follow its colours; on a telephone
the columns fold.  `timeline` returns a Matplotlib figure.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import html

import numpy as np

from fer_utils.core.errors import invalid, missing, whole_number
from fer_utils.plotting import INK, PALETTE, head, new

#: The page's side of a sheet.  A telephone (below 34rem) shows `--narrow` columns, each picture with its own name.
_CSS = """\
.fer-sheet { container-type: inline-size; margin: 1em 0; max-width: 100%; }
.fer-sheet-title { margin: 0 0 0.5rem; font-weight: 700; font-size: 1.05rem; line-height: 1.35; }
.fer-sheet-grid { display: grid; gap: var(--gap) var(--gap); grid-template-columns: var(--columns); align-items: center; max-width: var(--wide); }
.fer-sheet-grid > * { min-width: 0; }
.fer-sheet-column { text-align: center; font-size: 0.86rem; line-height: 1.2; align-self: end; }
.fer-sheet-corner { font-size: 0.86rem; line-height: 1.2; padding-right: 0.6rem; text-align: right; align-self: end; }
.fer-sheet-row { font-size: 0.86rem; line-height: 1.25; padding-right: 0.6rem; text-align: right; overflow-wrap: anywhere; }
.fer-sheet-row b { display: block; }
.fer-sheet-cell { text-align: center; font-size: 0.8rem; line-height: 1.2; }
.fer-sheet-grid .fer-sheet-cell img { display: block; width: 100%; height: auto; margin: 0; padding: 0; border-radius: 0.15rem; filter: none !important; }
.fer-sheet-folded { display: none; }
html[data-theme="dark"] .bd-content .fer-sheet-grid .fer-sheet-cell img { padding: 0 !important; background: none !important; }
.fer-figure.fer-sheet figcaption { margin-top: 0.5rem; font-weight: 400; }
@container (max-width: 34rem) {
  .fer-sheet-grid { grid-template-columns: repeat(var(--narrow), minmax(0, 1fr)); max-width: none; }
  .fer-sheet-grid .fer-sheet-row { grid-column: 1 / -1; text-align: left; padding: 0.35rem 0 0; }
  .fer-sheet-grid .fer-sheet-row b { display: inline; margin-right: 0.4em; }
  .fer-sheet-corner, .fer-sheet-fold .fer-sheet-column { display: none; }
  .fer-sheet-fold .fer-sheet-cell .fer-sheet-folded { display: block; padding: 0.15rem 0 0.3rem; }
  .fer-sheet-row .fer-sheet-folded { display: inline; font-weight: 700; }
}
"""


@dataclass(frozen=True)
class Sheet:
    """Pictures in rows and columns; ``figures.show(sheet, alt=...)`` puts it on the page."""

    pictures: tuple[np.ndarray, ...]
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    labels: tuple[str, ...]
    across: int
    corner: str
    title: str
    cell: int
    narrow: int
    quality: int

    def sheet_html(self, *, alt: str, caption: str | None = None) -> str:
        """The sheet as HTML.  ``alt`` describes the whole; every picture has its own as well."""
        longest = max((len(line) for name in (*self.rows, self.corner) for line in name.split("\n")), default=0)
        names = min(max(2.6, 0.62 * longest), 8.0)  # rem
        row_names = f"minmax(0, {names}rem) " if self.rows else ""
        wide = self.across * self.cell + (int(16 * names) if self.rows else 0)
        fold = self.columns and self.narrow < self.across
        style = (
            f"--columns: {row_names}repeat({self.across}, minmax(0, {self.cell}px)); --narrow: {self.narrow}; "
            f"--wide: {wide}px; --gap: {3 if self.cell < 150 else 5}px"
        )
        before = f'<span class="fer-sheet-folded">{html.escape(self.corner)} </span>' if self.corner else ""
        parts = []
        if self.columns:
            parts += [f'<div class="fer-sheet-corner">{html.escape(self.corner)}</div>'] * bool(self.rows)
            parts += [f'<div class="fer-sheet-column">{html.escape(name)}</div>' for name in self.columns]
        for number, picture in enumerate(self.pictures):
            row, column = divmod(number, self.across)
            if self.rows and not column:
                first, _, rest = self.rows[row].partition("\n")
                parts.append(f'<div class="fer-sheet-row">{before}<b>{html.escape(first)}</b>{html.escape(rest)}</div>')
            folded = f'<span class="fer-sheet-folded">{html.escape(self.columns[column])}</span>' if fold else ""
            under = html.escape(self.labels[number]) if number < len(self.labels) else ""
            parts.append(
                f'<div class="fer-sheet-cell"><img class="dark-light" alt="{self._alt(row, column, number)}" '
                f'src="data:image/webp;base64,{_webp(picture, self.quality)}">{under}{folded}</div>'
            )
        title = f'<p class="fer-sheet-title">{html.escape(self.title)}</p>' if self.title else ""
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return (
            f'<figure class="fer-figure fer-sheet" aria-label="{html.escape(alt, quote=True)}"><style>{_CSS}</style>{title}'
            f'<div class="fer-sheet-grid{" fer-sheet-fold" if fold else ""}" style="{style}">'
            + "".join(parts)
            + f"</div>{below}</figure>"
        )

    def _alt(self, row: int, column: int, number: int) -> str:
        names = [
            *(f"{self.corner} {name}".strip() for name in self.rows[row : row + 1]),
            *self.columns[column : column + 1],
            *self.labels[number : number + 1],
        ]
        place = f"row {row + 1}, picture {column + 1}"
        return html.escape(", ".join([*(name.replace("\n", " ") for name in names), "drawn face", place]), quote=True)


def grid(
    pictures: Sequence[np.ndarray],
    *,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    labels: Sequence[str] = (),
    across: int | None = None,
    corner: str = "",
    title: str = "",
    cell: int = 96,
    narrow: int | None = None,
    quality: int = 82,
) -> Sheet:
    """A sheet of pictures, row by row.

    Parameters
    ----------
    pictures : (H, W, 3) uint8 RGB, all of one size; draw them at twice ``cell`` for sharp screens.
    columns, rows : names above the columns and before the rows; a row's name may have a second line.
        With names there must be rows x columns pictures.
    labels : a short line under each picture, for sheets without names.
    across : pictures in a row; by default as many as there are columns.
    corner : what the rows' names are, such as "person"; stands above them.
    title : the sheet's message.
    cell : the widest that a picture is shown, in CSS pixels.
    narrow : pictures in a row on a telephone; by default at most five, with the column's name under each where that folds.
    quality : of the WebP files, 1..100.
    """
    pictures = tuple(np.asarray(picture) for picture in pictures)
    if not pictures:
        raise invalid("pictures", expected="at least one picture", received="none")
    for picture in pictures:
        if (
            picture.dtype != np.uint8
            or picture.ndim != 3
            or picture.shape[2] != 3
            or picture.shape != pictures[0].shape
        ):
            raise invalid(
                "pictures",
                expected=f"uint8 arrays of one shape (H, W, 3), as the first: {pictures[0].shape}",
                received=(picture.dtype.name, picture.shape),
            )
    across = whole_number("across", across if across is not None else len(columns) or min(len(pictures), 8), 1)
    if columns and len(columns) != across:
        raise invalid("columns", expected=f"one name for each of {across} columns", received=list(columns))
    if rows and len(rows) != -(-len(pictures) // across):
        raise invalid(
            "rows", expected=f"one name for each of {-(-len(pictures) // across)} rows of {across}", received=list(rows)
        )
    if narrow is None:
        narrow = across if across <= 5 else next((n for n in (4, 5, 3) if across % n == 0), 4)
    return Sheet(
        pictures,
        tuple(columns),
        tuple(rows),
        tuple(labels),
        across,
        corner,
        title,
        whole_number("cell", cell, 16, 800),
        whole_number("narrow", narrow, 1),
        whole_number("quality", quality, 1, 100),
    )


def _webp(picture: np.ndarray, quality: int) -> str:
    try:
        import cv2
    except ImportError:
        raise missing("cv2", needed_for="sheets of pictures", remedy="pip install opencv-python-headless") from None
    data = cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
    return base64.b64encode(data.tobytes()).decode()


def face_of(
    picture: np.ndarray, marks: np.ndarray, *, above: float = 0.62, beside: float = 0.22, below: float = 0.16
) -> np.ndarray:
    """The square of a picture that holds a face, found from its 68 landmarks (x, y) in pixels.

    ``above``, ``beside`` and ``below`` are margins as shares of the jaw's width, from brow, jaw and chin.
    """
    marks = np.asarray(marks, float)
    left, right = marks[:17, 0].min(), marks[:17, 0].max()
    wide = right - left
    top, bottom = marks[17:27, 1].min() - above * wide, marks[:17, 1].max() + below * wide
    side = int(round(min(max(bottom - top, wide * (1 + 2 * beside)), *picture.shape[:2])))
    x = int(round(np.clip((left + right - side) / 2, 0, picture.shape[1] - side)))
    y = int(round(np.clip((top + bottom - side) / 2, 0, picture.shape[0] - side)))
    return picture[y : y + side, x : x + side]


#: Parts of a face: from which landmarks' row the window starts, how far above it and how high it is, as shares of the jaw's width.
PARTS: Mapping[str, tuple[slice, float, float]] = {
    "brows and eyes": (slice(17, 27), -0.28, 0.70),
    "cheeks and nose": (slice(17, 27), -0.10, 0.70),
    "mouth": (slice(33, 34), -0.16, 0.70),
}


def part_of(picture: np.ndarray, marks: np.ndarray, part: str, *, height: float | None = None) -> np.ndarray:
    """A window on a part of a face, as wide as the jaw: a name of `PARTS`.

    ``marks`` (68, 2) in pixels; take those of the face at rest, and the window stays where it is while the face moves.
    """
    if part not in PARTS:
        raise invalid("part", expected=f"one of {', '.join(PARTS)}", received=part)
    marks = np.asarray(marks, float)
    rows, start, high = PARTS[part]
    left, wide = marks[:17, 0].min(), np.ptp(marks[:17, 0])
    top = marks[rows, 1].min() + start * wide
    bottom, right = top + (height or high) * wide, left + wide
    return picture[max(int(round(top)), 0) : int(round(bottom)), max(int(round(left)), 0) : int(round(right))]


def resized(picture: np.ndarray, width: int) -> np.ndarray:
    """A picture scaled to a width in pixels, (H, width, 3) uint8."""
    import cv2

    height = max(1, round(width * picture.shape[0] / picture.shape[1]))
    return cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_CUBIC
    )


def marked(picture: np.ndarray, marks: np.ndarray, *, colour: tuple[int, int, int] = (86, 180, 233)) -> np.ndarray:
    """A picture with its 68 landmarks drawn on a copy, as dots with a dark rim that any skin lets one see."""
    import cv2

    copy = np.ascontiguousarray(picture).copy()
    radius = max(1.3, picture.shape[0] / 170)
    for x, y in np.asarray(marks, float):
        at = tuple(int(round(16 * v)) for v in (x, y))
        cv2.circle(copy, at, int(16 * (radius + 0.9)), (8, 38, 58), -1, cv2.LINE_AA, 4)
        cv2.circle(copy, at, int(16 * radius), colour, -1, cv2.LINE_AA, 4)
    return copy


def timeline(
    time_s: np.ndarray,
    curves: Mapping[str, np.ndarray],
    pictures: Sequence[np.ndarray] = (),
    picture_times: Sequence[float] = (),
    *,
    title: str,
    ylabel: str = "intensity",
    shade: np.ndarray | None = None,
):
    """Curves over time, 0..1, with pictures below them at their moments.

    Parameters
    ----------
    time_s : (T,) seconds.
    curves : name -> (T,) values 0..1; at most seven, named above.
    pictures, picture_times : (H, W, 3) uint8 and the seconds that they show.
    shade : (T,) 0..1, drawn as a grey area behind the curves.
    """
    if len(pictures) != len(picture_times):
        raise invalid(
            "picture_times", expected=f"one time for each of {len(pictures)} pictures", received=list(picture_times)
        )
    if not 1 <= len(curves) <= len(PALETTE):
        raise invalid("curves", expected=f"one to {len(PALETTE)} curves", received=list(curves))
    time_s = np.asarray(time_s, float)
    width, low, high = 7.0, float(time_s[0]), float(time_s[-1])
    cell = 0.92 * width / max(len(pictures), 1)
    figure, axes = new(
        1,
        2 if pictures else 1,
        width=width,
        height=3.2 + (cell + 0.35 if pictures else 0),
        squeeze=False,
        height_ratios=[2.2, cell + 0.2] if pictures else [1],
    )
    axis = axes[0, 0]
    head(axis, title)
    if shade is not None:
        axis.fill_between(time_s, 0, shade, color="#999999", alpha=0.22, lw=0)
    for number, (name, values) in enumerate(curves.items()):
        axis.plot(time_s, values, color=PALETTE[number], lw=2.2, ls="-" if number < 4 else "--", label=name)
    axis.set(xlim=(low, high), ylim=(0, 1.04), xlabel="time (s)", ylabel=ylabel)
    axis.legend(
        labelcolor=INK,
        frameon=False,
        fontsize=10,
        ncols=3,
        loc="lower left",
        bbox_to_anchor=(-0.08, 1.0),
        handlelength=1.4,
        columnspacing=1.2,
    )
    if pictures:
        _strip(axes[1, 0], axis, pictures, picture_times, low, high)
    return figure


def _strip(strip, axis, pictures, times, low: float, high: float) -> None:
    """Pictures side by side in time's order, each tied to its moment by a line."""
    from matplotlib.patches import ConnectionPatch

    each = (high - low) / len(pictures)
    gap = 0.03 * each
    for number, (picture, time) in enumerate(zip(pictures, times)):
        left = low + number * each
        strip.imshow(picture, extent=(left + gap, left + each - gap, 0, 1), aspect="auto", interpolation="antialiased")
        strip.text(left + each / 2, -0.04, f"{time:.1f} s", ha="center", va="top", fontsize=9.5, color=INK)
        axis.figure.add_artist(
            ConnectionPatch(
                (time, 0), (left + each / 2, 1), axis.transData, strip.transData, color=INK, lw=0.6, alpha=0.5
            )
        )
        axis.axvline(time, color=INK, lw=0.6, alpha=0.25)
    strip.set(xlim=(low, high), ylim=(-0.16, 1))
    strip.set_axis_off()
