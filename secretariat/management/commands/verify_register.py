"""`manage verify_register`: walk the register of resolutions from its first entry to its last and tell every break."""

from django.core.management.base import BaseCommand, CommandError

from secretariat.selectors import register


class Command(BaseCommand):
    help = "Check that no resolution in the register was changed, removed or moved. Prints each break; ends with 1 when there is one."

    def handle(self, *args, **options):
        found = list(register.breaks())
        for sentence in found:
            self.stderr.write(sentence)
        if found:
            raise CommandError(f"the register is broken in {len(found)} places")
        number, last = register.head()
        self.stdout.write(f"The register is whole: {number} entries, the last with hash {last}.")
