"""Odd still images against truth pictures.

Every kind is RGB of 8 bits, upright, with its own colours, or is reported.
"""

from __future__ import annotations

import io
import sys

import drawn
import numpy as np
import pytest

from fer_utils import datasets, studio
from fer_utils.faces import images, prepare, read_frames

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
cv2 = sys.modules["cv2"]

#: How to store a picture so that a reader who turns it by EXIF orientation n sees it upright.
TURN = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_90",
    7: "TRANSVERSE",
    8: "ROTATE_270",
}


def truth():
    """(96, 128, 3): neither square nor symmetric, with colours, so that no exchange goes unseen."""
    picture = drawn.face(1, 128)[16:112].copy()
    picture[:12, :40] = (220, 40, 10)
    return picture


def saved(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def off(data, expected):
    """(mean distance in grey levels from the truth, kinds of remarks)."""
    found = images.decode(data)
    assert found.rgb is not None, found.failure
    assert found.rgb.dtype == np.uint8 and found.rgb.shape == expected.shape and found.rgb.flags.c_contiguous
    return float(np.abs(found.rgb.astype(int) - expected).mean()), [kind for kind, _, _ in found.remarks]


@pytest.mark.parametrize(
    "form, options",
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("GIF", {}),  # under another name; OpenCV 4.10 reads no GIF
    ],
)
def test_palettes(form, options):
    picture = Image.fromarray(truth()).quantize(200)
    assert off(saved(picture, form, **options), np.asarray(picture.convert("RGB"))) == (0, [])


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "PPM"])
def test_one_bit(form):
    picture = Image.fromarray(truth()).convert("1")
    assert off(saved(picture, form), np.asarray(picture.convert("RGB"))) == (0, [])


@pytest.mark.parametrize(
    "ending, colour",
    [(".png", True), (".png", False), (".tiff", True), (".tiff", False), (".ppm", True), (".pgm", False)],
)
def test_sixteen_bits_are_scaled_and_not_cut_off(ending, colour):
    picture = truth() if colour else np.repeat(truth()[..., 1:2], 3, axis=2)
    stored = picture[..., ::-1].astype(np.uint16) * 257
    assert off(cv2.imencode(ending, stored if colour else stored[..., 0])[1].tobytes(), picture) == (0, [])


def test_sixteen_bits_turned():
    """Pillow decodes what is turned, and would cut 16 bits off at 255."""
    grey = truth()[..., 1]
    exif = Image.Exif()
    exif[0x0112] = 6
    for form in ("PNG", "TIFF"):
        stored = Image.fromarray(np.rot90(grey).astype(np.uint16) * 257)
        assert off(saved(stored, form, exif=exif), np.repeat(grey[..., None], 3, axis=2)) == (0, [])


@pytest.mark.parametrize("form, most", [("JPEG", 2.0), ("TIFF", 0.0)])
def test_cmyk(form, most):
    picture = Image.fromarray(truth()).convert("CMYK")
    data = saved(picture, form, **({"quality": 95, "subsampling": 0} if form == "JPEG" else {}))
    distance, remarks = off(data, np.asarray(picture.convert("RGB")))
    assert distance <= most and remarks == []


@pytest.mark.parametrize(
    "mode, form",
    [
        ("RGBA", "PNG"),
        ("RGBA", "TIFF"),
        ("RGBA", "WEBP"),
        ("LA", "PNG"),
        ("LA", "TIFF"),
        ("P", "PNG"),
        ("16", "PNG"),
        ("tRNS", "PNG"),
        ("tRNS16", "PNG"),
    ],
)
def test_transparent_pixels_are_laid_on_white(mode, form):
    colours = truth()
    alpha = np.zeros(colours.shape[:2], np.uint8)
    alpha[:, 32:], alpha[:, 64:] = 128, 255
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    if mode in ("LA", "tRNS16"):
        colours = np.repeat(colours[..., 1:2], 3, axis=2)
    if mode == "P":
        paletted = Image.fromarray(colours).quantize(100)
        shares = bytes(2 * index for index in range(100))
        colours = np.asarray(paletted.convert("RGB"))
        alpha = 2 * np.asarray(paletted)
        data = saved(paletted, form, transparency=shares)
    elif mode == "tRNS":  # one colour of an RGB picture stands for nothing
        alpha = np.where((colours == (220, 40, 10)).all(axis=2), 0, 255)
        data = saved(Image.fromarray(colours), form, transparency=(220, 40, 10))
    elif mode == "tRNS16":
        level = int(colours[0, 0, 0])
        alpha = np.where(colours[..., 0] == level, 0, 255)
        data = saved(Image.fromarray(colours[..., 0].astype(np.uint16) * 257), form, transparency=level * 257)
    elif mode == "16":
        stored = np.dstack([colours[..., ::-1], alpha]).astype(np.uint16) * 257
        data = cv2.imencode(".png", stored)[1].tobytes()
    else:
        picture = Image.fromarray(np.dstack([colours if mode == "RGBA" else colours[..., :1], alpha]), mode=None)
        data = saved(picture, form, **options)
    share = alpha[..., None] / 255
    distance, remarks = off(data, np.rint(colours * share + 255 * (1 - share)))
    assert distance < 0.6 and remarks == ["transparent"]  # Pillow's arithmetic is of whole numbers


