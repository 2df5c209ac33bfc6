"""Asks of the database that it turns a write down, and by exactly which of its rules; and of a service that it says no."""

import re
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from secretariat.errors import RuleBroken

# The first function in the context is the one that raised; pgtrigger names it after the trigger, with a short hash.
_TRIGGER = re.compile(r"function pgtrigger_(\w+)_[0-9a-f]{5}\(")


def settle():
    """Run now the checks that wait for the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def broken_rule(error):
    """The name of the constraint or trigger that `error` came from; None when it came from neither."""
    told = error.__cause__.diag
    raised = _TRIGGER.search(told.context or "")
    return told.constraint_name or (raised and raised[1])


@contextmanager
def refused(rule, saying=""):
    """The block breaks the constraint or trigger named `rule`, at the latest when the transaction would commit.

    A trigger that holds several rules says which; `saying` is a part of its sentence.
    """
    settle()  # what was written before is whole, and answers for nothing below
    with pytest.raises(DatabaseError) as turned_down, transaction.atomic():
        yield
        settle()
    assert broken_rule(turned_down.value) == rule and saying in str(turned_down.value), turned_down.value


def says_no(act, field=None):
    """The sentence with which a service turns `act` down, about that field where one is named."""
    with pytest.raises(RuleBroken) as turned_down:
        act()
    assert field is None or turned_down.value.field == field, turned_down.value.field
    return str(turned_down.value)


def sql(statement, *values):
    """Run a statement past every model and service."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
