"""The pages of the roster of assessors."""

from datetime import datetime, timedelta

import pgtrigger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Affiliation, Assessor, Availability, ConflictOfInterest, ExpertiseField, Round
from assessments.selectors.assessor_record import with_record, years
from assessments.services import conflicts
from secretariat.models import Invitation, Province
from secretariat.services import invitations
from tests import factories
from tests.assessments import round_pages
from tests.refusal import sql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


def lines(prefix, *rows, initial=0):
    """A formset of affiliations ("ties"), relations ("kin") or "periods" as a browser sends it."""
    sent = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for place, row in enumerate(rows):
        sent.update({f"{prefix}-{place}-{name}": value for name, value in row.items()})
    return sent


def ties(*rows, initial=0):
    """All lists of the officers' form, the affiliations filled."""
    return {**lines("ties", *rows, initial=initial), **lines("kin"), **lines("periods")}


def addresses():
    assessor = factories.assessor()
    return [reverse("assessor_list"), reverse("assessor_new")] + [
        reverse(name, args=[assessor.pk]) for name in ("assessor_detail", "assessor_edit", "assessor_conflict")
    ]


def test_officers_find_every_page_and_others_none(client, officer):
    urls = addresses()
    assert [client.get(url).status_code for url in urls] == [200] * 5
    for stranger in (factories.user(), factories.assessor().user, factories.representative()):
        client.force_login(stranger)
        assert [client.get(url).status_code for url in urls] == [404] * 5
        assert {client.post(url, {}).status_code for url in urls} == {404}
    client.logout()
    assert all("next=" in client.get(url).url for url in urls)


def test_assessor_list_filters_and_searches(client, officer):
    version = factories.published_set()
    fit = factories.assessor(first_name="مریم", last_name="کاظمی")
    fit.expertise.add(version.set)
    other = factories.assessor()
    Assessor.objects.filter(pk=other.pk).update(is_active=False)

    def shown(**query):
        return {row["pk"] for row in client.get(reverse("assessor_list"), query).context["list"].rows}

    assert shown() == {fit.pk, other.pk}
    assert shown(expertise=version.set_id) == {fit.pk}
    assert shown(active="no") == {other.pk}
    assert shown(q="كاظمي") == {fit.pk}


def test_assessor_list_costs_the_same_for_3_and_30(client, officer):
    def count(url):
        client.get(url)
        with CaptureQueriesContext(connection) as caught:
            client.get(url)
        return len(caught)

    for _ in range(3):
        factories.assignment()
    few = count(reverse("assessor_list"))
    for _ in range(27):
        factories.assignment()
    everything = "&".join(f"column={key}" for key in ("fields", "sets", "languages", "province", "asked", "punctual", "days", "declined"))
    assert count(reverse("assessor_list") + "?size=50") == few <= 12
    assert count(reverse("assessor_list") + f"?size=50&sort=-punctual&{everything}") == few + 1  # the sets of the column


def test_assessor_new(client, officer):
    person, agency, version = factories.user(), factories.agency(), factories.published_set()
    typed = {"user": person.pk, "field_fa": "ادبیات", "capacity": "۸", "is_active": "on", "expertise": [version.set_id]}
    tie = {"agency": agency.pk, "kind": "board", "since": "۱۴۰۰/۰۱/۰۱", "until": "", "note": "عضو هیئت"}
    response = client.post(reverse("assessor_new"), {**typed, "national_code": "0012345679", **ties(tie, {"agency": ""})})
    made = Assessor.objects.get()
    assert response.url == f"/assessors/{made.pk}/"
    assert (made.user, made.capacity, made.field_fa, list(made.expertise.all())) == (person, 8, "ادبیات", [version.set])
    assert made.national_code == "0012345679"
    affiliation = made.affiliations.get()
    assert (affiliation.kind, affiliation.by) == ("board", officer)
    assert (affiliation.agency, affiliation.since.strftime("%Y/%m/%d"), affiliation.until) == (agency, "1400/01/01", None)


def test_assessor_new_explains_and_keeps(client, officer):
    agency = factories.agency()
    wrong = {"agency": agency.pk, "since": "1402/01/01", "until": "1401/01/01", "note": "نگه دار"}
    response = client.post(reverse("assessor_new"), {"capacity": "x", "field_fa": "شعر", **ties(wrong, {"since": "1400/13/01"})})
    page = response.content.decode()
    assert response.status_code == 422 and not Assessor.objects.exists()
    for words in ("شعر", "نگه دار", "1401/01/01", "before the beginning", "no month 13", "not a number"):
        assert words in page, words


