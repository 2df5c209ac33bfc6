"""Appeals: an agency writes and files one in time, others judge again, and the first score stays beside what is decided."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from assessments.models import Appeal, AppealFile, AppealGround, Assignment, Entry, Indicator, Round
from assessments.rules import OPEN_MATTERS
from assessments.selectors import appeals as selectors
from assessments.selectors.rounds import candidates
from assessments.services import appeals, rounds, runs
from products.services.marks import deciding_score
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories, specimens
from tests.assessments import round_pages
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
def judged():
    """A product's entry with a score in a round against which appeals are taken."""
    entry = factories.entry(factories.round_("open"), factories.product(status="accepted").subject)
    for _n in range(3):
        factories.submitted_assessment(entry, 3)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    factories.settled(entry.round, "appeal")
    Round.objects.filter(pk=entry.round_id).update(appeals_until=timezone.now() + timedelta(days=5))
    return Entry.objects.select_related("round", "subject__agency").get(pk=entry.pk)


@pytest.fixture
def owner(judged):
    return factories.representative(judged.subject.agency)


def leaves(entry):
    return list(Indicator.objects.filter(version__sheet_parts__sheet=entry.sheet, scale__isnull=False).order_by("pk"))


def filed(entry, owner, **reasons):
    appeal = appeals.start_appeal(entry.pk, by=owner)
    said = {leaf.pk: reasons.get(leaf.code, "Overlooked") for leaf in leaves(entry)[:2]}
    saved = appeals.save_draft(appeal.pk, by=owner, version=appeal.version, statement="Please look again.", reasons=said)
    return appeals.file_appeal(appeal.pk, by=owner, version=saved.version)


def reviewed(appeal, officer, value=5):
    """The appeal taken up, judged again by three others and its scores fixed."""
    appeal = appeals.admit_appeal(appeal.pk, by=officer, deadline=timezone.now() + timedelta(days=9))
    rounds.move_round(appeal.review.round_id, "open", by=officer)
    for _n in range(3):
        factories.submitted_assessment(appeal.review, value)
    runs.inputs_changed(appeal.review_id)
    runs.score_round(appeal.review.round_id)
    for step in ("close", "score"):
        rounds.move_round(appeal.review.round_id, step, by=officer)
    return appeal


# ------------------------------------------------------------------ writing and filing
def test_a_draft_is_kept_and_filed_whole(judged, owner, officer):
    one, two, *_rest = leaves(judged)
    appeal = appeals.start_appeal(judged.pk, by=owner)
    assert appeals.start_appeal(judged.pk, by=owner) == appeal
    saved = appeals.save_draft(appeal.pk, by=owner, version=1, statement="كتاب", reasons={one.pk: "Why", two.pk: " ", 999999: "x"})
    assert (saved.statement, list(saved.grounds.values_list("indicator", "reason"))) == ("کتاب", [(one.pk, "Why")])
    with pytest.raises(Stale):
        appeals.save_draft(appeal.pk, by=owner, version=1, statement="Older", reasons={})
    assert not Appeal.objects.visible_to(officer).exists()
    with pytest.raises(Stale):
        appeals.file_appeal(appeal.pk, by=owner, version=1)
    done = appeals.file_appeal(appeal.pk, by=owner, version=2)
    assert done.status == "filed" and done.filed_at and Appeal.objects.visible_to(officer).get() == done
    assert Notice.objects.filter(user=officer, kind="appeal_filed").count() == 1
    with pytest.raises(RuleBroken, match="does not change"):
        appeals.save_draft(appeal.pk, by=owner, version=2, statement="More", reasons={})


def test_an_appeal_names_at_least_one_indicator(judged, owner):
    appeal = appeals.start_appeal(judged.pk, by=owner)
    with pytest.raises(RuleBroken, match="at least of one indicator"):
        appeals.file_appeal(appeal.pk, by=owner, version=1)


