"""How the tests come by their databases: migrated once and copied, and emptied where something was written.

Migrating takes some seconds of processor time, a copy a moment. The blueprint is an empty, migrated database; a comment on it
says which migrations made it, and after a change of those it is made anew. `python -m tests.databases` makes it ahead.
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
# Written by migrating, the same for every test.
MIGRATED = {"django_migrations", "django_content_type", "auth_permission"}


def address(database):
    """The address of another database on the server that DATABASE_URL names."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def blueprint():
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


def copy(original, database):
    """Make `database` a copy of `original`, whatever it was before."""
    with server() as cursor:
        drop(database, cursor)
        cursor.execute(f"CREATE DATABASE {quote_ident(database, cursor)} TEMPLATE {quote_ident(original, cursor)}")


def drop(database, cursor):
    cursor.execute(f"DROP DATABASE IF EXISTS {quote_ident(database, cursor)} WITH (FORCE)")


# --- the blueprint -------------------------------------------------------------------------------
def migrations():
    """A line for everything that migrates: our own migrations, and the list of packages, which bring theirs."""
    files = [ROOT / "requirements.txt", *sorted(ROOT.glob("*/migrations/0*.py"))]
    return [f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}" for file in files]


def ready_blueprint():
    """The blueprint's name. One process makes it while the others wait; migrations that were only added are added to it."""
    name, wanted = blueprint(), migrations()
    with server() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])  # given back with the connection
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
        (said,) = cursor.fetchone() or (None,)
        known = (said or "").splitlines()
        if known != wanted:
            if not (known and set(known) <= set(wanted)):
                drop(name, cursor)
                cursor.execute(f"CREATE DATABASE {quote_ident(name, cursor)}")
            cursor.execute(f"COMMENT ON DATABASE {quote_ident(name, cursor)} IS NULL")  # until it is whole
            command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--no-input"]
            subprocess.run(command, check=True, cwd=ROOT, env=dict(os.environ, TESTING="1", DATABASE_URL=address(name)))
            cursor.execute(f"COMMENT ON DATABASE {quote_ident(name, cursor)} IS %s", ["\n".join(wanted)])
    return name


# --- the database of the running test ------------------------------------------------------------
@contextmanager
def connected_to(database):
    """The whole process, live server and workers too, works on another database of the server."""
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


@contextmanager
def world(kind, build):
    """Give (name, what `build` made) of a new database beside the test's, dropped in the end; nothing else writes into it."""
    from django.db import connection

    name = f"{connection.settings_dict['NAME']}_{kind}"
    copy(ready_blueprint(), name)
    try:
        with connected_to(name):
            built = build()
        yield name, built
    finally:
        with server() as cursor:
            drop(name, cursor)


def empty():
    """Delete every row that a test left.

    Truncating makes every table and every index anew, for the few that were filled. As a replica PostgreSQL deletes without
    asking a trigger; an account that may not be one truncates.
    """
    from django.core.management import call_command
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        if cursor.fetchone() == (True,):
            tables = [connection.ops.quote_name(name) for name in connection.introspection.table_names() if name not in MIGRATED]
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")  # whoever still writes comes to an end first
            cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables))
            filled = [name for (name,) in cursor.fetchall()]
            if filled:
                cursor.execute(
                    "SET LOCAL session_replication_role = replica; " + "; ".join(f"DELETE FROM {name}" for name in filled)
                )
            return
    call_command("flush", verbosity=0, interactive=False)


if __name__ == "__main__":
    ready_blueprint()
