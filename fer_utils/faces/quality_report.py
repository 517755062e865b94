"""The quality report of a pass: one page of pictures, the doubtful faces first, and every problem with its cause."""

from __future__ import annotations

import base64
import html
import os
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import expanded, write_atomic
from fer_utils.core.tables import PROBLEM_COLUMNS
from fer_utils.faces.faceset import FaceSet

#: Pictures on the page are at most so many pixels wide.
THUMBNAIL = 120
_MEASURES = ("score", "sharpness", "brightness")


def doubts(meta: pd.DataFrame) -> pd.DataFrame:
    """How far each face falls behind, and in what.

    Three measures, each as a distance in the set's own robust standard
    deviations (1.4826 times the median absolute deviation): the detector's
    score below the median of its detector; sharpness (its logarithm) below,
    and brightness away from, the median of *the same actor's* faces, so that
    dark skin, a beard or an even face is not taken for a bad picture.

    Parameters
    ----------
    meta : N rows with ``actor``, ``detector``, ``score``, ``sharpness``, ``brightness``, as a face set's.

    Returns
    -------
    DataFrame of N rows, indexed as ``meta``: ``doubt`` (the largest of the three, 0 or more) and
    ``because`` (which one it is: ``score``, ``sharpness`` or ``brightness``).
    """

    def behind(values: pd.Series, groups: pd.Series) -> pd.Series:
        return values.groupby(groups, sort=False).transform("median") - values

    distances = pd.DataFrame(
        {
            "score": behind(meta["score"], meta["detector"]),
            "sharpness": behind(np.log1p(meta["sharpness"]), meta["actor"]),
            "brightness": behind(meta["brightness"], meta["actor"]).abs(),
        }
    )
    for name in _MEASURES:
        spread = 1.4826 * float(distances[name].abs().median()) if len(meta) else 0.0
        scaled = distances[name] / spread if spread > 1e-9 else 0.0 * distances[name]
        distances[name] = scaled.clip(lower=0.0)
    return pd.DataFrame(
        {"doubt": distances.max(axis=1), "because": distances.idxmax(axis=1) if len(meta) else pd.Series(dtype=str)},
        index=meta.index,
    )


def losses(face_set: FaceSet, clips: pd.DataFrame, by: str = "expression") -> pd.DataFrame:
    """In how many clips no face was found, label by label: a detector may miss some expressions more than others.

    Parameters
    ----------
    face_set : what ``prepare`` returned or ``FaceSet.load`` read.
    clips : the clip table that the set was made of.
    by : the column of ``clips`` by which to count: ``expression``, ``actor``, ``sex``, ``view``, ...

    Returns
    -------
    DataFrame indexed by the column's values, sorted: ``clips`` (how many were given), ``without_a_face`` (how many of
    them gave no face, for whatever reason: ``face_set.problems`` has each), ``share`` (0 to 1).

    Raises
    ------
    FerError : no face set, or no clip table with that column.
    """
    if not isinstance(face_set, FaceSet):
        raise invalid("face_set", expected="a FaceSet", received=face_set, remedy="FaceSet.load(folder) reads one.")
    if not isinstance(clips, pd.DataFrame) or "path" not in clips:
        raise invalid("clips", expected="the clip table that the face set was made of", received=clips)
    if by not in clips:
        raise invalid("by", expected=f"a column of the clips: {', '.join(map(str, clips.columns))}", received=by)
    lost = ~clips["path"].isin(set(face_set.meta["path"]))
    table = lost.groupby(clips[by].astype(str)).agg(clips="size", without_a_face="sum")
    return table.assign(share=table["without_a_face"] / table["clips"])


def report(face_set: FaceSet, path: str | os.PathLike, *, clips: pd.DataFrame | None = None, most: int = 120) -> Path:
    """Write the quality report of a face set as one HTML file that needs no other.

    Parameters
    ----------
    face_set : what ``prepare`` returned or ``FaceSet.load`` read.
    path : the file to write; one that is there is replaced.
    clips : the clip table that the set was made of; with it the page has a line a label, how many of its clips gave
        no face, and the line of each actor counts them, too, also of actors of whom there is none.
    most : how many faces are shown, 1 or more: those of the largest ``doubts``.

    Returns
    -------
    The path.  The page has counts, the faces, a line an actor, and *every* row of
    ``face_set.problems``.  It holds pictures of people: treat it as the data set's licence says.

    Raises
    ------
    FerError : no face set, no clip table, no file name, or a number out of range.
    """
    if clips is not None and not (isinstance(clips, pd.DataFrame) and {"actor", "path"} <= set(clips.columns)):
        raise invalid("clips", expected="the clip table that the face set was made of, or None", received=clips)
    if not isinstance(face_set, FaceSet):
        raise invalid("face_set", expected="a FaceSet", received=face_set, remedy="FaceSet.load(folder) reads one.")
    most = whole_number("most", most, 1)
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str) or "\0" in os.fspath(path):
        raise invalid("path", expected="the name of a file to write", received=path)
    path = expanded(path)
    if path.is_dir():
        raise invalid(
            "path",
            expected="the name of a file to write",
            received=str(path),
            remedy="Add a name, such as report.html.",
        )
    meta = face_set.meta.reset_index(drop=True)
    doubt = doubts(meta)
    worst = doubt.sort_values("doubt", ascending=False, kind="stable").index[:most]
    shown = "\n".join(_figure(face_set.images[row], meta.loc[row], doubt.loc[row]) for row in worst)
    seen = meta["clip"].nunique()
    below = "are all faces" if len(worst) == len(meta) else f"are {len(worst):,} of them"
    intro = (
        f"<p>{len(meta):,} faces of {seen:,} clips and {meta['actor'].nunique():,} actors; "
        f"{len(face_set.problems):,} problems. Below {below}, the most doubtful first.</p>"
    )
    page = _PAGE.format(
        name=html.escape(face_set.path.name),
        intro=intro,
        faces=shown,
        labels=""
        if clips is None or "expression" not in clips
        else f"<h2>Labels</h2>\n<div>{_by_label(face_set, clips)}</div>",
        actors=_by_actor(meta, face_set.problems, clips),
        problems=_problems(face_set.problems),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, page)
    return path