@pytest.mark.parametrize("change", [{"status": "published"}, {"status": "final"}, {"appeals_until": timezone.now()}])
def test_out_of_its_time_nothing_is_begun_or_filed(judged, owner, change):
    appeal = appeals.start_appeal(judged.pk, by=owner)
    appeals.save_draft(appeal.pk, by=owner, version=1, statement="", reasons={leaves(judged)[0].pk: "Why"})
    Round.objects.filter(pk=judged.round_id).update(**change)
    with pytest.raises(RuleBroken, match="is over"):
        appeals.file_appeal(appeal.pk, by=owner, version=2)
    with refused("appealed_within_its_time"):
        Appeal.objects.update(status="filed", filed_at=timezone.now())
    appeals.withdraw_appeal(appeal.pk, by=owner)
    with pytest.raises(RuleBroken, match="is over"):
        appeals.start_appeal(judged.pk, by=owner)


def test_only_the_own_agency_appeals(judged, owner, officer):
    appeal = appeals.start_appeal(judged.pk, by=owner)
    for person in (factories.representative(), officer, judged.assignments.first().assessor.user):
        with pytest.raises(RuleBroken, match="may not"):
            appeals.start_appeal(judged.pk, by=person)
        with pytest.raises(RuleBroken, match="may not"):
            appeals.save_draft(appeal.pk, by=person, version=1, statement="", reasons={})
        with pytest.raises(RuleBroken, match="may not"):
            appeals.file_appeal(appeal.pk, by=person, version=1)


# ------------------------------------------------------------------ the answer
def test_a_refusal_gives_its_reason(judged, owner, officer):
    appeal = filed(judged, owner)
    with pytest.raises(RuleBroken, match="Write the reason"):
        appeals.refuse_appeal(appeal.pk, by=officer, why=" ")
    with pytest.raises(RuleBroken, match="may not"):
        appeals.refuse_appeal(appeal.pk, by=owner, why="x")
    assert appeals.refuse_appeal(appeal.pk, by=officer, why="Nothing new").status == "refused"
    assert "Nothing new" in Notice.objects.get(user=owner, kind="appeal_refused").text_en
    assert deciding_score(judged.subject.product) == judged.result


def test_a_review_is_judged_by_others_on_the_same_sheet(judged, owner, officer):
    appeal = appeals.admit_appeal(filed(judged, owner).pk, by=officer, deadline=timezone.now() + timedelta(days=9))
    review = appeal.review
    assert review.review_of == judged and review.sheet.key == judged.sheet.key and review.round.status == "draft"
    parts = [list(sheet.parts.values_list("version", "weight")) for sheet in (review.sheet, judged.sheet)]
    assert parts[0] == parts[1]
    former = judged.assignments.first().assessor
    refusal = next(one.refusal for one in candidates(review) if one.assessor == former)
    assert refusal == "Judged it before the appeal."
    with pytest.raises(RuleBroken, match="before the appeal"):
        rounds.assign(review.pk, former.pk, by=officer)
    with refused("reviewed_by_others"):
        Assignment.objects.bulk_create([Assignment(entry=review, assessor=former, alias=1)])
    # A second appeal of the same round may join the same review, the same product may not come twice.
    with pytest.raises(RuleBroken, match="already"):
        appeals.reviews.enter_again(review.round, judged.pk, by=officer)
    assert list(selectors.possible_reviews(judged)) == []
    assert list(selectors.possible_reviews(factories.entry())) == [review.round]


def test_a_review_needs_its_deadline_or_a_round_in_preparation(judged, owner, officer):
    appeal = filed(judged, owner)
    with pytest.raises(RuleBroken, match="until when"):
        appeals.admit_appeal(appeal.pk, by=officer)
    with pytest.raises(RuleBroken, match="no longer in preparation"):
        appeals.admit_appeal(appeal.pk, by=officer, round_id=factories.round_("open").pk)
    assert Appeal.objects.get().status == "filed" and not Entry.objects.exclude(review_of=None).exists()


