from . import drawing as drawing
from . import face_detection as face_detection
from . import live_frames as live_frames
from . import live_pace as live_pace
from . import memory_use as memory_use
from . import training_process as training_process
from . import training_steps as training_steps