def test_an_opaque_alpha_channel_changes_nothing_and_is_not_remarked_on():
    for form in ("PNG", "TIFF"):
        assert off(saved(Image.fromarray(truth()).convert("RGBA"), form), truth()) == (0, [])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations(orientation, form):
    picture, exif = Image.fromarray(truth()), Image.Exif()
    exif[0x0112] = orientation
    if orientation > 1:
        picture = picture.transpose(getattr(Image.Transpose, TURN[orientation]))
    options = {"quality": 98, "subsampling": 0} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    distance, remarks = off(saved(picture, form, exif=exif, **options), truth())
    assert distance < (1.5 if form == "JPEG" else 1e-9) and remarks == []


@pytest.mark.parametrize(
    "kind, colour, scale, white",
    [
        *(
            (kind, colour, scale, white)
            for kind in (np.float32, np.float64)
            for colour in (True, False)
            for scale, white in ((1, "255"), (1 / 255, "1"), (257, "65535"))
        ),
        (np.int32, False, 1, "255"),
        (np.int32, False, 257, "65535"),  # Pillow writes these in grey only
    ],
)
def test_numbers_of_32_bits_and_more(kind, colour, scale, white):
    picture = truth() if colour else np.repeat(truth()[..., 1:2], 3, axis=2)
    stored = (picture[..., ::-1].astype(np.float64) * scale).astype(kind)
    if kind is np.int32:
        data = saved(Image.fromarray(stored[..., 0]), "TIFF")
    else:
        # uncompressed: OpenCV's default for colour is a coding that loses a little
        data = cv2.imencode(".tiff", stored if colour else stored[..., 0], [cv2.IMWRITE_TIFF_COMPRESSION, 1])[
            1
        ].tobytes()
    distance, remarks = off(data, picture)
    assert distance < 0.01 and remarks == ["value range"]
    assert images.decode(data).remarks[0][2] == f"0 taken as black, {white} as white"


def test_transparency_of_numbers_of_32_bits_is_no_colour():
    stored = np.dstack([truth()[..., ::-1], np.full(truth().shape[:2], 128)]).astype(np.float32)
    data = cv2.imencode(".tiff", stored, [cv2.IMWRITE_TIFF_COMPRESSION, 1])[1].tobytes()
    distance, remarks = off(data, truth())
    assert distance < 0.01 and remarks == ["value range"]


def test_numbers_without_a_known_range_are_stretched_and_gaps_are_black():
    picture = np.linspace(-3, 70_000, 96 * 128).reshape(96, 128).astype(np.float32)
    picture[5, 5], picture[6, 6] = np.nan, np.inf
    found = images.decode(saved(Image.fromarray(picture), "TIFF"))
    assert found.rgb[0, 0, 0] == 0 and found.rgb[-1, -1, 0] == 255 and abs(int(found.rgb[48, 0, 0]) - 128) <= 1
    assert found.rgb[5, 5, 0] == 0 and found.rgb[6, 6, 0] == 0
    assert found.remarks[0][2] == "-3 taken as black, 70000 as white"
    flat = images.decode(saved(Image.fromarray(np.full((8, 8), -7, np.float32)), "TIFF"))
    assert (flat.rgb == 0).all()


@pytest.mark.parametrize(
    "kind, low, high, black, white",
    [
        (np.float32, -100, 300, -100, 300),
        (np.float32, 100_000, 300_000, 100_000, 300_000),
        (np.float32, -0.5, 0.5, -0.5, 0.5),
        (np.float32, 0, 0.5, 0, 1),
        (np.float32, 0, 1.5, 0, 255),
        (np.int32, -100, 300, -100, 300),
        (np.int32, 0, 1, 0, 255),  # for whole numbers 1 is no white
        (np.int32, 50, 256, 0, 65535),
    ],
)
def test_the_range_of_numbers_by_hand(kind, low, high, black, white):
    picture = np.linspace(low, high, 60).reshape(6, 10).astype(kind)
    found = images.decode(saved(Image.fromarray(picture), "TIFF"))
    wanted = 255 * (picture.astype(float) - black) / (white - black)
    assert np.abs(found.rgb - wanted[..., None]).max() <= 0.51
    words = "floating-point numbers" if kind is np.float32 else "integers of 32 bits"
    assert found.remarks == [
        (
            "value range",
            f"its pixels are {words} from {low:.6g} to {high:.6g}",
            f"{black:.6g} taken as black, {white:.6g} as white",
        )
    ]


