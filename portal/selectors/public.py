"""What the public pages tell: real counts, the newest marks, the sets in force, and the history."""

from functools import cache
from pathlib import Path

import yaml

from assessments.models import Round, SetVersion
from products.models import Exemplar, QualityMark
from secretariat import persian
from secretariat.bilingual import in_language
from secretariat.calendar import digits, reads_persian
from secretariat.models import Agency, Council

HISTORY = Path(__file__).parent.parent / "data" / "history.yaml"


def figures():
    """The numbers of the home page: {"agencies", "marks", "sets", "indicators"}."""
    published = SetVersion.objects.published()
    return {
        "agencies": Agency.objects.filter(is_member=True).count(),
        "marks": QualityMark.objects.in_force().count(),
        "sets": published.count(),
        "indicators": published.filter(indicators__scale__isnull=False).count(),
    }


def newest_marks(count=6):
    """The marks granted last that are in force today."""
    return list(
        QualityMark.objects.in_force()
        .select_related("product__agency", "product__kind")
        .defer("product__draft", "product__details", "product__summary")
        .order_by("-granted_at", "-pk")[:count]
    )


def newest_exemplars(count=3):
    """The exemplars published last."""
    rows = Exemplar.objects.shown().select_related("product__agency", "product__kind")
    return list(rows.defer("product__draft", "product__details", "product__summary").order_by("-published_at", "-pk")[:count])


def published_sets():
    """The versions in force, in alphabetical order of their sets."""
    return list(SetVersion.objects.published().select_related("set").order_by("set__sort_key"))


def published_rounds():
    """Primary keys of the rounds whose results stand, the newest first; demonstrations are not looked for."""
    return Round.objects.filter(status=Round.Status.PUBLISHED, is_demo=False).order_by("-pk").values_list("pk", flat=True)[:1000]


def councils():
    return list(Council.objects.filter(is_active=True).exclude(kind=Council.Kind.COMMISSION).order_by("pk"))


def history():
    """[(when, what)] in the reader's language, oldest first."""
    return [(_when(str(event["when"])), in_language(event["fa"], event["en"])) for event in _events()]


@cache
def _events():
    return yaml.safe_load(HISTORY.read_text(encoding="utf-8"))


def _when(text):
    """ "1388-03" as «خرداد ۱۳۸۸» or "Khordad 1388"."""
    year, *rest = text.split("-")
    months = persian.MONTHS_FA if reads_persian() else persian.MONTHS_EN
    words = [digits(int(rest[1]))] if len(rest) > 1 else []
    words += [months[int(rest[0]) - 1]] if rest else []
    return " ".join([*words, digits(int(year))])
