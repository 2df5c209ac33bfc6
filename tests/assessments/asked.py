"""What the tests of questions about assessors share: a question, its answer, whom a round's panels are."""

from django.urls import reverse

from assessments.models import Assessor, ScoringFlag
from assessments.services import flags
from tests import factories

WHY = "برگه‌ها با هم خوانده شد"


def people(round_):
    return list(Assessor.objects.filter(assignments__entry__round=round_).distinct().order_by("pk"))


def a_flag(round_=None, kind="halo", **fields):
    round_ = round_ or factories.round_("moderation")
    fields.setdefault("assessor", factories.assessor())
    if kind == "pair":
        fields.setdefault("other", factories.assessor())
    return ScoringFlag.objects.create(**{"round": round_, "kind": kind, "figure": 0.4, "sheets": 8, "chance": 0.0004, **fields})


def answered(flag, by, decision="none", answer=WHY):
    return flags.answer_flag(flag.pk, decision, answer, by=by, seen=flag.answered_at)


def ask(person, name, *args, client=None):
    client.force_login(person)
    return client.get(reverse(name, args=args))
