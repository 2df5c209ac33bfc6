"""A council from its first seat to a revoked mark, in the browser: set up, called, voted in, minuted, signed.

One member is recused, one never comes, one comes late; the quorum is lost and regained. With SHOTS=folder in the
environment it leaves pictures; SHOT_WIDTH and SHOT_THEME say how they look.
"""

import io
import os
import re
from datetime import timedelta
from fractions import Fraction

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect
from pypdf import PdfReader

from assessments.models import Entry
from products.models import QualityMark
from secretariat.models import Ballot, Council, Meeting, MinutesSignature, Notice, Resolution, User, Vote
from secretariat.persian import digits_to_persian, to_jalali
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("SHOTS", "")
WIDTH, THEME = int(os.environ.get("SHOT_WIDTH", 1280)), os.environ.get("SHOT_THEME", "light")
NAMES = ["دانش‌پژوه", "ثابت", "حکیمی", "نیک‌اندیش", "پرتوی", "سپهری", "دیرآمده", "غایبی", "سلیمی"]
CHAIR, SECRETARY, FIRST, SECOND, THIRD, FOURTH, LATE, ABSENT, TIED = range(9)


class Story:
    """Everybody's own browser, and the pictures."""

    def __init__(self, pages):
        self.pages, self.open, self.shown = pages, {}, 0

    def as_(self, user):
        if user.pk not in self.open:
            self.open[user.pk] = self.pages(user=user, width=WIDTH, theme=THEME)
        return self.open[user.pk]

    def shot(self, page, name):
        if SHOTS:
            self.shown += 1
            page.wait_for_load_state("load")
            page.evaluate("document.querySelectorAll('.toast-note').forEach((toast) => toast.remove())")
            page.screenshot(path=f"{SHOTS}/council-{self.shown:02}-{name}-{WIDTH}-{THEME}.png", full_page=True)


def press(page):
    page.locator("main form .form-actions .btn-primary").last.click()


def scored_round(*values):
    """Accepted products with these scores in a round whose scores are settled, best first."""
    round_ = factories.round_(status="open", title_fa="دور پاییز")
    products = [factories.product(status="accepted") for _value in values]
    for product, value in zip(products, values, strict=True):
        entry = factories.entry(round_, product.subject)
        factories.score(entry, value, low=value - 3, high=value + 3)
        Entry.objects.filter(pk=entry.pk).update(inputs_version=2, scored_version=2)
    factories.settled(round_)
    return products


class Hand:
    """What an administrator's hand does: pages loaded, fields typed or chosen, clicks."""

    def __init__(self, page):
        self.page, self.loads, self.typed, self.chosen, self.clicks = page, 0, 0, 0, 0
        page.on("load", lambda _page: setattr(self, "loads", self.loads + 1))

    def type(self, field, text):
        self.typed += 1
        self.page.locator(field).fill(text)

    def choose(self, field, value):
        self.chosen += 1
        self.page.locator(field).select_option(value)

    def click(self, field):
        self.clicks += 1
        self.page.locator(field).click()

    def find(self, field, typed, name):
        """Somebody in the chooser, by a part of the name."""
        self.click(f"{field} .select2-selection")
        self.type(".select2-search__field", typed)
        self.page.locator(".select2-results__option", has_text=name).first.click()
        self.clicks += 1


