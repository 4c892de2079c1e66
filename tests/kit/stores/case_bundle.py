"""A case with its evidence, packed."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.usecases.evidence.check_bundle import check_bundle
from node.usecases.evidence.pack import hide_identity, make_manifest, pack
from node.usecases.evidence.read import show_case
from node.usecases.records.prove import prove
from tests.kit.stores.city import PURPOSE, City
from tests.kit.stores.evidence import CONTENT, following, put, record, referring, store

LETTER = "移送函".encode() * 100


class Case:
    """A referral with its evidence, a letter that followed, and the bundle of both."""

    def __init__(self, folder: Path) -> None:
        self.city = City(folder, "changsha")
        self.held = store(folder)
        put(self.held, CONTENT)
        put(self.held, LETTER, name="函.pdf", extraction=None)
        self.case = record(self.city, referring(CONTENT))
        self.later = record(self.city, following(self.case, LETTER))
        record(self.city, referring(b"another case"))
        self.bundle = folder / "case.zip"
        self.pack()

    def pack(self) -> None:
        found = show_case(self.city.store, self.held, self.case, PURPOSE)
        self.manifest = make_manifest(self.case, found)
        self.proofs = [prove(self.city.store, each, PURPOSE) for each in found.records]
        for proof in self.proofs:
            hide_identity(proof)
        pack(self.bundle, self.manifest, self.proofs, lambda digest: self.held.read(digest, 0))

    def check(self, bundle: Path | None = None) -> object:
        keys = {"changsha": [self.city.key]}
        return check_bundle(bundle or self.bundle, lambda city: keys.get(city, []))

    def altered(self, alter: Callable[[dict[str, bytes]], None]) -> Path:
        """A bundle of the same form whose content was altered."""
        with zipfile.ZipFile(self.bundle) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        alter(content)
        path = self.bundle.with_name("altered.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return path

    def refusal(self, bundle: Path) -> Reason:
        with pytest.raises(NodeError) as caught:
            self.check(bundle)
        return caught.value.reason