@pytest.mark.parametrize(
    "hidden, said", [(1, "less than 1 %"), (2, "less than 1 %"), (3, "1 %"), (100, "25 %"), (400, "100 %")]
)
def test_how_much_is_transparent_is_said(hidden, said):
    colours, alpha = np.full((20, 20, 3), 90, np.uint8), np.full(400, 255, np.uint8)
    alpha[:hidden] = 0
    stored = {"RGBA": (saved(Image.fromarray(np.dstack([colours, alpha.reshape(20, 20)])), "PNG"), 90)}
    grey = np.where(alpha == 0, 7, 200).astype(np.uint16).reshape(20, 20)
    stored["16 bits"] = saved(Image.fromarray(grey), "PNG", transparency=7), 1  # 200 of 65535, to the nearest
    for data, shown in stored.values():
        found = images.decode(data)
        assert found.remarks == [("transparent", f"{said} of the pixels are transparent or half so", "laid on white")]
        assert np.array_equal(found.rgb[..., 0].ravel(), np.where(alpha == 0, 255, shown))


@pytest.mark.parametrize("form, options", [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("GIF", {})])
def test_the_first_of_several_pages_is_taken_and_told(form, options):
    first = Image.fromarray(truth())
    if form == "GIF":
        first = first.quantize(256)
    rest = [Image.fromarray(255 - truth()), Image.fromarray(truth()[::-1].copy())]
    data = saved(first, form, save_all=True, append_images=rest, **options)
    distance, remarks = off(data, np.asarray(first.convert("RGB")))
    assert distance == 0 and remarks == ["several pages"]
    assert "3 pages" in images.decode(data).remarks[0][1]


def test_a_cameras_preview_pictures_are_no_remark():
    data = saved(
        Image.fromarray(truth()),
        "MPO",
        save_all=True,
        append_images=[Image.fromarray(truth()[::4, ::4].copy())],
        quality=98,
    )
    distance, remarks = off(data, truth())
    assert distance < 3 and remarks == []


def bomb():
    """A PNG of a few bytes that says it has 40,000 x 40,000 pixels."""
    import struct
    import zlib

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(10_000)))
        + chunk(b"IEND", b"")
    )


