"""Every address of the portal, asked by every kind of person for things that are not theirs.

The addresses come from the resolver: a new page without a line in SEEN_BY fails here. One agency ("the house"), one
assessor and one council own everything that is asked for; strangers of every role must not learn that it is there.
"""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.test import client as client_of_tests
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from assessments.models import (
    Appeal,
    Assignment,
    ConflictOfInterest,
    ConflictWaiver,
    ExpertiseField,
    Moderation,
    RosterImport,
    ScoringFlag,
    ScoringRun,
    SetAside,
)
from assessments.services import appeals, deadlines, sets
from products.models import CertificateBatch, Overlap, Product, RenewalRequest
from products.services import renewal_requests, submission
from secretariat.models import AgendaItem, Invitation, Notice, Presence, RoleGrant, Unit
from secretariat.services import actions, agenda_papers, agreements
from tests import council as make
from tests import databases, doing, exemplars, factories, specimens
from tests.assessments import reviewing, self_assessing, weighing

pytestmark = pytest.mark.django_db

ANYBODY = {"anonymous", "stranger", "assessor", "officer", "member", "owner", "judge", "voter", "keeper"}
SIGNED_IN = ANYBODY - {"anonymous"}
OFFICERS = {"officer"}
HOUSE = {"owner", "officer"}
DOORS = {"sign_in", "second_factor_check"}  # they send on to the front door
COUNCIL = {"voter", "keeper", "officer"}
# Those who may find something at the address when it is about the house's things.
SEEN_BY = {
    # the ground
    "healthz": ANYBODY, "set_language": ANYBODY, "preferences": ANYBODY, "sign_in": ANYBODY, "sign_out": ANYBODY,
    "password_reset": ANYBODY, "second_factor_check": ANYBODY, "agency_list": ANYBODY, "agency_detail": ANYBODY,
    "sign_out_everywhere": SIGNED_IN, "account": SIGNED_IN, "password_change": SIGNED_IN, "second_factor_setup": SIGNED_IN,
    "second_factor_codes": SIGNED_IN, "second_factor_remove": SIGNED_IN, "notices": SIGNED_IN, "notices_read": SIGNED_IN,
    "api_token": {"owner", "stranger"}, "notice_open": {"owner"}, "audit": OFFICERS, "styleguide": OFFICERS,
    "agency_edit": OFFICERS, "agency_people": HOUSE, "unit_new": HOUSE, "unit_edit": HOUSE, "unit_remove": HOUSE,
    "representative_end": OFFICERS, "invitation_list": OFFICERS, "invitation_new": OFFICERS,
    "invitation_resend": OFFICERS, "invitation_revoke": OFFICERS,
    # opened by a key that was sent: a guess finds a page that says so and nothing else (tested in their own files)
    "password_reset_confirm": ANYBODY, "invitation_accept": set(),
    "council_list": ANYBODY, "council_detail": ANYBODY,
    "council_import": set(), "council_import_template": set(), "council_import_detail": set(),  # for the head, who is none of these
    # indicator sets
    "set_list": ANYBODY, "set_latest": ANYBODY, "set_version": OFFICERS, "set_diff": OFFICERS, "set_new": OFFICERS,
    "set_new_version": OFFICERS, "set_edit": OFFICERS, "set_about": OFFICERS, "set_node_new": OFFICERS, "set_node": OFFICERS,
    "set_node_delete": OFFICERS, "set_preview": OFFICERS, "set_publish": OFFICERS, "set_discard": OFFICERS,
    "set_retire": OFFICERS,
    # assessments
    "assessment_others": set(),  # shown after one's own, where the round says so (tested in its own file)
    "assessment_form": {"judge"}, "assessment_autosave": {"judge"}, "assessment_submit": {"judge"},
    "assessment_paper": {"judge", "officer"}, "assessment_paper_file": {"judge", "officer"},
    "assessment_paper_upload": {"judge", "officer"},
    "assessment_detail": OFFICERS, "assessment_reopen": OFFICERS, "entry_scores": OFFICERS, "my_assessments": {"assessor", "judge"},
    "assignment_answer": {"judge"}, "assignment_more_time": {"judge"}, "extension_answer": OFFICERS, "round_more_time": OFFICERS, "round_reminders": OFFICERS, "round_progress": OFFICERS,
    "round_remind": OFFICERS, "round_list": OFFICERS, "round_new": OFFICERS, "round_detail": OFFICERS,
    "round_edit": OFFICERS, "round_move": OFFICERS, "round_extend": OFFICERS, "round_measurements": OFFICERS,
    "round_results": OFFICERS, "round_run_status": OFFICERS, "round_compute": OFFICERS, "round_cancel_run": OFFICERS,
    "round_runs": OFFICERS, "runs_compare": OFFICERS, "run_keep": OFFICERS,
    "round_whatif": OFFICERS, "round_bundle": OFFICERS,
    "round_assessors": OFFICERS, "round_assessor": OFFICERS, "round_set_aside": OFFICERS, "round_take_back": OFFICERS,
    "round_moderation": OFFICERS, "moderation_detail": OFFICERS, "moderation_summon": OFFICERS,
    "moderation_discuss": OFFICERS, "moderation_settle": OFFICERS, "moderation_say": OFFICERS, "moderation_propose": set(),
    "moderation_agree": OFFICERS,
    "round_questions": OFFICERS, "question_detail": OFFICERS, "round_reliability": OFFICERS,
    "overview": COUNCIL | {"member"},
    "appeal_list": OFFICERS | {"owner", "stranger"}, "appeal_new": {"owner"}, "appeal_edit": {"owner"}, "appeal_autosave": {"owner"},
    "appeal_file": {"owner"}, "appeal_file_upload": {"owner"}, "appeal_file_remove": {"owner"}, "appeal_withdraw": {"owner"},
    "appeal_detail": HOUSE, "appeal_evidence": HOUSE, "appeal_refuse": OFFICERS, "appeal_admit": OFFICERS, "appeal_decide": OFFICERS,
    "round_remarks": OFFICERS, "remark_check": OFFICERS,
    "round_public": set(), "round_bundle_file": set(),  # the house's round is not published
    "round_panels": OFFICERS, "round_panels_status": OFFICERS, "round_panels_fill": OFFICERS, "round_panels_apply": OFFICERS,
    "round_panels_step": OFFICERS, "round_panel_loads": OFFICERS, "round_panel": OFFICERS, "round_panel_swap": OFFICERS,
    "round_panel_choose": OFFICERS, "entry_calibration": OFFICERS, "replacement_list": OFFICERS, "replacement_accept": OFFICERS,
    "replacement_leave": OFFICERS, "assignment_reassign": OFFICERS,
    "round_assign_bulk": OFFICERS, "entry_detail": OFFICERS, "round_assign": OFFICERS,
    "entry_remove": OFFICERS, "entry_exclude": OFFICERS, "entry_include": OFFICERS, "assignment_list": OFFICERS,
    "assignment_withdraw": OFFICERS, "assessor_list": OFFICERS, "assessor_new": OFFICERS, "assessor_detail": OFFICERS,
    "assessor_edit": OFFICERS, "assessor_conflict": OFFICERS,
    "assessor_invited": OFFICERS, "assessor_invite_again": OFFICERS, "roster_import": OFFICERS, "roster_template": OFFICERS,
    "roster_import_detail": OFFICERS, "field_list": OFFICERS, "field_new": OFFICERS, "field_edit": OFFICERS, "conflict_end": OFFICERS,
    "assessor_profile": {"assessor", "judge"},
    "waiver_list": OFFICERS, "waiver_new": OFFICERS, "waiver_detail": OFFICERS, "waiver_move": OFFICERS,
    # weights by comparison
    "study_list": OFFICERS, "study_new": OFFICERS, "study_detail": OFFICERS, "study_invite": OFFICERS, "study_extend": OFFICERS,
    "study_move": OFFICERS, "study_adopt": OFFICERS, "study_exclude": OFFICERS, "study_include": OFFICERS,
    "study_compare": {"judge"}, "study_pairs": {"judge"}, "study_autosave": {"judge"}, "study_finish": {"judge"},
    "study_resume": {"judge"},
    # self-assessment of agencies
    "self_assessment_list": {"owner", "stranger", "officer"}, "self_assessment": HOUSE, "self_answer": {"owner"},
    "self_answer_autosave": {"owner"}, "self_assessment_submit": {"owner"}, "self_assessment_result": HOUSE,
    "self_assessment_return": OFFICERS, "self_file": {"owner", "officer", "judge"}, "self_file_remove": {"owner"},
    "self_assessment_start": {"owner"}, "excellence_list": OFFICERS, "excellence_new": OFFICERS, "excellence_year": OFFICERS,
    "excellence_edit": OFFICERS, "excellence_extend": OFFICERS, "excellence_draw": OFFICERS, "excellence_move": OFFICERS,
    "checker_appoint": OFFICERS, "self_assessment_confirm": OFFICERS, "check_withdraw": OFFICERS, "check_return": OFFICERS,
    "check_list": {"assessor", "judge"}, "check_form": {"judge"}, "check_autosave": {"judge"}, "check_submit": {"judge"},
    "check_decline": {"judge"},
    # programmes
    "programme_list": {"owner", "stranger", "officer"}, "programme_new": {"owner", "stranger", "officer"},
    "programme_detail": HOUSE, "programme_history": HOUSE, "programme_edit": {"owner"}, "programme_autosave": {"owner"},
    "programme_move": {"owner"}, "programme_file": {"owner", "officer", "judge"}, "programme_file_remove": {"owner"},
    "round_add_programmes": OFFICERS,
    # products
    "product_list": SIGNED_IN, "product_new": SIGNED_IN,  # one's own, and for whom nothing is: a page that says so
    "product_detail": HOUSE,
    "product_edit": HOUSE, "product_autosave": HOUSE, "product_review": HOUSE, "product_withdraw": HOUSE,
    "product_version": HOUSE, "product_version_diff": HOUSE, "product_file_upload": HOUSE,
    "product_file": {"owner", "officer", "judge"}, "product_file_remove": HOUSE,
    "product_file_sight": OFFICERS, "product_file_give_out": OFFICERS, "product_queue": OFFICERS,
    "screening_form": OFFICERS, "overlap_recheck": OFFICERS, "overlap_list": OFFICERS, "overlap_detail": OFFICERS,
    "round_add_products": OFFICERS,
    # marks
    "mark_list": ANYBODY, "mark_verify_form": ANYBODY, "mark_verify": ANYBODY, "mark_certificate": ANYBODY,
    "mark_credential": ANYBODY, "credential_check": ANYBODY, "did_document": ANYBODY, "signing_keys": ANYBODY,
    "credential_status": ANYBODY, "mark_register": ANYBODY, "mark_open_data": ANYBODY,
    "product_public": ANYBODY, "decision_board": COUNCIL,
    "certificate_batches": {"officer", "keeper"}, "certificate_batch_new": {"officer", "keeper"}, "certificate_batch": {"officer", "keeper"},
    "certificate_batch_status": {"officer", "keeper"}, "certificate_batch_cancel": {"officer", "keeper"}, "certificate_batch_file": set(),  # not made yet
    "mark_propose": {"keeper", "officer"}, "resolution_record": {"keeper"}, "mark_grant": {"keeper"},
    "marks_from_round": {"keeper"}, "marks_evidence": {"keeper"}, "decision_evidence": COUNCIL, "withheld_release": {"keeper"}, "withheld_tell": {"keeper"}, "mark_detail": COUNCIL, "mark_move": {"keeper"},
    # renewal: the house's mark ends soon, and its owner has sent a request for another one
    "renewal_list": HOUSE | {"stranger"}, "renewal_start": {"owner"}, "renewal_detail": HOUSE, "renewal_edit": {"owner"},
    "renewal_autosave": {"owner"}, "renewal_withdraw": {"owner"}, "renewal_answer": OFFICERS, "renewal_file": HOUSE, "renewal_file_remove": {"owner"},
    # exemplars: the house is asked for its consent; another one stands before its council; a third is published
    "exemplar_list": ANYBODY, "exemplar_public": ANYBODY, "exemplar_file": ANYBODY,
    "exemplar_nominations": {"officer", "owner", "stranger", "keeper"}, "exemplar_candidates": {"officer", "owner", "stranger"},
    "exemplar_new": HOUSE, "exemplar_detail": HOUSE, "exemplar_edit": OFFICERS, "exemplar_ask": OFFICERS, "exemplar_consent": {"owner"},
    "exemplar_move": {"owner"}, "exemplars_for_council": {"keeper"}, "exemplar_board": COUNCIL, "exemplar_release": {"keeper"},
    "exemplar_publish": {"keeper"},
    # motions and votes of councils
    "resolution_list": {"officer", "member", "voter", "keeper"}, "resolution_new": {"keeper"}, "resolution_detail": COUNCIL, "resolution_edit": {"keeper"}, "resolution_withdraw": {"keeper"},
    "recusal_declare": {"voter"}, "recusal_record": {"keeper"}, "recusal_take_back": set(),  # of a recusal on record; tested in its own file
    "ballot_open": {"keeper"}, "ballot_vote": {"voter"}, "ballot_state": COUNCIL, "ballot_hands": {"keeper"}, "ballot_close": {"keeper"},
    "ballot_break_off": {"keeper"}, "ballot_casting": {"keeper"},
    # meetings of the council: the house's is in session
    "meeting_list": {"officer", "member", "voter", "keeper"}, "meeting_archive": {"officer", "member", "voter", "keeper"},
    "meeting_new": {"keeper"}, "meeting_detail": COUNCIL, "meeting_now": COUNCIL, "meeting_calendar": COUNCIL,
    "meeting_answer": COUNCIL, "meeting_edit": {"keeper"}, "meeting_move": {"keeper"}, "meeting_presence": {"keeper"},
    "presence_correct": {"keeper"}, "item_begin": {"keeper"}, "paper_add": {"keeper"}, "paper_remove": {"keeper"},
    "paper_file": COUNCIL, "minutes_detail": COUNCIL, "minutes_edit": {"keeper"}, "minutes_keep": {"keeper"},
    "minutes_approve": set(),  # its council approves by a resolution (tested in its own file)
    "minutes_sign": COUNCIL, "minutes_print": COUNCIL, "minutes_paper": COUNCIL,
    # actions of councils: the house's is of the council of its resolution, to be done by the owner
    "action_board": SIGNED_IN, "action_list": SIGNED_IN, "action_column": SIGNED_IN, "action_place": set(),  # the card says which
    "action_new": {"keeper"}, "action_detail": COUNCIL | {"owner"}, "action_edit": {"keeper"}, "action_move": {"owner"},
    "action_note": {"owner", "keeper"}, "action_note_keep": {"owner", "keeper"}, "action_file_add": {"owner", "keeper"},
    "action_file": COUNCIL | {"owner"}, "action_file_remove": {"owner", "keeper"}, "action_report": COUNCIL,
    # agreements: the house's is signed, not published, with its agency; its council is that of the resolution
    "agreement_list": SIGNED_IN, "agreement_new": OFFICERS, "agreement_detail": COUNCIL | {"owner"}, "agreement_edit": OFFICERS,
    "agreement_publish": OFFICERS, "agreement_move": OFFICERS, "agreement_file": COUNCIL | {"owner"}, "agreement_file_add": OFFICERS,
    "agreement_file_remove": OFFICERS, "agreement_review_make": {"officer", "keeper"}, "agreement_review": COUNCIL | {"owner"},
    "commitment_new": OFFICERS,
    # the roof
    "home": ANYBODY, "about": ANYBODY, "search": ANYBODY, "robots": ANYBODY, "sitemap": ANYBODY, "desk": SIGNED_IN,
    # the programs' own addresses
    "api_schema": ANYBODY, "api_docs": ANYBODY, "api-set-list": ANYBODY, "api-set-detail": ANYBODY, "api-set-version": set(),
    "api_not_found": set(), "api-kind-list": ANYBODY, "api-kind-detail": ANYBODY, "api-mark-list": ANYBODY, "api-mark-detail": ANYBODY,
    "api-round-list": ANYBODY, "api-round-detail": set(), "api-score-list": SIGNED_IN, "api-score-detail": set(),  # no score yet
    "api-product-list": SIGNED_IN, "api-product-detail": HOUSE, "api-product-submit": HOUSE, "api-product-withdraw": HOUSE,
    "api-product-files": HOUSE, "api-product-file": HOUSE,
}  # fmt: skip


