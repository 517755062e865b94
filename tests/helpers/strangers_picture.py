"""Store the picture of drawn strangers about whom widgets ask `drawn48`.

``python tests/helpers/strangers_picture.py``
"""

from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).parents[2]))

from fer_utils.widgets import drawn_strangers

if __name__ == "__main__":
    drawn_strangers.FILE.write_bytes(drawn_strangers.as_picture(drawn_strangers.drawn(progress=True)))
    print(f"{drawn_strangers.FILE}: {drawn_strangers.FILE.stat().st_size:,} bytes")