def _figure(image: np.ndarray, row: pd.Series, doubt: pd.Series) -> str:
    cv2 = opencv()
    picture = np.ascontiguousarray(image[..., 0])
    if picture.shape[1] > THUMBNAIL:
        picture = cv2.resize(picture, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    data = base64.b64encode(cv2.imencode(".png", picture)[1]).decode()
    who, clip = html.escape(str(row["actor"]) or "unknown"), html.escape(str(row["clip"]))
    label = html.escape(str(row["expression"]))
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{picture.shape[1]}" height="{picture.shape[0]}" '
        f'alt="Face of actor {who}, label {label}, frame {row["frame_index"]} of {clip}">'
        f"<figcaption><b>{doubt['because']} {row[doubt['because']]:.3g}</b>, {doubt['doubt']:.1f} off<br>"
        f"{who}, {label}<br><small>{clip}, frame {row['frame_index']}</small></figcaption></figure>"
    )


def _by_label(face_set: FaceSet, clips: pd.DataFrame) -> str:
    table = losses(face_set, clips).rename(columns={"without_a_face": "clips without a face"})
    table["share"] = [f"{share:.1%}" for share in table["share"]]
    return table.rename_axis("label").reset_index().to_html(index=False, border=0)


def _by_actor(meta: pd.DataFrame, problems: pd.DataFrame, clips: pd.DataFrame | None) -> str:
    if not len(meta) and clips is None:
        return "<p>No face was found.</p>"
    table = meta.groupby("actor").agg(
        clips=("clip", "nunique"), faces=("clip", "size"), **{m: (m, "median") for m in _MEASURES}
    )
    who = (meta if clips is None else clips).drop_duplicates("path").set_index("path")["actor"]
    if clips is not None:
        given, seen = who.value_counts(), meta.drop_duplicates("path")["actor"].value_counts()
        table = table.reindex(sorted(set(who) | set(table.index)))
        table[["clips", "faces"]] = table[["clips", "faces"]].fillna(0).astype(int)
        table.insert(
            1,
            "clips without a face",
            (given.reindex(table.index, fill_value=0) - seen.reindex(table.index, fill_value=0)).astype(int),
        )
        table["clips"] = given.reindex(table.index, fill_value=0).astype(int)
    lost = problems[problems["kind"] == "no face"]["path"].map(who).value_counts()
    table.insert(
        table.columns.get_loc("faces") + 1,
        "frames without a face" if clips is not None else "frames lost in these clips",
        lost.reindex(table.index, fill_value=0).astype(int),
    )
    table = table.rename(columns={m: f"median {m}" for m in _MEASURES})
    return table.reset_index().to_html(index=False, border=0, na_rep="", float_format=lambda v: f"{v:.3g}")


def _problems(problems: pd.DataFrame) -> str:
    if not len(problems):
        return "<p>No problems.</p>"
    parts = []
    for kind, rows in pd.DataFrame(problems).groupby("kind", sort=True):
        cells = "\n".join(
            "<tr>" + "".join(f"<td>{html.escape(str(row[c]))}</td>" for c in PROBLEM_COLUMNS if c != "kind") + "</tr>"
            for _, row in rows.iterrows()
        )
        heads = "".join(f"<th>{c}</th>" for c in PROBLEM_COLUMNS if c != "kind")
        parts.append(
            f"<details><summary>{html.escape(str(kind))}: {len(rows):,}</summary><div><table>"
            f"<thead><tr>{heads}</tr></thead><tbody>\n{cells}\n</tbody></table></div></details>"
        )
    return "\n".join(parts)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quality of {name}</title>
<style>
:root {{ color-scheme: light dark; --faint: #595959; }}
@media (prefers-color-scheme: dark) {{ :root {{ --faint: #a6a6a6; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem;
  overflow-wrap: anywhere; }}
.faces {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem; }}
figure {{ margin: 0; }} figure img {{ display: block; border-radius: 4px; }}
figcaption {{ font-size: .85rem; line-height: 1.35; margin-top: .3rem; }}
small, summary {{ color: var(--faint); }} summary {{ cursor: pointer; padding: .3rem 0; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }}
th, td {{ text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #8884; }}
</style></head><body>
<h1>Quality of {name}</h1>
{intro}
<p>Off by so many robust standard deviations: the detector's score below the others'; sharpness below, or brightness
away from, the same actor's other faces.</p>
<h2>Doubtful faces</h2>
<div class="faces">
{faces}
</div>
{labels}
<h2>Actors</h2>
<div>{actors}</div>
<h2>Problems</h2>
{problems}
</body></html>
"""
