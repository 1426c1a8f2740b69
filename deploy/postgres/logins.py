"""
Who may connect to the embedded server: three logins, each with a password in a file.

`D/passwords/` (0700) in the data folder D has one file (0600) for each, in the form that libpq and asyncpg read
(`passfile`), so that no password stands in an address, an environment or a message:

- `postgres` owns the tables. It is the superuser, for the first start, migrations and the operator's own hands;
- `kilnwood_api` and `kilnwood_sequencer` are what the service's processes connect as. They own nothing and may run no
  program, read no file of the server and make no extension.

The socket's folder is the first wall and the password the second: another process of the user whom the server runs as
passes the first one. Passwords are random and long, so one round of hashing is enough and connections cost nothing.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import quote

from deploy.postgres import process
from deploy.postgres.programs import PostgresUnavailable, User
from registry.kit import private
from registry.kit.private import TooOpen

SUPERUSER, API, SEQUENCER = "postgres", "kilnwood_api", "kilnwood_sequencer"
SERVING = (API, SEQUENCER)
_EVERY = (SUPERUSER, *SERVING)
_PASSWORD_BYTES, _SALT_BYTES, _FILE_LIMIT_BYTES = 32, 16, 4096
_RULES = """\
# Written by Kilnwood: every login has a password (deploy/postgres/logins.py). Anything else is put right at a start.
local all all scram-sha-256
local replication postgres scram-sha-256
"""
_CLOSED = "# Written by Kilnwood, whose start has yet to give each login its password.\nlocal all all reject\n"


def address(data_dir: Path, socket_dir: str, login: str) -> str:
    """Where to connect as *login*, whose password stays in its file."""
    passfile, host = (quote(str(each), safe="/") for each in (_file(data_dir, login), socket_dir))
    return f"postgresql://{login}@/postgres?passfile={passfile}&host={host}"


def are_set(data_dir: Path, cluster: Path) -> bool:
    """
    Whether every login has its password and nobody gets in without one.

    Not so in a database of an earlier version, which let in anybody who reached its socket, nor where a password is
    lost. Raises `PostgresUnavailable` for a file that others can reach.
    """
    if not all(_file(data_dir, login).exists() for login in _EVERY):
        return False
    for login in _EVERY:
        _password(data_dir, login)
    return (cluster / "pg_hba.conf").read_text(encoding="utf-8") == _RULES


def make(data_dir: Path, cluster: Path, user: User, bin_dir: Path) -> None:
    """
    Give each login its password, while no server runs: nobody is let in meanwhile.

    First nobody is let in at all; then come the files, the hashes in the database, and last the rule that asks for
    them. A crash in between leaves a database that `are_set` denies, and the next start goes on with the same files.
    Raises `PostgresUnavailable`.
    """
    rules, server = cluster / "pg_hba.conf", (user.uid, user.gid) if user.drop else None
    private.replace(rules, _CLOSED, owner=server)
    made = "do $$ begin if not exists (select from pg_roles where rolname = '{0}') then create role {0}; end if; end $$"
    nothing = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
    commands = [f"alter role {SUPERUSER} password '{_verifier(_kept_password(data_dir, SUPERUSER))}'"]
    for login in SERVING:
        password = _verifier(_kept_password(data_dir, login))
        commands += (made.format(login), f"alter role {login} login {nothing} password '{password}'")
    process.run_alone(cluster, user, bin_dir, commands)
    private.replace(rules, _RULES, owner=server)


def _file(data_dir: Path, login: str) -> Path:
    return data_dir / "passwords" / login


def _kept_password(data_dir: Path, login: str) -> str:
    """The password in the file of *login*; a new one where there is none. The file is whole, or not there."""
    path = _file(data_dir, login)
    if path.exists():
        return _password(data_dir, login)
    try:
        private.make_folder(path.parent)
    except TooOpen as error:
        raise PostgresUnavailable(str(error)) from error
    owner = None
    if os.geteuid() == 0:  # a folder of an ordinary user stays usable by that user
        owner = (data_dir.stat().st_uid, data_dir.stat().st_gid)
        os.chown(path.parent, *owner)
    private.replace(path, f"*:*:*:{login}:{secrets.token_hex(_PASSWORD_BYTES)}\n", owner=owner)
    return _password(data_dir, login)


def _password(data_dir: Path, login: str) -> str:
    path = _file(data_dir, login)
    try:
        text = private.read_secret(path, _FILE_LIMIT_BYTES).decode()
    except TooOpen as error:
        raise PostgresUnavailable(str(error)) from error
    except UnicodeDecodeError:
        text = ""
    start = f"*:*:*:{login}:"
    password = text.strip().removeprefix(start)
    if not text.startswith(start) or not password.isalnum():
        raise PostgresUnavailable(
            f"{path} is damaged: stop the service and delete the file, and the next start makes a new password"
        )
    return password


def _verifier(password: str) -> str:
    """What PostgreSQL stores of a password (RFC 5803): it can be checked with it, and not be derived from it."""
    salt, rounds = secrets.token_bytes(_SALT_BYTES), 1
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    keys = (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))
    encoded = [base64.b64encode(each).decode() for each in keys]
    return f"SCRAM-SHA-256${rounds}:{encoded[0]}${encoded[1]}:{encoded[2]}"
