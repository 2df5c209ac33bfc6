"""Fifty assessors at once: the real web server and a real worker, each assessor a thread that types, is refused and submits.

Used by the test, which asserts what must hold, and by `script/bench crowd`, which prints how long it takes.
"""

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from assessments.models import Assessment, AssignmentMove, Entry, Indicator, Rating
from tests import factories

START_LIMIT = 60
PANEL = 4


@dataclass
class Seat:
    """One assessor with a sheet to fill in, and what he is going to say."""

    assignment: object
    session: str
    leaves: list
    wanted: dict = field(default_factory=dict)  # indicator → (value, comment)
    asked: list = field(default_factory=list)  # (what, status, seconds) of every request
    faults: list = field(default_factory=list)


def seats(count, indicators):
    """`count` assessors, each with one sheet of `indicators`, in panels of four in one open round."""
    version = factories.published_set(2, indicators // 2, allow_na=True)
    round_ = factories.round_(status="open")
    sheet = factories.sheet(round_, version)
    leaves = list(Indicator.objects.filter(version=version, scale__isnull=False).order_by("pk").values_list("pk", flat=True))
    made, entry = [], None
    for number in range(count):
        if number % PANEL == 0:
            entry = Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet)
        assignment = factories.assignment(entry)
        client = Client()
        client.force_login(assignment.assessor.user)
        made.append(Seat(assignment, client.cookies[settings.SESSION_COOKIE_NAME].value, leaves))
    return made


# ------------------------------------------------------------------ the programs
@contextmanager
def programs(folder):
    """The web server as in production, and a worker, on the database of this process; gives the port of the web."""
    of = connection.settings_dict
    address = f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
    env = dict(os.environ, DATABASE_URL=address, OPENBLAS_NUM_THREADS="1", PYTHONUNBUFFERED="1", LOG_LEVEL="WARNING")
    port = _free_port()
    web = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "--workers", 2, "--blocking-threads", 4]
    worker = ["celery", "-A", "secretariat", "worker", "-l", "INFO", "-c", 1, "--without-gossip", "--without-mingle"]
    commands = {"web": [*web, "--no-ws", "secretariat.wsgi:application"], "worker": worker}
    started = {name: _start(folder / f"{name}.log", command, env) for name, command in commands.items()}
    try:
        _until(lambda: _answers(port) and " ready." in (folder / "worker.log").read_text(errors="replace"), started, folder)
        yield port
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _start(log, command, env):
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, command)], cwd=settings.BASE_DIR, env=env, stdout=output, stderr=subprocess.STDOUT
        )


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition, started, folder):
    end = time.monotonic() + START_LIMIT
    while not condition():
        dead = [name for name, process in started.items() if process.poll() is not None]
        if dead or time.monotonic() > end:
            words = "\n".join((folder / f"{name}.log").read_text(errors="replace")[-2000:] for name in started)
            raise RuntimeError(f"not started: {dead or 'too slow'}\n{words}")
        time.sleep(0.1)


# ------------------------------------------------------------------ one assessor
class Browser:
    """One assessor's browser: a connection that is kept, his cookies, and a clock."""

    def __init__(self, port, seat):
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.seat, self.cookies, self.token = seat, {settings.SESSION_COOKIE_NAME: seat.session}, ""

    def ask(self, what, path, fields=None):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "X-CSRFToken": self.token}
        body = None
        if fields is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(fields)
        started = time.perf_counter()
        self.line.request("POST" if fields is not None else "GET", path, body, headers)
        answer = self.line.getresponse()
        text = answer.read().decode()
        self.seat.asked.append((what, answer.status, time.perf_counter() - started))
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, value = cookie.partition("=")
            self.cookies[name] = value.split(";")[0]
        return answer.status, text


def fill_in(port, seat, start):
    """Open the sheet, save answer by answer, once from a page that is behind, and submit twice at the same moment."""
    try:
        start.wait(START_LIMIT)
        _fill_in(Browser(port, seat), seat, port)
    except Exception as error:  # a thread's own end would be silent
        seat.faults.append(repr(error))


def _fill_in(browser, seat, port):
    form, autosave, submit = (
        reverse(name, args=[seat.assignment.pk]) for name in ("assessment_form", "assessment_autosave", "assessment_submit")
    )
    status, html = browser.ask("open", form)
    if status != 200:
        seat.faults.append(f"open: {status}")
        return
    browser.token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)[1]
    for version, leaf in enumerate(seat.leaves):
        value, comment = (seat.assignment.pk + version) % 5 + 1, f"because {leaf} of {seat.assignment.pk}"
        fields = {f"r-{leaf}": value, f"c-{leaf}": comment}
        if version == 2:
            # A page that has not seen the last save is told so and writes nothing.
            status, _text = browser.ask("stale", autosave, {f"r-{seat.leaves[0]}": 1, "version": 1})
            if status != 409:
                seat.faults.append(f"stale: {status}")
        status, text = browser.ask("autosave", autosave, {**fields, "version": version})
        if status != 200:
            seat.faults.append(f"autosave: {status} {text[:200]}")
        seat.wanted[leaf] = (value, comment)
    # A double click, on two connections.
    twin = Browser(port, seat)
    twin.cookies, twin.token = browser.cookies, browser.token
    fields = {"version": len(seat.leaves)}
    second = threading.Thread(target=twin.ask, args=("submit", submit, fields))
    second.start()
    browser.ask("submit", submit, fields)
    second.join(60)


def run(port, crowd):
    """Let all of them begin at once; gives the seconds until the last has submitted."""
    start = threading.Barrier(len(crowd) + 1)
    threads = [threading.Thread(target=fill_in, args=(port, seat, start)) for seat in crowd]
    for thread in threads:
        thread.start()
    start.wait(START_LIMIT)
    began = time.perf_counter()
    for thread in threads:
        thread.join(120)
    return time.perf_counter() - began


# ------------------------------------------------------------------ what came of it
def faults(crowd):
    """Sentences on everything that was lost, doubled or broken; none when all is well."""
    for seat in crowd:
        yield from (f"{seat.assignment.pk}: {fault}" for fault in seat.faults)
        yield from (f"{seat.assignment.pk}: {what} answered {status}" for what, status, _seconds in seat.asked if status >= 500)
        if len(seat.wanted) < len(seat.leaves):
            yield f"{seat.assignment.pk}: did not come to the end"
        rows = Rating.objects.filter(assessment__assignment=seat.assignment).values_list("indicator", "value", "comment")
        found = sorted((leaf, int(value), comment) for leaf, value, comment in rows)
        if found != sorted((leaf, *said) for leaf, said in seat.wanted.items()):
            yield f"{seat.assignment.pk}: said {seat.wanted}, stored {found}"
        if not Assessment.objects.counted().filter(assignment=seat.assignment).exists():
            yield f"{seat.assignment.pk}: not submitted"
        if AssignmentMove.objects.filter(assignment=seat.assignment, action="submit").count() != 1:
            yield f"{seat.assignment.pk}: not submitted exactly once"


def slowest(crowd, what, share=0.95):
    """The seconds within which `share` of the requests of one kind were answered."""
    times = sorted(seconds for seat in crowd for kind, _status, seconds in seat.asked if kind == what)
    return times[min(len(times) - 1, int(len(times) * share))]
