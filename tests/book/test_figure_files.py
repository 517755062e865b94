"""Pictures of the chapters become files of the site: fetched late, with room kept for them, and whole in downloads."""

import base64
import io
import json
from pathlib import Path
import re
import sys

import numpy as np
from PIL import Image
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.figure_files import outsourced, with_figure_files  # noqa: E402


def picture(kind, width=40, height=30, seed=0):
    grey = np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, kind)
    return buffer.getvalue()


def tag(kind, data, attributes=' width="400"'):
    return f'<img alt="a &gt; b"{attributes} src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'


@pytest.mark.parametrize("kind, ending", [("png", "png"), ("webp", "webp"), ("jpeg", "jpg")])
def test_a_picture_becomes_a_file_of_the_same_bytes_with_room_kept(tmp_path, kind, ending):
    data = picture(kind)
    html = outsourced(f"<p>before</p>{tag(kind, data)}<p>after</p>", tmp_path / "new", "../_static/figures/")
    (file,) = (tmp_path / "new").iterdir()
    assert file.suffix == f".{ending}" and file.read_bytes() == data
    assert f'src="../_static/figures/{file.name}" loading="lazy"' in html and 'height="300"' in html
    assert html.startswith("<p>before</p><img alt=") and html.endswith("<p>after</p>") and "data:" not in html


def test_without_a_width_the_pictures_own_size_is_said(tmp_path):
    assert ' width="40" height="30"' in outsourced(tag("png", picture("png"), ""), tmp_path, "")
    assert "height=" not in outsourced(tag("svg+xml", b"<svg/>"), tmp_path, "")
    assert outsourced(tag("png", picture("png"), ' height="7"'), tmp_path, "").count("height=") == 1


def test_the_picture_of_narrow_pages_becomes_a_file_too(tmp_path):
    data = base64.b64encode(picture("webp", seed=2)).decode()
    source = f'<source media="(max-width: 576px)" srcset="data:image/webp;base64,{data}" width="400">'
    html = outsourced(f"<picture>{source}{tag('webp', picture('webp'))}</picture>", tmp_path, "f/")
    (narrow,) = re.findall(r'<source [^>]*srcset="f/(\w+\.webp)" height="300" width="400">', html)
    assert (tmp_path / narrow).read_bytes() == picture("webp", seed=2)
    assert len(list(tmp_path.iterdir())) == 2 and html.count("loading=") == 1 and "data:" not in html


def test_equal_pictures_share_a_file_and_others_stay_as_they_are(tmp_path):
    one, two = picture("png"), picture("png", seed=1)
    other = '<img alt="not inside" src="face.png"><a href="data:image/png;base64,AAAA">x</a>'
    html = outsourced(tag("png", one) + tag("png", two) + tag("png", one) + other, tmp_path, "")
    names = re.findall(r'src="(\w+\.png)"', html)
    assert len(list(tmp_path.iterdir())) == 2 and names[0] == names[2] != names[1] and html.endswith(other)


def test_a_notebook_is_copied_and_its_addresses_fit_its_page(tmp_path):
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": "text"},
            {"cell_type": "code", "outputs": [{"data": {"text/html": ["<b>", tag("png", picture("png")), "</b>"]}}]},
            {"cell_type": "code", "outputs": [{"data": {"text/plain": "1"}}, {"name": "stdout", "text": "x"}]},
        ]
    }
    before = json.dumps(notebook)
    made = with_figure_files(notebook, tmp_path, "notebooks/01_dataset_tour")
    assert json.dumps(notebook) == before
    assert 'src="../_static/figures/' in made["cells"][1]["outputs"][0]["data"]["text/html"]
    assert made["cells"][2] == notebook["cells"][2]
    deeper = with_figure_files(notebook, tmp_path, "a/b/c")
    assert 'src="../../_static/figures/' in deeper["cells"][1]["outputs"][0]["data"]["text/html"]


def test_the_site_has_its_figures_as_files_and_the_downloads_have_them_inside(smoke_site):
    site = Path(smoke_site)
    files = {path.name for path in (site / "_static" / "figures").iterdir()}
    used = set()
    for page in sorted((site / "notebooks").glob("*.html")):
        html = page.read_text(encoding="utf8")
        assert not re.search(r'<img[^>]+src="data:image/(?:png|webp|jpeg)', html), page.name
        assert len(html) < 1_000_000, f"{page.name}: {len(html):,} bytes"
        used |= set(re.findall(r'src="\.\./_static/figures/([\w.]+)"', html))
    assert used and used <= files
    downloads = sorted((site / "_sources" / "notebooks").glob("*.ipynb"))
    assert len(downloads) == 15
    for download in downloads:
        text = download.read_text(encoding="utf8")
        assert "data:image/" in text and "_static/figures" not in text, download.name