def named_addresses(resolver=None, space=""):
    """Every name of the resolver once, the administration's left out: those have rules of their own below."""
    for part in (resolver or get_resolver()).url_patterns:
        if isinstance(part, URLResolver):
            yield from named_addresses(part, f"{part.namespace}:" if part.namespace else space)
        elif isinstance(part, URLPattern) and part.name:
            yield f"{space}{part.name}"


PORTAL = sorted({name for name in named_addresses() if not name.startswith("admin:")})
ADMIN = sorted({name for name in named_addresses() if name.startswith("admin:")} - {"admin:logout"})


def test_every_address_says_who_may_see_it():
    assert set(PORTAL) == set(SEEN_BY), "addresses without a line in SEEN_BY, or lines without an address"


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker):
    """The house, built once in a database of its own; each test takes back what it did there."""
    with django_db_blocker.unblock(), databases.world("house", built_house) as (name, house), databases.connected_to(name):
        yield house


def built_house():
    """One of everything, all of one agency, one panel and one council."""
    agency = factories.agency(name_fa="دستگاه پنهان")
    owner = factories.representative(agency)
    handed = submission.start(agency, factories.product_kind(), by=owner)
    file = submission.attach(handed.pk, specimens.upload(specimens.pdf()), by=owner)
    factories.submission(handed)
    Product.objects.filter(pk=handed.pk).update(status="returned")
    factories.submission(handed)
    Product.objects.filter(pk=handed.pk).update(status="accepted")
    handed.refresh_from_db()
    round_ = factories.round_(status="open")
    entry = factories.entry(round_, handed.subject)
    judge, colleague = factories.assessor(last_name="داورپوشیده"), factories.assessor(last_name="همکارپوشیده")
    resolution = make.session()
    proposed = make.proposed_mark(resolution_=resolution, agency_=agency)
    mark = make.granted_mark()
    unit = Unit.objects.create(agency=agency, kind="directorate", name_fa="معاونت")
    invitation = Invitation.objects.create(
        purpose="representative", agency=agency, email="new@example.org", full_name="مهمان پنهان", token_hash="0" * 64,
        invited_by=factories.officer(), expires_at=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    draft = sets.new_version(factories.published_set(code="poster").set_id, by=factories.officer())
    study = weighing.study(draft, experts=[judge.user])
    check = self_assessing.being_checked(agency, owner, judge)
    assignment = factories.assignment(entry, judge)
    appeal = Appeal.objects.create(entry=entry, created_by=owner, statement="خواستهٔ پنهان")
    appealed = appeals.attach(appeal.pk, specimens.upload(specimens.pdf()), by=owner)
    Appeal.objects.filter(pk=appeal.pk).update(status="refused", filed_at=timezone.now())
    programme, programme_file = reviewing.being_judged(agency, owner, judge)
    motion = make.resolution(
        resolution.council, resolution.meeting, kind="general", title="مصوبهٔ پنهان", agenda_item=make.item(resolution.meeting)
    )
    action = doing.action(resolution.council, owner, title="اقدام پنهان")
    agreement = doing.agreement(agency, council=resolution.council, title_fa="تفاهم‌نامهٔ پنهان")
    doing.action(agreement=agreement, owner=owner)
    item = AgendaItem.objects.create(meeting=resolution.meeting, title="بند پنهان")
    handout = agenda_papers.attach(item.pk, specimens.upload(specimens.pdf()), by=make.keeper(resolution.council))
    own_mark = make.granted_mark(agency_=agency)
    renewal = RenewalRequest.objects.create(mark=own_mark, term=90, changes="سخن تمدید")
    enclosure = renewal_requests.attach(renewal.pk, specimens.upload(specimens.pdf()), by=owner)
    RenewalRequest.objects.filter(pk=renewal.pk).update(status="sent", sent_at=timezone.now())
    naming_item = make.item(resolution.meeting, kind="exemplars")
    naming = exemplars.before_a_council(room=SimpleNamespace(item=naming_item, keeper=make.keeper(resolution.council)))
    shown = exemplars.published(exemplars.scored_product(files=1))
    return SimpleNamespace(
        nomination=exemplars.asked(exemplars.scored_product(agency_=agency)), naming_item=naming_item, naming=naming,
        named=naming.exemplars.get(), shown=shown,
        own_mark=own_mark, renewal=renewal, enclosure=enclosure,
        item=item, handout=handout, stay=Presence.objects.filter(attendance__meeting=resolution.meeting).first(),
        owner=owner, judge=judge.user, product=handed, file=file, round=round_, entry=entry, judge_row=judge,
        assignment=assignment, submitted=factories.submitted_assessment(entry, assessor_=colleague, strengths="سخن پوشیده").assignment,
        batch=CertificateBatch.objects.create(asked_by=factories.officer(), resolution=resolution, marks=[mark.pk]),
        resolution=resolution, adopted=make.adopted_mark().resolution, proposed=proposed, mark=mark, unit=unit, invitation=invitation, draft=draft,
        notice=Notice.objects.create(user=owner, kind="test", text_fa="یادآوری پنهان", text_en="A hidden reminder", link="/desk/"),
        overlap=Overlap.objects.create(product=handed, other=factories.product("accepted"), similarity=0.9),
        question=ScoringFlag.objects.create(round=round_, kind="severity", assessor=colleague, figure=9, sheets=9),
        waiver=waived(judge, handed.subject), field=ExpertiseField.objects.create(name_fa="حوزه", name_en="Field"),
        table=RosterImport.objects.create(file_name="x.xlsx", sent_by=factories.officer()),
        ended=ConflictOfInterest.objects.create(assessor=colleague, subject=factories.subject(), source="staff", reason="پنهان", by=factories.officer()),
        guest=Invitation.objects.create(
            purpose="assessor", email="guest@example.org", full_name="مهمان پنهان", token_hash="1" * 64, invited_by=factories.officer(),
            expires_at=timezone.now() + timedelta(days=3),
        ),
        aside=SetAside.objects.create(round=round_, assessor=colleague, why="پنهان", by=factories.officer()),
        extension=deadlines.ask_time(assignment.pk, timezone.now() + timedelta(days=40), by=judge.user, why="دلیل پنهان"),
        run=ScoringRun.objects.create(round=round_, phase="open", status="failed"),
        moderation=Moderation.objects.create(entry=entry, status="consensus"),
        programme=programme, programme_file=programme_file, check=check, own=check.self_assessment, evidence=check.self_assessment.files.get(),
        criterion=self_assessing.leaves(check.self_assessment.year)[0], study=study, study_group=study.groups.get(), expert=study.experts.get(), grant=RoleGrant.objects.get(user=owner), agency=agency, node=draft.indicators.first(),
        marks_item=make.item(resolution.meeting, kind="marks"), withheld=make.withheld(resolution, make.scored_product()),
        motion=motion, ballot=make.ballot(motion, choice=None),
        appeal=appeal, appealed=appealed, action=action, agreement=agreement, paper=agreements.review(agreement.pk, by=None),
        scan=agreements.attach(agreement.pk, specimens.upload(specimens.pdf()), by=None), proof=actions.attach(action.pk, specimens.upload(specimens.pdf()), by=owner),
    )  # fmt: skip


def waived(assessor, subject):
    """A waiver that was asked for; no tie need stand behind it here."""
    return ConflictWaiver.objects.create(assessor=assessor, subject=subject, reason="پنهان", asked_by=factories.officer())


def arguments(name, house):
    """What stands in the address: always a thing of the house."""
    version = [house.draft.set.code, house.draft.number]
    special = {
        "appeal_list": [], "appeal_new": [house.entry.pk], "appeal_evidence": [house.appealed.pk], "appeal_file_remove": [house.appealed.pk],
        "password_reset_confirm": ["x", "y"], "invitation_accept": ["guess"], "notice_open": [house.notice.pk],
        "unit_edit": [house.unit.pk], "unit_remove": [house.unit.pk], "representative_end": [house.grant.pk],
        "invitation_resend": [house.invitation.pk], "invitation_revoke": [house.invitation.pk],
        "set_latest": version[:1], "set_new_version": version[:1], "set_node": [*version, house.node.pk],
        "set_node_delete": [*version, house.node.pk], "assessment_detail": [house.submitted.pk],
        "assessment_reopen": [house.submitted.pk], "remark_check": [house.submitted.assessment.pk, "strengths", 0], "round_move": [house.round.pk, "close"],
        "product_version": [house.product.pk, 1], "product_version_diff": [house.product.pk, 2],
        "product_file": [house.file.pk], "product_file_remove": [house.file.pk],
        "product_file_sight": [house.file.pk], "product_file_give_out": [house.file.pk], "overlap_detail": [house.overlap.pk],
        "mark_verify": [house.mark.serial], "mark_certificate": [house.mark.serial], "mark_credential": [house.mark.serial, "jwt"],
        "credential_status": ["revocation"], "mark_register": ["json"],
        "certificate_batch_new": [house.resolution.pk], "certificate_batch": [house.batch.pk], "certificate_batch_status": [house.batch.pk],
        "certificate_batch_cancel": [house.batch.pk], "certificate_batch_file": [house.batch.pk], "product_public": [house.mark.product_id],
        "renewal_start": [house.own_mark.pk], "renewal_file": [house.enclosure.pk], "renewal_file_remove": [house.enclosure.pk],
        "marks_from_round": [house.marks_item.pk], "marks_evidence": [house.marks_item.pk, house.mark.product_id],
        "decision_evidence": [house.resolution.pk, house.proposed.product_id], "withheld_release": [house.withheld.pk], "withheld_tell": [house.adopted.pk], "mark_detail": [house.proposed.pk],
        "mark_move": [house.proposed.pk, "drop"], "mark_propose": [house.resolution.pk], "decision_board": [house.resolution.pk],
        "resolution_record": [house.resolution.pk], "mark_grant": [house.adopted.pk],
        "resolution_new": [house.motion.agenda_item_id], "recusal_take_back": [house.resolution.pk, house.resolution.council.seats.first().pk],
        "ballot_open": [house.resolution.pk],
        "api-kind-detail": [house.product.kind.code], "api-mark-detail": [house.mark.serial], "api-set-detail": version[:1],
        "api-set-version": version, "api-product-file": [house.product.pk, house.file.pk],
        "round_cancel_run": [house.round.pk, house.run.pk], "run_keep": [house.round.pk, house.run.pk],
        "moderation_agree": [house.moderation.pk, 0], "moderation_propose": [house.moderation.pk, 0],
        "runs_compare": [house.round.pk], "question_detail": [house.question.pk], "round_assessor": [house.round.pk, house.judge_row.pk],
        "round_panel": [house.round.pk, house.entry.pk], "round_panels_step": [house.round.pk, "discard"],
        "round_panel_swap": [house.round.pk, house.entry.pk, house.judge_row.pk],
        "round_panel_choose": [house.round.pk, house.judge_row.pk, "out"],
        "round_set_aside": [house.round.pk, house.judge_row.pk], "round_take_back": [house.round.pk, house.aside.assessor_id],
        "assessor_invite_again": [house.guest.pk], "roster_import_detail": [house.table.pk], "field_edit": [house.field.pk],
        "conflict_end": [house.ended.pk], "assessor_invited": [], "assessor_profile": [],
        "waiver_list": [], "waiver_detail": [house.waiver.pk], "waiver_move": [house.waiver.pk, "refuse"], "waiver_new": [house.judge_row.pk],
        "extension_answer": [house.extension.pk], "screening_form": [house.product.pk], "overlap_recheck": [house.product.pk], "study_new": version, "study_list": [],
        "study_move": [house.study.pk, "close"], "study_exclude": [house.study.pk, house.expert.pk],
        "study_include": [house.study.pk, house.expert.pk], "study_pairs": [house.study.pk, house.study_group.pk],
        "study_autosave": [house.study.pk, house.study_group.pk], "self_assessment_confirm": [house.own.pk, "confirm"],
        "self_assessment_start": [house.own.year_id, house.agency.pk], "excellence_move": [house.own.year_id, "close"],
        "programme_move": [house.programme.pk, "withdraw"], "programme_file": [house.programme_file.pk],
        "programme_file_remove": [house.programme_file.pk],
        "agreement_move": [house.agreement.pk, "end"], "agreement_review": [house.paper.pk], "agreement_file": [house.scan.pk],
        "agreement_file_remove": [house.scan.pk], "commitment_new": [house.agreement.pk],
        "presence_correct": [house.stay.pk], "item_begin": [house.item.pk], "paper_add": [house.item.pk],
        "paper_file": [house.handout.pk], "paper_remove": [house.handout.pk], "meeting_move": [house.resolution.meeting_id, "end"],
        "exemplar_public": [house.shown.pk], "exemplar_file": [house.shown.pk, house.shown.files.get().pk],
        "exemplar_new": [house.product.pk], "exemplar_move": [house.nomination.pk, "decline"],
        "exemplar_release": [house.named.pk], "exemplars_for_council": [house.naming_item.pk],
        "exemplar_board": [house.naming.pk], "exemplar_publish": [house.naming.pk],
        "council_detail": [house.resolution.council_id], "council_import_detail": [1],
        "action_column": ["todo"], "action_move": [house.action.pk, "begin"], "action_report": [house.resolution.council_id],
        "action_file": [house.proof.pk], "action_file_remove": [house.proof.pk],
    }  # fmt: skip
    if name in special:
        return special[name]
    rooms = {
        "renewal_": [house.renewal.pk],
        "meeting_": [house.resolution.meeting_id], "minutes_": [house.resolution.meeting_id],
        "agency_": [house.agency.slug], "unit_new": [house.agency.slug], "set_": version, "round_assign_bulk": [house.round.pk],
        "round_assign": [house.entry.pk], "round_": [house.round.pk], "entry_": [house.entry.pk], "appeal_": [house.appeal.pk],
        "moderation_": [house.moderation.pk],
        "assessment_": [house.assignment.pk], "assignment_": [house.assignment.pk], "assessor_": [house.judge_row.pk],
        "product_": [house.product.pk], "api-product-": [house.product.pk], "study_": [house.study.pk],
        "resolution_": [house.resolution.pk], "recusal_": [house.resolution.pk], "ballot_": [house.ballot.pk],
        "exemplar_": [house.nomination.pk],
        "programme_": [house.programme.pk], "action_": [house.action.pk], "agreement_": [house.agreement.pk], "self_assessment": [house.own.pk], "self_answer": [house.own.pk, house.criterion.pk], "self_file": [house.evidence.pk],
        "excellence_": [house.own.year_id], "checker_": [house.own.pk], "check_": [house.check.pk],
        "api-round-": [house.round.pk], "api-score-": [house.entry.pk],
    }  # fmt: skip
    return next((given for room, given in rooms.items() if name.startswith(room)), [])


def address_of(name, house):
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=arguments(name, house))


