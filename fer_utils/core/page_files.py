"""The files by which a page runs a network: LiteRT.js and a face finder, fetched with npm and checked, never committed.

Each package is asked for by name and version, and its archive must have the SHA-512 that stands here.  What a page
needs of them is kept in the package's store, packed with gzip, so that a second use asks nothing.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path
import subprocess
import tarfile
import tempfile

from fer_utils.core.errors import FerError
from fer_utils.core.npm import npm_command
from fer_utils.core.paths import build_folder, home, one_process_at_a_time

#: Package of npm -> version, and SHA-512 of its archive, in base64 as npm writes it.  All are Apache-2.0.
PACKAGES: dict[str, tuple[str, str]] = {
    "@litertjs/core": (
        "2.5.3",
        "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
    ),
    "@litertjs/wasm-utils": (
        "2.5.3",
        "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
    ),
    "@mediapipe/face_detection": (
        "0.4.1657300184",
        "k5aYtTf7av7GwD3C9T4LJB/okHK/uJwFQSOmJ9OHZMlwg7SdYVMolRgDlA962OU7fIBKsrOA7f7BzD2gpzcAKw==",
    ),
}
#: Our file -> package and place in it.  The WASM that asks for nothing new runs in every browser that has WASM.
FILES: dict[str, tuple[str, str]] = {
    "litert_wasm.js": ("@litertjs/core", "wasm/litert_wasm_compat_internal.js"),
    "litert.wasm": ("@litertjs/core", "wasm/litert_wasm_compat_internal.wasm"),
    "finder.tflite": ("@mediapipe/face_detection", "face_detection_short_range.tflite"),
}
#: The library itself is two packages, made one module here.
LIBRARY = "litert.js"
_IMPORT = 'import { createWasmLib } from "@litertjs/wasm-utils";'
_NOTICE = (
    "Unchanged files of npm packages, packed with gzip; {library} joins two of them. Licence: Apache-2.0.\n{names}\n"
)
#: Changes when what is kept changes otherwise than by a package.
_RECIPE = 1


def names() -> tuple[str, ...]:
    """The files that `folder` holds, besides a notice."""
    return (LIBRARY, *FILES)


def folder() -> Path:
    """The folder with the packed files ``NAME.gz``, fetched if need be (17 MB; some 4 MB are kept).

    Raises
    ------
    FerError : npm is missing and cannot be had, a package cannot be fetched, or it is not the one that is meant.
    """
    said = repr((_RECIPE, PACKAGES, FILES)).encode()
    place = home() / "page_files" / hashlib.sha256(said).hexdigest()[:24]
    if place.is_dir():
        return place
    with one_process_at_a_time(place.parent):
        if not place.is_dir():
            with build_folder(place) as new, tempfile.TemporaryDirectory(prefix="fer-npm-") as work:
                _fill(new, Path(work))
    return place


def contents(name: str) -> bytes:
    """One of `names`, unpacked."""
    return gzip.decompress((folder() / f"{name}.gz").read_bytes())


def finder() -> Path:
    """The face finder's network as a file, for `fer_utils.faces.short_range.ShortRange`."""
    path = folder() / "face_detection_short_range.tflite"
    if not path.is_file():
        raise FerError(f"{path} is missing: remove the folder {path.parent}, and it is fetched anew.")
    return path


def _fill(new: Path, work: Path) -> None:
    command, environment = npm_command(home() / "node")
    opened = {package: _package(package, command, environment, work) for package in PACKAGES}
    made = {name: _member(opened[package], place) for name, (package, place) in FILES.items()}
    library = _member(opened["@litertjs/core"], "dist/index.js").decode()
    helper = _member(opened["@litertjs/wasm-utils"], "dist/index.js").decode()
    if library.count(_IMPORT) != 1:
        raise FerError(
            "@litertjs/core does not import @litertjs/wasm-utils as expected; PACKAGES names another version."
        )
    helper = helper.partition("\nexport {")[0]
    made[LIBRARY] = library.replace(_IMPORT, helper).encode()
    for name, data in made.items():
        (new / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
    (new / "face_detection_short_range.tflite").write_bytes(made["finder.tflite"])
    listed = "\n".join(f"{package} {version}" for package, (version, _) in PACKAGES.items())
    (new / "NOTICE.txt").write_text(_NOTICE.format(library=LIBRARY, names=listed), encoding="utf8")


def _package(package: str, npm: list[str], environment: dict[str, str], work: Path) -> tarfile.TarFile:
    """A package's archive, fetched and checked."""
    version, wanted = PACKAGES[package]
    place = work / package.replace("/", "-")
    place.mkdir()
    command = [*npm, "pack", f"{package}@{version}", "--silent", "--pack-destination", str(place)]
    done = subprocess.run(command, cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    archives = list(place.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise FerError(
            f"npm could not fetch {package} {version} ({done.stderr.strip()[-300:]}). It comes from the registry that "
            "this machine's npm is set up for: check the network, and try again."
        )
    check(package, archives[0].read_bytes(), wanted)
    return tarfile.open(archives[0])


def check(package: str, data: bytes, wanted: str) -> None:
    """FerError unless an archive has the SHA-512 that is wanted (base64)."""
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != wanted:
        raise FerError(
            f"The archive of {package} {PACKAGES[package][0]} has the SHA-512 {found}, expected {wanted}. It was "
            "not used and is removed. A proxy may have changed it: fetch it again on another network."
        )


def _member(archive: tarfile.TarFile, place: str) -> bytes:
    file = archive.extractfile(f"package/{place}")
    if file is None:
        raise FerError(f"{place} is no file in its npm package; PACKAGES names another version.")
    return file.read()
