"""The bodies of the secretariat as its documents name them; the seven commissions are known only by their number."""

from django.db import transaction

from secretariat import persian
from secretariat.models import Council
from secretariat.rules import STARTING_RULES
from secretariat.services import bodies

COMMISSIONS = 7  # formed around national research centres; no document gives their names

_BODIES = (
    (
        Council.Kind.POLICY,
        "شورای سیاست‌گذاری",
        "Policy Council",
        "سیاست‌ها و آستانه‌های نشان کیفیت را تعیین و دربارهٔ اعطای آن تصمیم‌گیری می‌کند.",
        "Sets the policies and thresholds of the quality mark and decides on granting it.",
        True,
    ),
    (
        Council.Kind.SCIENTIFIC,
        "کمیتهٔ علمی",
        "Scientific Committee",
        "شاخص‌های ارزیابی را تدوین و بازنگری و بر روش داوری نظارت می‌کند.",
        "Drafts and revises the indicators and watches over the method of judgement.",
        False,
    ),
    (
        Council.Kind.EXECUTIVE,
        "ستاد هماهنگی و اجرایی",
        "Coordination and Executive Headquarters",
        "اجرای مصوبه‌ها و هماهنگی دستگاه‌های عضو را پیگیری می‌کند.",
        "Follows up resolutions and coordinates the member agencies.",
        False,
    ),
)

@transaction.atomic
def load_councils():
    """Make the councils that are missing; what somebody has changed since stays as it is. Gives how many were made."""
    made = 0
    for kind, fa, en, mandate_fa, mandate_en, grants in _BODIES:
        made += _ensure(fa, kind=kind, name_en=en, mandate_fa=mandate_fa, mandate_en=mandate_en, grants_marks=grants)
    above = Council.objects.get(name_fa=_BODIES[1][1])
    for number in range(1, COMMISSIONS + 1):
        made += _ensure(
            f"کمیسیون {persian.digits_to_persian(str(number))} (نمایشی)",
            kind=Council.Kind.COMMISSION,
            name_en=f"Commission {number} (demonstration)",
            parent=above,
        )
    return made


def _ensure(name_fa, **fields):
    council, made = Council.objects.get_or_create(name_fa=name_fa, defaults=fields)
    if made:
        bodies.keep_general_rule(council.pk, by=None)
        for decision, rule in STARTING_RULES.items() if council.grants_marks else ():
            bodies.set_rule(council.pk, decision, rule, by=None)
    return made
