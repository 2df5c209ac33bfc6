"""The house rules that a reader would otherwise have to watch: docstrings, length, names, output, who acts."""

import ast
import re
from functools import cache

from django.conf import settings

ROOMS = ("secretariat", "assessments", "products", "portal")
MOST_LINES = 450
# Why these may be longer: {module: reason}.
LONG = {
    "products/models/submissions.py": "a product and what hangs on it, each with its rules and triggers beside its columns",
    "secretariat/templatetags/portal_parts.py": "one short tag for every part of the pages",
    "secretariat/uploads.py": "every known kind of file with what is asked of it, read as one table",
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "data", "process", "handle", "misc"}


@cache
def modules(*folders):
    """{path from the root: text} of every Python module in `folders`, migrations aside."""
    found = (path for folder in folders for path in sorted((settings.BASE_DIR / folder).rglob("*.py")))
    texts = {path.relative_to(settings.BASE_DIR).as_posix(): path.read_text(encoding="utf-8") for path in found}
    return {path: text for path, text in texts.items() if "/migrations/" not in path}


def rooms():
    found = modules(*ROOMS)
    assert len(found) > 150  # the walk found the rooms
    return found


def calls(tree, name):
    """Calls of `name` within a tree, bare or at the end of a dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None)):
            yield node


def services():
    """(where, function) for every public function of the rooms' services."""
    for path, text in rooms().items():
        if path.split("/")[1] in ("services", "services.py"):
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield f"{path}:{node.name}", node


def test_every_module_says_what_it_is_for():
    everything = {**rooms(), **modules("tests", "script", "bench")}
    silent = [path for path, text in everything.items() if text.strip() and not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_no_module_is_too_long_to_be_read():
    long = {path for path, text in rooms().items() if text.count("\n") > MOST_LINES}
    assert long - LONG.keys() == set(), "split it by what it knows, or say here why not"
    assert LONG.keys() - long == set(), "no longer long: strike it from the list"


def test_modules_are_named_for_what_they_know():
    assert [path for path in rooms() if VAGUE & {part.removesuffix(".py") for part in path.split("/")}] == []


def test_nothing_is_printed_by_the_rooms():
    """What runs on a command line of its own may: its output is its work."""
    printing = [
        path for path, text in rooms().items() if not path.endswith("__main__.py") and any(calls(ast.parse(text), "print"))
    ]
    assert printing == []


def test_who_acts_is_told_to_a_service_as_by():
    found = list(services())
    assert len(found) > 80
    acting = 0
    for where, function in found:
        named = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        alone = [argument.arg for argument in function.args.kwonlyargs]
        acting += "by" in alone
        assert "by" not in named, f"{where}: `by` is given by its name"
        assert not {"request", "actor", "acting_user"} & {*named, *alone}, (
            f"{where}: a service knows no request; who acts is `by`"
        )
    assert acting > 50


def test_whoever_moves_a_state_is_written_down():
    moves = [(path, call) for path, text in rooms().items() for call in calls(ast.parse(text), "advance")]
    assert len(moves) > 10
    assert [f"{path}:{call.lineno}" for path, call in moves if "by" not in {keyword.arg for keyword in call.keywords}] == []


def test_drafts_are_not_filled_in_by_the_browser():
    """A browser that puts old text back into a form that saves itself would write it over somebody's newer one."""
    pages = [path for folder in ("templates", *ROOMS) for path in (settings.BASE_DIR / folder).rglob("*.html")]
    forms = [tag for path in pages for tag in re.findall(r"<form\b.*?>(?=\s*\{%|\s*$)", path.read_text(encoding="utf-8"), re.M)]
    drafts = [tag for tag in forms if re.search("data-(autosave|save)-url=", tag)]
    assert len(drafts) > 8 and [tag for tag in drafts if 'autocomplete="off"' not in tag] == []
