"""What tests of the assessor's sheet in a browser share: its fields, what the database holds, and waiting for it."""

import time

from django.urls import reverse

from assessments.models import Assessment, Indicator, Rating
from tests import factories

PASSWORD = "a-long-word-of-passage"


def asked(dimensions=2, indicators=2, **fields):
    """An accepted assignment on a sheet of `dimensions` × `indicators`; its person can sign in with PASSWORD."""
    version = factories.published_set(dimensions, indicators, allow_na=True)
    made = factories.assignment(factories.entry(versions=[version], **fields))
    made.assessor.user.language = "en"
    made.assessor.user.set_password(PASSWORD)
    made.assessor.user.save()
    return made


def forty():
    """An assignment on forty indicators with names and guidance as long as real ones."""
    version = factories.published_set(
        4, 10, allow_na=True, title="روشنی و روانی زبان برای مخاطب", guidance="برای هر تراز نشانه‌ای از خود محصول بیاورید. " * 4
    )
    return factories.assignment(factories.entry(versions=[version]))


def form_of(assignment, name="assessment_form"):
    return reverse(name, args=[assignment.pk])


def leaves(assignment):
    """The indicators in reading order, by primary key."""
    found = Indicator.objects.filter(version__sheet_parts__sheet=assignment.entry.sheet, scale__isnull=False)
    return list(found.order_by("parent__position", "position").values_list("pk", flat=True))


def rate(page, leaf, value):
    """Choose a level, as a click does."""
    page.locator(f'[name="r-{leaf}"][value="{value}"]').check(force=True)


def comment(page, leaf, text):
    page.locator(f"#q-{leaf} .q-comment").evaluate("part => { part.open = true }")
    page.locator(f'[name="c-{leaf}"]').fill(text)


def told(page, words):
    """Wait until the quiet line says this."""
    page.locator("[data-autosave-status]", has_text=words).wait_for()


def stored():
    """{indicator: (value, comment)} of everything in the database that says something."""
    rows = Rating.objects.values_list("indicator", "value", "comment")
    return {pk: (value, comment) for pk, value, comment in rows if value is not None or comment}


def texts():
    return Assessment.objects.values_list("strengths", "improvements", "note_to_staff").get()


def kept(page):
    """The names under which this browser keeps something of sheets."""
    return page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('kept:'))")


def until(condition, limit=30):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"it did not happen in time; stored: {stored()}"
        time.sleep(0.05)


def sign_in(page, user):
    page.locator('[name="username"]').fill(user.username)
    page.locator('[name="password"]').fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
