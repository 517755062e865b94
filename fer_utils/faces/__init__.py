"""Faces: from clips to grey squares of one size, with what is known of each.

``prepare`` is the pass over a clip table; ``FaceSet`` is what it leaves on disk.
"""

from __future__ import annotations

from fer_utils.faces.cropping import crop, eye_roll, points_in_crop, points_in_picture, quality
from fer_utils.faces.detectors import Box, Detector
from fer_utils.faces.faceset import FRAME_COLUMNS, META_COLUMNS, FaceSet
from fer_utils.faces.landmarks import Landmarks, fit_landmarks, landmark_error
from fer_utils.faces.preparation import prepare
from fer_utils.faces.report import report
from fer_utils.faces.resizing import resize
from fer_utils.faces.sampling import SAMPLINGS, apex_indices, sample_indices
from fer_utils.faces.video import Frame, Reading, each_frame, read_frames
from fer_utils.faces.yunet import YuNet

__all__ = [
    "FRAME_COLUMNS",
    "META_COLUMNS",
    "SAMPLINGS",
    "Box",
    "Detector",
    "FaceSet",
    "Frame",
    "Landmarks",
    "Reading",
    "YuNet",
    "apex_indices",
    "crop",
    "each_frame",
    "eye_roll",
    "fit_landmarks",
    "landmark_error",
    "points_in_crop",
    "points_in_picture",
    "prepare",
    "quality",
    "read_frames",
    "report",
    "resize",
    "sample_indices",
]