def set_up_the_council(story, admin, people):
    """The administrator enters the council, its seats, a deputy, somebody without an account, and its rules: one save."""
    page = story.as_(admin)
    hand = Hand(page)
    page.goto(reverse("admin:index"))
    hand.click(f"#content a[href='{reverse('admin:secretariat_council_add')}']")
    hand.choose("[name=kind]", Council.Kind.SCIENTIFIC)
    hand.type("[name=name_fa]", "کمیتهٔ علمی نشان")
    hand.type("[name=name_en]", "Scientific committee of the mark")
    hand.click("[name=grants_marks]")
    hand.click("[name=minutes_by_chair]")
    hand.type("[name=term_until]", digits_to_persian(f"{to_jalali(timezone.localdate() + timedelta(days=700)):%Y/%m/%d}"))
    page.keyboard.press("Escape")
    # The chair and the secretary come first; the others are members.
    for n, person in enumerate(people):
        if n != ABSENT:
            hand.find(f"#seats-{n} .seats-user", person.last_name, person.last_name)
    stand_in = factories.user(first_name="یلدا", last_name="یاری")
    hand.find(f"#seats-{FIRST} .seats-deputy", "ياري يلدا", stand_in.last_name)  # in other letters, and the family name first
    new = f"[name=seats-{ABSENT}-new_{{}}]"
    hand.click(f"#seats-{ABSENT} summary")
    hand.type(new.format("first_name"), "پریسا")
    hand.type(new.format("last_name"), NAMES[ABSENT])
    hand.type(new.format("email"), stand_in.email)  # whose address this is: said, and nothing is lost
    rule = "[name=decision_rules-3-{}]"  # the gold mark
    hand.click("#decision_rules-3 summary")
    hand.click(rule.format("is_secret"))
    expect(page.locator("#decision_rules-3 .rules-words")).to_contain_text("مخفی")
    hand.click(rule.format("is_secret"))
    story.shot(page, "admin-council")
    hand.click("[name=_save]")
    expect(page.locator(f"#seats-{ABSENT} .seats-new .errorlist")).to_contain_text(stand_in.last_name)
    assert not Council.objects.exists()
    story.shot(page, "admin-council-refused")
    hand.type(new.format("email"), "ghayebi@example.org")
    hand.click("[name=_save]")
    expect(page.locator(".messagelist .success")).to_be_visible()
    council = Council.objects.get()
    today = timezone.localdate()
    assert council.seats.filter(starts_on=today, ends_on=today + timedelta(days=700)).count() == council.seats.count() == 9
    assert council.seats.get(deputy=stand_in).user == people[FIRST]
    gold = council.decision_rules.get(decision="mark_gold").rule
    assert (gold.share, gold.of, gold.secret, council.decision_rules.count()) == (Fraction(2, 3), "all", False, 5)
    expect(page.locator(".todo .is-open")).to_have_count(1)
    story.shot(page, "admin-council-saved")
    plan_the_meeting(story, hand)
    # A refused save is among them; hardly more is typed than a name a seat.
    assert hand.loads <= 6 and hand.typed <= 20 and hand.chosen <= 1 and hand.clicks <= 30, vars(hand)
    people[ABSENT] = User.objects.get(email="ghayebi@example.org")
    return council


def plan_the_meeting(story, hand):
    """From the council's page, with the agenda that is always the same, and one item of the own."""
    page = hand.page
    hand.click(".todo a.button")
    day = digits_to_persian(f"{to_jalali(timezone.localdate() + timedelta(days=3)):%Y/%m/%d}")
    page.locator("[name=day]").evaluate("(field, day) => { field.value = day; }", day)  # typed past the calendar
    hand.typed += 1
    hand.type("[name=clock]", "۱۰:۳۰")
    hand.type("[name=place]", "سالن جلسات دبیرخانه")
    expect(page.locator("[name=item-1-kind]")).to_have_value("marks")
    hand.type("[name=item-2-title]", "گزارش دبیرخانه")
    story.shot(page, "meeting-new")
    press(page)
    hand.clicks += 1
    page.wait_for_url(re.compile("/meetings/[0-9]+/$"))
    assert Meeting.objects.get().agenda.count() == 3


def call_the_meeting(story, secretary):
    page = story.as_(secretary)
    meeting = Meeting.objects.get()
    page.goto(reverse("meeting_move", args=[meeting.pk, "call"]))
    story.shot(page, "meeting-call")
    press(page)
    page.wait_for_url(re.compile("/meetings/[0-9]+/$"))
    meeting.refresh_from_db()
    assert (meeting.status, meeting.number) == ("called", 1)
    assert Notice.objects.filter(kind="meeting_called").count() == 9
    return meeting


def answer(story, person, meeting, reply, why=""):
    page = story.as_(person)
    page.goto(reverse("meeting_detail", args=[meeting.pk]))
    page.locator(f"#answer [name=answer][value={reply}]").check()
    if why:
        page.locator("#answer [name=why]").fill(why)
    page.locator("#answer .btn-primary").click()
    page.wait_for_load_state()


def at_the_table(page, meeting, seat, comes=True):
    """The secretary records that somebody comes or goes."""
    page.goto(reverse("meeting_detail", args=[meeting.pk]))
    page.locator(f"#go-{seat.pk}").click()
    expect(page.locator(f"#go-{seat.pk}")).to_have_attribute("value", f"{'leave' if comes else 'arrive'}-{seat.pk}")


