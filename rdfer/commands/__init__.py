"""What ``rdfer`` can do, one function a command; each imports what it needs when it runs."""

from collections.abc import Mapping

from rdfer.commands import audit, claims, datasets, ingest, material, publishing, running
from rdfer.commands.command import Command

COMMANDS: Mapping[str, Command] = {
    "reproduce": running.REPRODUCE,
    "notebook": running.NOTEBOOK,
    "status": running.STATUS,
    "faces": material.FACES,
    "pretrain": material.PRETRAIN,
    "datasets": datasets.DATASETS,
    "check": datasets.CHECK,
    "ingest": ingest.INGEST,
    "audit": audit.AUDIT,
    "claims": claims.CLAIMS,
    "figures": publishing.FIGURES,
    "book": publishing.BOOK,
    "reference": publishing.REFERENCE,
    "check-env": running.CHECK_ENV,
}
