"""A film on a page: it moves, it stops, it is small enough, and it says what it is."""

from __future__ import annotations

import io

from browser import opened_page
from figures import Pictures, pixels
import numpy as np
from PIL import Image
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import moving_pictures

ALT = "A drawn square that becomes <lighter> and lighter."
PLAIN = [np.full((30, 40, 3), 20 * k, np.uint8) for k in range(12)]
TIMES = np.arange(12) / 30


def read(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_film_moves_at_its_own_pace():
    strip = moving_pictures.film(PLAIN, TIMES, rate=15)
    assert read(strip.moving).n_frames == strip.frames == 6 and not getattr(read(strip.still), "is_animated", False)
    assert strip.size == (40, 30) and strip.seconds == pytest.approx(0.4, abs=0.01)
    uneven = moving_pictures.film(PLAIN[:3], [0, 0.5, 1.5], rate=15)
    assert uneven.frames == 3 and uneven.seconds == pytest.approx(2.25, abs=0.01)


def test_the_page_has_the_film_the_still_and_a_button_that_works_without_a_program():
    page = plotting.figure_html(moving_pictures.film(PLAIN, TIMES, still=7, title="a < b", width=20), alt=ALT)
    found = Pictures(page)
    assert [image["class"].split()[0] for image in found.images] == ["fer-film-moving", "fer-film-still"]
    assert abs(int(pixels(found.images[1])[7, 7, 0]) - 140) < 6, "the still is the eighth picture"
    assert all(image["alt"].startswith(ALT) and image["width"] == "20" for image in found.images)
    assert "a < b" in "".join(found.words) and "a < b" not in page
    assert found.tags.count("input") == 1 and "script" not in found.tags
    assert "prefers-reduced-motion: reduce" in page and 'type="checkbox"' in page
    (name,) = {part.split('"')[0] for part in page.split('<label for="')[1:]}
    assert f'id="{name}"' in page


def test_the_quality_falls_until_the_film_fits():
    noise = [np.random.default_rng(k).integers(0, 256, (60, 60, 3)).astype(np.uint8) for k in range(3)]
    best = moving_pictures.film(noise, TIMES[:3], rate=30)
    small = moving_pictures.film(noise, TIMES[:3], rate=30, most_bytes=len(best.moving) - 1)
    assert len(small.moving) < len(best.moving) and small.frames == best.frames
    with pytest.raises(FerError, match=r"(?s)at most 100 bytes.*lower rate"):
        moving_pictures.film(noise, TIMES[:3], most_bytes=100)


@pytest.mark.parametrize(
    "pictures, times, options",
    [
        ([], [], {}),
        ([PLAIN[0], PLAIN[1][:9]], [0, 1], {}),
        ([PLAIN[0].astype(float)], [0], {}),
        (PLAIN[:2], [0], {}),
        (PLAIN[:2], [1, 1], {}),
        (PLAIN[:2], [0, 1], {"still": 2}),
    ],
)
def test_a_film_that_cannot_be_is_refused(pictures, times, options):
    with pytest.raises(FerError):
        moving_pictures.film(pictures, times, **options)


@pytest.mark.browser
@pytest.mark.parametrize("motion, first", [("no-preference", "moving"), ("reduce", "still")])
def test_the_button_stops_and_plays_by_keyboard_and_without_a_script(browser, motion, first):
    with opened_page(browser, width=390, scripts=False) as (page, _):
        page.emulate_media(reduced_motion=motion)
        page.set_content(plotting.figure_html(moving_pictures.film(PLAIN, TIMES), alt=ALT))

        def seen() -> tuple[str, str]:
            (image,) = [one for one in page.locator("img").all() if one.is_visible()]
            (word,) = [one.inner_text() for one in page.locator("label span").all() if one.is_visible()]
            return image.get_attribute("class").split()[0].removeprefix("fer-film-"), word

        states = {"moving": ("moving", "Stop the film"), "still": ("still", "Play the film")}
        other = "still" if first == "moving" else "moving"
        assert seen() == states[first]
        page.get_by_role("checkbox").focus()
        page.keyboard.press("Space")
        assert seen() == states[other]
        page.keyboard.press("Space")
        assert seen() == states[first]
