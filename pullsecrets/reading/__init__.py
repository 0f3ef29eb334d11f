"""Reading: from files, streams, texts and client objects to the objects of `pullsecrets.objects`.

- `text`: documents from YAML and JSON.
- `dumps`: the document that a large JSON file is, without what no reader asks for.
- `files`: documents from what a file holds.
- `paths`: documents from files, folders and standard input.
- `clients`: mappings from the objects of Kubernetes clients.
- `unwrapping`: the objects in documents.
- `documents`: `pullsecrets.objects` from these.
"""

from __future__ import annotations

from pullsecrets.reading.clients import manifests_of
from pullsecrets.reading.documents import Objects, objects_of
from pullsecrets.reading.files import read_data
from pullsecrets.reading.paths import NoSuchPath, read_documents
from pullsecrets.reading.problems import Document, Problem, ProblemCode, Unreadable

__all__ = [
    "Document",
    "NoSuchPath",
    "Objects",
    "Problem",
    "ProblemCode",
    "Unreadable",
    "manifests_of",
    "objects_of",
    "read_data",
    "read_documents",
]
