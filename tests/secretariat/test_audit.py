"""The trail of changes: complete, masked, for officers, and never altered."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from secretariat.models import Agency
from secretariat.selectors import audit
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer(first_name="مریم", last_name="کریمی")


def _edit(client, agency, **changes):
    form = {
        "name_fa": agency.name_fa,
        "name_en": agency.name_en,
        "kind": agency.kind,
        "is_member": "on",
        "version": agency.version,
    }
    assert client.post(reverse("agency_edit", args=[agency.slug]), form | changes).status_code == 302


def test_a_change_is_told_in_words_with_who_and_from_to(client, officer):
    agency = factories.agency(kind="university")
    client.force_login(officer)
    _edit(client, agency, kind="ministry", phone="02166976601")
    page = client.get(reverse("audit"), {"model": "secretariat.agency"}).content.decode()
    assert "مریم کریمی" in page and agency.name_fa in page
    assert page.index("دانشگاه") < page.index("وزارتخانه")
    assert "02166976601" not in page and "021…601" in page


def test_bulk_updates_are_kept_too(officer):
    agency = factories.agency(name_en="Before")
    Agency.objects.filter(pk=agency.pk).update(name_en="After")
    changes, _more = audit.changes(model="secretariat.agency", row=agency.pk)
    assert [(change.by, change.fields[0][1:]) for change in changes if change.fields] == [(None, ("Before", "After"))]


def test_personal_data_is_masked_and_passwords_are_not_there():
    user = factories.user(email="sara@example.org", mobile="09121234567")
    user.email = "other@example.org"
    user.mobile = "09127654321"
    user.set_password("secret words 1")
    user.save()
    changes, _more = audit.changes(model="secretariat.user", row=user.pk)
    shown = str(changes)
    assert "s…@example.org" in shown and "o…@example.org" in shown and "+98…567" in shown
    assert "sara@example.org" not in shown and "09127654321" not in shown and "md5" not in shown
    columns = {field.name for field in audit.tracked()["secretariat.user"][1]._meta.fields}
    assert "password" not in columns


def test_it_is_for_officers(client):
    assert client.get(reverse("audit")).url.startswith(reverse("sign_in"))
    client.force_login(factories.representative())
    assert client.get(reverse("audit")).status_code == 404
    client.force_login(factories.officer())
    assert client.get(reverse("audit")).status_code == 200
    assert client.post(reverse("audit")).status_code == 405


def test_filters_by_kind_person_and_day(client, officer):
    agency = factories.agency()
    other = factories.officer(first_name="رضا", last_name="نادری")
    for person, name in ((officer, "By Maryam"), (other, "By Reza")):
        client.force_login(person)
        agency.refresh_from_db()
        _edit(client, agency, name_en=name)

    def names(**query):
        page = client.get(reverse("audit"), query)
        return [
            after for change in page.context["changes"] for _label, _before, after in change.fields if after.startswith("By ")
        ]

    assert names() == ["By Reza", "By Maryam"]
    assert names(person="كريمي") == ["By Maryam"]
    assert names(model="secretariat.user") == []
    assert names(model="secretariat.agency", first="1390/01/01", last="1390/12/01") == []
    assert names(model="secretariat.agency", first="1390/01/01") == ["By Reza", "By Maryam"]
    assert client.get(reverse("audit"), {"first": "1404/13/01"}).context["form"].errors


def test_every_tracked_model_can_be_read(client, officer):
    client.force_login(officer)
    labels = list(audit.tracked())
    assert {
        "secretariat.user",
        "secretariat.rolegrant",
        "secretariat.agency",
        "secretariat.unit",
        "secretariat.invitation",
    } <= set(labels)
    for label in labels:
        assert client.get(reverse("audit"), {"model": label}).status_code == 200, label


def test_pages_follow_one_another_without_gap_or_repeat():
    agency = factories.agency()
    for n in range(25):
        Agency.objects.filter(pk=agency.pk).update(name_en=f"n{n}")
    seen, offset, more = [], 0, True
    while more:
        changes, more = audit.changes(model="secretariat.agency", row=agency.pk, offset=offset, limit=10)
        seen += [change.fields[0][2] for change in changes if change.fields]
        offset += 10
    assert seen == [f"n{n}" for n in range(24, -1, -1)]


def test_the_page_asks_the_same_for_3_and_30(client, officer):
    from django.test.utils import CaptureQueriesContext

    client.force_login(officer)
    agency = factories.agency()

    def count():
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("audit"), {"model": "secretariat.agency"})
        return len(queries)

    Agency.objects.filter(pk=agency.pk).update(name_en="x")
    count()
    few = count()
    for n in range(30):
        Agency.objects.filter(pk=agency.pk).update(name_en=f"n{n}")
    assert count() == few


@pytest.mark.parametrize("statement", ["UPDATE {} SET pgh_label = 'x'", "DELETE FROM {}"])
def test_no_event_can_be_altered_or_removed(statement):
    agency = factories.agency()
    Agency.objects.filter(pk=agency.pk).update(name_en="x")
    factories.officer()
    for label, (_model, event) in audit.tracked().items():
        if not event.objects.exists():
            continue
        with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(connection.ops.quote_name(event._meta.db_table)))
        assert event.objects.exists(), label


def test_all_event_tables_are_append_only():
    for label, (_model, event) in audit.tracked().items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE '%%append_only%%'",
                [event._meta.db_table],
            )
            assert cursor.fetchone()[0] >= 1, label
