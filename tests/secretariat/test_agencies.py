"""The register of agencies, their units, and those who represent them."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from secretariat.models import Agency, FormKey, Notice, RoleGrant, Unit
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    return factories.agency(slug="iplf", name_fa="نهاد کتابخانه‌ها", name_en="Libraries")


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def ours(agency):
    return factories.representative(agency)


@pytest.fixture
def stranger():
    return factories.representative()


def _agency_form(agency, **changes):
    form = {
        "name_fa": agency.name_fa, "name_en": agency.name_en, "kind": agency.kind, "legal_id": "", "province": "", "website": "",
        "phone": "", "is_member": "on", "joined_on": "", "membership_note": "", "version": agency.version,
    }  # fmt: skip
    return form | changes


def _unit_form(**changes):
    return {"kind": "library", "name_fa": "کتابخانه مرکزی", "name_en": "", "parent": "", "province": "", "version": 1} | changes


# --- the public register -----------------------------------------------------------------------------


def test_everybody_reads_the_register_of_members(client, agency):
    factories.agency(name_fa="بیرونی", is_member=False)
    page = client.get(reverse("agency_list")).content.decode()
    assert agency.name_fa in page and "بیرونی" not in page
    assert agency.name_fa in client.get(agency.get_absolute_url()).content.decode()


def test_one_that_is_no_member_is_for_officers(client, officer):
    outside = factories.agency(is_member=False)
    assert client.get(outside.get_absolute_url()).status_code == 404
    client.force_login(officer)
    assert client.get(outside.get_absolute_url()).status_code == 200
    assert outside.name_fa in client.get(reverse("agency_list")).content.decode()


@pytest.mark.parametrize("typed", ["كتابخانه ها", "کتابخانه‌ها", "کتابخانه‌ ها", "libraries"])
def test_it_is_found_however_it_is_typed(client, agency, typed):
    factories.agency()
    page = client.get(reverse("agency_list"), {"q": typed}).content.decode()
    assert agency.get_absolute_url() in page and page.count('href="/agencies/agency-') == 0


def test_the_page_shows_the_tree_of_units(client, agency):
    top = Unit.objects.create(agency=agency, kind="province", name_fa="اداره کل فارس")
    Unit.objects.create(agency=agency, kind="library", name_fa="کتابخانه شیراز", parent=top)
    page = client.get(agency.get_absolute_url()).content.decode()
    assert page.index("اداره کل فارس") < page.index("کتابخانه شیراز")


@pytest.mark.parametrize("signed_in", [False, True])
def test_lists_ask_the_database_the_same_for_3_and_30(client, officer, django_assert_max_num_queries, signed_in):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    if signed_in:
        client.force_login(officer)
    agency = factories.agency()

    def count(path):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        return len(queries)

    def fill(n):
        for _i in range(n):
            factories.representative(agency)
            other = factories.agency()
            Unit.objects.create(agency=agency, kind="library", name_fa=f"واحد {other.pk}")

    paths = [reverse("agency_list"), agency.get_absolute_url()]
    if signed_in:
        paths.append(reverse("agency_people", args=[agency.slug]))
    fill(3)
    few = [count(path) for path in paths]
    fill(27)
    assert [count(path) for path in paths] == few
    assert max(few) <= 12


# --- editing -----------------------------------------------------------------------------------------


def test_an_officer_edits_an_agency(client, officer, agency):
    client.force_login(officer)
    where = reverse("agency_edit", args=[agency.slug])
    changes = {"name_en": "Public Libraries", "joined_on": "۱۴۰۲/۰۳/۰۱", "legal_id": "۱۰۱۰۰۰۰۲۰۰۳"}
    form = _agency_form(agency, **changes)
    page = client.post(where, form)
    if page.status_code == 200:  # the example above need not be a real legal id
        assert list(page.context["form"].errors) == ["legal_id"] and page.context["form"]["name_en"].value() == "Public Libraries"
        page = client.post(where, form | {"legal_id": ""})
    assert page.url == agency.get_absolute_url()
    agency.refresh_from_db()
    assert agency.name_en == "Public Libraries" and agency.joined_on.isoformat() == "2023-05-22" and agency.version == 2


@pytest.mark.parametrize("who", ["ours", "stranger"])
def test_only_officers_edit_agencies(client, agency, who, request):
    client.force_login(request.getfixturevalue(who))
    where = reverse("agency_edit", args=[agency.slug])
    assert client.get(where).status_code == 404 and client.post(where, _agency_form(agency)).status_code == 404


@pytest.mark.parametrize("name", ["agency_edit", "agency_people", "unit_new"])
def test_the_anonymous_is_sent_to_sign_in(client, agency, name):
    where = reverse(name, args=[agency.slug])
    assert client.get(where).url == f"{reverse('sign_in')}?next={where}"
    assert client.post(where).url.startswith(reverse("sign_in"))


def test_bad_input_is_explained_and_kept(client, officer, agency):
    client.force_login(officer)
    form = _agency_form(agency, name_fa="", joined_on="1404/13/01", website="not a site", name_en="Kept")
    page = client.post(reverse("agency_edit", args=[agency.slug]), form)
    assert set(page.context["form"].errors) == {"name_fa", "joined_on", "website"}
    text = page.content.decode()
    assert 'value="Kept"' in text and "1404/13/01" in text and "aria-describedby" in text
    agency.refresh_from_db()
    assert agency.version == 1


def test_a_stale_form_shows_both_versions_and_loses_nothing(client, officer, agency, in_english):
    client.force_login(officer)
    where = reverse("agency_edit", args=[agency.slug])
    mine = _agency_form(agency, name_en="Mine", phone="021-1234")
    assert client.post(where, _agency_form(agency, name_en="Theirs")).status_code == 302
    stale = client.post(where, mine)
    text = stale.content.decode()
    assert stale.status_code == 409 and "Theirs" in text and "Mine" in text and 'value="021-1234"' in text
    agency.refresh_from_db()
    assert agency.name_en == "Theirs"
    again = client.post(where, mine | {"version": stale.context["form"]["version"].value()})
    assert again.status_code == 302
    agency.refresh_from_db()
    assert (agency.name_en, agency.phone) == ("Mine", "021-1234")


def test_fields_that_are_not_in_the_form_are_not_taken_from_it(client, officer, agency):
    client.force_login(officer)
    client.post(reverse("agency_edit", args=[agency.slug]), _agency_form(agency, slug="stolen", is_demo="on"))
    agency.refresh_from_db()
    assert agency.slug == "iplf" and agency.is_demo is False


def test_the_same_form_twice_saves_once(client, officer, agency):
    client.force_login(officer)
    key = "7b0c4f4e-6f7e-4b60-9d1b-6d2b7b1d2f10"
    form = _agency_form(agency, name_en="Once", once_key=key)
    where = reverse("agency_edit", args=[agency.slug])
    refused = client.post(where, form | {"name_fa": ""})
    assert refused.context["form"].errors and "done" not in refused.cookies  # the browser keeps what is written
    first, second = client.post(where, form), client.post(where, form)
    assert first.url == second.url == agency.get_absolute_url()
    assert first.cookies["done"].value == second.cookies["done"].value == key
    agency.refresh_from_db()
    assert agency.version == 2 and FormKey.objects.count() == 1


# --- units -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ours", "officer"])
def test_units_are_added_changed_and_removed(client, agency, who, request):
    client.force_login(request.getfixturevalue(who))
    assert client.post(reverse("unit_new", args=[agency.slug]), _unit_form()).url == agency.get_absolute_url()
    unit = Unit.objects.get()
    assert unit.agency == agency
    client.post(reverse("unit_edit", args=[unit.pk]), _unit_form(name_fa="کتابخانه شهر", version=unit.version))
    unit.refresh_from_db()
    assert unit.name_fa == "کتابخانه شهر" and unit.version == 2
    client.post(reverse("unit_remove", args=[unit.pk]))
    assert not Unit.objects.exists()


def test_a_representative_of_another_agency_finds_nothing(client, agency, stranger):
    unit = Unit.objects.create(agency=agency, kind="library", name_fa="ما")
    client.force_login(stranger)
    for where in (
        reverse("agency_people", args=[agency.slug]), reverse("unit_new", args=[agency.slug]), reverse("unit_edit", args=[unit.pk]),
    ):  # fmt: skip
        assert client.get(where).status_code == 404, where
    for where in (
        reverse("unit_new", args=[agency.slug]),
        reverse("unit_edit", args=[unit.pk]),
        reverse("unit_remove", args=[unit.pk]),
    ):
        assert client.post(where, _unit_form()).status_code == 404, where
    assert Unit.objects.get().name_fa == "ما"


def test_one_whose_role_has_ended_finds_nothing(client, agency, ours):
    client.force_login(ours)
    assert client.get(reverse("agency_people", args=[agency.slug])).status_code == 200
    RoleGrant.objects.filter(user=ours).update(since=timezone.now() - timezone.timedelta(days=2), until=timezone.now())
    assert client.get(reverse("agency_people", args=[agency.slug])).status_code == 404


def test_the_unit_above_must_be_of_the_same_agency(client, agency, ours):
    foreign = Unit.objects.create(agency=factories.agency(), kind="library", name_fa="بیگانه")
    client.force_login(ours)
    page = client.post(reverse("unit_new", args=[agency.slug]), _unit_form(parent=foreign.pk))
    assert "parent" in page.context["form"].errors and not Unit.objects.filter(agency=agency).exists()


def test_a_unit_is_not_moved_below_itself(client, agency, ours):
    top = Unit.objects.create(agency=agency, kind="province", name_fa="بالا")
    below = Unit.objects.create(agency=agency, kind="county", name_fa="پایین", parent=top)
    client.force_login(ours)
    page = client.post(reverse("unit_edit", args=[top.pk]), _unit_form(name_fa="بالا", parent=below.pk))
    assert "parent" in page.context["form"].errors
    top.refresh_from_db()
    assert top.parent is None


def test_a_second_unit_of_the_same_name_is_refused_with_words(client, agency, ours):
    Unit.objects.create(agency=agency, kind="library", name_fa="کتابخانه مرکزی")
    client.force_login(ours)
    page = client.post(reverse("unit_new", args=[agency.slug]), _unit_form())
    assert page.status_code == 200 and page.context["form"].errors["name_fa"] and Unit.objects.count() == 1


def test_a_unit_with_others_below_it_is_not_removed(client, agency, ours):
    top = Unit.objects.create(agency=agency, kind="province", name_fa="بالا")
    Unit.objects.create(agency=agency, kind="county", name_fa="پایین", parent=top)
    client.force_login(ours)
    page = client.post(reverse("unit_remove", args=[top.pk]), follow=True)
    assert Unit.objects.count() == 2 and list(page.context["messages"])


def test_a_stale_unit_form_shows_both_versions(client, agency, ours):
    unit = Unit.objects.create(agency=agency, kind="library", name_fa="یک")
    client.force_login(ours)
    client.post(reverse("unit_edit", args=[unit.pk]), _unit_form(name_fa="دو"))
    stale = client.post(reverse("unit_edit", args=[unit.pk]), _unit_form(name_fa="سه"))
    assert stale.status_code == 409 and "دو" in stale.content.decode() and 'value="سه"' in stale.content.decode()


# --- representatives ---------------------------------------------------------------------------------


def test_a_role_ends_with_a_reason_and_the_sessions_with_it(client, agency, officer, ours):
    theirs = Client()
    theirs.force_login(ours)
    client.force_login(officer)
    grant = ours.role_grants.get()
    where = reverse("representative_end", args=[grant.pk])
    without = client.post(where, {"why": "  "})
    assert without.status_code == 422 and without.context["refused"]
    assert client.post(where, {"why": "بازنشستگی"}).url == reverse("agency_people", args=[agency.slug])
    grant.refresh_from_db()
    assert grant.until <= timezone.now() and grant.end_reason == "بازنشستگی"
    assert theirs.get(reverse("agency_people", args=[agency.slug])).status_code == 302
    assert "بازنشستگی" in Notice.objects.get(user=ours).text_fa
    assert client.post(where, {"why": "دوباره"}).status_code == 404


def test_nobody_but_an_officer_ends_a_role(client, agency, ours, stranger):
    grant = ours.role_grants.get()
    for person in (ours, stranger):
        client.force_login(person)
        assert client.post(reverse("representative_end", args=[grant.pk]), {"why": "x"}).status_code == 404
    grant.refresh_from_db()
    assert grant.until is None


def test_only_representatives_roles_end_there(client, officer):
    secretary = factories.secretary()
    client.force_login(officer)
    assert client.post(reverse("representative_end", args=[secretary.role_grants.get().pk]), {"why": "x"}).status_code == 404


def test_managed_agencies_are_ones_own(agency, ours, stranger, officer):
    assert list(Agency.objects.managed_by(ours)) == [agency]
    assert agency not in Agency.objects.managed_by(stranger)
    assert agency in Agency.objects.managed_by(officer)
