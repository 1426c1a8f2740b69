"""Statements in `.sql` files: how they load, and that each one is understood by the database and used by its store."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from registry.kit import sql
from tests.database import connected, migrated

ROOT = Path(__file__).parents[3]
BESIDE_STORES = sorted(
    path.relative_to(ROOT)
    for folder in ("registry", "exchange")
    for path in (ROOT / folder).rglob("*.sql")
    if path.parent.name != "migrations"
)


def statements(path):
    """Names and texts of one file, loaded as its store does."""
    return vars(sql.load(".".join(path.parent.parts), path.name))


def loader(node):
    """The file that ``sql.load(__package__[, file])`` reads, or None for any other expression."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "sql.load":
        return ast.literal_eval(node.args[1]) if len(node.args) > 1 else "store.sql"
    return None


def used(folder):
    """For each `.sql` file of a folder, the names that the modules beside it take from it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in folder.glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for assignment in (node for node in tree.body if isinstance(node, ast.Assign)):
            if file := loader(assignment.value):
                variable = ast.unparse(assignment.targets[0])
                found[file] |= {
                    node.attr
                    for node in ast.walk(tree)
                    if isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == variable
                }
    return found


def test_blocks_become_attributes(tmp_path, monkeypatch):
    """Comments stay with their statement; text before the first name belongs to none."""
    (tmp_path / "kw_sql_sample").mkdir()
    (tmp_path / "kw_sql_sample" / "__init__.py").touch()
    text = "-- a file\n-- name: one\n-- why\nselect 1;\n\n-- name: two\nselect\n  2;\n"
    (tmp_path / "kw_sql_sample" / "store.sql").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert {"one": "-- why\nselect 1;", "two": "select\n  2;"} == vars(sql.load("kw_sql_sample"))


def test_two_statements_of_one_name_are_refused(tmp_path, monkeypatch):
    """The second would silently replace the first."""
    (tmp_path / "kw_sql_twice").mkdir()
    (tmp_path / "kw_sql_twice" / "__init__.py").touch()
    text = "-- name: one\nselect 1;\n-- name: one\nselect 2;\n"
    (tmp_path / "kw_sql_twice" / "store.sql").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"kw_sql_twice/store\.sql: two statements are named one"):
        sql.load("kw_sql_twice")


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """Makes a package with one file of statements."""

    def make(name, text):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "store.sql").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

    return make


def test_a_list_is_read_from_either_end(sample):
    """Its bound and its order are turned round, and nothing else."""
    sample(
        "kw_sql_list", "-- name: some (either order)\nselect $10 where id > $1 and $3 > $10\norder by x.id limit $2;\n"
    )
    found = sql.load("kw_sql_list").some
    assert "select $10 where id > $1 and $3 > $10\norder by x.id limit $2;" == found.oldest
    assert "select $10 where id < $1 and $3 > $10\norder by x.id desc limit $2;" == found.newest


@pytest.mark.parametrize(
    "text", ["select 1;", "select 1 where id > $1;", "select 1 where id > $10 order by id limit $2;"]
)
def test_what_cannot_be_turned_round_does_not_load(sample, text):
    """A list that would have only one order is found when it is loaded."""
    sample("kw_sql_stiff", f"-- name: some (either order)\n{text}\n")
    with pytest.raises(ValueError, match="no list"):
        sql.load("kw_sql_stiff")


@pytest.mark.parametrize("path", BESIDE_STORES, ids=str)
def test_every_statement_has_its_caller_and_every_caller_its_statement(path):
    """A name without a caller is dead, a caller without a name fails at its first use."""
    assert set(statements(path)) == used(ROOT / path.parent)[path.name]


@pytest.fixture(scope="module")
def dsn(server):
    return migrated(server)


@pytest.mark.parametrize("path", BESIDE_STORES, ids=str)
async def test_every_statement_prepares_against_the_migrated_database(dsn, path):
    """Tables, columns, types and functions exist, for one statement at a time."""
    async with connected(dsn) as owner:
        for name, found in statements(path).items():
            for text in (found,) if isinstance(found, str) else found:
                try:
                    await owner.prepare(text)
                except Exception as error:
                    raise AssertionError(f"{path}: {name}: {error}") from error
