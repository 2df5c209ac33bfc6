"""What assessors wrote reaches the submitters only after somebody has looked at it, and says nothing of who wrote it."""

from itertools import pairwise

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from assessments.hints import identity_hints
from assessments.models import Affiliation, Assessment, RemarkCheck
from assessments.selectors.remarks import clean, fingerprint, round_remarks
from assessments.selectors.scores import explain
from assessments.services import assessments as sheets
from assessments.services import remarks, runs
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.refusal import refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def written():
    """An entry judged by three; the first wrote three texts, one of which gives him away."""
    entry = factories.entry(factories.round_("open"))
    first = factories.assessor(user=factories.user(first_name="Bahram", last_name="Kianfar"))
    Affiliation.objects.create(assessor=first, agency=factories.agency(name_fa="بنیاد سپهرنما", name_en="Sepehrnama Foundation"))
    factories.submitted_assessment(
        entry, assessor_=first, strengths="A clear voice.", improvements="As I said in my book, ask Kianfar.", comment=""
    )
    factories.submitted_assessment(entry, comment="Well made.")
    factories.submitted_assessment(entry)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    entry.refresh_from_db()
    return entry


def find(entry, kind):
    return next(one for one in round_remarks(entry.round) if one.kind == kind)


def check(one, by, **fields):
    given = {"seen": one.seen, "verdict": "released", "text": one.text, **fields}
    return remarks.check_remark(one.assessment.pk, one.kind, one.indicator and one.indicator.pk, by=by, **given)


def read_by_agency(entry):
    told = explain(entry, audience="agency")
    return [(v.strengths, v.improvements, [words for _title, words in v.comments]) for v in told.voices], told.unread


# ------------------------------------------------------------------ what gives somebody away
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("کیانفر این را بهتر نوشته است", ["کیانفر"]),
        ("نظر كيانفر همین است", ["كيانفر"]),
        ("پیام به a.b@example.ir یا ۰۹۱۲۳۴۵۶۷۸۹", ["a.b@example.ir", "۰۹۱۲۳۴۵۶۷۸۹"]),
        ("در کتاب ما آمده است", ["کتاب ما"]),
        ("See https://example.org/me and our institute", ["https://example.org/me", "our institute"]),
        ("سپهرنما هم چنین می‌کند", ["سپهرنما"]),
        ("بنیاد فرهنگی و کتاب خوب", []),
        ("صدای روشن، پایان شتاب‌زده؛ ۱۲۳۴", []),
    ],
)
def test_hints(text, found):
    names = {"بهرام کیانفر": "name", "بنیاد سپهرنما": "home"}
    hints = identity_hints(text, names)
    assert [text[hint.start : hint.end] for hint in hints] == found
    assert all(one.end <= two.start for one, two in pairwise(hints))


def test_the_panel_and_where_its_members_belong_are_looked_for(written):
    risky = find(written, "improvements")
    assert [risky.text[h.start : h.end] for h in risky.hints] == ["my book", "Kianfar"]
    assert {one.kind for one in clean(round_remarks(written.round))} == {"strengths", "comment"}
    assert "".join(words for words, _why in risky.pieces) == risky.text


# ------------------------------------------------------------------ what the agency reads
def test_nothing_is_read_before_it_was_released(written, officer):
    texts, unread = read_by_agency(written)
    assert all(voice == ("", "", []) for voice in texts) and unread == len(round_remarks(written.round))
    staff = explain(written, audience="staff").voices[0]
    assert (staff.strengths, staff.improvements) == ("A clear voice.", "As I said in my book, ask Kianfar.")
    check(find(written, "strengths"), officer)
    check(find(written, "improvements"), officer, text="More could be said.", why="Names himself")
    texts, left = read_by_agency(written)
    assert texts[0][:2] == ("A clear voice.", "More could be said.") and left == unread - 2
    check(find(written, "strengths"), officer, verdict="withheld", text="", why="On second thoughts")
    assert read_by_agency(written)[0][0][:2] == ("", "More could be said.")
    # The first verdict stays on record.
    assert list(RemarkCheck.objects.get(kind="strengths").events.order_by("pgh_id").values_list("verdict", flat=True)) == [
        "released",
        "withheld",
    ]


def test_a_text_written_anew_waits_anew(written, officer):
    one = find(written, "strengths")
    check(one, officer)
    sheets.reopen(one.assessment.assignment_id, by=officer, why="A slip")
    with transaction.atomic():
        again = Assessment.objects.get(pk=one.assessment.pk)
        again.strengths = "Another voice."
        again.save()
        sheets.submit(again.assignment_id, by=again.assignment.assessor.user, version=again.version)
    assert find(written, "strengths").state == "waiting"
    with pytest.raises(Stale) as stale:
        check(one, officer)
    assert stale.value.current == "Another voice."


