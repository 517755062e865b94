"""Notes of libraries about themselves stay out of a notebook; all else is shown, and at once."""

from contextlib import redirect_stderr
import os
import sys

from ipykernel.iostream import OutStream
from jupyter_client.manager import start_new_kernel
import pytest

from fer_utils.core import log_lines

NOTES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
    "I0000 00:00:1795790691.164801   13881 port.cc:153] oneDNN custom operations are on.\n",
    "W0000 00:00:1795790733.384587   13881 tf_tfl_flatbuffer_helpers.cc:364] Ignored output_format.\n",
    "W0000 00:00:1795790998.467256   17870 flatbuffer_export.cc:3851] Skipping runtime version metadata.\n",
    "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n",
    "INFO:tensorflow:Assets written to: /tmp/x/assets\n",
    "WARNING:tensorflow:5 out of the last 5 calls to <function f> triggered tf.function retracing. Tracing is slow.\n",
    "fully_quantize: 0, inference_type: 6, input_inference_type: FLOAT32, output_inference_type: FLOAT32\n",
    "OpenCV: FFMPEG: tag 0x30395056/'VP90' is not supported with codec id 167 and format 'webm / WebM'\n",
)
SHOWN = (
    "W0000 00:00:1795248323.520209   18435 x.cc:1] memory is short\n",
    "E0000 00:00:1795248323.520209   18435 port.cc:153] out of memory\n",
    "INFO:tensorflow:Careful\n",
    "OpenCV: Couldn't read video stream from file\n",
    "x.py:3: UserWarning: 50% of the actors are missing\n",
)


class Stream(OutStream):
    """A kernel's stream that keeps what is written."""

    def __init__(self):
        self.seen = []

    def write(self, text):
        self.seen.append(text)

    def close(self):
        pass


@pytest.fixture
def stream():
    made = Stream()
    with redirect_stderr(made):
        log_lines.hide()
    return made


@pytest.mark.parametrize("note", NOTES)
def test_a_note_goes_also_if_it_comes_in_two_pieces(stream, note):
    for text in (note, note[:20], note[20:], "3 faces\n"):
        stream.write(text)
    assert "".join(stream.seen) == "3 faces\n"


@pytest.mark.parametrize("line", SHOWN)
def test_warnings_and_errors_stay_also_between_notes(stream, line):
    stream.write(NOTES[0] + line + NOTES[1])
    assert "".join(stream.seen) == line


def test_a_progress_bar_is_shown_at_once_and_unchanged(stream):
    for text in ("\rfaces:  50%|#####     | 1/2", "\rfaces: 100%|##########| 2/2", "\n"):
        stream.write(text)
        assert stream.seen[-1] == text


def test_notes_stay_hidden_when_ipython_has_put_back_what_a_cell_replaced():
    """IPython takes the stream's own `write` before the cell that hides the notes, and puts it back afterwards."""
    stream = Stream()
    own, during = stream.write, []
    stream.write = lambda text: during.append(text) or own(text)
    with redirect_stderr(stream):
        log_lines.hide()
    stream.write("3 faces\n")
    stream.write = own
    stream.write(NOTES[0] + "4 faces\n")
    assert (during, stream.seen) == (["3 faces\n"], ["3 faces\n", "4 faces\n"])


def test_asking_twice_changes_the_stream_once(stream):
    first = stream.write
    with redirect_stderr(stream):
        log_lines.hide()
    assert stream.write is first


def test_a_stream_that_is_no_kernels_stays_as_it_is(capsys):
    log_lines.hide()
    sys.stderr.write(NOTES[0])
    assert capsys.readouterr().err == NOTES[0]


def test_in_a_kernel_what_c_code_notes_is_hidden_from_the_next_cell_on():
    """As TensorFlow does: written to the standard error of the process, past Python."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    said = []
    try:
        for source in (
            "from fer_utils.core import log_lines; log_lines.hide()",
            f"import os, time; os.write(2, {(NOTES[1] + 'CAREFUL').encode()!r}); time.sleep(1)",
        ):
            client.execute_interactive(
                source, output_hook=lambda message: said.append(message["content"].get("text", "")), timeout=120
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "".join(said) == "CAREFUL"
