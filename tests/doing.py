"""Makers of action items and agreements for tests."""

from datetime import timedelta

from secretariat import calendar
from secretariat.models import ActionItem, Agreement
from tests import council as make
from tests import factories


def action(council=None, owner=None, **fields):
    """An item of a council, given to somebody, due in ten days unless said otherwise; written past the service."""
    if "agreement" in fields:
        fields.setdefault("side", "agency")
        council = fields["agreement"].council
        if fields["side"] == "agency":
            fields.setdefault("agency", fields["agreement"].agency)
    fields.setdefault("due_on", calendar.today() + timedelta(days=10))
    return ActionItem.objects.create(
        **{
            "council": council or make.council(),
            "title": f"اقدام {next(factories.serial)}",
            "owner": owner or factories.user(),
            "created_on": min(calendar.today(), calendar.day_of(fields["due_on"])),
            **fields,
        }
    )


def agreement(agency=None, status="signed", **fields):
    """An agreement with an agency, signed unless said otherwise."""
    n = next(factories.serial)
    return Agreement.objects.create(
        **{
            "agency": agency or factories.agency(),
            "council": fields.pop("council", None) or make.council(),
            "title_fa": f"تفاهم‌نامهٔ {n}",
            "title_en": f"Agreement {n}",
            "number": f"{n}/م",
            "signed_on": calendar.today(),
            "valid_from": calendar.today(),
            "text": "متن تفاهم‌نامه",
            "status": status,
            **fields,
        }
    )
