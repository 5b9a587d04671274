"""Copy front-end packages from node_modules to static/vendor, with a manifest.

    python deploy/vendor.py           copy and write static/vendor/manifest.json
    python deploy/vendor.py --check   verify the copies against the manifest and package.json

The browser loads these files from our own address only. The manifest says of each file where it
came from: package, version and SHA-256. Running twice changes nothing.
"""

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
TARGET = ROOT / "static/vendor"
MANIFEST = TARGET / "manifest.json"

# package -> (folder below static/vendor, files below the package); licences travel along
WANTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "htmx.org": ("htmx.org", ("dist/htmx.min.js", "LICENSE")),
    "leaflet": (
        "leaflet",
        (
            "dist/leaflet.js",
            "dist/leaflet.css",
            "dist/images/layers.png",
            "dist/images/layers-2x.png",
            "dist/images/marker-icon.png",
            "dist/images/marker-icon-2x.png",
            "dist/images/marker-shadow.png",
            "LICENSE",
        ),
    ),
    "@geoman-io/leaflet-geoman-free": (
        "leaflet-geoman-free",
        ("dist/leaflet-geoman.min.js", "dist/leaflet-geoman.css", "LICENSE"),
    ),
}


@dataclass(frozen=True, slots=True)
class Vendored:
    """One copied file; `file` is relative to static/vendor."""

    file: str
    package: str
    version: str
    sha256: str


def copy() -> list[Vendored]:
    """Copy all wanted files, remove what is no longer wanted, write the manifest."""
    entries = []
    for package, (folder, files) in WANTED.items():
        version = _installed_version(package)
        for name in files:
            source = MODULES / package / name
            target = TARGET / folder / name.removeprefix("dist/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            file = target.relative_to(TARGET).as_posix()
            entries.append(Vendored(file, package, version, _sha256(target)))
    _remove_others({entry.file for entry in entries})
    text = json.dumps([asdict(entry) for entry in entries], indent=2)
    MANIFEST.write_text(text + "\n", encoding="utf-8")
    return entries


def check() -> list[str]:
    """What is wrong with static/vendor; empty when all is well."""
    if not MANIFEST.exists():
        return ["static/vendor/manifest.json is missing: run deploy/vendor.py"]
    entries = [Vendored(**item) for item in json.loads(MANIFEST.read_text(encoding="utf-8"))]
    asked = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    faults = []
    for entry in entries:
        path = TARGET / entry.file
        if not path.is_file():
            faults.append(f"{entry.file}: missing")
        elif _sha256(path) != entry.sha256:
            faults.append(f"{entry.file}: differs from the manifest")
        if asked.get(entry.package) != entry.version:
            faults.append(f"{entry.file}: {entry.package} {entry.version} is not in package.json")
    missing = WANTED.keys() - {entry.package for entry in entries}
    return faults + [f"{package}: not copied" for package in sorted(missing)]


def _installed_version(package: str) -> str:
    """The installed version, which must be the one package.json asks for."""
    about = json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))
    asked = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    version = str(about["version"])
    if asked.get(package) != version:
        raise SystemExit(f"{package}: installed {version}, package.json asks {asked.get(package)}")
    return version


def _remove_others(wanted: set[str]) -> None:
    for path in sorted(TARGET.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(TARGET).as_posix() not in wanted and path != MANIFEST:
            path.unlink()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Run from the command line; the exit code says whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="verify, change nothing")
    if parser.parse_args().check:
        faults = check()
        for fault in faults:
            sys.stderr.write(f"{fault}\n")
        return 1 if faults else 0
    sys.stdout.write(f"{len(copy())} files in static/vendor\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