@pytest.mark.parametrize(("decision", "status"), [("uphold", "upheld"), ("change", "changed")])
def test_both_scores_stay_and_one_stands(judged, owner, officer, decision, status):
    appeal = filed(judged, owner)
    appeal = appeals.admit_appeal(appeal.pk, by=officer, deadline=timezone.now() + timedelta(days=9))
    with pytest.raises(RuleBroken, match="not fixed yet"):
        appeals.decide_appeal(appeal.pk, decision, by=officer, why="Too early")
    rounds.move_round(appeal.review.round_id, "open", by=officer)
    for _n in range(3):
        factories.submitted_assessment(appeal.review, 5)
    runs.inputs_changed(appeal.review_id)
    runs.score_round(appeal.review.round_id)
    for step in ("close", "score"):
        rounds.move_round(appeal.review.round_id, step, by=officer)
    assert deciding_score(judged.subject.product) == judged.result  # until it is decided the first score stands
    done = appeals.decide_appeal(appeal.pk, decision, by=officer, why="Seen anew")
    assert (done.status, done.first_value, done.review_value) == (status, 50, 100)
    stands = deciding_score(judged.subject.product)
    assert stands.value == (100 if decision == "change" else 50)
    assert Entry.objects.get(pk=judged.pk).result.value == 50
    assert "Seen anew" in Notice.objects.get(user=owner, kind="appeal_decided").text_en


def test_no_round_is_final_over_an_open_appeal(judged, owner, officer):
    appeal = filed(judged, owner)
    Round.objects.filter(pk=judged.round_id).update(appeals_until=timezone.now() - timedelta(hours=1))
    assert appeals.open_matter in OPEN_MATTERS
    with pytest.raises(RuleBroken, match="wait for an answer: 1"):
        rounds.move_round(judged.round_id, "finish", by=officer)
    appeals.refuse_appeal(appeal.pk, by=officer, why="Nothing new")
    assert rounds.move_round(judged.round_id, "finish", by=officer).status == "final"


# ------------------------------------------------------------------ the pages
def test_an_agency_walks_from_its_score_to_the_filed_appeal(client, judged, owner):
    client.force_login(owner)
    page = client.get(reverse("entry_scores", args=[judged.pk])).content.decode()
    assert "Write an appeal" in page
    assert client.post(reverse("appeal_new", args=[judged.pk])).status_code == 302
    appeal = Appeal.objects.get()
    url, leaf = reverse("appeal_edit", args=[appeal.pk]), leaves(judged)[0]
    assert client.get(url).status_code == 200
    too_long = client.post(url, {f"reason-{leaf.pk}": "x" * 5001, "version": 1})
    assert too_long.status_code == 422 and "x" * 5001 in too_long.content.decode() and "at most 5000" in too_long.content.decode()
    told = client.post(reverse("appeal_autosave", args=[appeal.pk]), {f"reason-{leaf.pk}": "Saved by itself", "version": 1}).json()
    assert told["version"] == 2
    stale = client.post(url, {f"reason-{leaf.pk}": "Mine", "version": 1})
    assert stale.status_code == 422 and "Mine" in stale.content.decode() and "Saved by itself" in stale.content.decode()
    assert client.post(reverse("appeal_autosave", args=[appeal.pk]), {"version": 1}).status_code == 409
    sent = client.post(reverse("appeal_file_upload", args=[appeal.pk]), {"file": specimens.upload(specimens.pdf())})
    assert sent.status_code == 302 and AppealFile.objects.count() == 1
    response = client.post(url, {f"reason-{leaf.pk}": "Mine", "version": 2, "then": "review"})
    assert response.url == reverse("appeal_file", args=[appeal.pk])
    assert client.get(response.url).status_code == 200
    assert client.post(response.url, {"version": 2}).status_code == 422
    assert client.post(response.url, {"version": 3}).status_code == 302
    assert Appeal.objects.get().status == "filed"
    detail = client.get(reverse("appeal_detail", args=[appeal.pk])).content.decode()
    assert "Mine" in detail and "Withdraw the appeal" in detail
    assert client.get(reverse("appeal_evidence", args=[AppealFile.objects.get().pk])).status_code == 200
    # What was filed takes no file and loses none.
    client.post(reverse("appeal_file_remove", args=[AppealFile.objects.get().pk]))
    client.post(reverse("appeal_file_upload", args=[appeal.pk]), {"file": specimens.upload(specimens.picture(), "other.png")})
    assert AppealFile.objects.filter(removed_at=None).count() == 1
    assert client.post(reverse("appeal_withdraw", args=[appeal.pk])).status_code == 302
    assert Appeal.objects.get().status == "withdrawn"


