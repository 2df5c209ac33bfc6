"""The house rules that tools can hold: each a command that ends with 0 when all is well."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from .console import say
from .environment import PYTHON, ROOT

ROOMS = ("secretariat", "assessments", "products", "portal")
TOOLS = PYTHON.parent
RULES = {
    "lint": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
    "imports point down": [PYTHON, TOOLS / "lint-imports", "--no-cache"],
    "templates": [PYTHON, "-m", "djlint", "--lint", "--quiet", "templates", *ROOMS],
    "security": [PYTHON, "-m", "bandit", "--quiet", "--severity-level", "medium", "--recursive", "--configfile", "pyproject.toml", *ROOMS],
    "types": [PYTHON, "-m", "mypy", "--no-error-summary", *ROOMS],
    "no missing migration": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "no missing translation": [PYTHON, "script/messages", "--check"],
}


def broken_rules(env):
    """Hold every rule; show what the broken ones said, and name them."""

    def hold(name):
        started = time.monotonic()
        outcome = subprocess.run(RULES[name], cwd=ROOT, env=env, capture_output=True, text=True)
        return name, outcome, time.monotonic() - started

    broken = []
    with ThreadPoolExecutor(2) as pool:
        for name, outcome, seconds in pool.map(hold, RULES):
            say(f"{'ok    ' if outcome.returncode == 0 else 'BROKEN'} {name} ({seconds:.1f} s)")
            if outcome.returncode:
                print(f"{outcome.stdout}{outcome.stderr}".rstrip(), flush=True)
                broken.append(name)
    return broken
