"""What is vendored is what its maker published: name, version, licence and SHA-256 of every file."""

import hashlib
import tomllib
from pathlib import Path

STATIC = Path(__file__).parents[2] / "deploy" / "static"


def test_every_vendored_file_has_its_published_hash():
    """No file without a hash, no hash without a file, none changed."""
    listed = {"VENDOR.toml": None, "docs/start.js": None}  # the second is ours
    for package in tomllib.loads((STATIC / "VENDOR.toml").read_text())["package"]:
        assert package["name"]
        assert package["version"]
        assert package["licence"]
        listed |= {f"{package['folder']}/{name}": digest for name, digest in package["sha256"].items()}
    files = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}
    assert set(listed) == set(files)
    for name, digest in listed.items():
        assert digest in {None, hashlib.sha256(files[name].read_bytes()).hexdigest()}, (
            f"{name} is not the vendored file"
        )