def test_assessor_edit_changes_ties_and_refuses_a_stale_form(client, officer):
    assessor, gone, come = factories.assessor(), factories.agency(), factories.agency()
    tie = Affiliation.objects.create(assessor=assessor, agency=gone)
    url = reverse("assessor_edit", args=[assessor.pk])
    rows = ties({"id": tie.pk, "agency": gone.pk, "DELETE": "on"}, {"agency": come.pk}, initial=1)
    typed = {"field_en": "Poetry", "capacity": "5", "is_active": "on", "version": "1", **rows}
    assert client.post(url, typed).status_code == 302
    assert [row.agency for row in assessor.affiliations.all()] == [come]
    response = client.post(url, {**typed, "field_en": "Prose"})
    page = response.content.decode()
    assert response.status_code == 422 and "Poetry" in page and 'value="Prose"' in page
    assessor.refresh_from_db()
    assert assessor.field_en == "Poetry"


def test_an_affiliation_of_another_assessor_is_not_reached(client, officer):
    assessor, strange = factories.assessor(), factories.assessor()
    theirs = Affiliation.objects.create(assessor=strange, agency=factories.agency())
    rows = ties({"id": theirs.pk, "agency": theirs.agency_id, "note": "moved"}, initial=0)
    client.post(reverse("assessor_edit", args=[assessor.pk]), {"capacity": "5", "version": "1", **rows})
    theirs.refresh_from_db()
    assert (theirs.assessor, theirs.note) == (strange, "")
    assert assessor.affiliations.get().agency == theirs.agency


def test_assessor_conflict_ends_what_is_under_way(client, officer):
    row = factories.assignment()
    url = reverse("assessor_conflict", args=[row.assessor_id])
    response = client.post(url, {"subject": row.entry.subject_id, "reason": ""})
    assert response.status_code == 422
    assert client.post(url, {"subject": row.entry.subject_id, "reason": "Kin"}).status_code == 302
    assert ConflictOfInterest.objects.get().source == "staff"
    row.refresh_from_db()
    assert row.status == "withdrawn"
    assert "Kin" in client.get(reverse("assessor_detail", args=[row.assessor_id])).content.decode()


def test_assessor_detail_shows_work_and_ties(client, officer):
    assessor = factories.assessor()
    entry = round_pages.entries(1)[0]
    factories.assignment(entry, assessor)
    Affiliation.objects.create(assessor=assessor, agency=factories.agency(name_en="Radio"), since="1400-02-03")
    page = client.get(reverse("assessor_detail", args=[assessor.pk])).content.decode()
    assert entry.subject.title_en in page and "Radio" in page and "1 of 15" in page


def test_conflict_end(client, officer):
    row = factories.assignment()
    made = conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "Kin", by=officer)
    url = reverse("conflict_end", args=[made.pk])
    assert url in client.get(reverse("assessor_detail", args=[row.assessor_id])).content.decode()
    assert client.post(url, {"why": ""}).status_code == 422
    assert client.post(url, {"why": "A mistake"}).url == reverse("assessor_detail", args=[row.assessor_id])
    assert not ConflictOfInterest.objects.binding().exists()
    assert "over already" in client.post(url, {"why": "x"}).content.decode()
    client.force_login(row.assessor.user)
    assert client.get(url).status_code == client.post(url).status_code == 404


def test_a_conflict_until_a_day_lasts_so_long(client, officer):
    row = factories.assignment()
    client.post(reverse("assessor_conflict", args=[row.assessor_id]), {"subject": row.entry.subject_id, "reason": "x", "until": "۱۵۰۰/۰۱/۰۱"})
    assert ConflictOfInterest.objects.get().until.year == 1500


# --- who has time, and what became of what was asked -----------------------------------------------


def test_assessor_list_filters_by_field_language_province_and_time(client, officer):
    field = ExpertiseField.objects.create(name_fa="شعر", name_en="Poetry")
    province = Province.objects.create(iso="IR-99", name_fa="استان", name_en="Province")
    fit, away, full = (factories.assessor() for _ in range(3))
    fit.expertise_fields.add(field)
    Assessor.objects.filter(pk=fit.pk).update(languages=["ku"], province=province)
    Availability.objects.create(assessor=away, since=timezone.localdate(), capacity=0)
    Assessor.objects.filter(pk=full.pk).update(capacity=1)
    factories.assignment(assessor_=full)

    def shown(**query):
        return {row["pk"] for row in client.get(reverse("assessor_list"), query).context["list"].rows}

    for query in ({"field": field.pk}, {"language": "ku"}, {"province": province.pk}, {"time": "free"}):
        assert shown(**query) == {fit.pk}, query
    assert shown(time="away") == {away.pk} and shown(time="full") == {full.pk}


