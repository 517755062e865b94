from . import arguments as arguments
from . import data_commands as data_commands
from . import demo_command as demo_command
from . import main as main
from . import output as output
from . import result_commands as result_commands
from . import study_commands as study_commands
from . import train_command as train_command
