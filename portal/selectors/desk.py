"""What waits for one person, most urgent first, whatever roles he holds. A constant number of queries a role."""

from datetime import timedelta

from django.db.models import Count, F, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Assignment, Entry, Round
from assessments.selectors import excellence, programmes
from assessments.selectors.appeals import unanswered
from assessments.selectors.comparisons import waiting_for
from assessments.selectors.moderations import asked_to_discuss, rounds_with_disagreements
from assessments.selectors.progress import my_pace
from assessments.selectors.replacements import short_panels
from portal.selectors import desk_council, desk_exemplars, desk_rounds
from portal.selectors.desk_parts import Card, Row, Section
from products.models import Overlap, Product, QualityMark, RenewalRequest
from secretariat import calendar, rules
from secretariat.models import Heartbeat, Letter
from secretariat.selectors import actions
from secretariat.views.health import SILENCE

SHOWN = 8  # rows of a card that are listed at once; the number above says how many there are


def sections(user):
    """The desk of `user`: a section for each role, the busiest kind of work first."""
    found = []
    if getattr(user, "assessor", None):
        found.append(_assessor(user))
    if asked := list(waiting_for(user)):
        found.append(_expert(asked))
    if getattr(user, "assessor", None) and (checks := list(excellence.waiting_for_checker(user)[:SHOWN])):
        found.append(_checker(checks))
    if rules.represented_agencies(user):
        found.append(_representative(user))
        if programmes_to_do := list(programmes.waiting_for_agency(rules.represented_agencies(user))[:SHOWN]):
            found.append(_programmes(programmes_to_do))
        if asked := excellence.waiting_for_agencies(user):
            found.append(_self_assessment(asked))
    if rules.is_officer(user):
        found.append(_officer(user))
        if under_way := excellence.waiting_for_officers():
            found.append(_excellence_year(*under_way))
    if (asked_of_me := actions.desk(user, SHOWN)) and (asked_of_me.mine or asked_of_me.to_confirm):
        found.append(_actions(asked_of_me))
    if appeals := list(unanswered(user)[:SHOWN]):
        found.append(_appeals(appeals))
    served = rules.served_councils(user)
    if served is None or (councils := rules.councils_of(user)):
        found.append(desk_council.section(user, served, None if served is None else councils))
    if user.is_superuser:
        found.append(_administrator())
    return found


# ------------------------------------------------------------------ assessor
def _assessor(user):
    mine = Assignment.objects.filter(assessor=user.assessor)
    counts = mine.pending().aggregate(
        offered=Count("pk", filter=Q(status="offered")),
        accepted=Count("pk", filter=Q(status="accepted")),
    )
    done = mine.filter(status="submitted").count()
    work = mine.pending().select_related("entry__subject", "entry__round").with_due().order_by("due", "status", "pk")[:SHOWN]
    discussions = list(asked_to_discuss(user))
    url = reverse("my_assessments")
    return Section(
        _("My assessments"),
        cards=[
            Card(
                _("Invitations to answer"), counts["offered"], url, "envelope-open", tone="warning" if counts["offered"] else ""
            ),
            Card(_("To assess"), counts["accepted"], url, "clipboard-check", note=my_pace(user.assessor, counts["accepted"]).words),
            Card(_("Your discussion is asked"), len(discussions), url, "chat-left-text", tone="warning" if discussions else ""),
            Card(_("Submitted"), done, url, "check2-circle"),
        ],
        rows=[
            Row(
                moderation.entry.subject.title,
                moderation.get_absolute_url(),
                note=moderation.entry.round.title,
                status=moderation.status,
                status_text=moderation.get_status_display(),
            )
            for moderation in discussions[:SHOWN]
        ]
        + [
            Row(
                assignment.entry.subject.title,
                reverse("assignment_answer" if assignment.status == "offered" else "assessment_form", args=[assignment.pk]),
                note=assignment.entry.round.title,
                due=assignment.deadline,
                status=assignment.status,
                status_text=assignment.get_status_display(),
            )
            for assignment in work
        ],
        rows_title=_("Next, by deadline"),
        empty=_(
            "Nothing waits for you. When the secretariat asks you to assess a product, it appears here and an e-mail tells you."
        ),
    )


# ------------------------------------------------------------------ expert of a weight study
def _expert(asked):
    return Section(
        _("Compare in pairs"),
        rows=[
            Row(
                expert.study.version.set.title,
                reverse("study_compare", args=[expert.study_id]),
                due=expert.study.deadline,
                status=expert.study.status,
                status_text=expert.study.get_status_display(),
            )
            for expert in asked
        ],
        rows_title=_("Next, by deadline"),
    )


