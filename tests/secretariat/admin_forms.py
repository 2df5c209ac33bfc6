"""Who signs in to the admin, and what is typed into its forms of councils: seats, inlines, days."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from secretariat import persian
from tests import factories


def signed_in(client):
    """The client, signed in as an administrator."""
    client.person = factories.user(is_superuser=True, is_staff=True)
    client.force_login(client.person)
    return client


def jalali(day):
    return persian.digits_to_persian(persian.short(day))


def inline(prefix, rows, initial=0):
    """The fields of an inline formset."""
    fields = {
        f"{prefix}-TOTAL_FORMS": len(rows),
        f"{prefix}-INITIAL_FORMS": initial,
        f"{prefix}-MIN_NUM_FORMS": 0,
        f"{prefix}-MAX_NUM_FORMS": 1000,
    }
    for number, row in enumerate(rows):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


def council_fields(seats=(), **fields):
    return {
        "kind": "policy", "name_fa": "شورای آزمون", "name_en": "Trial Council", "grants_marks": "on", "is_active": "on",
        **fields, **inline("decision_rules", []), **inline("seats", list(seats)),
    }  # fmt: skip


def seat_row(user, role="member", first=None, last="", **more):
    first = first or timezone.localdate() - timedelta(days=30)
    return {
        "user": user.pk,
        "role": role,
        "starts_on": jalali(first),
        "deputy": "",
        "ends_on": jalali(last) if last else "",
        "end_reason": "",
        **more,
    }


def page(name, *args):
    return reverse(f"admin:{name}", args=args)
