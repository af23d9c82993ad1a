"""`source_files` under its former name, for `check`."""

from .source_files import read_text as read_text