# ------------------------------------------------------------------ actions of councils, commitments
def _actions(desk):
    url = reverse("action_board")
    return Section(
        _("My actions"),
        cards=[
            Card(_("Late"), desk.late, f"{url}?mine=on&late=on", "alarm", tone="danger" if desk.late else ""),
            Card(_("To be done"), desk.mine, f"{url}?mine=on", "check2-square"),
            Card(_("Reported done, for you to confirm"), desk.to_confirm, f"{reverse('action_list')}?status=done", "clipboard-check",
                 tone="warning" if desk.to_confirm else ""),
        ],
        rows=[
            Row(
                item.title,
                item.get_absolute_url(),
                note=str(item.agreement or item.council),
                due=item.due_on,
                status=item.status,
                status_text=item.get_status_display(),
            )
            for item in desk.first
        ],
        rows_title=_("Next, by due day"),
    )  # fmt: skip


# ------------------------------------------------------------------ appeals
def _appeals(asked):
    return Section(
        _("Appeals"),
        rows=[
            Row(
                str(appeal),
                appeal.get_absolute_url(),
                note=str(appeal.entry.subject.agency),
                due=appeal.entry.round.appeals_until if appeal.is_draft else None,
                status=appeal.status,
                status_text=appeal.get_status_display(),
            )
            for appeal in asked
        ],
        rows_title=_("Not decided yet"),
    )


# ------------------------------------------------------------------ self-assessment of agencies
def _checker(checks):
    return Section(
        _("External check"),
        rows=[
            Row(
                str(check.self_assessment.agency),
                check.get_absolute_url(),
                note=str(check.self_assessment.year),
                due=check.self_assessment.year.checks_due,
                status=check.self_assessment.status,
                status_text=check.self_assessment.get_status_display(),
            )
            for check in checks
        ],
        rows_title=_("Next, by deadline"),
    )


def _programmes(to_do):
    return Section(
        _("My agency's programmes"),
        rows=[
            Row(
                str(programme),
                reverse("programme_edit", args=[programme.pk]),
                note=_("Changed %(when)s") % {"when": calendar.long_date(timezone.localdate(programme.changed_at))},
                status=programme.status,
                status_text=programme.get_status_display(),
            )
            for programme in to_do
        ],
        rows_title=_("For you to do"),
    )


def _self_assessment(asked):
    return Section(
        _("Self-assessment"),
        rows=[
            Row(
                str(year),
                own.get_absolute_url() if own else reverse("self_assessment_list"),
                note=str(agency),
                due=year.deadline,
                status=own.status if own else "x",
                status_text=own.get_status_display() if own else _("not begun"),
            )
            for year, agency, own in asked
        ],
        rows_title=_("For you to do"),
    )


def _excellence_year(year, standing):
    url = year.get_absolute_url()
    if year.is_open:
        cards = [
            Card(_("Agencies that submitted"), standing.submitted, url, "send"),
            Card(_("Being filled in"), standing.begun, f"{url}?state=draft", "pencil"),
            Card(_("Not begun"), standing.not_begun, f"{url}?state=none", "hourglass-split"),
        ]
    else:
        cards = [
            Card(_("Without a checker"), standing.waiting_for_a_checker, f"{url}?state=checking", "person-plus",
                 tone="warning" if standing.waiting_for_a_checker else ""),
            Card(_("Being checked"), standing.checking, f"{url}?state=checking", "search"),
            Card(_("Checks to confirm"), standing.to_confirm, f"{url}?state=checked", "clipboard-check",
                 tone="warning" if standing.to_confirm else ""),
        ]  # fmt: skip
    return Section(
        str(year),
        cards=cards,
        empty=_("Everything is confirmed: the year can be closed."),
        empty_url=url,
        empty_action=_("Close the year"),
    )


# ------------------------------------------------------------------ representative
def _representative(user):
    mine = Product.objects.filter(agency__in=rules.represented_agencies(user))
    counts = dict(mine.order_by().values_list("status").annotate(n=Count("pk")))
    marks = QualityMark.objects.filter(product__agency__in=rules.represented_agencies(user))
    unasked = marks.ending().unasked().order_by("valid_until", "pk").select_related("product")
    marked, ending = marks.in_force().count(), list(unasked[:SHOWN])
    work = mine.filter(status__in=["returned", "draft"]).order_by(F("status").desc(), "-changed_at", "-pk")[:SHOWN]
    url = reverse("product_list")
    return Section(
        _("My agency's products"),
        cards=[
            Card(_("Returned for correction"), counts.get("returned", 0), f"{url}?status=returned", "arrow-counterclockwise",
                 tone="warning" if counts.get("returned") else ""),
            Card(_("Drafts to finish"), counts.get("draft", 0), f"{url}?status=draft", "pencil"),
            Card(_("Waiting for screening"), counts.get("submitted", 0), f"{url}?status=submitted", "hourglass-split"),
            Card(_("Accepted for assessment"), counts.get("accepted", 0), f"{url}?status=accepted", "clipboard-check"),
            Card(_("Quality marks in force"), marked, reverse("mark_list"), "award"),
        ],
        rows=[
            Row(
                str(product),
                reverse("product_edit", args=[product.pk]),
                note=_("Changed %(when)s") % {"when": calendar.long_date(timezone.localdate(product.changed_at))},
                status=product.status,
                status_text=product.get_status_display(),
            )
            for product in work
        ]
        + [
            Row(
                str(mark.product),
                mark.get_absolute_url(),
                note=_("Its mark ends on %(day)s: ask for its renewal if you want it.")
                % {"day": calendar.long_date(mark.valid_until)},
                status="ending",
                status_text=_("ends soon"),
            )
            for mark in ending
        ]
        + desk_exemplars.rows_for_agencies(rules.represented_agencies(user), SHOWN),
        rows_title=_("For you to do"),
        empty=_("Nothing waits for you. Put up the next product of your agency for the quality mark."),
        empty_url=reverse("product_new"),
        empty_action=_("New product"),
    )  # fmt: skip


