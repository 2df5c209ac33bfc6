"""Every page of the main job as axe reads it, by each role, on the demonstration's story.

Each page is read twice: in Persian, light, in a wide window, and in English, dark, on a phone. It also names its language and
direction, and in both languages it fits a phone without sideways scrolling.
"""

import pytest
from django.urls import reverse

from assessments.models import Assignment, Entry, Round, SetVersion
from products.models import Exemplar, Overlap, Product, QualityMark
from secretariat.models import ActionItem, Agency, Agreement, Resolution, User
from tests.axe import faults_of, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def public_pages():
    mark = QualityMark.objects.filter(published_at__isnull=False).first()
    version = SetVersion.objects.select_related("set").filter(status="published").first()
    return [
        ("home",), ("about",), ("search",), ("set_list",), ("set_version", version.set.code, version.number), ("mark_list",),
        ("product_public", mark.product_id), ("exemplar_list",),
        ("exemplar_public", Exemplar.objects.shown().first().pk), ("mark_verify_form",), ("mark_verify", mark.serial), ("agency_list",),
        ("agency_detail", Agency.objects.filter(is_member=True).first().slug), ("sign_in",), ("password_reset",), ("api_docs",),
        ("round_public", Round.objects.get(status="published").pk),
    ]  # fmt: skip


def pages_of_the_agency():
    mine = Product.objects.filter(agency__role_grants__user__username="sazman")
    marked = mine.filter(marks__status="granted").first()
    draft = mine.filter(status__in=["draft", "returned"]).first()
    return [
        ("desk",), ("product_list",), ("product_new",), ("product_detail", marked.pk), ("product_version", marked.pk, 1),
        ("product_edit", draft.pk), ("product_review", draft.pk), ("product_withdraw", draft.pk), ("notices",), ("account",),
        ("api_token",), ("agency_people", marked.agency.slug),
    ]  # fmt: skip


def pages_of_an_officer():
    waiting = Product.objects.filter(status="submitted").first()
    current, finished = Round.objects.get(status="open"), Round.objects.get(status="published")
    entry, done = current.entries.first(), finished.entries.first()
    judged = Assignment.objects.filter(entry=done, status="submitted").first()
    return [
        ("desk",), ("product_queue",), ("product_list",), ("screening_form", waiting.pk), ("overlap_list",),
        ("overlap_detail", Overlap.objects.first().pk), ("round_list",), ("round_new",), ("round_detail", current.pk),
        ("round_add_products", current.pk), ("round_move", current.pk, "close"), ("round_assign_bulk", current.pk),
        ("round_measurements", current.pk), ("round_results", finished.pk), ("round_bundle", finished.pk),
        ("entry_detail", done.pk), ("entry_scores", done.pk),
        ("round_assign", entry.pk), ("assignment_list",), ("assessment_detail", judged.pk), ("assessor_list",),
        ("assessor_detail", judged.assessor_id), ("audit",), ("invitation_list",), ("invitation_new",), ("resolution_list",),
    ]  # fmt: skip


def pages_of_an_assessor(user):
    mine = Assignment.objects.filter(assessor__user=user)
    pages = [("desk",), ("my_assessments",)]
    for status, names in (
        ("offered", ["assignment_answer"]),
        ("accepted", ["assessment_form", "assessment_submit", "assessment_paper", "assessment_paper_upload"]),
        ("submitted", ["assessment_detail"]),
    ):
        if found := mine.filter(status=status, entry__round__status="open").first() or mine.filter(status=status).first():
            pages += [(name, found.pk) for name in names]
    return pages


def pages_of_a_council():
    """As its secretary sees them: the story's resolution is decided, one more is still open."""
    decided = Resolution.objects.get(kind="grant_marks")
    draft = Resolution.objects.create(
        council=decided.council, meeting=decided.meeting, kind=decided.kind, title="مصوبهٔ دوم", text="متن مصوبه"
    )
    mark = decided.marks.filter(status="granted").first()
    actions = {item.status: item.pk for item in ActionItem.objects.filter(agreement=None)}
    agreement, promised = Agreement.objects.get(), ActionItem.objects.filter(side="agency").get()
    return [
        ("desk",), ("resolution_list",), ("decision_board", decided.pk), ("decision_board", draft.pk), ("mark_propose", draft.pk),
        ("resolution_record", draft.pk), ("resolution_withdraw", draft.pk), ("mark_detail", mark.pk),
        ("mark_move", mark.pk, "suspend"), ("action_board",), ("action_list",), ("action_new",), ("action_detail", actions["done"]),
        ("action_edit", actions["todo"]), ("action_move", actions["todo"], "postpone"), ("action_report", decided.council_id),
        ("agreement_detail", agreement.pk), ("action_detail", promised.pk),
    ]  # fmt: skip