def test_an_officer_takes_it_up_and_decides(client, judged, owner, officer):
    appeal = filed(judged, owner)
    client.force_login(officer)
    assert judged.subject.title_en in client.get(reverse("appeal_list")).content.decode()
    admit = reverse("appeal_admit", args=[appeal.pk])
    assert client.get(admit).status_code == 200
    missing = client.post(admit, {"round": ""})
    assert missing.status_code == 422 and "until when" in missing.content.decode()
    assert client.post(admit, {"round": "", "deadline": round_pages.jalali(9)}).status_code == 302
    assert client.get(admit).status_code == 302  # no longer possible
    review = Appeal.objects.get().review
    rounds.move_round(review.round_id, "open", by=officer)
    for _n in range(3):
        factories.submitted_assessment(review, 4)
    runs.inputs_changed(review.pk)
    runs.score_round(review.round_id)
    for step in ("close", "score"):
        rounds.move_round(review.round_id, step, by=officer)
    decide = reverse("appeal_decide", args=[appeal.pk])
    assert "75" in client.get(decide).content.decode()
    unsaid = client.post(decide, {"decision": "change", "why": ""})
    assert unsaid.status_code == 422
    # The agency does not read the second score before it is decided or published.
    client.force_login(owner)
    assert "75.00" not in client.get(reverse("appeal_detail", args=[appeal.pk])).content.decode()
    client.force_login(officer)
    assert client.post(decide, {"decision": "change", "why": "Others saw more"}).status_code == 302
    client.force_login(owner)
    detail = client.get(reverse("appeal_detail", args=[appeal.pk])).content.decode()
    assert "75.00" in detail and "50.00" in detail and "Others saw more" in detail


def test_the_desk_of_both_sides_shows_what_is_not_decided(client, judged, owner, officer):
    client.force_login(owner)
    assert "Not decided yet" not in client.get(reverse("desk")).content.decode()
    appeal = appeals.start_appeal(judged.pk, by=owner)
    assert "being written" in client.get(reverse("desk")).content.decode()
    client.force_login(officer)
    assert "being written" not in client.get(reverse("desk")).content.decode()
    appeals.save_draft(appeal.pk, by=owner, version=1, statement="", reasons={leaves(judged)[0].pk: "Why"})
    appeals.file_appeal(appeal.pk, by=owner, version=2)
    assert "waiting for the secretariat" in client.get(reverse("desk")).content.decode()


def test_refusing_from_the_page_keeps_what_was_typed(client, judged, owner, officer):
    appeal = filed(judged, owner)
    client.force_login(officer)
    url = reverse("appeal_refuse", args=[appeal.pk])
    assert client.post(url, {"why": ""}).status_code == 422
    assert client.post(url, {"why": "Nothing new"}).status_code == 302
    assert Appeal.objects.get().status == "refused"


