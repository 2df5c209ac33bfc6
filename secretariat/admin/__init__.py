"""The ground floor's pages in the Django admin."""

from secretariat.admin import agencies, councils, people  # noqa: F401
