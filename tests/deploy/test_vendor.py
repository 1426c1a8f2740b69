"""What is vendored is what its maker published: name, version, licence and SHA-256 of every file."""

import gzip
import hashlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER_NAMES = ("deploy/static", "exchange/simulation/report/vendor", "registry/kit/site/vendor", "tests/site/vendor")
FOLDERS = [ROOT / each for each in FOLDER_NAMES]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.relative_to(ROOT).as_posix())
def test_every_vendored_file_has_its_published_hash(folder):
    """No file without a hash, no hash without a file, none changed."""
    listed = {"VENDOR.toml": None} | ({"docs/start.js": None} if folder.name == "static" else {})  # the second is ours
    for package in tomllib.loads((folder / "VENDOR.toml").read_text())["package"]:
        assert package["name"]
        assert package["version"]
        assert package["licence"]
        for name, digest in package.get("unpacked", {}).items():
            inside = gzip.decompress((folder / package["folder"] / name).read_bytes())
            assert digest == hashlib.sha256(inside).hexdigest(), f"{name} packs another file"
        listed |= {f"{package['folder']}/{name}": digest for name, digest in package["sha256"].items()}
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == set(files)
    for name, digest in listed.items():
        assert digest in {None, hashlib.sha256(files[name].read_bytes()).hexdigest()}, (
            f"{name} is not the vendored file"
        )
