"""script/manage verify_scores [--round ID]: recompute everything from the raw ratings and compare."""

from itertools import chain

from django.core.management.base import BaseCommand, CommandError

from assessments.selectors import excellence_results
from assessments.services import runs


class Command(BaseCommand):
    help = "Recompute every score from the raw ratings; print each difference and end with 1 if there is any."

    def add_arguments(self, parser):
        parser.add_argument("--round", type=int, metavar="ID", help="only this round")

    def handle(self, *args, round=None, **options):
        found = 0
        checked = runs.differences(round) if round else chain(runs.differences(), excellence_results.differences())
        for sentence in checked:
            found += 1
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"{found} differences.")
        self.stdout.write("Every stored score equals its recomputation.")
