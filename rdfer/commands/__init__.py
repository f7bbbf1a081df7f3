"""What ``rdfer`` can do, one function a command; each imports what it needs when it runs."""

from collections.abc import Mapping

from rdfer.commands import audit, datasets, material, publishing, running
from rdfer.commands.command import Command, add_preset

COMMANDS: Mapping[str, Command] = {
    "reproduce": Command(running.reproduce, running.add_reproduce),
    "notebook": Command(running.notebook, running.add_notebook),
    "status": Command(running.status, add_preset),
    "faces": Command(material.faces, material.add_faces),
    "pretrain": Command(material.pretrain, material.add_pretrain),
    "datasets": Command(datasets.datasets, datasets.add_datasets),
    "check": Command(datasets.check, datasets.add_check),
    "ingest": Command(datasets.ingest, datasets.add_ingest),
    "audit": Command(audit.audit, audit.add_audit),
    "claims": Command(publishing.claims, publishing.add_shown),
    "figures": Command(publishing.figures, add_preset),
    "book": Command(publishing.book, publishing.add_book),
    "reference": Command(publishing.reference, add_preset),
    "check-env": Command(running.check_env),
}
