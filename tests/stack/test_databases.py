"""The database of a test that commits is empty again afterwards, and as strict as before."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from products.models import Product
from tests import databases, factories

pytestmark = pytest.mark.django_db(transaction=True)


def filled():
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name not in databases.MIGRATED]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables))
        return {name for (name,) in cursor.fetchall()}


def test_emptying_takes_what_is_append_only_too_and_leaves_what_migrating_wrote():
    migrated = ContentType.objects.count(), Permission.objects.count()
    factories.submission()
    assert {"products_submissionversion", "products_productevent"} <= filled()
    databases.empty()
    assert filled() == set() and migrated == (ContentType.objects.count(), Permission.objects.count()) > (50, 200)
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


def test_a_copy_is_worked_on_alone(story):
    assert Product.objects.exists() and connection.settings_dict["NAME"].endswith("_story_copy")
    name = connection.settings_dict["NAME"].removesuffix("_story_copy")
    with databases.connected_to(name):
        assert filled() == set()