def somebody(role, house):
    """A person of a role; the last four are the house's own."""
    if role == "stranger":
        agency = factories.agency()
        factories.product(agency_=agency)
        return factories.representative(agency)
    if role == "assessor":
        return factories.assignment(factories.entry()).assessor.user  # busy with another agency's product
    if role == "member":
        return make.seat(make.council()).user
    if role == "voter":
        return make.seat(house.resolution.council).user
    if role == "keeper":
        return factories.granted("council_secretary", make.keeper(house.resolution.council), council=house.adopted.council)
    return {"officer": factories.officer, "owner": lambda: house.owner, "judge": lambda: house.judge}[role]()


def secrets_from(role, house):
    """Words that may stand on no page at all that this person reads, lists and searches too."""
    ours = {house.product.title_fa, "یادآوری پنهان", "مهمان پنهان", "داورپوشیده", "همکارپوشیده", "تفاهم‌نامهٔ پنهان", "اقدام پنهان", "بند پنهان", "مصوبهٔ پنهان"}
    council = {"تفاهم‌نامهٔ پنهان", "اقدام پنهان", "بند پنهان"}
    known = {
        "officer": ours,
        "voter": {*council, "مصوبهٔ پنهان"},
        "keeper": {*council, "مصوبهٔ پنهان"},
        "owner": {house.product.title_fa, "یادآوری پنهان", "مهمان پنهان", *council},  # but not who judges
        "judge": {house.product.title_fa, "داورپوشیده"},  # but not who judges with him
    }
    return ours - known.get(role, set())


