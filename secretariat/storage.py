"""Where private files lie: outside every public folder, under random names."""

import secrets

from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """Files are served only by views that first ask who is reading; there is no URL to guess."""

    def url(self, name):
        raise NotImplementedError("private files are served by a view")


def random_name(folder, extension):
    """A name that tells nothing of who uploaded what: `folder/ab/abcdef….ext`."""
    token = secrets.token_hex(16)
    return f"{folder}/{token[:2]}/{token}{extension}"
