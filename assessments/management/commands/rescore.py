"""script/manage rescore [--round ID]: compute scores anew and store them."""

import time

from django.core.management.base import BaseCommand

from assessments.services import runs


class Command(BaseCommand):
    help = "Compute the scores of every judged entry anew, in bulk."

    def add_arguments(self, parser):
        parser.add_argument("--round", type=int, metavar="ID", help="only this round")

    def handle(self, *args, round=None, verbosity=1, **options):
        began = time.monotonic()
        progress = (lambda count: self.stdout.write(f"{count} …")) if verbosity > 1 else (lambda count: None)
        count = runs.rescore_round(round, say=progress)
        self.stdout.write(f"{count} entries scored in {time.monotonic() - began:.1f} s.")
