"""Telling the assessments who is behind a product, so that nobody judges his own work or that of somebody close to him."""

import re

from django.db import transaction
from django.utils.translation import gettext_lazy

from assessments.services import conflicts
from products.models import Product, SubmissionVersion
from secretariat.bilingual import both

HANDED_IN = gettext_lazy("handed it in")
_PARTED = re.compile(r"[\r\n،,;؛/]+")


def write_makers(product):
    """Name those behind a product as its newest submission has them: creators, answers that tell a maker, who handed it in."""
    version = product.versions.first()
    if version is not None:
        conflicts.set_makers(product.subject_id, [*_named(version.content), *_handed_in(product)])


def _named(said):
    for creator in said["creators"]:
        yield creator["name"], creator["role"], None
    for answer in said["answers"]:
        if answer["hidden"] and answer["type"] in ("text", "long"):
            for name in _PARTED.split(answer["shown"]["fa"]):
                yield name.strip(), answer["label"]["fa"], None


def _handed_in(product):
    part = both(HANDED_IN)[0]
    versions = SubmissionVersion.objects.filter(product=product, submitted_by__isnull=False).select_related("submitted_by")
    people = {version.submitted_by for version in versions} | ({product.created_by} - {None})
    for person in sorted(people, key=lambda user: user.pk):
        yield person.get_full_name() or person.username, part, person


def write_missing():
    """Name those behind products handed in before the portal kept them. Gives how many; repeating it changes nothing."""
    missing = Product.objects.filter(subject__makers=None, versions__isnull=False).order_by("pk").distinct()
    for product in missing.select_related("created_by"):
        with transaction.atomic():
            write_makers(product)
    return len(missing)
