"""`manage starter`: the content with which a new installation begins, and a demonstration of the main job."""

from django.core.management.base import BaseCommand
from django.db import transaction

from assessments.starter import load_fields, load_frameworks
from portal import story
from products.starter import load_kinds
from secretariat.models import Agency
from secretariat.starter import load_ground
from secretariat.starter_councils import load_councils


class Command(BaseCommand):
    help = "Load provinces, agencies, councils, indicator sets and kinds, and the demonstration. Repeating it changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is any agency")
        parser.add_argument("--without-demo", action="store_true", help="no demonstration people, products and round")

    def handle(self, *args, if_empty, without_demo, **options):
        if if_empty and Agency.objects.exists():
            return
        with transaction.atomic():
            load_ground()
            load_councils()
            load_frameworks()
            load_fields()
            load_kinds()
            if not without_demo:
                story.tell()
        self.stdout.write(self.style.SUCCESS("Starter content is in place."))
