"""What a run shows depends neither on its hour nor on the order in which the database happens to give rows."""

import ast

from django.apps import apps
from django.db.models import UniqueConstraint

from tests.architecture.test_house import ROOMS, modules

# Why these may ask which day it is before a test begins: {module: reason}. A run takes an hour, and midnight may come in it.
BEFOREHAND = {
    "tests/assessments/reminding.py": "a Saturday more than a year off",
    "tests/assessments/test_progress.py": "a Saturday more than a year off",
    "tests/secretariat/test_action_reminders.py": "a Saturday half a year off",
}


def _is_total(model):
    """Whether no two rows stand in the same place: of the whole table, or of those that belong to one other row."""
    meta = model._meta
    names = {str(name).lstrip("-") for name in meta.ordering}
    if names & {"pk", *(field.name for field in meta.fields if field.unique)}:
        return True
    relations = {field.name for field in meta.fields if field.is_relation}
    keys = [set(rule.fields) for rule in meta.constraints if isinstance(rule, UniqueConstraint) and rule.condition is None]
    return any(key & names and key - names <= relations for key in keys)


def test_no_two_rows_of_a_sorted_model_stand_in_the_same_place():
    """Else a row is on two pages of a list or on none, and which comes first is chance."""
    sorted_ones = [model for room in ROOMS for model in apps.get_app_config(room).get_models() if model._meta.ordering]
    assert len(sorted_ones) > 50
    assert [model.__name__ for model in sorted_ones if not _is_total(model)] == [], "add the primary key as the last key"


def _asks_when_imported(tree):
    """Whether a module asks for the day before any function of it is called: in its own statements or in decorators."""
    own = []
    for node in tree.body:
        own += node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else [node]
    while own:
        node = own.pop()
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("today", "localdate"):
            return True
        own += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.Lambda)]
    return False


def test_no_test_takes_the_day_of_its_reading_for_the_day_of_its_running():
    tests = modules("tests")
    assert len(tests) > 150
    early = {path for path, text in tests.items() if _asks_when_imported(ast.parse(text))}
    assert early - BEFOREHAND.keys() == set(), "ask within the test, or say here why not"
    assert BEFOREHAND.keys() - early == set(), "asks for no day: strike it from the list"
