"""Contact sheets: many pictures on one page, with names that stay text, and pictures beside curves.

`grid` returns a `ContactSheet`, which `fer_utils.plotting.show` displays as it does a Matplotlib figure.  Its pictures
are small WebP files inside the page and its names are the page's own text, so that they follow its colours; on a
telephone the columns fold.  `timeline` returns a Matplotlib figure.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import html

from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.plotting.descriptions import axis_name, course, grid_in_words, listing, number_text, one_line, sentences
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots

#: The page's side of a sheet.  A telephone (below 34rem) shows `--narrow` columns, each picture with its own name.
_CSS = """\
.fer-sheet { container-type: inline-size; margin: 1em 0; max-width: 100%; }
.fer-sheet-title { margin: 0 0 0.5rem; font-weight: 700; font-size: 1.05rem; line-height: 1.35; }
.fer-sheet-grid { display: grid; gap: var(--gap) var(--gap); grid-template-columns: var(--columns); \
align-items: center; max-width: var(--wide); }
.fer-sheet-grid > * { min-width: 0; }
.fer-sheet-column { text-align: center; font-size: 0.86rem; line-height: 1.2; align-self: end; }
.fer-sheet-corner { font-size: 0.86rem; line-height: 1.2; padding-right: 0.6rem; text-align: right; align-self: end; }
.fer-sheet-row { font-size: 0.86rem; line-height: 1.25; padding-right: 0.6rem; text-align: right; \
overflow-wrap: anywhere; }
.fer-sheet-row b { display: block; }
.fer-sheet-cell { text-align: center; font-size: 0.8rem; line-height: 1.2; }
.fer-sheet-grid .fer-sheet-cell img { display: block; width: 100%; height: auto; margin: 0; padding: 0; \
border-radius: 0.15rem; filter: none !important; }
.fer-sheet-folded { display: none; }
html[data-theme="dark"] .bd-content .fer-sheet-grid .fer-sheet-cell img { padding: 0 !important; \
background: none !important; }
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
class ContactSheet:
    """Pictures in rows and columns; ``plotting.show(sheet, alt=...)`` puts it on the page.

    Made by `grid`, whose docstring says what the fields are.
    """

    pictures: tuple[np.ndarray, ...]
    column_names: tuple[str, ...]
    row_names: tuple[str, ...]
    labels: tuple[str, ...]
    per_row: int
    rows_are: str
    title: str
    cell_width: int
    per_row_on_phone: int
    quality: int
    about: str = ""

    @property
    def description(self) -> str:
        """How many pictures there are and what the rows and columns are called; see `fer_utils.plotting.show`."""
        under = f"; below them stands {listing(list(map(one_line, self.labels)), letters=100)}" if self.labels else ""
        words = grid_in_words(self.pictures, self.per_row, self.row_names, self.column_names, rows_are=self.rows_are)
        return f"{self.about} {words}{under}.".strip()

    def sheet_html(self, *, alt: str, caption: str | None = None) -> str:
        """The sheet as HTML.  ``alt`` describes the whole; every picture has its own as well."""
        folds = bool(self.column_names) and self.per_row_on_phone < self.per_row
        parts = []
        if self.column_names:
            if self.row_names:
                parts.append(f'<div class="fer-sheet-corner">{html.escape(self.rows_are)}</div>')
            parts += [f'<div class="fer-sheet-column">{html.escape(name)}</div>' for name in self.column_names]
        for number in range(len(self.pictures)):
            row, column = divmod(number, self.per_row)
            if self.row_names and column == 0:
                parts.append(self._row_html(row))
            parts.append(self._cell_html(number, row, column, folds))
        title = f'<p class="fer-sheet-title">{html.escape(self.title)}</p>' if self.title else ""
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return (
            f'<figure class="fer-figure fer-sheet" aria-label="{html.escape(alt, quote=True)}">'
            f"<style>{_CSS}</style>{title}"
            f'<div class="fer-sheet-grid{" fer-sheet-fold" if folds else ""}" style="{self._grid_style()}">'
            + "".join(parts)
            + f"</div>{below}</figure>"
        )

    def _grid_style(self) -> str:
        """The widths that the style sheet asks for."""
        lines = [line for name in (*self.row_names, self.rows_are) for line in name.split("\n")]
        names_rem = min(max(2.6, 0.62 * max(map(len, lines), default=0)), 8.0)
        width, names = self.per_row * self.cell_width, ""
        if self.row_names:
            names = f"minmax(0, {names_rem}rem) "
            width += int(16 * names_rem)
        return (
            f"--columns: {names}repeat({self.per_row}, minmax(0, {self.cell_width}px)); "
            f"--narrow: {self.per_row_on_phone}; --wide: {width}px; --gap: {3 if self.cell_width < 150 else 5}px"
        )

    def _row_html(self, row: int) -> str:
        """A row's name: its first line bold, and on a telephone what the rows are."""
        before = f'<span class="fer-sheet-folded">{html.escape(self.rows_are)} </span>' if self.rows_are else ""
        first, _, rest = self.row_names[row].partition("\n")
        return f'<div class="fer-sheet-row">{before}<b>{html.escape(first)}</b>{html.escape(rest)}</div>'

    def _cell_html(self, number: int, row: int, column: int, folds: bool) -> str:
        """A picture, its label, and on a telephone the name of its column."""
        under = html.escape(self.labels[number]) if number < len(self.labels) else ""
        if folds:
            under += f'<span class="fer-sheet-folded">{html.escape(self.column_names[column])}</span>'
        data = _webp(self.pictures[number], self.quality)
        return (
            f'<div class="fer-sheet-cell"><img class="dark-light" alt="{self._alt(row, column, number)}" '
            f'src="data:image/webp;base64,{data}">{under}</div>'
        )

    def _alt(self, row: int, column: int, number: int) -> str:
        """One picture's alt text: the names of its row and column, its label and its place."""
        names = []
        if row < len(self.row_names):
            names.append(f"{self.rows_are} {self.row_names[row]}".strip())
        if column < len(self.column_names):
            names.append(self.column_names[column])
        if number < len(self.labels):
            names.append(self.labels[number])
        names = [name.replace("\n", " ") for name in names]
        place = f"row {row + 1}, picture {column + 1}"
        return html.escape(", ".join([*names, "face", place]), quote=True)


