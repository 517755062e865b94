from . import demo_command as demo_command
from . import main as main
from . import train_command as train_command
