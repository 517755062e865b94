from . import landmark_predictor as landmark_predictor
from . import photographs as photographs
from . import posed_faces as posed_faces
from . import random_faces as random_faces
from . import region_masks as region_masks
from . import stand_ins as stand_ins