def test_the_agency_is_told_once_a_day_and_only_what_it_may_read(written, officer):
    reader = factories.representative(written.subject.agency)
    check(find(written, "strengths"), officer)
    assert not Notice.objects.filter(user=reader).exists()
    factories.published(written.round)
    for kind in ("strengths", "improvements"):
        check(find(written, kind), officer, text="Well said.")
    assert Notice.objects.filter(user=reader, kind="remarks_released").count() == 1


def test_who_may_not_check(written, officer):
    one = find(written, "strengths")
    with pytest.raises(RuleBroken, match="may not"):
        check(one, factories.representative(written.subject.agency))
    factories.granted("officer", one.assessment.assignment.assessor.user)
    with pytest.raises(RuleBroken, match="his own words"):
        check(one, one.assessment.assignment.assessor.user)
    with pytest.raises(RuleBroken, match="Write the reason"):
        check(one, officer, verdict="withheld", why=" ")
    with pytest.raises(RuleBroken, match="Write what the agency"):
        check(one, officer, text="  ")


# ------------------------------------------------------------------ the pages
def test_the_harmless_are_released_together(client, written, officer):
    client.force_login(officer)
    url = reverse("round_remarks", args=[written.round_id])
    page = client.get(url).content.decode()
    assert "<mark" in page and "Kianfar" in page
    harmless = clean(round_remarks(written.round))
    assert client.post(url, {"seen": "stale"}).status_code == 302 and not RemarkCheck.objects.exists()
    client.post(url, {"seen": fingerprint(harmless)})
    assert RemarkCheck.objects.count() == len(harmless) and read_by_agency(written)[1] == 1
    for state in ("waiting", "hinted", "released", "withheld", "nonsense"):
        assert client.get(url, {"state": state, "q": written.subject.title_en}).status_code == 200


def test_remark_check(client, written, officer):
    client.force_login(officer)
    one = find(written, "improvements")
    url = reverse("remark_check", args=[one.assessment.pk, "improvements", 0])
    assert "my book" in client.get(url).content.decode()
    typed = {"verdict": "withheld", "text": "kept as typed", "why": "", "seen": one.seen}
    response = client.post(url, typed)
    assert response.status_code == 422 and "kept as typed" in response.content.decode()
    response = client.post(url, {**typed, "why": "x", "seen": "older"})
    assert response.status_code == 422 and "has changed this text" in response.content.decode()
    assert client.post(url, {**typed, "why": "Gives himself away"}).status_code == 302
    assert RemarkCheck.objects.get().verdict == "withheld"
    assert client.get(reverse("remark_check", args=[one.assessment.pk, "comment", 0])).status_code == 404
    assert client.get(reverse("remark_check", args=[one.assessment.pk, "nonsense", 3])).status_code == 404


def test_strangers_find_no_remark(client, written):
    one = find(written, "strengths")
    for person in (factories.representative(written.subject.agency), one.assessment.assignment.assessor.user, factories.user()):
        client.force_login(person)
        assert client.get(reverse("round_remarks", args=[written.round_id])).status_code == 404
        assert client.get(reverse("remark_check", args=[one.assessment.pk, "strengths", 0])).status_code == 404


def test_the_list_asks_the_same_of_one_text_and_of_thirty(client, officer, written, django_assert_max_num_queries):
    client.force_login(officer)
    for _n in range(10):
        entry = factories.entry(written.round)
        for _assessor in range(3):
            factories.submitted_assessment(entry, strengths="Good", improvements="Better")
    with django_assert_max_num_queries(16):
        assert client.get(reverse("round_remarks", args=[written.round_id])).status_code == 200


# ------------------------------------------------------------------ the database
def test_the_database_keeps_checks_whole(written, officer):
    one = find(written, "strengths")
    row = {"assessment": one.assessment, "kind": "strengths", "source": one.text, "text": one.text, "verdict": "released", "by": officer}
    RemarkCheck.objects.bulk_create([RemarkCheck(**row)])
    rows = RemarkCheck.objects.all()
    with refused("remark_checked_once"):
        RemarkCheck.objects.bulk_create([RemarkCheck(**row)])
    with refused("remark_has_its_place"):
        rows.update(indicator=find(written, "comment").indicator)
    for wrong in ({"text": ""}, {"verdict": "withheld"}, {"verdict": "withheld", "text": ""}):
        with refused("remark_is_released_with_words_or_withheld_with_a_reason"):
            rows.update(**wrong)
    with refused("checked_as_it_was_written"):
        rows.update(source="Never written", text="Never written")
