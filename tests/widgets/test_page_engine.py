"""The engine's files come over a line that falls silent, or is slow: one sentence, and the next press goes on."""

from __future__ import annotations

from contextlib import contextmanager
import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import re
import threading

from face_page import settled, shown
from patience import PATIENCE, wait_until
import pytest
import train_here_page

from fer_utils.widgets import BringModel, FaceOnDevice, face_on_device
from fer_utils.widgets import __file__ as widgets_file

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Milliseconds without a byte after which the page gives a file up, as the module has them.
SILENCE = int(re.search(r"const SILENCE = (\d+);", Path(widgets_file).with_name("page_engine.js").read_text("utf8"))[1])
#: The file that the line holds up, and the parts in which its bytes go.
HELD, PARTS = "litert.wasm.gz", 6
#: The page counts the bytes that it has read of the files.
COUNTS = """(() => {
  window.bytes = 0;
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function () {
    let before = 0;
    this.addEventListener("progress", ({ loaded }) => { window.bytes += loaded - before; before = loaded; });
    return send.call(this);
  };
})()"""


class Line(ThreadingHTTPServer):
    """A server of a folder on this machine, which sends a part of the file `HELD` for each permit, the header first."""

    daemon_threads = True

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), functools.partial(_Held, directory=str(folder)))
        self.permits, self.asked, self.parts, self.sent = threading.Semaphore(0), 0, 0, 0
        self.cut = False  # whether the line breaks where the next part would go

    def permit(self, count: int) -> None:
        for _ in range(count):
            self.permits.release()

    def handle_error(self, request, client_address) -> None:
        """The page may go away in the middle of an answer."""


class _Held(SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.endswith(HELD):
            super().do_GET()
            return
        self.server.asked += 1
        content = Path(self.translate_path(self.path)).read_bytes()
        self._next()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        size = -(-len(content) // PARTS)
        for begin in range(0, len(content), size):
            self._next()
            self.wfile.write(content[begin : begin + size])
            self.server.sent += len(content[begin : begin + size])
            self.server.parts += 1

    def _next(self):
        assert self.server.permits.acquire(timeout=PATIENCE)
        if self.server.cut:
            raise ConnectionAbortedError

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")  # the page comes from another port
        super().end_headers()

    def log_message(self, *args):
        pass


@contextmanager
def line(folder: Path):
    """Yield a running `Line` of a folder."""
    running = Line(folder)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.permit(100)  # nobody waits on
        running.shutdown()
        running.server_close()
        thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    face_on_device.write_page_files(folder / "_static" / "page_files")
    return folder


@contextmanager
def over_a_line(browser, site):
    """Yield (page, line): the widget, whose files come over the line, and whose clock the test moves."""
    with line(site) as running:
        root = f"http://127.0.0.1:{running.server_address[1]}/"
        before = f"document.documentElement.dataset.content_root = '{root}'; {COUNTS}; 0"
        with shown(browser, FaceOnDevice(), site, before=before) as (page, watch, _):
            page.clock.install()
            yield page, running
            assert watch.errors == [] and watch.blocked == []


def press(page) -> None:
    page.get_by_role("button", name="A drawn face").click()


def come(page, site: Path, running: Line) -> None:
    """Wait until the page has read what the line has sent, after the two files before."""
    earlier = sum((site / f"_static/page_files/{name}.gz").stat().st_size for name in ("litert.js", "litert_wasm.js"))
    page.wait_for_function("(count) => bytes === count", arg=earlier + running.sent)


def state(page) -> str | None:
    return page.locator(".fer-device").get_attribute("data-state")


@pytest.mark.parametrize("permits", [0, 3], ids=["before the header", "in the body"])
def test_a_line_that_falls_silent_is_one_sentence_and_the_next_press_goes_on(browser, site, permits):
    with over_a_line(browser, site) as (page, running):
        running.permit(permits)
        press(page)
        wait_until(lambda: running.asked == 1 and running.parts == max(permits - 1, 0), "the file's first parts")
        come(page, site, running)
        page.clock.run_for(SILENCE // 2)
        assert state(page) == "busy" and page.get_by_role("alert").count() == 0
        page.clock.run_for(SILENCE)
        page.wait_for_function("document.querySelector('.fer-device').dataset.state === 'problem'")
        said = page.get_by_role("alert").inner_text()
        assert (
            HELD in said and f"no byte of it for {SILENCE // 1000} seconds" in said and said.endswith("try it again.")
        )
        assert page.locator(".fer-device-status").inner_text() == "", "it no longer says that it loads"
        running.permit(100)
        press(page)
        assert len(settled(page)["boxes"]) == 1 and page.get_by_role("alert").count() == 0
        assert running.asked == 2


def test_a_slow_line_that_still_brings_bytes_goes_on(browser, site):
    with over_a_line(browser, site) as (page, running):
        running.permit(1)
        press(page)
        wait_until(lambda: running.asked == 1, "the question for the file")
        for done in range(PARTS):
            come(page, site, running)
            page.clock.run_for(SILENCE // 2)
            assert state(page) == "busy", "it waits as long after each part"
            running.permit(1)
            wait_until(lambda done=done: running.parts > done, "the next part")
        assert len(settled(page)["boxes"]) == 1 and running.asked == 1


def test_a_line_that_breaks_is_told_from_a_file_that_is_not_there(browser, site):
    says = "(words) => document.querySelector('[role=alert]').innerText.includes(words)"
    with over_a_line(browser, site) as (page, _):
        page.context.set_offline(True)
        press(page)
        page.wait_for_function(says, arg="could not be fetched. Check the connection")
        page.context.set_offline(False)
        page.evaluate("document.documentElement.dataset.content_root = './none/'; 0")
        press(page)
        page.wait_for_function(says, arg="does not lie beside this page")


def test_a_line_that_breaks_in_the_body_is_one_sentence(browser, site):
    with over_a_line(browser, site) as (page, running):
        running.permit(3)
        press(page)
        wait_until(lambda: running.parts == 2, "the file's first parts")
        come(page, site, running)
        running.cut = True
        running.permit(1)
        page.wait_for_function("document.querySelector('.fer-device').dataset.state === 'problem'")
        assert f"{HELD} broke off on its way. Check the connection" in page.get_by_role("alert").inner_text()


def test_a_kernel_that_does_not_answer_is_one_sentence(browser):
    traits = ("labels", "side", "constants", "sprite", "files", "contents")
    with train_here_page.shown(
        browser, BringModel(), name="bring_model", saved=traits, ready="document.querySelector('.fer-bring')"
    ) as (page, watch):
        page.evaluate("window.model.send = () => { window.asked = true; }; 0")
        page.clock.install()
        page.get_by_role("button", name="Run the package's network").click()
        page.wait_for_function("window.asked")
        page.clock.run_for(61_000)
        page.wait_for_function("document.querySelector('.fer-bring').dataset.state === 'problem'")
        assert page.get_by_role("alert").inner_text() == "The kernel does not answer: run the cell again."
        assert watch.complaints() == []
