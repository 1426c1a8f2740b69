"""The house rules, as tests: what a reader may rely on anywhere in this tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("deploy", "exchange", "registry", "schemas")
TOP_LEVEL = {*PRODUCT, "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE"}
LINES_LIMIT = 400
PURE_ROOMS = (
    *(f"exchange/journal/{name}.py" for name in ("__init__", "codec", "refusals")),
    *(f"exchange/projections/{name}.py" for name in ("__init__", "changes", "core", "replies")),
)
"""Modules that the contract of pure code names one by one."""
# Built from pieces: this file is searched as well.
PACKAGE_HOSTS = tuple(
    ".".join(pieces).encode()
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("npmmirror", "com"),
        ("yarnpkg", "com"),
        ("unpkg", "com"),
        ("jsdelivr", "net"),
        ("cdnjs", "cloudflare", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("anaconda", "org"),
        ("proxy", "golang", "org"),
    )
)


def git(*words: str) -> str:
    """What git says of this checkout; a tree without git has nothing to say."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that exists."""
    return tuple(path for name in git("ls-files", "-z").split("\0") if name and (path := ROOT / name).is_file())


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Name and text of every Python file under *folders*."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_imports_follow_the_design():
    """The contracts in pyproject.toml: capabilities top to bottom, rooms, the port, pure rules."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_import_contracts_bite(tmp_path):
    """Each arrow that must not be drawn, drawn once in a small copy of the house: every contract breaks."""
    files = {
        "schemas/__init__.py": "import litestar",
        "registry/__init__.py": "",
        "registry/port.py": "",
        "registry/kit/__init__.py": "import exchange",
        "registry/kit/problems.py": "import asyncpg",
        "registry/access/__init__.py": "import registry.credits",
        "registry/access/approvals/__init__.py": "import registry.access.keys",
        "registry/access/keys/__init__.py": "",
        "registry/access/keys/api.py": "",
        "registry/access/keys/rules.py": "import registry.access.keys.api",
        "registry/credits/__init__.py": "",
        "exchange/engine/__init__.py": "import exchange.orders",
        "exchange/orders.py": "import registry.port, registry.kit.problems",
        **dict.fromkeys(PURE_ROOMS, ""),
        "registry/credits/blocks/__init__.py": "",
        "registry/credits/blocks/api.py": "",
        "registry/credits/blocks/rules.py": "import structlog, cryptography\nimport registry.credits.blocks.api",
        "registry/community/__init__.py": "",
        "registry/community/events/__init__.py": "",
        "registry/community/retail/__init__.py": "import registry.community.events",
        "registry/credits/issuance/__init__.py": "",
        "registry/credits/transfers/__init__.py": "import registry.credits.issuance",
        "exchange/__init__.py": "import registry.credits.blocks.rules",
        "exchange/simulation/__init__.py": "import exchange.journal",
        "deploy/__init__.py": "",
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Contracts: 0 kept, 13 broken." in done.stdout, done.stdout + done.stderr
    assert "registry.access.keys.rules -> registry.access.keys.api" in done.stdout, "rooms inside rooms count as well"
    assert "exchange.orders -> registry" not in done.stdout, "the port and the kit are open to the exchange"


def statements(folder: str) -> Iterator[tuple[str, str]]:
    """Name and text of every SQL file under *folder*, without comments."""
    for path in sorted((ROOT / folder).rglob("*.sql")):
        yield path.relative_to(ROOT).as_posix(), re.sub(r"--.*", "", path.read_text(encoding="utf-8"))


def test_neither_service_reads_the_tables_of_the_other():
    """What the import contracts say of Python holds for SQL: only business time is shared."""
    foreign = {
        "exchange": re.compile(r"\bregistry\.(?!business_now\(\))\w+"),
        "registry": re.compile(r"\bexchange\.\w+"),
    }
    found = {
        (name, each)
        for folder, pattern in foreign.items()
        for name, text in statements(folder)
        for each in pattern.findall(text)
    }
    assert set() == found
    assert ["registry.block"] == foreign["exchange"].findall("select registry.business_now() from registry.block")


def test_codes_have_one_grammar():
    """Serials and codes are parsed and printed in `schemas/serials.py`; a migration may spell them for old rows."""
    ways = (r"(?:split|partition)\([\"']-", r"regexp_replace", r"\blpad\(", r"\[A-Z\]\{2\}-", r"-%0?\dd", r":0[24]d\}-")
    spelled = re.compile("|".join(ways))
    found = [
        f"{name}: {line.strip()}"
        for name, text in (*sources(*PRODUCT), *statements("registry"), *statements("exchange"))
        if name != "schemas/serials.py" and "/migrations/" not in name
        for line in text.splitlines()
        if spelled.search(line)
    ]
    assert [] == found


def test_there_is_one_tonne():
    """A thousand kilograms have one name, in `schemas/serials.py`."""
    tonne = re.compile(r"^\s*\w*(?:KG_PER_T|T_KG|PER_TONNE)\w*\s*(?::[^=]+)?=\s*1_?000\b", re.MULTILINE)
    assert ["schemas/serials.py"] == [name for name, text in sources(*PRODUCT, "tests") if tonne.search(text)]


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Public classes and functions without a docstring, down to the methods of public classes."""
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        for node in scopes.pop().body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if any("overload" in ast.unparse(decorator) for decorator in node.decorator_list):
                continue
            if not ast.get_docstring(node):
                yield f"{node.lineno} {node.name}"
            if isinstance(node, ast.ClassDef):
                scopes.append(node)


