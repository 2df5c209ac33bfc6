"""Weight studies: officers open them and adopt what comes of them, experts compare."""

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import Comparison, SetVersion, StudyExpert, StudyGroup, StudyItem, WeightStudy
from assessments.scoring.weights import percentages
from assessments.selectors import comparisons as selectors
from assessments.services import sets
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import only_officers
from secretariat.services.notices import tell_all, tell_officers
from secretariat.workflow import advance

Status = rules.StudyStatus

INVITED = gettext_lazy(
    "You are asked to compare the rows of “%(set)s” in pairs until %(deadline)s, so that their weights can be found."
)
EXTENDED = gettext_lazy("The time for comparing the rows of “%(set)s” now ends on %(deadline)s. Reason: %(why)s")
REOPENED = gettext_lazy("You may go on comparing the rows of “%(set)s” until %(deadline)s. Reason: %(why)s")
CANCELLED = gettext_lazy("The rows of “%(set)s” need not be compared any more. Reason: %(why)s")
ADOPTED = gettext_lazy("The weights of “%(set)s” that follow from your comparisons were adopted.")
ALL_FINISHED = gettext_lazy("All experts have finished comparing the rows of “%(set)s”.")


class NotConnected(RuleBroken):
    """Some rows were compared with none of the others; `faults` are sentences, one a group."""

    def __init__(self, faults):
        super().__init__(" ".join(faults))
        self.faults = faults


# --- officers ------------------------------------------------------------------------------------


@transaction.atomic
def open_study(version_id, *, by, groups, experts, deadline, note=""):
    """Ask `experts` (users) to compare the rows of a version; `groups` are codes of dimensions, "" for the uppermost rows."""
    only_officers(by=by)
    version = SetVersion.objects.select_for_update(of=("self",), no_key=True).select_related("set").get(pk=version_id)
    if version.status == SetVersion.Status.RETIRED:
        raise RuleBroken(_("This version is retired. Open the study on the version in use or on the draft."))
    chosen = [place for place in selectors.places(version) if place.code in set(groups)]
    if not chosen or len(chosen) != len(set(groups)):
        raise RuleBroken(_("Choose what the experts compare."), field="groups")
    if deadline <= timezone.now():
        raise RuleBroken(_("Choose a time later than now."), field="deadline")
    try:
        with transaction.atomic():
            study = WeightStudy.objects.create(version=version, deadline=deadline, note=note, created_by=by)
    except IntegrityError:
        raise RuleBroken(_("Experts compare the rows of this version already. Adopt or cancel that study first.")) from None
    _copy_rows(study, chosen)
    _invite(study, experts)
    return study


def _copy_rows(study, chosen):
    made = StudyGroup.objects.bulk_create(
        StudyGroup(
            study=study,
            code=place.code,
            title_fa=place.node.title_fa if place.node else "",
            title_en=place.node.title_en if place.node else "",
            position=position,
        )
        for position, place in enumerate(chosen, 1)
    )
    StudyItem.objects.bulk_create(
        StudyItem(
            group=group,
            position=position,
            weight_before=node.weight,
            **{name: getattr(node, name) for name in ("code", "title_fa", "title_en", "guidance_fa", "guidance_en")},
        )
        for group, place in zip(made, chosen, strict=True)
        for position, node in enumerate(place.children, 1)
    )


def _invite(study, users):
    users = [user for user in dict.fromkeys(users) if user.is_active]
    if not users:
        raise RuleBroken(_("Choose at least one expert."), field="experts")
    StudyExpert.objects.bulk_create(StudyExpert(study=study, user=user) for user in users)
    texts = both(INVITED, set=study.version.set, deadline=study.deadline)
    tell_all(users, "study_invited", *texts, link=reverse("study_compare", args=[study.pk]))


@transaction.atomic
def invite(study_id, *, by, experts):
    """Ask more experts; those who were asked before are passed over."""
    only_officers(by=by)
    study = _lock(study_id)
    _refuse_unless_open(study)
    asked = set(study.experts.values_list("user", flat=True))
    fresh = [user for user in experts if user.pk not in asked]
    _invite(study, fresh)
    names = ", ".join(user.display_name for user in fresh)
    study.moves.create(action="invite", source=study.status, target=study.status, by=by, why=names)
    return study


