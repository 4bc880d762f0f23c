"""Temporary."""

import json


def write_report(record, folder):
    (folder / "run.json").write_text(json.dumps(record.to_json()))
    return folder / "index.html"
