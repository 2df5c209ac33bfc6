"""The pages of disagreements: the list of a round, one of them for officers, and the discussion for the members of a panel."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import (
    ConflictOfInterest,
    ModeratedRating,
    Moderation,
    ModerationMessage,
    Proposal,
    Round,
)
from assessments.services import discussions, moderations, rounds, runs
from products.services import marks
from secretariat.models import Notice, User
from tests import council as make
from tests import factories
from tests.assessments import disputed

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client, in_english):
    found = factories.officer(last_name="کارشناسپنهان")
    client.force_login(found)
    return found


def url(name, *args):
    return reverse(name, args=args)


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


OFFICERS_ONLY = ["moderation_summon", "moderation_discuss", "moderation_settle"]
WRITING = ["moderation_summon", "moderation_discuss", "moderation_settle", "moderation_say"]


# ------------------------------------------------------------------ the list
def test_round_moderation(client, officer):
    moderation = disputed.dispute()
    page = client.get(url("round_moderation", moderation.entry.round_id))
    text = words(page)
    assert moderation.entry.subject.title_en in text
    assert "The totals lie 75 points apart." in text
    assert "waits for a decision" in text and "the secretariat" in text
    assert page.content.decode().count("<circle class=\"dot") == 3
    assert "0.0, 75.0, 75.0" in re.sub(r" ?, ?", ", ", text)
    assert 'aria-current="page"' in page.content.decode()


def test_the_list_says_who_holds_what_and_is_filtered_by_it(client, officer):
    first = disputed.dispute()
    second = Moderation.objects.get(entry=disputed.judged(disputed.another_entry(first.entry), *disputed.APART))
    disputed.further(second, officer)
    here = url("round_moderation", first.entry.round_id)
    assert [row["row"].pk for row in client.get(here).context["list"].rows] == [first.pk, second.pk]
    for query, expected in (
        ("held=secretariat", [first]), ("held=assessor", [second]), ("held=panel", []), ("status=third", [second]),
        ("kind=flag", []), ("kind=total", [first, second]), ("living=on", [first, second]),
    ):  # fmt: skip
        assert [row["row"] for row in client.get(f"{here}?{query}").context["list"].rows] == expected, query


@pytest.mark.parametrize("sort", ["status", "-status", "total_gap", "-widest_gap", "raised", "title"])
def test_the_list_sorts_and_is_exported(client, officer, sort):
    moderation = disputed.dispute()
    here = url("round_moderation", moderation.entry.round_id)
    assert client.get(f"{here}?sort={sort}&column=total_gap&column=widest_gap&column=reason").status_code == 200
    answer = client.get(f"{here}?sort={sort}&export=xlsx")
    assert answer.status_code == 200 and "spreadsheet" in answer.headers["Content-Type"]


def test_the_number_of_queries_is_the_same_for_1_and_30(client, officer):
    def count(products):
        first = disputed.dispute()
        for _ in range(products - 1):
            entry = disputed.another_entry(first.entry)
            for value in disputed.APART:
                factories.submitted_assessment(entry, value)
        runs.round_changed(first.entry.round_id)
        runs.score_round(first.entry.round_id, force=True)
        client.get(url("round_moderation", first.entry.round_id))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url("round_moderation", first.entry.round_id))
        assert page.context["list"].total == products
        return len(queries)

    assert count(1) == count(30) <= 32


def test_several_are_settled_from_the_list(client, officer):
    first = disputed.dispute()
    disputed.judged(disputed.another_entry(first.entry), *disputed.APART)
    here = url("round_moderation", first.entry.round_id)
    page = client.post(here, {"bulk_action": "stands", "bulk_all": "1"})
    assert page.status_code == 200 and "2 disagreements, for one reason" in words(page)
    chosen = re.search(r'name="chosen" value="([\d,]+)"', page.content.decode())[1]
    page = client.post(here, {"step": "settle", "chosen": chosen, "why": ""})
    assert page.status_code == 422 and "This field is required" in words(page)
    answer = client.post(here, {"step": "settle", "chosen": chosen, "why": disputed.WHY})
    assert answer.status_code == 302
    assert [row.status for row in Moderation.objects.all()] == ["closed", "closed"]
    page = client.post(here, {"bulk_action": "stands", "bulk_all": "1"})
    assert page.status_code == 422 and "None of them waits" in words(page)
    assert client.post(here, {"bulk_action": "stands"}).status_code == 422


def test_the_page_tells_what_other_limits_would_find(client, officer):
    moderation = disputed.dispute()
    assert "With other limits" not in words(client.get(url("round_moderation", moderation.entry.round_id)))
    assert "With other limits" in words(client.get(url("round_moderation", moderation.entry.round_id) + "?limits=1"))
    empty = disputed.round_()
    assert client.get(url("round_moderation", empty.pk) + "?limits=1").status_code == 200


def test_before_the_scores_are_fixed_the_page_leads_to_the_disagreements(client, officer):
    moderation = disputed.dispute(status="moderation")
    round_ = moderation.entry.round_id
    for address in (url("round_detail", round_), url("round_move", round_, "score")):
        page = client.get(address).content.decode()
        assert "1 disagreement of a panel is not settled yet." in page
        assert url("round_moderation", round_) in page


# ------------------------------------------------------------------ for officers
def test_moderation_detail(client, officer):
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    moderation = disputed.dispute({**same, "D1I1": 1}, same, same)
    person = factories.assessor(last_name="آماده")
    page = client.get(moderation.get_absolute_url())
    text = words(page)
    assert "75 points apart" in text and "Assessor 1" in text
    assert f"Ask {person}" in text
    for user in disputed.people(moderation.entry):
        assert user.last_name not in text  # the moderator, too, reads numbers; names stand on the product's page


def test_one_click_asks_the_fittest(client, officer):
    moderation = disputed.dispute(status="moderation")
    person = factories.assessor()
    page = client.get(moderation.get_absolute_url()).content.decode()
    typed = dict(re.findall(r'<input type="hidden" name="(assessor|deadline|once_key)" value="([^"]+)"', page))
    assert typed["assessor"] == str(person.pk)
    answer = client.post(url("moderation_summon", moderation.pk), typed)
    assert (answer.status_code, answer.url) == (302, moderation.get_absolute_url())
    assert moderation.entry.assignments.get(assessor=person).status == "offered"
    assert client.post(url("moderation_summon", moderation.pk), typed).status_code == 302  # a double click
    assert moderation.entry.assignments.count() == 4
    assert "one more assessor judges" in words(client.get(moderation.get_absolute_url()))


def test_moderation_summon(client, officer):
    moderation = disputed.dispute()
    free, tied = factories.assessor(), factories.assessor()
    ConflictOfInterest.objects.create(assessor=tied, subject=moderation.entry.subject, source="staff", reason="خویشاوند", by=officer)
    here = url("moderation_summon", moderation.pk)
    page = client.get(here)
    assert str(free) in words(page) and "خویشاوند" in words(page)
    for typed, said in (
        ({"assessor": tied.pk, "deadline": "1420/01/01"}, "Conflict of interest"),
        ({"assessor": 0, "deadline": "1420/01/01"}, "Choose somebody."),
        ({"deadline": "1420/01/01"}, "Choose somebody."),
        ({"assessor": free.pk, "deadline": "دیروز"}, "deadline"),
    ):
        answer = client.post(here, typed)
        assert answer.status_code == 422 and said in answer.content.decode(), said
    assert not moderation.summoned.exists()
    assert client.post(here, {"assessor": free.pk, "deadline": "1420/01/01"}).status_code == 302


def test_moderation_discuss(client, officer):
    moderation = disputed.dispute(moderation="consensus")
    here = url("moderation_discuss", moderation.pk)
    page = client.get(here)
    assert page.content.decode().count('" checked>') == 4
    answer = client.post(here, {})
    assert answer.status_code == 422 and "Choose at least one indicator" in words(answer)
    point = disputed.points(moderation)[0]
    assert client.post(here, {"indicators": [point]}).status_code == 302
    assert list(moderation.points.values_list("indicator", flat=True)) == [point]
    assert client.post(here, {"indicators": [point]}).status_code == 422  # it runs already


def test_a_round_offers_what_it_summons(client, officer):
    for choice, told, untold in (("third", "moderation_summon", "moderation_discuss"), ("consensus", "moderation_discuss", "moderation_summon")):
        moderation = disputed.dispute(moderation=choice)
        factories.assessor()
        page = client.get(moderation.get_absolute_url()).content.decode()
        assert url(told, moderation.pk) in page and url(untold, moderation.pk) not in page
    moderation = disputed.dispute(moderation="none")
    page = client.get(moderation.get_absolute_url()).content.decode()
    assert url("moderation_settle", moderation.pk) in page and url("moderation_summon", moderation.pk) not in page
    answer = client.post(url("moderation_discuss", moderation.pk), {"indicators": disputed.points(moderation)})
    assert answer.status_code == 422


def test_moderation_settle(client, officer):
    moderation = disputed.dispute()
    here = url("moderation_settle", moderation.pk)
    answer = client.post(here, {"outcome": "stands", "why": " "})
    assert answer.status_code == 422 and "This field is required" in words(answer)
    answer = client.post(here, {"outcome": "agreed", "why": "توافق نشد"})
    assert answer.status_code == 422 and "only in a discussion" in words(answer) and "توافق نشد" in answer.content.decode()
    assert client.post(here, {"outcome": "stands", "why": disputed.WHY}).status_code == 302
    page = words(client.get(moderation.get_absolute_url()))
    assert "it stands as it is" in page and disputed.WHY in page
    answer = client.post(here, {"outcome": "stands", "why": "دوباره"})
    assert answer.status_code == 422 and "no longer possible" in words(answer)


def test_moderation_agree(client, officer):
    moderation, _other = disputed.discussion()
    point = moderation.points.first().indicator
    here, prefix = url("moderation_agree", moderation.pk, point.pk), f"p{point.pk}"
    answer = client.post(here, {f"{prefix}-value": "9", f"{prefix}-comment": "چون", f"{prefix}-seen": "0"})
    assert answer.status_code == 422 and "چون" in answer.content.decode() and "from 1 to 5" in words(answer)
    assert client.post(here, {f"{prefix}-value": "3", f"{prefix}-comment": "چون", f"{prefix}-seen": "0"}).status_code == 302
    stale = client.post(here, {f"{prefix}-value": "4", f"{prefix}-comment": "زیرا", f"{prefix}-seen": "0"})
    assert stale.status_code == 422 and "A colleague has written" in words(stale) and "زیرا" in stale.content.decode()
    assert f'name="{prefix}-seen" value="1"' in stale.content.decode()
    assert client.post(here, {f"{prefix}-value": "4", f"{prefix}-comment": "زیرا", f"{prefix}-seen": "1"}).status_code == 302
    page = words(client.get(moderation.get_absolute_url()))
    assert "Agreed:" in page and "1 earlier wording" in page and "What the agreement would make of the total" in page
    assert client.post(url("moderation_agree", moderation.pk, 0), {}).status_code == 404


def test_officers_who_judge_there_wait_or_leave_it_to_a_colleague(client, in_english):
    moderation, _officer = disputed.discussion()
    member = disputed.people(moderation.entry)[0]
    factories.granted("officer", member)
    client.force_login(member)
    page = client.get(moderation.get_absolute_url())
    assert "Here you are assessor 1." in words(page)  # a member reads as a member
    for name in OFFICERS_ONLY:
        assert client.post(url(name, moderation.pk), {}).status_code == 404
    pending = factories.officer()
    factories.assignment(disputed.another_entry(moderation.entry), factories.assessor(user=pending), status="accepted")
    client.force_login(pending)
    assert client.get(moderation.get_absolute_url()).status_code == 403
    assert client.get(url("round_moderation", moderation.entry.round_id)).status_code == 403
    assert client.post(url("moderation_say", moderation.pk), {"text": "x"}).status_code == 403


# ------------------------------------------------------------------ for the members of the panel
@pytest.fixture
def panel(in_english):
    """A discussion in a blind round, in which everybody has written; names that may stand nowhere."""
    moderation, moderator = disputed.discussion(see_submitter="never")
    User.objects.filter(pk=moderator.pk).update(last_name="دبیرپنهان")
    for n, user in enumerate(disputed.people(moderation.entry), 1):
        User.objects.filter(pk=user.pk).update(last_name=f"داورپنهان{n}", first_name="پوشیده", username=f"hidden{n}")
        discussions.say(moderation.pk, f"پیام {n}", by=user)
        discussions.propose(moderation.pk, moderation.points.first().indicator_id, "3", f"دلیل {n}", by=user)
    discussions.say(moderation.pk, "پیام دبیرخانه", by=moderator, indicator_id=moderation.points.first().indicator_id)
    discussions.agree(moderation.pk, moderation.points.first().indicator_id, "3", "توافق", by=moderator)
    return moderation


def test_members_read_one_another_under_numbers(client, panel):
    one = disputed.people(panel.entry)[0]
    client.force_login(one)
    page = client.get(panel.get_absolute_url())
    text = words(page)
    assert "Here you are assessor 1." in text and "Assessor 1 (you)" in text and "Assessor 3" in text
    for said in ("پیام 1", "پیام 3", "دلیل 2", "پیام دبیرخانه", "توافق", "Secretariat"):
        assert said in text
    assert not Notice.objects.filter(user=one, link=panel.get_absolute_url(), read_at=None).exists()


def test_no_name_and_nothing_of_the_maker_stands_on_any_page_of_the_panel(client, panel):
    people = disputed.people(panel.entry)
    agency = panel.entry.subject.agency
    addresses = [panel.get_absolute_url(), url("my_assessments"), url("desk"), url("notices")]
    for reader in people:
        client.force_login(reader)
        secrets = {"دبیرپنهان", agency.name_fa, agency.name_en, *(f"hidden{n}" for n in (1, 2, 3))}
        secrets |= {person.last_name for person in people} - {reader.last_name}
        secrets.discard(reader.username)
        for address in addresses:
            page = client.get(address).content.decode()
            assert [secret for secret in secrets if secret in page] == [], address
    for notice in Notice.objects.filter(user__in=people):
        told = notice.text_fa + notice.text_en
        assert not any(word in told for word in ("پنهان", "پیام", "دلیل", "توافق", agency.name_fa, agency.name_en)), told


def test_nothing_but_what_is_asked_is_opened(client, in_english):
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    moderation = disputed.dispute({**same, "D1I1": 1}, same, same, moderation="consensus")
    asked = moderation.reasons.get(kind="indicator").indicator
    moderations.discuss(moderation.pk, [asked.pk], by=factories.officer())
    client.force_login(disputed.people(moderation.entry)[1])
    text = words(client.get(moderation.get_absolute_url()))
    assert "Indicator 1.1" in text and "Indicator 1.2" not in text and "Indicator 2.1" not in text
    assert "total" not in text.lower()
    for name in ("entry_scores", "entry_detail"):
        assert client.get(url(name, moderation.entry_id)).status_code == 404


def test_moderation_say(client, panel):
    client.force_login(disputed.people(panel.entry)[1])
    here = url("moderation_say", panel.pk)
    key = str(uuid.uuid4())
    about = panel.points.first().indicator_id
    for _twice in range(2):
        assert client.post(here, {"text": "نظر تازه", "about": about, "once_key": key}).status_code == 302
    made = ModerationMessage.objects.get(text="نظر تازه")
    assert (made.assignment.alias, made.indicator_id) == (2, about)
    answer = client.post(here, {"text": "  "})
    assert answer.status_code == 422 and "This field is required" in words(answer)
    answer = client.post(here, {"text": "گم نشود", "about": "999999"})
    assert answer.status_code == 422 and "گم نشود" in answer.content.decode()


def test_moderation_propose(client, panel):
    client.force_login(disputed.people(panel.entry)[1])
    point = panel.points.last().indicator_id
    here, prefix = url("moderation_propose", panel.pk, point), f"p{point}"
    answer = client.post(here, {f"{prefix}-value": "4", f"{prefix}-why": ""})
    assert answer.status_code == 422 and 'value="4" ' in answer.content.decode()
    assert client.post(here, {f"{prefix}-value": "4", f"{prefix}-why": "چون"}).status_code == 302
    assert Proposal.objects.filter(indicator=point, value=4, why="چون").count() == 1
    assert client.post(url("moderation_propose", panel.pk, 0), {}).status_code == 404


def test_what_waits_for_a_member_stands_on_his_desk(client, in_english):
    moderation, moderator = disputed.discussion()
    one, two, _three = disputed.people(moderation.entry)
    discussions.propose(moderation.pk, moderation.points.first().indicator_id, "3", "x", by=one)
    for user, state in ((one, "you have spoken"), (two, "waits for your opinion")):
        client.force_login(user)
        page = client.get(url("my_assessments"))
        assert "Your discussion is asked" in words(page) and state in words(page)
        assert moderation.get_absolute_url() in client.get(url("desk")).content.decode()
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=moderator)
    assert "Your discussion is asked" not in words(client.get(url("my_assessments")))
    page = client.get(moderation.get_absolute_url())
    assert "The discussion is over" in words(page) and disputed.WHY not in words(page)


@pytest.mark.parametrize("who", ["stranger", "other assessor", "agency", "council", "recused", "withdrawn", "late", "before"])
def test_to_everybody_else_it_is_not_there(client, who):
    moderation, _officer = disputed.discussion()
    entry, assignment = moderation.entry, moderation.entry.assignments.get(alias=1)
    person = assignment.assessor.user
    if who == "stranger":
        person = factories.user()
    elif who == "other assessor":
        person = factories.submitted_assessment(disputed.another_entry(entry), 4).assignment.assessor.user
    elif who == "agency":
        person = factories.representative(entry.subject.agency)
    elif who == "council":
        person = make.seat(make.council()).user
    elif who == "recused":
        ConflictOfInterest.objects.create(
            assessor=assignment.assessor, subject=entry.subject, source="declared", reason="x", by=person
        )
    elif who == "withdrawn":
        type(assignment).objects.filter(pk=assignment.pk).update(status="withdrawn")
    elif who == "late":
        person = factories.submitted_assessment(entry, 4).assignment.assessor.user  # judged after it was opened
    else:
        moderation = disputed.dispute(moderation="consensus")  # found, and not opened
        person = disputed.people(moderation.entry)[0]
    client.force_login(person)
    point = moderation.reasons.filter(kind="indicator").first().indicator_id
    assert client.get(moderation.get_absolute_url()).status_code == 404
    assert client.get(url("round_moderation", moderation.entry.round_id)).status_code == 404
    for name in WRITING:
        assert client.post(url(name, moderation.pk), {"text": "x", "outcome": "stands", "why": "x"}).status_code == 404, name
    for name in ("moderation_propose", "moderation_agree"):
        assert client.post(url(name, moderation.pk, point), {}).status_code == 404, name
    assert not ModerationMessage.objects.exists() and not ModeratedRating.objects.exists()


def test_the_anonymous_are_sent_to_sign_in(client):
    moderation, _officer = disputed.discussion()
    for address in (moderation.get_absolute_url(), url("round_moderation", moderation.entry.round_id), url("moderation_say", moderation.pk)):
        answer = client.post(address, {}) if address.endswith("say/") else client.get(address)
        assert answer.status_code == 302 and "/sign-in/" in answer.url


def test_a_member_does_nothing_that_is_the_secretariats(client, panel):
    client.force_login(disputed.people(panel.entry)[0])
    point = panel.points.first().indicator_id
    for name in OFFICERS_ONLY:
        assert client.post(url(name, panel.pk), {"outcome": "stands", "why": "x"}).status_code == 404
    assert client.post(url("moderation_agree", panel.pk, point), {}).status_code == 404
    client.force_login(factories.officer())
    assert client.post(url("moderation_propose", panel.pk, point), {}).status_code == 404


# ------------------------------------------------------------------ beside the scores
@pytest.fixture
def agreed(in_english):
    """A published round in which one panel agreed on 3 in the place of 1, 4, 4."""
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    moderation, officer = disputed.discussion({**same, "D1I1": 1}, same, same)
    disputed.agreed(moderation, officer, "5")
    Round.objects.update(deadline=moderation.entry.round.deadline)
    rounds.move_round(moderation.entry.round_id, "close", by=officer, why="پایان")
    rounds.move_round(moderation.entry.round_id, "score", by=officer)
    rounds.move_round(moderation.entry.round_id, "confirm", by=officer)
    rounds.move_round(moderation.entry.round_id, "publish", by=officer)
    return moderation


def test_staff_and_agency_read_what_was_agreed_beside_the_score(client, agreed):
    agency = factories.representative(agreed.entry.subject.agency)
    for reader in (factories.officer(), agency):
        client.force_login(reader)
        text = words(client.get(url("entry_scores", agreed.entry_id)))
        assert "What the panel agreed on afterwards" in text
        assert "Plain mean of the panel 68.75, by the agreement" in text and "with the agreed values 81.25" in text
        assert "68.8 of 100" in text or "68.75 of 100" in text  # the score itself
    section = text[text.index("What the panel agreed on afterwards") : text.index("To check", text.index("What the panel agreed on")) if "To check" in text[text.index("What the panel agreed on") :] else None]
    assert "Assessor 1" not in section.split("How firmly")[0]


def test_the_api_tells_it_to_those_who_may_read_it(client, agreed):
    client.force_login(factories.representative(agreed.entry.subject.agency))
    told = client.get(url("api-score-detail", agreed.entry_id)).json()["agreed"]
    assert (told["mean"], told["value"]) == (68.75, 81.25)
    assert [(node["value"], node["mean"]) for node in told["nodes"]] == [(100.0, 50.0)]
    assert not {"by", "assessor", "alias"} & told["nodes"][0].keys()


def test_the_results_name_it_beside_the_score(client, agreed, officer):
    page = client.get(url("round_results", agreed.entry.round_id))
    assert "With agreed values 81.3" in words(page) or "With agreed values 81.2" in words(page)


def test_the_council_reads_both_totals(client, in_english):
    product = factories.product("accepted")
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    entry = factories.entry(disputed.round_(moderation="consensus"), product.subject)
    disputed.judged(entry, {**same, "D1I1": 1}, same, same)
    moderation, officer = Moderation.objects.get(), factories.officer()
    moderations.discuss(moderation.pk, [moderation.reasons.get(kind="indicator").indicator_id], by=officer)
    disputed.agreed(moderation, officer, "5")
    for step in ("close", "score"):
        rounds.move_round(entry.round_id, step, by=officer, why="پایان")
    resolution = make.session()
    keeper = make.keeper(resolution.council)
    client.force_login(keeper)
    assert "with agreed values 81.3" in words(client.get(url("mark_propose", resolution.pk)))
    marks.propose(resolution.pk, product.pk, "commended", by=keeper, reason="به دلیل تازگی")
    assert "with agreed values 81.3" in words(client.get(url("decision_board", resolution.pk)))
