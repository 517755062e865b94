"""Packages that open lazily: nothing heavy is loaded, and their code counts as before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fer_utils.core import provenance


def reached(module: str) -> set[str]:
    return {file.relative_to(provenance.PACKAGE).as_posix() for file in provenance.reachable([module])}


@pytest.mark.parametrize(
    "module, file",
    [
        ("fer_utils.faces", "faces/detectors.py"),
        ("fer_utils.faces", "faces/preparation.py"),
        ("fer_utils.studio", "studio/render.py"),
        ("fer_utils.studio", "studio/recording.py"),
        ("fer_utils.datasets", "datasets/scanning.py"),
        ("fer_utils.synthetic.stand_ins", "studio/films.py"),
    ],
)
def test_the_code_of_a_lazy_package_is_what_its_stub_hands_out(module, file):
    assert file in reached(module)


@pytest.mark.parametrize(
    "statement, name",
    [
        ("import fer_utils.studio.films", "studio.film"),
        ("import fer_utils.faces.quality_report", "faces.report"),
        ("import fer_utils.datasets.scanning", "datasets.scan"),
    ],
)
def test_a_public_function_is_not_hidden_by_a_module(statement, name):
    code = f"{statement}\nimport fer_utils\nassert callable(fer_utils.{name})"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_of_the_drawn_side_stay():
    from fer_utils import datasets, faces, studio

    for room, names in {
        datasets: "available available_features check download_ravdess how_to_get load_features scan subjects",
        faces: "Box Detector FaceSet Frame Landmarks Reading YuNet crop each_frame fit_landmarks prepare report resize",
        studio: "ACTION_UNITS FACTORS Film Identity LIGHTS Light OCCLUSIONS VIEWS draw draw_batch film person rehearse",
    }.items():
        assert set(names.split()) <= set(dir(room))
        for name in names.split():
            getattr(room, name)