# ------------------------------------------------------------------ officer
def _officer(user):
    now = timezone.now()
    queue = Product.objects.filter(status="submitted").aggregate(n=Count("pk"), oldest=Min("submitted_at"))
    requests, late = list(desk_rounds.requests_for_time()[:SHOWN]), desk_rounds.late_count(now)
    short = short_panels().count()
    to_publish = Round.objects.filter(status__in=["moderation", "scored", "confirmed"]).count()
    stale = Entry.objects.stale().filter(inputs_changed_at__lt=now - timedelta(minutes=5)).count()
    overlaps = Overlap.objects.filter(decision="open").count()
    note = ""
    if queue["oldest"]:
        note = _("the oldest since %(day)s") % {"day": calendar.long_date(timezone.localdate(queue["oldest"]))}
    rounds = reverse("round_list")
    disputed = list(rounds_with_disagreements(user))
    proposed, programmes_url = programmes.waiting_for_officers(), reverse("programme_list")
    asked = RenewalRequest.objects.waiting().count()
    renewals = [Card(_("Renewals to answer"), asked, f"{reverse('renewal_list')}?status=sent", "arrow-repeat", tone="warning")] if asked else []
    proposals = [Card(_("Programmes to accept"), proposed, f"{programmes_url}?status=proposed", "kanban")] if proposed else []
    return Section(
        _("Secretariat"),
        cards=[
            Card(_("To screen"), queue["n"], reverse("product_queue"), "inbox", note=note, tone="warning" if queue["n"] else ""),
            *proposals,
            *desk_exemplars.officer_cards(),
            Card(_("Likely overlaps to decide"), overlaps, reverse("overlap_list"), "intersect"),
            *renewals,
            Card(_("Marks that end soon"), QualityMark.objects.ending().count(), f"{reverse('mark_list')}?ending=on", "hourglass-split"),
            Card(
                _("Products short of assessors"), short, reverse("replacement_list"), "person-plus", tone="warning" if short else ""
            ),
            Card(
                _("Disagreements to settle"), sum(round_.disputed for round_ in disputed),
                reverse("round_moderation", args=[disputed[0].pk]) if len(disputed) == 1 else f"{rounds}?status=moderation",
                "people", tone="warning" if disputed else "",
            ),
            Card(_("Late assessments"), late, f"{reverse('assignment_list')}?late=on", "alarm", tone="danger" if late else ""),
            Card(_("Rounds to publish"), to_publish, f"{rounds}?status=moderation", "megaphone"),
            Card(_("Scores waiting for more than five minutes"), stale, rounds, "calculator", tone="danger" if stale else ""),
        ],
        rows=[
            Row(title, reverse("extension_answer", args=[request.pk]), note=note, status="offered", status_text=_("to answer"))
            for request in requests
            for title, note in [desk_rounds.request_words(request)]
        ]
        + [
            Row(
                round_.title,
                desk_rounds.progress_url(round_),
                note=round_.words,
                due=round_.deadline,
                status=round_.status,
                status_text=round_.get_status_display(),
            )
            for round_ in desk_rounds.open_rounds(SHOWN)
        ],
        rows_title=_("Requests for more time, and open rounds") if requests else _("Open rounds"),
        empty=_("Nothing waits. Begin the next round, or look through the indicator sets."),
        empty_url=reverse("round_new"),
        empty_action=_("New round"),
    )


# ------------------------------------------------------------------ administrator
def _administrator():
    recent = set(Heartbeat.objects.filter(at__gt=timezone.now() - SILENCE).values_list("name", flat=True))
    silent = [name for name in ("worker", "beat") if name not in recent]
    failing = Letter.objects.filter(sent_at=None, tries__gt=2).count()
    return Section(
        _("The portal itself"),
        cards=[
            Card(
                _("Background programs that are silent"),
                len(silent),
                reverse("healthz"),
                "activity",
                note="، ".join(silent),
                tone="danger" if silent else "",
            ),
            Card(_("Letters that could not be sent"), failing, reverse("admin:secretariat_letter_changelist"), "envelope-x",
                 tone="danger" if failing else ""),
        ],
        empty=_("Everything runs."),
    )  # fmt: skip