def draw_up(story, secretary, meeting, products):
    """Two levels as the scores suggest, the third put off with its reason."""
    page = story.as_(secretary)
    page.goto(reverse("meeting_detail", args=[meeting.pk]))
    page.locator("#agenda a", has_text="نشان‌ها از یک دور ارزیابی").click()
    page.wait_for_url("**" + reverse("marks_from_round", args=[meeting.agenda.get(kind="marks").pk]))
    third = f"p{products[2].pk}"
    page.locator(f"[name={third}-what]").select_option("deferred")
    press(page)  # the reason is missing: said, and nothing lost
    expect(page.locator("[data-error-summary]").first).to_be_visible()
    page.locator(f"[name={third}-reason]").fill("مستندات اثرسنجی کامل نیست.")
    story.shot(page, "marks-from-round")
    press(page)
    page.wait_for_url(re.compile("/decisions/[0-9]+/$"))
    story.shot(page, "decision-board")
    return Resolution.objects.get()


def vote(story, person, ballot, choice="for"):
    """A member votes on the own page: chooses, is asked once more, casts."""
    page = story.as_(person)
    page.goto(reverse("meeting_detail", args=[ballot.resolution.meeting_id]))
    page.locator(f"a[href='{reverse('ballot_vote', args=[ballot.pk])}']").first.click()
    page.wait_for_url("**" + reverse("ballot_vote", args=[ballot.pk]))
    expect(page.locator("main")).to_contain_text("مستندات اثرسنجی کامل نیست.")  # what is decided on each product
    story.shot(page, "vote")
    page.locator(f".vote-choice.vote-{choice}").click()
    story.shot(page, "vote-asked")
    press(page)
    expect(page.locator("#voted")).to_be_visible()
    story.shot(page, "voted")


def test_a_council_from_its_first_seat_to_a_revoked_mark(pages):
    people = [factories.user(first_name="پریسا", last_name=name) if n != ABSENT else None for n, name in enumerate(NAMES)]
    products = scored_round(95, 85, 84)
    factories.granted("representative", people[TIED], agency=products[0].agency)
    admin = factories.user(is_staff=True, is_superuser=True, first_name="مدیر", last_name="سامانه")
    story = Story(pages)
    council = set_up_the_council(story, admin, people)
    seats = [council.seats.get(user=person) for person in people]
    secretary, page = people[SECRETARY], story.as_(people[SECRETARY])

    meeting = call_the_meeting(story, secretary)
    answer(story, people[FIRST], meeting, "coming")
    answer(story, people[ABSENT], meeting, "excused", "مأموریت دارم")
    assert dict(meeting.attendances.exclude(answer="").values_list("seat__user", "answer")) == {
        people[FIRST].pk: "coming", people[ABSENT].pk: "excused",
    }  # fmt: skip

    # Seven come in time, the tied one among them: a quorum.
    page.goto(reverse("meeting_move", args=[meeting.pk, "start"]))
    press(page)
    page.wait_for_url(re.compile("/meetings/[0-9]+/$"))
    for n in (CHAIR, SECRETARY, FIRST, SECOND, THIRD, FOURTH):
        at_the_table(page, meeting, seats[n])
    expect(page.locator(".quorum-yes")).to_be_visible()
    at_the_table(page, meeting, seats[TIED])
    story.shot(page, "in-session")

    resolution = draw_up(story, secretary, meeting, products)
    page.goto(reverse("ballot_open", args=[resolution.pk]))
    expect(page.locator(".aside-list")).to_contain_text(NAMES[TIED])  # found by the portal
    story.shot(page, "ballot-open")
    press(page)
    page.wait_for_url(re.compile("/decisions/[0-9]+/$"))
    ballot = Ballot.objects.get()
    for person in (people[FIRST], people[SECOND]):
        vote(story, person, ballot)
    tied = story.as_(people[TIED])
    tied.goto(reverse("ballot_vote", args=[ballot.pk]))
    expect(tied.locator(".vote-choice")).to_have_count(0)
    story.shot(tied, "recused")

    # Two leave: no quorum, and nothing is counted. One comes back, the late one comes: there is one again.
    for n in (THIRD, FOURTH):
        at_the_table(page, meeting, seats[n], comes=False)
    expect(page.locator(".quorum-no")).to_be_visible()
    story.shot(page, "quorum-lost")
    page.goto(reverse("ballot_close", args=[ballot.pk]))
    press(page)
    expect(page.locator("[data-error-summary]")).to_be_visible()
    ballot.refresh_from_db()
    assert ballot.status == "open"
    for n in (FOURTH, LATE):
        at_the_table(page, meeting, seats[n])
    expect(page.locator(".quorum-yes")).to_be_visible()

    # The others raise their hands; then it is counted.
    page.goto(reverse("ballot_hands", args=[ballot.pk]))
    page.locator("[name=rest]").select_option("for")
    story.shot(page, "hands")
    press(page)
    page.wait_for_url(re.compile("/decisions/[0-9]+/$"))
    page.goto(reverse("ballot_close", args=[ballot.pk]))
    story.shot(page, "ballot-close")
    press(page)
    page.wait_for_url(re.compile("/decisions/[0-9]+/$"))
    story.shot(page, "decided")
    resolution.refresh_from_db()
    ballot.refresh_from_db()
    assert (resolution.status, ballot.verdict) == ("adopted", "carried")
    assert (ballot.seats, ballot.present, ballot.recused, ballot.votes_for) == (9, 7, 1, 6)
    assert set(Vote.objects.values_list("seat__user", flat=True)) == {
        people[n].pk for n in (CHAIR, SECRETARY, FIRST, SECOND, FOURTH, LATE)
    }

    # Two levels are granted, the agency of the third is told why not yet.
    page.goto(reverse("mark_grant", args=[resolution.pk]))
    press(page)
    page.wait_for_url(re.compile("/decisions/[0-9]+/$"))
    assert sorted(QualityMark.objects.in_force().values_list("level", flat=True)) == ["gold", "quality"]
    assert resolution.withheld.get().outcome == "deferred"

    page.goto(reverse("meeting_move", args=[meeting.pk, "end"]))
    press(page)
    page.wait_for_url(re.compile("/meetings/[0-9]+/$"))
    write_approve_and_sign(story, people, meeting)
    verify_and_revoke(story, pages, secretary)


