from . import predictor as predictor
from .predictor import FACE_COLUMNS as FACE_COLUMNS
from .predictor import Predictions as Predictions
from .predictor import predict as predict
