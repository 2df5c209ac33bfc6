"""One migrated, empty database from which each test database is copied: migrating takes half a minute, copying a moment.

A comment on it says which migrations made it; after a change of those it is made anew. `python -m tests.blueprint` makes
it ahead of the tests.
"""

import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import quote_ident

ROOT = Path(__file__).resolve().parent.parent


def address(database):
    """The address of another database on the server that DATABASE_URL names."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def name():
    return f"test_{urlsplit(os.environ['DATABASE_URL']).path[1:]}_blueprint"


@contextmanager
def server():
    """A cursor that may create and drop databases."""
    connection = psycopg2.connect(address("postgres"))
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


def exists(database):
    with server() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        return cursor.fetchone() is not None


def origin():
    """A digest of everything that migrates: our own migrations, and the versions of the packages that bring theirs."""
    files = [ROOT / "requirements.txt", *ROOT.glob("*/migrations/*.py")]
    return hashlib.sha256(b"\0".join(path.name.encode() + path.read_bytes() for path in sorted(files))).hexdigest()


def ready():
    """The name of the blueprint, made now if it is missing or of other migrations; one process makes it, the others wait."""
    with server() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name()])  # given back with the connection
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name()])
        if cursor.fetchone() != (origin(),):
            quoted = quote_ident(name(), cursor)
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {quoted}")
            command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--no-input"]
            subprocess.run(command, check=True, cwd=ROOT, env=dict(os.environ, TESTING="1", DATABASE_URL=address(name())))
            cursor.execute(f"COMMENT ON DATABASE {quoted} IS %s", [origin()])
    return name()


if __name__ == "__main__":
    ready()