def test_every_public_name_is_documented():
    """Modules, public classes and public functions of the product say what they are."""
    missing = []
    for name, text in sources(*PRODUCT):
        tree = ast.parse(text)
        if not ast.get_docstring(tree):
            missing.append(f"{name}: the module")
        missing += [f"{name}:{what}" for what in undocumented(tree)]
    assert [] == missing


def test_no_two_classes_share_a_name():
    """A public name means one thing in the whole product."""
    places: dict[str, list[str]] = {}
    for name, text in sources(*PRODUCT):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert {} == {name: where for name, where in places.items() if len(where) > 1}


def test_every_test_says_what_it_proves():
    """A docstring per test."""
    missing = [
        f"{name}:{node.lineno} {node.name}"
        for name, text in sources("tests")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert [] == missing


def test_every_opt_out_of_a_check_has_its_reason():
    """An ignored type error or lint names its code and says why, on the same line."""
    opt_out = re.compile(r"#\s*(?:type:\s*ignore|noqa)(?P<rest>.*)")
    reasoned = re.compile(r"(?:\[[\w, -]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)\s*(?:#|-|—)\s*(?!type:|noqa)\w.*")
    bare = [
        f"{name}:{number} {line.strip()}"
        for name, text in sources(*PRODUCT, "tests")
        if name != Path(__file__).relative_to(ROOT).as_posix()
        for number, line in enumerate(text.splitlines(), 1)
        if (found := opt_out.search(line)) and not reasoned.match(found["rest"])
    ]
    assert [] == bare


def test_no_file_is_long():
    """A file that no longer fits in a head becomes a folder of the same name."""
    long = [
        f"{name}: {lines} lines"
        for name, text in sources(*PRODUCT, "tests")
        if (lines := text.count("\n")) > LINES_LIMIT
    ]
    assert [] == long


def test_no_function_is_long():
    """At most 60 lines each, and at most 20 for nine in ten."""
    sizes = {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, text in sources(*PRODUCT, "tests")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {} == {where: lines for where, lines in sizes.items() if lines > 60}
    assert sorted(sizes.values())[len(sizes) * 9 // 10] <= 20


def test_the_top_level_is_the_house_plan():
    """Folders and files of the design, and dot files; nothing else."""
    names = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert set() == {name for name in names if not name.startswith(".")} - TOP_LEVEL


def test_no_package_host_is_named_in_the_tree():
    """Where packages come from is the machine's business: no package host in a file or a commit message."""
    found = [
        f"{path.relative_to(ROOT)}: {host.decode()}"
        for path in tracked()
        for host in PACKAGE_HOSTS
        if host in path.read_bytes().lower()
    ]
    assert [] == found
    log = git("log", "--format=%B").lower().encode()
    assert [] == [host for host in PACKAGE_HOSTS if host in log]


def test_no_path_of_this_machine_is_in_the_tree():
    """What works here works anywhere."""
    here = str(ROOT).encode() + b"/"
    if len(ROOT.parts) < 3:
        pytest.skip("this checkout's path is too short to tell")
    assert [] == [str(path.relative_to(ROOT)) for path in tracked() if here in path.read_bytes()]
