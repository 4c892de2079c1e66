"""The search index follows the log, finds every part of a name, and forgets what is taken back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import NodeError, Reason
from node.storage.sqlite.log import OWN
from node.storage.sqlite.name_search import NameSearch
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import open_reader
from node.storage.sqlite.search import SearchIndex, count_unreadable
from node.usecases.records.search_operators import SearchOperators
from tests.kit.effort import effort
from tests.kit.stores.city import PURPOSE, City, only, operator

RARE = "龘靐齉爩公司"


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changsha, self.wuhan = City(folder, "changsha"), City(folder, "wuhan")
        self.index = SearchIndex(folder / "search.db", self.changsha.path)
        self.searcher = SearchOperators(Reader(self.changsha.path), NameSearch(folder / "search.db"))
        self._count = 0

    def named(self, city: City, name: str) -> str:
        self._count += 1
        return city.register(operator("", legacy_number=str(self._count), name=name))

    def fill(self, city: City, count: int) -> None:
        numbers = range(self._count, self._count + count)
        city.append([city.entry(operator("", legacy_number=f"f{n}", name=f"长沙第{n}有限公司")) for n in numbers])
        self._count += count

    def follow(self) -> None:
        while self.index.follow():
            pass

    def find(self, text: str, limit: int = 200, purpose: str = PURPOSE) -> list[str]:
        return [record.id for record in self.searcher.search(text, limit, purpose).records]

    def bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.glob("search.db*"))

    def close(self) -> None:
        self.index.close()
        self.changsha.close()
        self.wuhan.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_every_part_is_found_and_nothing_else(world: World) -> None:
    record = world.named(world.changsha, "湖南（长沙）ＡＢＣ科技 有限公司")
    world.named(world.changsha, "湖南科长有限公司")
    world.follow()
    for part in ("科技", "技", "司", "湖", "(长沙)", "（长沙）abc", "沙)A", "bC科", "湖南(长沙)ABC科技有限公司"):
        assert record in world.find(part), part
    for part in ("湖南长沙", "科限", "技有公"):
        assert world.find(part) == []
    assert world.find("科技") == [record]


_NAMES = st.text("长沙市武汉湖南Aa1（）·", min_size=1, max_size=6)


@effort(30)
@given(names=st.lists(_NAMES, min_size=1, max_size=5), data=st.data())
def test_search_is_substring(tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject) -> None:
    from node.core.answer import fold

    name = data.draw(st.sampled_from(names))
    begin = data.draw(st.integers(0, len(name) - 1))
    part = name[begin : data.draw(st.integers(begin + 1, len(name)))]
    if not any(map(str.isalnum, part)):
        return
    # A world for each: an answer has at most 200 records, and in one world they would add up to more.
    with closing(World(tmp_path_factory.mktemp("world"))) as world:
        records = [world.named(world.changsha, each) for each in names]
        world.follow()
        expected = {record for record, each in zip(records, names, strict=True) if fold(part) in fold(each)}
        assert expected == set(world.find(part))


def test_limit_and_more(world: World) -> None:
    world.fill(world.changsha, 30)
    world.follow()
    found = world.searcher.search("有限", 10, PURPOSE)
    assert (len(found.records), found.more) == (10, True)
    found = world.searcher.search("有限", 30, PURPOSE)
    assert (len(found.records), found.more) == (30, False)


def test_corrections_and_peers(world: World) -> None:
    world.named(world.changsha, "旧名公司")
    world.changsha.register(operator("", legacy_number="1", name="新名公司"), as_of_ms=1_800_000_000_000)
    peers = world.named(world.wuhan, "武汉公司")
    world.follow()
    assert (world.find("旧名"), world.find("新名")) == ([], ["changsha-1"])
    world.changsha.pull(world.wuhan)
    world.follow()
    assert world.find("武汉") == [peers]
    assert world.find("武汉", purpose="statistics") == []


def test_a_name_taken_back_leaves_no_bytes(world: World) -> None:
    own, peers = world.named(world.changsha, RARE), world.named(world.wuhan, RARE[::-1])
    world.fill(world.changsha, 2500)
    world.changsha.pull(world.wuhan)
    world.follow()
    assert world.find("靐齉") == [own]
    assert world.find("齉靐") == [peers]
    assert RARE.encode() in world.bytes()
    world.fill(world.changsha, 2500)
    world.changsha.retract(own)
    world.wuhan.retract(peers)
    world.changsha.pull(world.wuhan)
    assert world.find("靐齉") == world.find("齉靐") == []  # before the index follows, the log itself decides
    world.follow()
    left = world.bytes()
    for name in (RARE, RARE[::-1]):
        assert all(name[at : at + 2].encode() not in left for at in range(4) if "公" not in name[at : at + 2])
    assert len(world.find("长沙")) == 200


def test_a_search_in_the_way_only_delays_it(world: World) -> None:
    record = world.named(world.changsha, RARE)
    world.follow()
    reader = open_reader(world.folder / "search.db")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM name").fetchall()
    world.changsha.retract(record)
    world.index._connection.execute("PRAGMA busy_timeout=1")
    world.follow()
    assert RARE.encode() in world.bytes()
    reader.close()
    world.follow()
    assert RARE.encode() not in world.bytes()


def test_another_log_is_indexed_anew(world: World) -> None:
    world.fill(world.changsha, 30)
    world.follow()
    other = City(world.folder, "changsha", world.folder / "restored.db")
    record = other.register(operator("", legacy_number="1", name=RARE))
    world.index.close()
    world.index = SearchIndex(world.folder / "search.db", other.path)
    world.searcher = SearchOperators(Reader(other.path), NameSearch(world.folder / "search.db"))
    world.follow()
    assert (world.find(RARE), world.find("长沙")) == ([record], [])
    other.close()


def test_narrowed_and_widened(world: World) -> None:
    record = world.named(world.wuhan, RARE)
    world.changsha.pull(world.wuhan, only(1))
    world.follow()
    assert world.find(RARE) == [record]
    world.named(world.wuhan, "x")
    world.changsha.pull(world.wuhan, only(), grant="h")
    world.changsha.revise(world.wuhan, only(), "h")
    world.follow()
    assert world.find(RARE) == []
    assert RARE.encode() not in world.bytes()
    world.named(world.wuhan, "y")
    world.changsha.pull(world.wuhan, only(1), grant="i")
    world.changsha.revise(world.wuhan, only(1), "i")
    world.follow()
    assert world.find(RARE) == [record]


def test_it_goes_on_where_it_stopped(world: World) -> None:
    world.fill(world.changsha, 2100)
    world.index.follow()
    world.index.close()
    world.index = SearchIndex(world.folder / "search.db", world.changsha.path)
    world.follow()
    assert world.find("第2099有") == ["changsha-2099"]


@pytest.mark.parametrize("text", ["", "（）", " ", "x" * 201])
def test_a_search_names_a_part(world: World, text: str) -> None:
    with pytest.raises(NodeError) as caught:
        world.searcher.search(text, 1, PURPOSE)
    assert caught.value.reason is Reason.INVALID_ARGUMENT


@pytest.mark.parametrize("text", ['"龘"', '龘" OR "靐', "龘 AND NOT", "a*", "龘:靐", "^龘"])
def test_no_query_language_leaks_in(world: World, text: str) -> None:
    world.named(world.changsha, RARE)
    world.follow()
    assert world.find(text) == []


def test_a_damaged_run_keeps_no_other_from_being_found(world: World) -> None:
    world.fill(world.changsha, 40)
    record = world.named(world.changsha, RARE)
    damage = "UPDATE run SET content = zeroblob(9) WHERE first = 0"
    world.changsha.store.submit(lambda connection: connection.execute(damage)).result()
    world.follow()
    assert count_unreadable(world.folder / "search.db") == {OWN: 32}
    assert world.find(RARE) == [record]
