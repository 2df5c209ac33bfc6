"""What every test may ask for: a clean cache, a real worker, a real browser."""

import gc
import os
import subprocess
import sys
import time

import hypothesis
import pytest
import redis
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import TransactionTestCase

from tests import databases
from tests.isolation import REDIS_PREFIX

ROOT = django_settings.BASE_DIR
WORKER_START_LIMIT = 90

pytest_plugins = ["tests.browser"]


def pytest_configure(config):
    # The real hashers are slow on purpose; nothing here is a secret.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    TransactionTestCase._fixture_teardown = lambda _test: databases.empty()
    # A test tells what is right, never how quick the machine was while something else ran on it, nor what was drawn this time:
    # the same examples in every run. EXPLORE=1 in the environment draws others.
    quiet = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
    hypothesis.settings.register_profile("portal", derandomize="EXPLORE" not in os.environ, **quiet)
    hypothesis.settings.load_profile("portal")


def pytest_collection_finish(session):
    gc.freeze()  # modules and tests live to the end: no use in looking through them again and again


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_keepdb, django_db_createdb):
    """Copy the test database from the migrated blueprint, unless one is kept from an earlier run."""
    from django.db import connection

    kept = django_db_keepdb and not django_db_createdb and databases.exists(connection.creation._get_test_db_name())
    if not kept:
        connection.settings_dict["TEST"]["TEMPLATE"] = databases.ready_blueprint()


@pytest.fixture(scope="session")
def told_story(django_db_setup, django_db_blocker):
    """The database in which the demonstration's story stands, told once for all tests; `story` gives a test its copy."""
    with django_db_blocker.unblock(), databases.world("story", lambda: call_command("starter", verbosity=0)) as (name, _):
        yield name


@pytest.fixture
def story(told_story, transactional_db):
    """Work on a copy of the demonstration's story, which ends with the test."""
    own = f"{told_story}_copy"
    databases.copy(told_story, own)
    with databases.connected_to(own):
        yield
    with databases.server() as cursor:
        databases.drop(own, cursor)


@pytest.fixture(scope="session")
def _forget_keys():
    """Removes what this process wrote to Redis: by prefix, for the server may be shared."""
    with redis.Redis.from_url(django_settings.REDIS_URL) as connection:

        def forget():
            if keys := list(connection.scan_iter(match=f"{REDIS_PREFIX}:*", count=10_000)):
                connection.unlink(*keys)

        yield forget
        forget()


@pytest.fixture(autouse=True)
def _clean_redis(_forget_keys):
    """Start every test with an empty cache and an empty queue."""
    _forget_keys()


@pytest.fixture(autouse=True)
def _lockouts(request, settings):
    """Count failed log-ins only where a test is about them."""
    settings.AXES_ENABLED = request.node.get_closest_marker("with_axes") is not None


@pytest.fixture
def in_english(settings):
    """Make English the language of a request that chooses none, for tests that read page text."""
    settings.LANGUAGE_CODE = "en"
    return settings


class Worker:
    """A real Celery worker on the test database and the test queue."""

    def __init__(self, log):
        from django.db import connection

        database = connection.settings_dict
        address = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
        env = dict(os.environ, DATABASE_URL=address, OPENBLAS_NUM_THREADS="1", PYTHONUNBUFFERED="1")
        command = [sys.executable, "-m", "celery", "-A", "secretariat", "worker", "-l", "INFO", "-c", "1"]
        command += ["--without-gossip", "--without-mingle"]
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
        self._wait_until_ready()

    def words(self):
        return self.log.read_text(errors="replace")

    def _wait_until_ready(self):
        end = time.monotonic() + WORKER_START_LIMIT
        while " ready." not in self.words():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                pytest.fail(f"the worker did not start:\n{self.words()}")
            time.sleep(0.1)

    def wait_for(self, condition, limit=60):
        """Wait until the worker has made `condition()` true, and return what it gave."""
        end = time.monotonic() + limit
        while not (outcome := condition()):
            if self.process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the worker did not do it in {limit} s:\n{self.words()[-3000:]}")
            time.sleep(0.1)
        return outcome

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def worker(transactional_db, tmp_path):
    """Run a real worker for one test; ask it with `worker.wait_for(lambda: ...)`."""
    running = Worker(tmp_path / "worker.log")
    yield running
    running.stop()