def grid(
    pictures: Sequence[np.ndarray],
    *,
    column_names: Sequence[str] = (),
    row_names: Sequence[str] = (),
    labels: Sequence[str] = (),
    per_row: int | None = None,
    rows_are: str = "",
    title: str = "",
    cell_width: int = 96,
    per_row_on_phone: int | None = None,
    quality: int = 82,
    about: str = "",
) -> ContactSheet:
    """A sheet of pictures, row by row.

    Parameters
    ----------
    pictures : (H, W, 3) uint8 RGB, all of one size; draw them at twice ``cell_width`` for sharp screens.
    column_names, row_names : names above the columns and before the rows; a row's name may have a second line.
        With names there must be rows x columns pictures.
    labels : a short line under each picture, for sheets without names.
    per_row : pictures in a row; by default as many as there are columns.
    rows_are : what the rows' names are, such as "person"; stands above them.
    title : the sheet's message.
    cell_width : the widest that a picture is shown, in CSS pixels, 16 to 800.
    per_row_on_phone : pictures in a row on a telephone; by default at most five, with the column's name under each
        where that folds.
    quality : of the WebP files, 1 to 100.
    about : a sentence on what the faces look like; it stands first in the sheet's description.

    Raises
    ------
    FerError : no picture, pictures of different sizes, names that do not fit their number, a number out of range.
    """
    pictures = tuple(np.asarray(picture) for picture in pictures)
    if not pictures:
        raise invalid("pictures", expected="at least one picture", received="none")
    shape = pictures[0].shape
    for picture in pictures:
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or picture.shape != shape:
            raise invalid(
                "pictures",
                expected=f"uint8 arrays of one shape (H, W, 3), as the first: {shape}",
                received=(picture.dtype.name, picture.shape),
            )
    if per_row is None:
        per_row = len(column_names) or min(len(pictures), 8)
    per_row = whole_number("per_row", per_row, 1)
    rows = -(-len(pictures) // per_row)
    if column_names and len(column_names) != per_row:
        raise invalid("column_names", expected=f"one name for each of {per_row} columns", received=list(column_names))
    if row_names and len(row_names) != rows:
        raise invalid("row_names", expected=f"one name for each of {rows} rows of {per_row}", received=list(row_names))
    if per_row_on_phone is None:
        per_row_on_phone = _columns_that_fold(per_row)
    return ContactSheet(
        pictures=pictures,
        column_names=tuple(column_names),
        row_names=tuple(row_names),
        labels=tuple(labels),
        per_row=per_row,
        rows_are=rows_are,
        title=title,
        cell_width=whole_number("cell_width", cell_width, 16, 800),
        per_row_on_phone=whole_number("per_row_on_phone", per_row_on_phone, 1),
        quality=whole_number("quality", quality, 1, 100),
        about=about,
    )


def _columns_that_fold(per_row: int) -> int:
    """Columns on a telephone: all of five or fewer, else a number that divides them."""
    if per_row <= 5:
        return per_row
    for columns in (4, 5, 3):
        if per_row % columns == 0:
            return columns
    return 4


def _webp(picture: np.ndarray, quality: int) -> str:
    """An RGB picture as a WebP file in base 64."""
    cv2 = opencv("contact sheets")
    data = cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
    return base64.b64encode(data.tobytes()).decode()


def draw_landmarks(
    picture: np.ndarray, landmarks: np.ndarray, *, colour: tuple[int, int, int] = (86, 180, 233)
) -> np.ndarray:
    """A copy of a picture with its 68 landmarks (x, y in pixels) as dots, with a dark rim that is seen on any skin."""
    cv2 = opencv("contact sheets")
    copy = np.ascontiguousarray(picture).copy()
    radius = max(1.3, picture.shape[0] / 170)
    for x, y in np.asarray(landmarks, float):
        centre = (round(16 * x), round(16 * y))  # in sixteenths of a pixel: the last argument is 4 bits
        cv2.circle(copy, centre, int(16 * (radius + 0.9)), (8, 38, 58), -1, cv2.LINE_AA, 4)
        cv2.circle(copy, centre, int(16 * radius), colour, -1, cv2.LINE_AA, 4)
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
) -> Figure:
    """Curves over time, 0 to 1, with pictures below them at their moments.

    Parameters
    ----------
    time_s : (T,) seconds.
    curves : name to (T,) values 0 to 1; at most seven, named above.
    pictures, picture_times : (H, W, 3) uint8 and the seconds that they show.
    shade : (T,) 0 to 1, drawn as a grey area behind the curves.

    Raises
    ------
    FerError : no curve, more than seven, or a picture without a time.
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
    figure, axes = subplots(
        2 if pictures else 1,
        1,
        width=width,
        height=3.2 + (cell + 0.35 if pictures else 0),
        squeeze=False,
        height_ratios=[2.2, cell + 0.2] if pictures else [1],
    )
    figure.keeps_order = True  # a picture stands below its moment
    axis = axes[0, 0]
    set_title(figure, title)
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
    moments = ""
    if pictures:
        _draw_strip(axes[1, 0], axis, pictures, picture_times, low, high)
        listed = listing([number_text(time) for time in picture_times], letters=60, separator=", ")
        moments = f"Below, pictures at {listed} s."
    drawn = f"Curves over time, {number_text(low)} to {number_text(high)} s, {axis_name(ylabel)} upwards"
    behind = "" if shade is None else f"; a grey area behind them, {course(time_s, shade)}"
    told = [f"{one_line(name)}: {course(time_s, values)}." for name, values in curves.items()]
    describe(figure, f"{drawn}{behind}.", sentences(told, letters=280), moments)
    return figure


def _draw_strip(strip, axis, pictures, times, low: float, high: float) -> None:
    """Pictures side by side in time's order, each tied to its moment by a line."""
    each = (high - low) / len(pictures)
    gap = 0.03 * each
    for number, (picture, time) in enumerate(zip(pictures, times, strict=True)):
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
