from . import face_lab as face_lab
from . import parameter_budget as parameter_budget
from . import static_picture as static_picture
from .face_lab import FaceLab as FaceLab
from .parameter_budget import ParameterBudget as ParameterBudget