def test_strangers_find_no_appeal(client, judged, owner):
    appeal = filed(judged, owner)
    for person in (factories.representative(), judged.assignments.first().assessor.user, factories.user()):
        client.force_login(person)
        for name in ("appeal_detail", "appeal_edit", "appeal_file"):
            assert client.get(reverse(name, args=[appeal.pk])).status_code == 404
        for name in ("appeal_autosave", "appeal_withdraw", "appeal_file_upload", "appeal_refuse", "appeal_admit", "appeal_decide"):
            assert client.post(reverse(name, args=[appeal.pk]), {"version": 1}).status_code == 404
    client.logout()
    assert client.get(reverse("appeal_detail", args=[appeal.pk])).status_code == 302


def test_the_list_asks_the_same_for_one_and_for_many(client, judged, owner, officer, django_assert_max_num_queries):
    filed(judged, owner)
    client.force_login(officer)
    for _n in range(6):
        other = factories.entry(factories.round_("open"))
        Appeal.objects.create(entry=other, created_by=owner, status="withdrawn", filed_at=timezone.now())
    with django_assert_max_num_queries(12):
        assert client.get(reverse("appeal_list")).status_code == 200


# ------------------------------------------------------------------ the database
def test_the_database_keeps_appeals_whole(judged, owner, officer):
    draft = appeals.start_appeal(judged.pk, by=owner)
    rows, ground = Appeal.objects.filter(pk=draft.pk), leaves(judged)[0]
    with refused("one_appeal_an_entry"):
        Appeal.objects.bulk_create([Appeal(entry=judged, created_by=owner)])
    with refused("appeal_status_known"):
        rows.update(status="lost")
    with refused("filed_appeal_says_when"):
        rows.update(status="filed")
    with refused("appeal_taken_up_has_its_review"):
        rows.update(status="admitted", filed_at=timezone.now())
    with refused("review_is_of_the_same_subject"):
        rows.update(review=factories.entry())
    with refused("judged_again_is_the_same_subject"):
        Entry.objects.filter(pk=factories.entry().pk).update(review_of=judged)
    with refused("ground_has_a_reason"):
        AppealGround.objects.bulk_create([AppealGround(appeal=draft, indicator=ground, reason="")])
    with refused("ground_of_its_own_sheet"):
        foreign = factories.published_set().indicators.filter(scale__isnull=False).first()
        AppealGround.objects.bulk_create([AppealGround(appeal=draft, indicator=foreign, reason="x")])
    AppealGround.objects.create(appeal=draft, indicator=ground, reason="x")
    with refused("indicator_contested_once"):
        AppealGround.objects.bulk_create([AppealGround(appeal=draft, indicator=ground, reason="y")])
    file = appeals.attach(draft.pk, specimens.upload(specimens.pdf()), by=owner)
    again = AppealFile(appeal=draft, name="x", extension="pdf", content_type="application/pdf", size=1, sha256=file.sha256, file="x")
    with refused("file_once_in_an_appeal"):
        AppealFile.objects.bulk_create([again])
    with refused("appealfile_not_empty"):
        AppealFile.objects.bulk_create([AppealFile(appeal=draft, name="x", extension="pdf", size=0, sha256="0", file="x")])
    with refused("uploaded_file_stays"):
        AppealFile.objects.filter(pk=file.pk).update(name="other")
    appeals.file_appeal(draft.pk, by=owner, version=1)
    with refused("ground_of_its_own_sheet", saying="does not change"):
        AppealGround.objects.update(reason="z")
    with refused("filed_grounds_stay"):
        AppealGround.objects.all()._raw_delete("default")
    with refused("filed_evidence_stays"):
        AppealFile.objects.filter(pk=file.pk).update(removed_at=timezone.now())
    with refused("filed_appeal_stays"):
        rows.update(statement="Changed")
    with refused("filed_appeal_stays"):
        rows.update(status="draft")
    reviewed(draft, officer)
    with refused("decided_appeal_keeps_both_scores"):
        rows.update(status="changed")
    with refused("append_only"):
        draft.moves.update(why="x")
