"""Whatever is on the lists and whatever is asked: a hit means an equal key, and each hit is of one list."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from node.core.screening import LISTS, problems_of
from node.core.standards.identifiers import normalise
from node.stubs.screening.v1.screening_pb2 import RESULT_DOUBTFUL, RESULT_HIT, RESULT_NO_HIT, RESULT_NO_KEY, Entry
from node.stubs.standard.v1 import listing_pb2
from node.stubs.standard.v1.party_pb2 import Party
from node.usecases.casework.lists.screen import digest_keys
from tests.kit.effort import effort
from tests.kit.stores.city import City
from tests.kit.stores.listings import LICENCE, NAMES, OFFICER, OTHER, USCC, listing, publish, screening

CODES = st.sampled_from(["", USCC, OTHER, "91410100MA00TEXT0Q"])
LICENCES = st.sampled_from(["", LICENCE, "JY11108071215650"])
HMACS = st.sampled_from([b"", b"a" * 32, b"b" * 32])
# A name that is somebody else's code must not hit either.
TITLES = st.sampled_from(["甲", "乙", USCC, LICENCE])
PARTIES = st.builds(Party, uscc=CODES, licence_number=LICENCES, name=TITLES)
LISTINGS = st.lists(st.tuples(st.sampled_from(NAMES), PARTIES, HMACS), max_size=6)
ENTRIES = st.lists(st.builds(Entry, uscc=CODES | TITLES, licence_number=LICENCES | TITLES, id_hmac=HMACS), max_size=8)
Listed = tuple[str, Party, bytes]


def _keys(listed: Listed) -> set[tuple[int, str]]:
    name, party, hmac = listed
    keys = {(listing_pb2.MATCH_KEY_USCC, party.uscc), (listing_pb2.MATCH_KEY_LICENCE, party.licence_number)}
    if name != "listing.abnormal":
        keys.add((listing_pb2.MATCH_KEY_ID_HMAC, hmac.hex()))
    return {key for key in keys if key[1]}


def _asked(entry: Entry) -> set[tuple[int, str]]:
    keys = {
        (listing_pb2.MATCH_KEY_USCC, normalise(entry.uscc)),
        (listing_pb2.MATCH_KEY_LICENCE, normalise(entry.licence_number)),
        (listing_pb2.MATCH_KEY_ID_HMAC, entry.id_hmac.hex()),
    }
    return {key for key in keys if key[1]}


@effort(25)
@given(LISTINGS, ENTRIES)
def test_hits_are_exactly_the_listings_that_share_a_key(listed: list[Listed], entries: list[Entry]) -> None:
    with TemporaryDirectory() as folder:
        city = City(Path(folder), "changsha")
        records = {_publish(city, each, str(number)): each for number, each in enumerate(listed)}
        answers = screening(city).screen(digest_keys(entries), OFFICER)
        city.close()
    for entry, answer in zip(entries, answers, strict=True):
        asked = _asked(entry)
        assert {hit.record_id for hit in answer.hits} == {own for own, each in records.items() if asked & _keys(each)}
        for hit in answer.hits:
            assert hit.matched_on in {kind for kind, _ in asked & _keys(records[hit.record_id])}
            assert hit.list == LISTS[records[hit.record_id][0]].kind
        none = RESULT_DOUBTFUL if problems_of(entry) else RESULT_NO_HIT if asked else RESULT_NO_KEY
        assert (answer.result == RESULT_DOUBTFUL) <= bool(answer.reason and answer.advice)
        assert answer.result == (RESULT_HIT if answer.hits else none)


def _publish(city: City, listed: Listed, number: str) -> str:
    name, party, hmac = listed
    told: dict[str, object] = {"listed_on": f"2026-05-0{int(number) + 1}"}
    if name != "listing.platform":
        told = {"decision_number": number}
    if name != "listing.abnormal":
        told["id_hmac"] = hmac
    return publish(city, name, listing(name, party=party, **told))
