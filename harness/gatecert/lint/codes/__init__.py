"""Every kind of mistake that can be found, as data: one module an area."""

from gatecert.lint.codes.credentials import CREDENTIALS
from gatecert.lint.codes.files import FILES
from gatecert.lint.codes.headers import HEADERS
from gatecert.lint.codes.models import MODELS
from gatecert.lint.codes.urls import URLS

__all__ = ["AREAS", "CODES"]

AREAS = {
    "Files and sources": FILES,
    "Base URL and other addresses": URLS,
    "Credentials": CREDENTIALS,
    "Custom headers and metadata": HEADERS,
    "Models and surfaces": MODELS,
}
CODES = {code.name: code for codes in AREAS.values() for code in codes}
