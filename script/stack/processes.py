"""Child processes that end with the command that started them, whatever ends it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from .console import die, say

LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1
LARGEST_LOG = 10 * 1024 * 1024


def free_port():
    """Ask the system for a TCP port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def end_with_parent(stop_signal=signal.SIGTERM):
    """Run in the child: when the command is killed outright, the kernel stops the child for it."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, stop_signal)


class Stopped(Exception):
    """Somebody asked the command to stop; the text says who."""


def stop_on_signals():
    """Turn Ctrl-C, TERM and a closed terminal (but for nohup) into Stopped, once."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signals.append(signal.SIGHUP)

    def stop(number, _frame):
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for each in signals:
        signal.signal(each, stop)


class Process:
    """One program in its own session, its words in a log file."""

    def __init__(self, name, command, *, env, log, stop_signal=signal.SIGTERM, patience=20, **options):
        self.name, self.log, self.stop_signal, self.patience = name, Path(log), stop_signal, patience
        self.command = [str(part) for part in command]
        self.options = {"preexec_fn": end_with_parent, "env": env, **options}
        self.started = self.child = None
        self.start()

    def start(self):
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.started = time.monotonic()
        with self.log.open("ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
            self.child = subprocess.Popen(self.command, start_new_session=True, **streams, **self.options)

    def is_alive(self):
        return self.child.poll() is None

    def last_words(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self):
        if self.is_alive():
            self.child.send_signal(self.stop_signal)
            try:
                self.child.wait(self.patience)
            except subprocess.TimeoutExpired:
                say(f"{self.name} did not stop in {self.patience} s; killing it")
        # The whole session: a program that died badly may have left children behind.
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.child.wait()

    def wait_until(self, ready, limit=60):
        """Wait for the program to serve; say what it said when it does not."""
        end = time.monotonic() + limit
        while not ready():
            if not self.is_alive():
                die(f"{self.name} ended while starting:\n{self.last_words()}")
            if time.monotonic() > end:
                die(f"{self.name} was not ready in {limit} s:\n{self.last_words()}")
            time.sleep(0.05)
