import dataclasses
import json
import socket

from rdfer.pipeline import provenance


def test_provenance_is_plain_and_names_no_host():
    made = provenance.Provenance(
        hash="0", code="1", settings={}, seed=1, roots=("rdfer.method.sampling",), wall_s=1
    )
    text = json.dumps(dataclasses.asdict(made))
    assert socket.gethostname() not in text
    assert made.versions["python"].startswith("3.")
    assert made.date.endswith("+00:00")