@transaction.atomic
def extend(study_id, deadline, *, by, why):
    """Give the experts more time; those still at work are told."""
    only_officers(by=by)
    study, why = _lock(study_id), why.strip()
    _refuse_unless_open(study)
    if deadline <= max(study.deadline, timezone.now()):
        raise RuleBroken(_("Choose a time later than now and later than the present deadline."), field="deadline")
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    study.deadline = deadline
    study.save(update_fields=["deadline"])
    study.moves.create(action="extend", source=study.status, target=study.status, by=by, why=why)
    _tell_unfinished(study, "study_extended", EXTENDED, deadline=deadline, why=why)
    return study


@transaction.atomic
def move_study(study_id, action, *, by, why=""):
    """End the comparing, let it go on, or cancel the study; weights are adopted by `adopt`."""
    only_officers(by=by)
    study = advance(_studies(), study_id, action, by=by, why=why)
    if action == "cancel":
        _tell_unfinished(study, "study_cancelled", CANCELLED, why=why.strip())
    elif action == "reopen":
        _tell_unfinished(study, "study_reopened", REOPENED, deadline=study.deadline, why=why.strip())
    return study


@transaction.atomic
def exclude(expert_id, *, by, why):
    """Leave an expert's answers out of the joined weights, with the reason; the officers still see both results."""
    expert = _lock_expert(expert_id, by=by)
    why = why.strip()
    if expert.excluded_at:
        raise RuleBroken(_("These answers are left out already."))
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    expert.excluded_at, expert.excluded_by, expert.excluded_why = timezone.now(), by, why[:500]
    return _save_exclusion(expert, "exclude", by, f"{expert.user}: {why}")


@transaction.atomic
def include(expert_id, *, by):
    """Take an expert's answers back in."""
    expert = _lock_expert(expert_id, by=by)
    if not expert.excluded_at:
        raise RuleBroken(_("These answers are not left out."))
    expert.excluded_at, expert.excluded_by, expert.excluded_why = None, None, ""
    return _save_exclusion(expert, "include", by, str(expert.user))


def _lock_expert(expert_id, *, by):
    only_officers(by=by)
    study = _lock(StudyExpert.objects.values_list("study_id", flat=True).get(pk=expert_id))
    if study.status not in rules.RUNNING_STUDIES:
        raise RuleBroken(_("This is no longer possible: its state is now “%(state)s”.") % {"state": study.get_status_display()})
    return StudyExpert.objects.select_related("user", "study").get(pk=expert_id)


def _save_exclusion(expert, action, by, why):
    expert.save(update_fields=["excluded_at", "excluded_by", "excluded_why"])
    expert.study.moves.create(action=action, source=expert.study.status, target=expert.study.status, by=by, why=why)
    return expert


@transaction.atomic
def adopt(study_id, *, by):
    """Write the joined weights into the draft of the set, made first where there is none; returns the draft.

    Refused where the rows that the draft has now are not those that the experts compared.
    """
    only_officers(by=by)
    study = _lock(study_id)
    if study.status != Status.CLOSED or study.MOVES["adopt"].refuse(study) is not None:
        return advance(_studies(), study_id, "adopt", by=by)  # refuses, and says why
    draft = selectors.draft_of(study.version.set_id) or sets.new_version(study.version.set_id, by=by)
    rows = selectors.codes_below(draft)
    weights, groups, items = {}, [], []
    for joined in selectors.standing(study).joined:
        below = rows.get(joined.group.code, {})
        if below.keys() != {item.code for item in joined.items}:
            raise RuleBroken(
                _("The rows of “%(group)s” are no longer those that the experts compared. Put them back, or open a new study.")
                % {"group": joined.group.title}
            )
        joined.group.lambda_max = joined.reading.lambda_max
        joined.group.consistency_ratio = joined.reading.consistency_ratio
        groups.append(joined.group)
        for item, weight in zip(joined.items, percentages(joined.reading.weights), strict=True):
            item.weight = weights[below[item.code].pk] = weight
            items.append(item)
    sets.save_weights(draft.pk, weights, edition=None, by=by)
    StudyGroup.objects.bulk_update(groups, ["lambda_max", "consistency_ratio"])
    StudyItem.objects.bulk_update(items, ["weight"])
    study = advance(_studies(), study_id, "adopt", by=by, adopted_at=timezone.now(), adopted_into=draft)
    counted = [expert.user for expert in study.experts.counted().select_related("user")]
    tell_all(counted, "study_adopted", *both(ADOPTED, set=study.version.set), link=reverse("study_compare", args=[study.pk]))
    return draft


