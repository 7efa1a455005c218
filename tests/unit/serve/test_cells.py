"""Tests of serve.engine.cells."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from serve.engine.cells import Cells


class CellsMachine(RuleBasedStateMachine):
    """Against a naive model: each sequence is a list of cells, and shared cells are the same objects."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = Cells()
        self.paths: dict[int, list[object]] = {}
        self.next_id = 0

    def new_id(self) -> int:
        """Never used before."""
        self.next_id += 1
        return self.next_id

    @rule(num=st.integers(0, 12))
    def add(self, num: int) -> None:
        """A path of its own."""
        seq = self.new_id()
        self.cells.add(seq, num)
        self.paths[seq] = [object() for _ in range(num)]

    @precondition(lambda self: self.paths)
    @rule(data=st.data(), more=st.integers(0, 8))
    def branch(self, data: st.DataObject, more: int) -> None:
        """The first cells are the source's, the others new."""
        source = data.draw(st.sampled_from(sorted(self.paths)))
        at = data.draw(st.integers(0, len(self.paths[source])))
        seq = self.new_id()
        self.cells.branch(source, seq, at, at + more)
        self.paths[seq] = self.paths[source][:at] + [object() for _ in range(more)]

    @precondition(lambda self: self.paths)
    @rule(data=st.data())
    def resize(self, data: st.DataObject) -> None:
        """Where it says that it can, the end moves."""
        seq = data.draw(st.sampled_from(sorted(self.paths)))
        num = data.draw(st.integers(0, 16))
        path = self.paths[seq]
        others = {id(cell) for other, cells in self.paths.items() if other != seq for cell in cells}
        if self.cells.can_resize(seq, num):
            assert not any(id(cell) in others for cell in path[num:])
            self.cells.resize(seq, num)
            self.paths[seq] = path[:num] + [object() for _ in range(num - len(path))]

    @precondition(lambda self: self.paths)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """What it alone held is free."""
        seq = data.draw(st.sampled_from(sorted(self.paths)))
        own, used = self.cells.num_own(seq), self.cells.num_used
        self.cells.remove(seq)
        del self.paths[seq]
        assert self.cells.num_used == used - own

    @precondition(lambda self: self.paths)
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        """The same path under another id."""
        seq, new = data.draw(st.sampled_from(sorted(self.paths))), self.new_id()
        self.cells.rename(seq, new)
        self.paths[new] = self.paths.pop(seq)

    @rule(data=st.data())
    def used_by_some(self, data: st.DataObject) -> None:
        """As if there were only these."""
        some = data.draw(st.sets(st.sampled_from(sorted(self.paths)))) if self.paths else set()
        counts: dict[int, int] = {}
        for seq in some:
            for cell in self.paths[seq]:
                counts[id(cell)] = counts.get(id(cell), 0) + 1
        assert self.cells.num_used_by(some) == len(counts)
        assert self.cells.num_shared_by(some) == sum(num > 1 for num in counts.values())

    @invariant()
    def counts_are_right(self) -> None:
        """Each cell counts once."""
        counts: dict[int, int] = {}
        for path in self.paths.values():
            for cell in path:
                counts[id(cell)] = counts.get(id(cell), 0) + 1
        assert self.cells.num_used == len(counts)
        assert self.cells.num_shared == sum(num > 1 for num in counts.values())
        assert sorted(self.cells) == sorted(self.paths)
        assert len(self.cells) == len(self.paths)


TestCells = CellsMachine.TestCase
