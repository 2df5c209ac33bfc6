"""Gives every test process its own corner of Redis and of the disk.

Loaded with `-p` before the settings are read: what the settings take from the environment must stand by then.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")[:8] or str(os.getpid())
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
REDIS_PREFIX = f"test-{RUN}-{WORKER}"

_data_dir = Path(tempfile.mkdtemp(prefix="portal-test-"))
(_data_dir / "static").mkdir()
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)

os.environ.update(TESTING="1", DEBUG="0", DATA_DIR=str(_data_dir), REDIS_PREFIX=REDIS_PREFIX)
for name in ("PRIVATE_ROOT", "S3_BUCKET", "SENTRY_DSN", "EMAIL_HOST", "BEHIND_TLS", "PUBLIC_URL"):
    os.environ.pop(name, None)
