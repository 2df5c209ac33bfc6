"""Marks as signed files: Open Badges 3.0 credentials that anybody can check, online and off; knows no model."""
