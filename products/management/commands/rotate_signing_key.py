"""script/manage rotate_signing_key [--compromised [KID] --why TEXT]: change the key that signs credentials."""

from django.core.management.base import BaseCommand, CommandError

from products.credentials import keys
from products.services import credentials
from secretariat.errors import RuleBroken


class Command(BaseCommand):
    help = "Begin a new signing key; the old one stays published, unless it is withdrawn as compromised."

    def add_arguments(self, parser):
        parser.add_argument(
            "--compromised", nargs="?", const="", metavar="KID",
            help="trust nothing signed with this key (the current one when none is named): credentials are signed anew when asked for",
        )  # fmt: skip
        parser.add_argument("--why", default="", help="with --compromised: what happened, kept on record")

    def handle(self, *args, compromised=None, why="", **options):
        try:
            if compromised is None:
                key = credentials.rotate_key()
            else:
                key = credentials.withdraw_key(compromised.rpartition("#")[2], why=why)
        except RuleBroken as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Signs from now on: {keys.key_name(key.kid)}")
