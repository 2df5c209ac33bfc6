"""What the database itself refuses about people, agencies and invitations, however it is written."""

import datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from secretariat.models import Agency, FormKey, Invitation, Notice, RoleGrant, Unit, User
from tests import factories

pytestmark = pytest.mark.django_db


def refused(name, act):
    """The act fails, and the database says which rule it broke."""
    with pytest.raises(DatabaseError) as told, transaction.atomic():
        act()
    assert name in str(told.value)


def raw(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _invitation(**fields):
    n = next(factories.serial)
    fields = {
        "purpose": "assessor", "email": f"i{n}@example.org", "full_name": "x", "token_hash": f"{n:064d}",
        "invited_by": fields.pop("by", None) or factories.officer(), "expires_at": timezone.now() + datetime.timedelta(days=1), **fields,
    }  # fmt: skip
    return Invitation.objects.create(**fields)


def test_names_and_addresses_are_one_persons_whatever_their_case():
    first, second = factories.user(username="Sara", email="sara@example.org"), factories.user()
    refused("user_name_unique_in_any_case", lambda: User.objects.filter(pk=second.pk).update(username="sARA"))
    refused("email_unique_in_any_case", lambda: User.objects.filter(pk=second.pk).update(email="SARA@example.org"))
    assert first.pk != second.pk


def test_no_address_is_null_and_never_empty():
    user = factories.user()
    refused("no_email_is_null_not_empty", lambda: User.objects.filter(pk=user.pk).update(email=""))
    factories.user(email=None), factories.user(email=None)


@pytest.mark.parametrize("number", ["09121234567", "+98912123456", "+14155550100", "۰۹۱۲۱۲۳۴۵۶۷"])
def test_mobile_numbers_stand_in_one_form(number):
    user = factories.user()
    refused("mobile_in_international_form", lambda: raw("UPDATE secretariat_user SET mobile = %s WHERE id = %s", number, user.pk))


def test_one_mobile_number_is_one_persons():
    factories.user(mobile="09121234567")
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.user(mobile="+98 912 123 4567")


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("representative", []), ("representative", ["agency", "unit"]), ("unit_officer", ["agency"]), ("council_secretary", []),
        ("officer", ["agency"]), ("secretary", ["unit"]), ("emperor", []),
    ],
)  # fmt: skip
def test_a_role_has_exactly_its_scope(role, scopes):
    agency = factories.agency()
    have = {"agency": agency, "unit": Unit.objects.create(agency=agency, kind="library", name_fa="x")}
    grant = RoleGrant(user=factories.user(), role=role, **{scope: have[scope] for scope in scopes})
    refused("role_has_exactly_its_scope", lambda: RoleGrant.objects.bulk_create([grant]))


def test_an_open_role_is_granted_once_and_again_after_its_end():
    person = factories.officer()
    refused("open_role_granted_once", lambda: RoleGrant.objects.create(user=person, role="officer"))
    person.role_grants.update(since=timezone.now() - datetime.timedelta(days=2), until=timezone.now())
    RoleGrant.objects.create(user=person, role="officer")


def test_a_role_ends_after_it_begins():
    person = factories.officer()
    grant = person.role_grants.get()
    refused("role_ends_after_it_begins", lambda: person.role_grants.update(until=grant.since))


def test_an_invitation_has_the_scope_of_its_purpose():
    refused("invitation_scope_fits_its_purpose", lambda: _invitation(purpose="representative"))
    refused("invitation_scope_fits_its_purpose", lambda: _invitation(purpose="officer", agency=factories.agency()))


def test_an_invitation_is_accepted_by_somebody_and_not_after_it_was_taken_back():
    invitation = _invitation()
    rows = Invitation.objects.filter(pk=invitation.pk)
    name, now = "invitation_accepted_by_somebody_once", timezone.now()
    refused(name, lambda: rows.update(accepted_at=now))
    refused(name, lambda: rows.update(accepted_by=factories.user()))
    refused(name, lambda: rows.update(accepted_at=now, accepted_by=factories.user(), revoked_at=now))


def test_one_open_invitation_a_person_and_purpose():
    agency = factories.agency()
    _invitation(email="Sara@example.org", purpose="representative", agency=agency)
    again = {"email": "sara@EXAMPLE.org", "purpose": "representative", "agency": agency}
    refused("one_open_invitation_a_person_and_purpose", lambda: _invitation(**again))
    _invitation(email="sara@example.org")
    refused("one_open_invitation_a_person_and_purpose", lambda: _invitation(email="SARA@example.org"))
    _invitation(email="sara@example.org", purpose="representative", agency=factories.agency())
    Invitation.objects.update(revoked_at=timezone.now())
    _invitation(**again)


def test_an_invitation_expires_after_it_is_sent():
    refused("invitation_expires_after_it_is_sent", lambda: _invitation(expires_at=timezone.now() - datetime.timedelta(days=1)))


def test_a_key_is_one_invitations():
    first = _invitation()
    with pytest.raises(IntegrityError), transaction.atomic():
        _invitation(token_hash=first.token_hash)


def test_units_of_one_place_have_different_names():
    agency = factories.agency()
    for parent in (None, Unit.objects.create(agency=agency, kind="province", name_fa="بالا")):
        Unit.objects.create(agency=agency, kind="library", name_fa="x", parent=parent)
        twin = Unit(agency=agency, kind="centre", name_fa="x", parent=parent)
        refused("unit_named_once_beside_its_siblings", lambda twin=twin: Unit.objects.bulk_create([twin]))


def test_a_unit_stays_in_its_tree():
    agency, other = factories.agency(), factories.agency()
    top = Unit.objects.create(agency=agency, kind="province", name_fa="1")
    middle = Unit.objects.create(agency=agency, kind="county", name_fa="2", parent=top)
    low = Unit.objects.create(agency=agency, kind="library", name_fa="3", parent=middle)
    refused("cannot be below itself", lambda: Unit.objects.filter(pk=top.pk).update(parent=low))
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.filter(pk=top.pk).update(parent=top)
    refused("of another agency", lambda: Unit.objects.bulk_create([Unit(agency=other, kind="library", name_fa="4", parent=top)]))
    refused("stays in its agency", lambda: Unit.objects.filter(pk=low.pk).update(agency=other, parent=None))
    refused("unit_kind_known", lambda: Unit.objects.filter(pk=low.pk).update(kind="castle"))


def test_agencies_have_a_known_kind_and_their_own_names():
    agency = factories.agency()
    refused("agency_kind_known", lambda: Agency.objects.filter(pk=agency.pk).update(kind="castle"))
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.agency(name_fa=agency.name_fa)


def test_a_notice_is_told_once_and_a_form_key_used_once():
    user = factories.user()
    Notice.objects.create(user=user, kind="k", text_fa="x", text_en="x", once="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(user=user, kind="k", text_fa="x", text_en="x", once="a")
    import uuid

    key = uuid.uuid4()
    FormKey.objects.create(key=key, path="/")
    with pytest.raises(IntegrityError), transaction.atomic():
        FormKey.objects.bulk_create([FormKey(key=key, path="/")])


def test_moves_are_never_altered():
    from secretariat.models import Move

    for model in Move.__subclasses__():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE '%%append_only%%'",
                [model._meta.db_table],
            )
            assert cursor.fetchone()[0] >= 1, model
