"""`python -m secretariat.persian`: JSON lines in, JSON lines out, no Django, no traceback."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ask(*lines, **environment):
    """Run the command on raw lines."""
    return subprocess.run(
        [sys.executable, "-m", "secretariat.persian"],
        input=b"\n".join(lines),
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def question(category, value):
    return json.dumps({"category": category, "input": value}).encode()


def answers(run):
    return [json.loads(line) for line in run.stdout.decode().splitlines()]


def test_answers_come_in_order():
    run = ask(question("mobile", "۰۹۱۲۰۰۰۰۰۰۰"), b"", question("jalali_day", "1404/12/30"), question("number_input", "۳٫۵"))
    assert answers(run) == ["+989120000000", "missing", 3.5]
    assert (run.returncode, run.stderr) == (0, b"")


def test_needs_no_django():
    code = "import sys, runpy; runpy.run_module('secretariat.persian', run_name='x'); print('django' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_writes_utf8_under_any_locale():
    run = ask(question("text_canonical", "علي"), LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert run.stdout.decode() == '"علی"\n'


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"category": "mobile"}',
        b'{"category": "nothing", "input": ""}',
        b'{"category": ["mobile"], "input": ""}',
        b'{"category": "text_canonical", "input": 5}',
        b'{"category": "search_match", "input": "x"}',
        b'{"category": "sort_fa", "input": [1]}',
        b'{"category": "number_display_fa", "input": NaN}',
        b'{"category": "number_words_fa", "input": null}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_bad_line_is_one_error_line_and_the_rest_is_answered(line):
    run = ask(line, question("digits_to_ascii", "۱۴"))
    assert run.returncode == 2
    error = run.stderr.decode()
    assert error.startswith("line 1: ")
    assert error.count("\n") == 1
    bad, good = answers(run)
    assert set(bad) == {"error"}
    assert good == "14"


@pytest.mark.parametrize("value", [None, True, 5, 1.5, [], {}, "", "x" * 1000, "\ud800", 10**300])
@pytest.mark.parametrize(
    "category, refused",
    [
        ("national_code", "invalid"),
        ("national_code_import", "reject"),
        ("legal_id", "invalid"),
        ("mobile", "reject"),
        ("iban", "reject"),
        ("postal_code", {"level": "reject", "value": None}),
        ("tracking_code", "invalid"),
        ("jalali_parse", "reject"),
        ("jalali_gregorian", "reject"),
        ("jalali_day", "missing"),
    ],
)
def test_input_of_any_kind_is_refused_not_a_failure(category, refused, value):
    # In this process: a hundred interpreters would only be slow.
    import io

    from secretariat.persian.__main__ import main

    output, errors = io.BytesIO(), io.StringIO()
    assert main([question(category, value)], output, errors) == 0
    assert json.loads(output.getvalue()) == refused


def test_reader_that_leaves_sees_no_traceback():
    command = f"yes '{question('digits_to_ascii', 'x').decode()}' | head -5000 | {shlex.quote(sys.executable)} -m secretariat.persian | head -1"
    run = subprocess.run(command, shell=True, capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert run.stdout == b'"x"\n'
    assert b"Traceback" not in run.stderr