def everybody():
    """[(who, the pages)]: between them the assessors have one assignment in each state."""
    named = {user.username: user for user in User.objects.all()}
    seats = [named["dabirshora"]]
    found = [(None, public_pages()), (named["sazman"], pages_of_the_agency()), (named["karshenas"], pages_of_an_officer())]
    found += [(seat, pages_of_a_council()) for seat in seats]
    left = {"assignment_answer", "assessment_form", "assessment_detail"}
    for user in User.objects.filter(assessor__isnull=False).order_by("pk"):
        pages = pages_of_an_assessor(user)
        if left & {page[0] for page in pages}:
            left -= {page[0] for page in pages}
            found.append((user, pages))
    assert not left, f"the story has no assessor for {left}"
    return found


LIGHT_AND_WIDE, DARK_AND_NARROW = ("fa", "light", 1280), ("en", "dark", 390)


@pytest.mark.parametrize("readers", ["officer", "others"])
@pytest.mark.parametrize(("language", "theme", "width"), [LIGHT_AND_WIDE, DARK_AND_NARROW])
def test_no_page_of_the_journey_has_a_fault(story, pages, language, theme, width, readers):
    faults, direction = [], "rtl" if language == "fa" else "ltr"
    for user, names in everybody():
        if (user is not None and user.username == "karshenas") != (readers == "officer"):
            continue
        page = pages(user=user, language=language, theme=theme, width=width)
        for name, *given in names:
            where, address = f"{name} as {user or 'a visitor'}", reverse(name, args=given)
            answer = page.goto(address, wait_until="load")
            if answer.status != 200 or page.url != pages.base_url + address:
                faults.append(f"{where}: answered {answer.status} at {page.url}")
                continue
            if (said := page.evaluate("[document.documentElement.lang, document.documentElement.dir]")) != [language, direction]:
                faults.append(f"{where}: says {said}")
            faults += [f"{where}: {fault}" for fault in [*faults_of(page), *too_wide_for_a_phone(page, width)]]
    assert not faults, "\n".join(faults)


def too_wide_for_a_phone(page, width):
    """A line if a page that was opened in a wide window must be scrolled sideways on a phone."""
    if width == 390:
        return []
    page.set_viewport_size({"width": 390, "height": 900})
    found = too_wide(page)
    page.set_viewport_size({"width": width, "height": 900})
    return found


def test_the_story_has_what_the_journey_visits(story):
    assert Entry.objects.filter(round__is_demo=True).exists() and QualityMark.objects.filter(status="granted").exists()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_council_s_papers_in_the_administration_have_no_fault(story, pages, language):
    faults, decided = [], Resolution.objects.get(kind="grant_marks")
    pages_of_a_council()
    draft = Resolution.objects.get(status="draft")
    User.objects.filter(username="dabirshora").update(language=language)
    page = pages(user=User.objects.get(username="dabirshora"), language=language)
    for name, *given in (
        ("index",), ("secretariat_meeting_changelist",), ("secretariat_meeting_add",), ("secretariat_resolution_add",),
        ("secretariat_meeting_change", draft.meeting_id), ("secretariat_resolution_change", draft.pk),
        ("secretariat_resolution_change", decided.pk), ("products_qualitymark_changelist",),
    ):  # fmt: skip
        answer = page.goto(reverse(f"admin:{name}", args=given))
        page.wait_for_load_state()
        assert pages.problems == [], name
        faults += [f"{name}: {fault}" for fault in ([answer.status] if answer.status != 200 else faults_of(page))]
        # axe itself copies inline styles of Django's widgets, which the content policy then refuses.
        pages.problems.clear()
    assert not faults, "\n".join(faults)