def ask(client, method, address):
    """The answer to a request, whose effects are taken back."""
    kept = client.cookies.copy()
    with transaction.atomic():
        answer = getattr(client, method)(address)
        if answer.streaming:
            list(answer)  # closes the file; the answer itself must not be closed, for that closes the connection
        transaction.set_rollback(True)
    client.cookies = kept
    return answer


def shorten_error_pages(monkeypatch):
    """Only their codes are read here; to draw hundreds of whole pages that say nothing would take most of the time."""
    for code in (403, 404):
        page = lambda request, exception=None, code=code: HttpResponse(status=code)  # noqa: E731
        monkeypatch.setattr(get_resolver().urlconf_module, f"handler{code}", page)
    keep_no_contexts(monkeypatch)


def keep_no_contexts(monkeypatch):
    """Django's test client copies the context of every part of every page; nobody looks at them here."""
    monkeypatch.setattr(client_of_tests, "store_rendered_templates", lambda *args, **kwargs: None)


@pytest.mark.parametrize("role", sorted(ANYBODY))
def test_nobody_finds_what_is_not_theirs(role, house, monkeypatch):
    client = Client(raise_request_exception=False)
    if role != "anonymous":
        client.force_login(somebody(role, house))
    shorten_error_pages(monkeypatch)
    wrong, secrets = [], secrets_from(role, house)
    for name in PORTAL:
        address = address_of(name, house)
        for method in ("get", "post", "delete") if name.startswith("api") else ("get", "post"):
            answer = ask(client, method, address)
            if not answer.streaming and (told := [word for word in secrets if word in answer.content.decode(errors="replace")]):
                wrong.append(f"{method} {address} ({name}): tells {told}")
            code, may = answer.status_code, role in SEEN_BY[name]
            to_the_door = code == 302 and answer.url.startswith(reverse("sign_in"))
            if code >= 500 and name != "healthz":  # which says by 503 that no worker runs here
                wrong.append(f"{method} {address} ({name}): broke with {code}")
            elif not may and not (code in (401, 403, 404, 405) or (role == "anonymous" and to_the_door)):
                wrong.append(f"{method} {address} ({name}): not for this person, yet answered {code}")
            elif may and method == "get" and (code in (401, 403, 404) or (to_the_door and name not in DOORS)):
                wrong.append(f"{method} {address} ({name}): for this person, yet answered {code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["anonymous", "stranger"])
def test_the_page_that_says_there_is_nothing_tells_nothing(role, house):
    """Whole, as people get it: one for each room, which is drawn the same whatever was asked for."""
    client = Client(raise_request_exception=False)
    if role == "stranger":
        client.force_login(somebody(role, house))
    for name in ("product_detail", "round_detail", "assessment_detail", "entry_scores", "meeting_detail", "action_detail", "appeal_detail"):
        answer = ask(client, "get", address_of(name, house))
        assert role == "anonymous" or answer.status_code == 404, name
        assert [word for word in secrets_from(role, house) if word in answer.content.decode()] == [], name


def test_no_page_knows_how_to_delete(house, monkeypatch):
    """Outside the API a DELETE is refused or does what a GET does, to which the walks above hold."""
    client = Client(raise_request_exception=False)
    client.force_login(somebody("officer", house))
    shorten_error_pages(monkeypatch)
    wrong = []
    for name in PORTAL:
        address = address_of(name, house)
        code = 405 if name.startswith("api") else ask(client, "delete", address).status_code
        if code != 405 and code != (read := ask(client, "get", address).status_code):
            wrong.append(f"{address} ({name}): {code}, to a GET {read}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["anonymous", "stranger", "assessor", "member", "owner", "judge", "voter"])
def test_the_administration_is_not_there_for_them(role, house):
    client = Client(raise_request_exception=False)
    if role != "anonymous":
        client.force_login(somebody(role, house))
    wrong, away_from_it = [], (reverse("admin:login"), reverse("sign_in"), reverse("account"))  # the last: one's own password
    for name in ADMIN:
        for given in ([], [house.product.pk], ["secretariat"], [house.resolution.pk, "adopt"]):
            try:
                address = reverse(name, args=given)
            except NoReverseMatch:
                continue
            answer = ask(client, "get", address)
            away = answer.status_code == 302 and answer.url.startswith(away_from_it)
            if not (answer.status_code in (403, 404) or away):
                wrong.append(f"{address} ({name}): {answer.status_code} {answer.headers.get('Location', '')}")
            break
    assert not wrong, "\n".join(wrong)


def test_numbers_that_are_nowhere_are_not_found(house, monkeypatch):
    """For an officer, who may see everything, what is not there is not there; no address breaks on a huge number."""
    client = Client(raise_request_exception=False)
    shorten_error_pages(monkeypatch)
    client.force_login(factories.officer())
    wrong = []
    for name in PORTAL:
        if name.startswith("api") or name == "password_reset_confirm":
            continue
        for number in (0, 10**25) if arguments(name, house) else (0,):  # looked for in vain, and too large to be looked for
            given = [number if isinstance(one, int) else "nowhere" for one in arguments(name, house)]
            try:
                address = reverse(name, args=given)
            except NoReverseMatch:
                continue
            for method in ("get", "post"):
                code = ask(client, method, address).status_code
                if (given and code not in (302, 404, 405)) or (code >= 500 and name != "healthz"):
                    wrong.append(f"{method} {address} ({name}): {code}")
    assert not wrong, "\n".join(wrong)
    assert Assignment.objects.filter(pk=house.assignment.pk).exists()