def judged(assessor, accepted, submitted=None, deadline=20, asked=1400, status=None, extended=None):
    """An assignment with its dates, as days from its being asked on 1 Khordad of a year."""
    begin = timezone.make_aware(datetime(asked + 621, 5, 22, 12))
    row = factories.assignment(assessor_=assessor, status=status or ("submitted" if submitted is not None else "accepted"))
    if accepted is not None:
        move = row.moves.create(action="accept", source="offered", target="accepted", by=assessor.user)
        past_triggers("UPDATE assessments_assignmentmove SET at = %s WHERE id = %s", begin + timedelta(days=accepted), move.pk)
    sql("UPDATE assessments_assignment SET offered_at = %s WHERE id = %s", begin, row.pk)
    if submitted is not None:
        past_triggers("UPDATE assessments_assessment SET submitted_at = %s WHERE assignment_id = %s", begin + timedelta(days=submitted), row.pk)
    round_ = row.entry.round_id
    sql("UPDATE assessments_round SET deadline = %s WHERE id = %s", begin + timedelta(days=extended or deadline), round_)
    first = Round.pgh_event_model.objects.filter(pgh_obj=round_).earliest("pgh_id")
    past_triggers(
        "UPDATE assessments_roundevent SET deadline = %s, pgh_created_at = %s WHERE pgh_id = %s", begin + timedelta(days=deadline), begin, first.pk
    )
    return row


def past_triggers(statement, *values):
    """Write into a trail that is only added to: the past that a test needs."""
    with pgtrigger.ignore():
        sql(statement, *values)


def test_the_record_of_an_assessor_by_year(client, officer):
    me = factories.assessor()
    judged(me, accepted=1, submitted=5)  # on time, in four days
    judged(me, accepted=2, submitted=22, extended=30)  # in time for the extension, not for what he accepted
    judged(me, accepted=1, status="accepted")  # never handed in
    judged(me, accepted=None, status="declined")
    judged(me, accepted=1, submitted=3, asked=1402)
    judged(factories.assessor(), accepted=1, submitted=2)
    found, whole = years(me)
    assert [(y.year, y.asked, y.accepted, y.declined, y.submitted, y.owed, y.punctual, y.median_days) for y in found] == [
        (1400, 4, 3, 1, 2, 3, 1, pytest.approx(12)),
        (1402, 1, 1, 0, 1, 1, 1, pytest.approx(2)),
    ]
    assert (whole.asked, whole.share, whole.median_days) == (5, 50, pytest.approx(4))
    row = with_record(Assessor.objects.filter(pk=me.pk)).get()
    assert (row.asked, row.accepted, row.declined, row.submitted) == (5, 4, 1, 3)
    assert (row.punctual, row.median_days) == (pytest.approx(50), pytest.approx(4))
    page = client.get(reverse("assessor_detail", args=[me.pk])).content.decode()
    assert page.count("<figure") == 3 and "1402" in page and "50%" in page
    shown = client.get(reverse("assessor_list"), {"punctual": "fair", "sort": "-punctual"}).context["list"].rows
    assert [row["pk"] for row in shown] == [me.pk]


def test_who_was_never_asked_has_no_record(client, officer):
    row = with_record(Assessor.objects.filter(pk=factories.assessor().pk)).get()
    assert (row.asked, row.submitted, row.punctual, row.median_days) == (0, 0, None, None)


# --- invitations and fields ------------------------------------------------------------------------


def test_who_is_invited_stands_beside_the_roster_and_is_invited_again(client, officer):
    invitation = invitations.invite(by=officer, purpose="assessor", email="a@example.org", full_name="Ali")
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now(), invited_at=timezone.now() - timedelta(days=20))
    url = reverse("assessor_invite_again", args=[invitation.pk])
    page = client.get(reverse("assessor_invited")).content.decode()
    assert "a@example.org" in page and "expired" in page and url in page
    assert client.post(url).url == reverse("assessor_invited")
    invitation.refresh_from_db()
    assert invitation.state == "open"
    assert [row["pk"] for row in client.get(reverse("assessor_invited"), {"state": "expired"}).context["list"].rows] == []
    client.force_login(factories.user())
    assert client.post(url).status_code == client.get(reverse("assessor_invited")).status_code == 404


def test_fields_of_expertise_are_kept_by_officers(client, officer):
    new = reverse("field_new")
    assert client.post(new, {"name_fa": "", "name_en": "Poetry"}).status_code == 422
    assert client.post(new, {"name_fa": "شعر", "name_en": "Poetry", "is_active": "on"}).url == reverse("field_list")
    again = client.post(new, {"name_fa": "شعر", "name_en": "Verse", "is_active": "on"})
    assert again.status_code == 422 and "of this name already" in again.content.decode() and "Verse" in again.content.decode()
    made = ExpertiseField.objects.get()
    assert client.post(reverse("field_edit", args=[made.pk]), {"name_fa": "سروده", "name_en": "Verse"}).status_code == 302
    made.refresh_from_db()
    assert (made.name_fa, made.is_active) == ("سروده", False)
    assert "Verse" in client.get(reverse("field_list")).content.decode()
    client.force_login(factories.assessor().user)
    assert {client.get(url).status_code for url in (new, reverse("field_list"), reverse("field_edit", args=[made.pk]))} == {404}
