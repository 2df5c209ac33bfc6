"""What the ground floor begins with: provinces, agencies, fixed holidays. Loading it again changes nothing."""

from pathlib import Path

import jdatetime
import yaml
from django.db import transaction

from secretariat.models import Agency, Holiday, Province, Unit

DATA = Path(__file__).parent / "data"
DEMO_NOTE = "عضو نمایشی"


@transaction.atomic
def load_ground():
    """Add what is missing; rows that the secretariat has changed stay as they are. Gives {name: rows there are}."""
    _provinces()
    _agencies()
    _holidays()
    return {model.__name__: model.objects.count() for model in (Province, Agency, Unit, Holiday)}


def _read(name):
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def _provinces():
    Province.objects.bulk_create([Province(**row) for row in _read("provinces")["provinces"]], ignore_conflicts=True)


def _agencies():
    content = _read("agencies")
    Agency.objects.bulk_create(
        [
            Agency(
                is_member=True,
                is_demo=True,
                membership_note=DEMO_NOTE,
                **{name: row[name] for name in ("slug", "name_fa", "name_en", "kind")},
            )
            for row in content["agencies"]
        ],
        ignore_conflicts=True,
    )
    for row in content["units"]:
        Unit.objects.get_or_create(
            agency=Agency.objects.get(slug=row["agency"]),
            name_fa=row["name_fa"],
            defaults={"kind": row["kind"], "name_en": row["name_en"], "province": Province.objects.get(iso=row["province"])},
        )


def _holidays():
    content = _read("holidays")
    first, last = content["years"]
    Holiday.objects.bulk_create(
        [
            Holiday(date=jdatetime.date(year, *row["day"]), title_fa=row["fa"], title_en=row["en"])
            for year in range(first, last + 1)
            for row in content["holidays"]
        ],
        ignore_conflicts=True,
    )
