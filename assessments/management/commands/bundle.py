"""script/manage bundle ROUND FILE: write the data from which anybody computes the scores of a round again."""

import shutil
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from assessments.models import Round
from assessments.services.bundles import write_bundle
from secretariat.errors import RuleBroken


class Command(BaseCommand):
    help = "Write the anonymised ratings and the scores of a round to a zip: the released one, or else one made now."

    def add_arguments(self, parser):
        parser.add_argument("round", type=int, metavar="ROUND", help="the number of the round in its address")
        parser.add_argument("file", type=Path, metavar="FILE", help="where to write the zip")

    def handle(self, *args, round, file, **options):
        found = Round.objects.select_related("run__bundle").filter(pk=round).first()
        if found is None or found.run is None:
            raise CommandError(f"Round {round} has no scores.")
        released = getattr(found.run, "bundle", None)
        try:
            if released is not None and released.is_released:
                with released.file.open("rb") as stored, file.open("wb") as copy:
                    shutil.copyfileobj(stored, copy)
                self.stdout.write(f"{file}: as released, SHA-256 {released.sha256}.")
            else:
                write_bundle(found.run, file)
                self.stdout.write(f"{file}: made now, not released.")
        except RuleBroken as refused:
            raise CommandError(str(refused)) from refused
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}") from error
