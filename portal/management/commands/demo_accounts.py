"""`manage demo_accounts`: who can sign in to the demonstration, one line a role."""

from django.core.management.base import BaseCommand

from portal import story


class Command(BaseCommand):
    help = "Print the demonstration accounts and their password, if the demonstration is loaded."

    def handle(self, *args, **options):
        accounts = story.accounts()
        if not accounts:
            return
        password = story.password()
        told = f"password: {password}" if story.opens(password) else "with the password they were made with (DEMO_PASSWORD was another)"
        self.stdout.write(f"Demonstration accounts, {told}")
        for username, role in accounts:
            self.stdout.write(f"  {username:<12} {role}")