def write_approve_and_sign(story, people, meeting):
    """The secretary writes, the chair approves, both and a member sign; the PDF says who came late."""
    page, chair = story.as_(people[SECRETARY]), story.as_(people[CHAIR])
    page.goto(reverse("minutes_edit", args=[meeting.pk]))
    page.locator("#opening .form-actions .btn").first.click()
    page.wait_for_load_state()
    item = meeting.agenda.get(kind="marks")
    page.locator(f"#item-{item.pk} textarea").fill("دبیر گزارش دور پاییز را خواند و اعضا دربارهٔ شواهد گفت‌وگو کردند.")
    page.locator(f"#item-{item.pk} .form-actions .btn").first.click()
    page.wait_for_load_state()
    story.shot(page, "minutes-edit")
    chair.goto(reverse("minutes_approve", args=[meeting.pk]))
    press(chair)
    chair.wait_for_url("**" + reverse("minutes_detail", args=[meeting.pk]))
    for person in (people[CHAIR], people[SECRETARY], people[FIRST]):
        mine = story.as_(person)
        mine.goto(reverse("minutes_detail", args=[meeting.pk]))
        mine.locator("#signatures form button").click()
        mine.locator("[data-confirm-yes]").click()
        expect(mine.locator("#signatures form")).to_have_count(0)
    story.shot(chair, "minutes-signed")
    assert MinutesSignature.objects.count() == 3
    paper = page.context.request.get(page.url.split("/meetings/")[0] + reverse("minutes_paper", args=[meeting.pk]))
    assert (paper.status, paper.headers["content-type"]) == (200, "application/pdf")
    assert len(PdfReader(io.BytesIO(paper.body())).pages) >= 1
    if SHOTS:
        with open(f"{SHOTS}/council-minutes.pdf", "wb") as file:
            file.write(paper.body())


def verify_and_revoke(story, pages, secretary):
    """Anybody verifies a mark and reads its certificate; revoked later, the same page says so."""
    mark = QualityMark.objects.get(level="gold")
    anybody = pages(width=WIDTH, theme=THEME)
    anybody.goto(reverse("mark_verify", args=[mark.serial]))
    story.shot(anybody, "verified")
    paper = anybody.context.request.get(anybody.url.split("/marks/")[0] + reverse("mark_certificate", args=[mark.serial]))
    assert (paper.status, paper.headers["content-type"]) == (200, "application/pdf")
    page = story.as_(secretary)
    page.goto(reverse("mark_move", args=[mark.pk, "revoke"]))
    page.locator("[name=why]").fill("در متن چاپ‌شده مطالبی تازه افزوده شده است.")
    page.locator("main form[method=post] .form-actions button").first.click()
    page.wait_for_url("**" + reverse("mark_detail", args=[mark.pk]))
    anybody.goto(reverse("mark_verify", args=[mark.serial]))
    expect(anybody.locator("main")).to_contain_text("مطالبی تازه افزوده شده")
    story.shot(anybody, "revoked")
    mark.refresh_from_db()
    assert mark.status == "revoked"
    assert User.objects.count() >= 10