# --- experts -------------------------------------------------------------------------------------


@transaction.atomic
def answer(study_id, group_id, steps, *, by, version):
    """Keep an expert's answers to one group: {(left item, right item): step −8 … 8, or None to leave the pair open}.

    `version` is that of the page; raises Stale when another window has saved since, and then writes nothing. Returns
    the StudyExpert.
    """
    expert = _at_work(study_id, by)
    if expert.version != version:
        raise Stale(_("These answers were saved from another window meanwhile."), expert)
    items = list(StudyItem.objects.filter(group=group_id, group__study=study_id).order_by("pk").values_list("pk", flat=True))
    known = {(left, right) for n, left in enumerate(items) for right in items[n + 1 :]}
    if not steps.keys() <= known:
        raise RuleBroken(_("One of the answers belongs to no pair of this page. Open the page again."))
    rows = {(row.left_id, row.right_id): row for row in expert.comparisons.filter(left__in=items)}
    changed = {pair: step for pair, step in steps.items() if step != (rows[pair].step if pair in rows else None)}
    Comparison.objects.bulk_create(
        [
            Comparison(expert=expert, left_id=left, right_id=right, step=step)
            for (left, right), step in changed.items()
            if step is not None
        ],
        update_conflicts=True,
        unique_fields=["expert", "left", "right"],
        update_fields=["step"],
    )
    expert.comparisons.filter(pk__in=[rows[pair].pk for pair, step in changed.items() if step is None]).delete()
    expert.version += 1
    expert.save(update_fields=["version"])
    return expert


@transaction.atomic
def finish(study_id, *, by):
    """The expert is done: his answers count from now on. Raises NotConnected where no weights follow from them."""
    expert = _at_work(study_id, by)
    faults = [unconnected(one) for one in selectors.answers_of(expert, selectors.groups_of(study_id)) if not one.is_connected]
    if faults:
        raise NotConnected(faults)
    expert.finished_at = timezone.now()
    expert.save(update_fields=["finished_at"])
    if not StudyExpert.objects.filter(study=study_id, finished_at=None, excluded_at=None).exists():
        link = reverse("study_detail", args=[study_id])
        tell_officers("study_finished", *both(ALL_FINISHED, set=expert.study.version.set), link=link, mail=False)
    return expert


@transaction.atomic
def resume(study_id, *, by):
    """The expert takes finished answers up again; they do not count until he finishes anew."""
    expert = _expert(study_id, by)
    if refusal := rules.why_not_comparable(expert.study):
        raise RuleBroken(refusal)
    if expert.finished_at is None:
        raise RuleBroken(_("You have not finished yet."))
    expert.finished_at = None
    expert.save(update_fields=["finished_at"])
    return expert


def unconnected(answers):
    """A sentence saying which rows of a group no comparison connects."""
    rows = " | ".join(" · ".join(f"“{item.title}”" for item in rows) for rows in answers.separated)
    return _("In “%(group)s” no comparison connects these: %(rows)s.") % {"group": answers.group.title, "rows": rows}


def _at_work(study_id, by):
    """The expert, locked, if he may compare now."""
    expert = _expert(study_id, by)
    if refusal := rules.why_not_comparable(expert.study):
        raise RuleBroken(refusal)
    if expert.excluded_at:
        raise RuleBroken(_("The secretariat has left your answers out; nothing more is asked of you."))
    if expert.finished_at:
        raise RuleBroken(_("You have finished. Take your answers up again to change them."))
    return expert


def _expert(study_id, by):
    # The study too: it is not closed between what is judged here and the commit.
    experts = StudyExpert.objects.select_related("study__version__set", "user")
    return experts.select_for_update(of=("self", "study"), no_key=True).get(study=study_id, user=by)


# --- both ----------------------------------------------------------------------------------------


def _studies():
    return WeightStudy.objects.select_related("version__set")


def _lock(study_id):
    return _studies().select_for_update(of=("self",), no_key=True).get(pk=study_id)


def _refuse_unless_open(study):
    if study.status != Status.OPEN:
        raise RuleBroken(_("This is possible only while the experts compare."))


def _tell_unfinished(study, kind, text, **values):
    unfinished = [expert.user for expert in study.experts.filter(finished_at=None, excluded_at=None).select_related("user")]
    texts = both(text, set=study.version.set, **values)
    tell_all(unfinished, kind, *texts, link=reverse("study_compare", args=[study.pk]))