def test_what_would_not_fit_into_memory_is_not_decoded(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    found = images.decode(bomb())
    assert found.rgb is None and "40000 x 40000 pixels, more than 80,000,000" in found.failure


def test_pillows_own_limit_is_no_crash_and_no_way_round_ours(monkeypatch):
    found = images.decode(bomb())
    assert found.rgb is None and found.failure == "it has more than 80,000,000 pixels"
    # One that could be decoded: were the limit passed by, a picture would come.
    whole = io.BytesIO()
    Image.fromarray(np.zeros((300, 300), np.uint8)).save(whole, "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    monkeypatch.setattr(images, "MOST_PIXELS", 5_000)
    assert images.decode(whole.getvalue()).rgb is None


def damaged(data, how):
    middle = len(data) // 2
    if how == "zeros":
        return data[:middle] + bytes(50) + data[middle + 50 :]
    if how == "ones":
        return data[:middle] + b"\xff" * 50 + data[middle + 50 :]
    return data[:middle] + data[middle + 400 :]  # a piece is missing


@pytest.mark.parametrize("how", ["zeros", "ones", "piece"])
@pytest.mark.parametrize(
    "form, options",
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("JPEG", {"quality": 95, "restart_marker_rows": 1}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PNG", {}),
    ],
)
def test_damaged_data_are_a_remark_or_no_picture(form, options, how, capfd):
    whole = saved(Image.fromarray(truth()), form, **options)
    good = images.decode(whole)
    assert good.rgb is not None and good.remarks == []
    found = images.decode(damaged(whole, how))
    assert found.rgb is None or [kind for kind, _, _ in found.remarks] == ["damaged"]
    if form == "JPEG" and found.rgb is not None:
        assert "JPEG" in found.remarks[0][1] and "JPEG" not in capfd.readouterr().err


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_cut_short_is_no_picture_or_a_remark(form, share):
    whole = saved(Image.fromarray(truth()), form)
    found = images.decode(whole[: int(share * len(whole))])
    assert found.failure if found.rgb is None else [kind for kind, _, _ in found.remarks] == ["damaged"]


def test_what_is_no_complaint_of_a_decoder_still_reaches_standard_error(monkeypatch, capfd):
    import os

    data, real = saved(Image.fromarray(truth()), "JPEG"), cv2.imdecode

    def talking(*arguments):
        os.write(2, b"another thread speaks\n")
        return real(*arguments)

    monkeypatch.setattr(cv2, "imdecode", talking)
    assert images.decode(data).remarks == [] and capfd.readouterr().err == "another thread speaks\n"


@pytest.mark.parametrize("white", [1, 15, 100, 255, 1023, 4095, 65535])
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_whatever_a_portable_pixmap_calls_white_is_white(kind, white):
    channels = 3 if kind in ("P3", "P6") else 1
    values = np.rint(np.linspace(0, white, 24 * channels)).astype(int).reshape(4, 6, channels)
    head = f"{kind}\n6 4\n{white}\n".encode()
    if kind in ("P2", "P3"):
        data = head + " ".join(map(str, values.ravel())).encode()  # and no line's end after the last
    else:
        data = head + values.astype(">u2" if white > 255 else "u1").tobytes()
    found = images.decode(data)
    assert found.rgb is not None and found.rgb.shape == (4, 6, 3), found
    wanted = np.broadcast_to(values * 255 / white, (4, 6, 3))
    assert np.abs(found.rgb - wanted).max() <= 1


@pytest.mark.parametrize(
    "form, mode",
    [("PNG", "RGBA"), ("TIFF", "RGBA"), ("WEBP", "RGBA"), ("TIFF", "F"), ("GIF", "P"), ("JPEG", "CMYK"), ("PNG", "P")],
)
def test_cut_anywhere_an_odd_image_is_a_picture_or_a_reason(form, mode):
    picture = Image.fromarray(truth())
    picture.putalpha(90) if mode == "RGBA" else None
    whole = saved(picture.convert(mode), form)
    for end in (*range(0, 80, 3), *range(80, len(whole), max(1, len(whole) // 40))):
        found = images.decode(whole[:end])
        assert (found.rgb is None) == bool(found.failure)


def test_odd_images_go_the_way_of_all_others(tmp_path):
    """Through the pass and through `predict`'s reader, with names in any script: the same pixels and remarks."""
    whole = Image.fromarray(drawn.face(1))
    clear = whole.copy()
    clear.putalpha(254)
    exif = Image.Exif()
    exif[0x0112] = 8
    stored = {
        "Zoë 01 лицо.png": saved(whole, "PNG"),
        "顔 turned.webp": saved(whole.transpose(Image.Transpose.ROTATE_270), "WEBP", lossless=True, exif=exif),
        "wide name .tif": cv2.imencode(".tif", drawn.face(1)[..., ::-1].astype(np.uint16) * 257)[1].tobytes(),
        "alpha é.png": saved(clear, "PNG"),
        "pages.tiff": saved(whole, "TIFF", save_all=True, append_images=[whole]),
    }
    for name, data in stored.items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / name for name in stored]
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    made = prepare(drawn.table(*paths), tmp_path / "out", workers=1, progress=False)
    assert list(made.meta["clip"]) == list(stored)
    assert np.abs(made.images.astype(int) - made.images[0]).max() <= 3
    assert made.problems[["kind", "action"]].values.tolist() == [
        ["transparent", "laid on white"],
        ["several pages", "first taken"],
    ]
    for path in paths:
        reading = read_frames(path)
        assert reading.n_frames == 1 and np.abs(reading.frames[0].rgb.astype(int) - drawn.face(1)).max() <= 2


def test_gifs_are_clips_moving_or_still(tmp_path):
    pictures = [Image.fromarray(studio.draw(studio.person(3), {12: k / 8}, size=200)) for k in range(8)]
    folder = tmp_path / "happy"
    folder.mkdir()
    pictures[0].save(folder / "moving.gif", save_all=True, append_images=pictures[1:], duration=100)
    pictures[7].save(folder / "still.GIF")
    clips = datasets.scan("folder", tmp_path)
    assert list(clips["clip"]) == ["happy/moving.gif", "happy/still.GIF"] and set(clips["modality"]) == {"video-only"}
    made = prepare(clips, tmp_path / "faces", frames=4, workers=1, progress=False)
    assert list(made.meta.groupby("clip", sort=False).size()) == [4, 1]
    assert list(made.meta["time_s"].round(2)) == [0.1, 0.3, 0.5, 0.7, 0.0]


def test_a_picture_of_as_many_pixels_as_allowed_is_not_too_large():
    assert images.too_many_pixels(8_000, 10_000) == ""
    assert images.too_many_pixels(8_001, 10_000) == "8001 x 10000 pixels, more than 80,000,000"
