"""Packages that open lazily: their public names are there, and no module hides a function of its name."""

from __future__ import annotations

import importlib
import subprocess
import sys

from patience import PATIENCE
import pytest

PUBLIC = {
    "datasets": "available available_features check download_ravdess how_to_get load_features scan subjects",
    "faces": "Box Detector FaceSet Frame Landmarks Reading YuNet crop each_frame fit_landmarks prepare report resize",
    "studio": "ACTION_UNITS FACTORS Film Identity LIGHTS Light OCCLUSIONS VIEWS draw draw_batch film person rehearse",
}


@pytest.mark.parametrize("subpackage", sorted(PUBLIC))
def test_the_names_that_chapters_use_are_public(subpackage):
    package = importlib.import_module(f"fer_utils.{subpackage}")
    for name in PUBLIC[subpackage].split():
        assert name in dir(package)
        assert getattr(package, name) is not None


@pytest.mark.parametrize(
    "module, function",
    [
        ("fer_utils.studio.films", "studio.film"),
        ("fer_utils.faces.quality_report", "faces.report"),
        ("fer_utils.datasets.scanning", "datasets.scan"),
    ],
)
def test_a_function_is_not_hidden_by_the_module_that_has_it(module, function):
    code = f"import {module}\nimport fer_utils\nassert callable(fer_utils.{function})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)
