"""How well found boundaries, defects and duplicates agree with the truth (pure).

A ratio whose denominator is zero is 1: nothing was found wrongly, or nothing was missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A shot boundary; its transition fills the frames `[start_frame, end_frame)`.

    At a cut both are the first frame of the next shot. `kind` is `cut`, `fade`,
    `dissolve` or `wipe`.
    """

    start_frame: int
    end_frame: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Counts of found things against true ones, and the ratios that follow from them."""

    num_true: int
    num_found: int
    num_matched: int

    @property
    def precision(self) -> float:
        """Share of what was found that is true."""
        return self.num_matched / self.num_found if self.num_found else 1.0

    @property
    def recall(self) -> float:
        """Share of what is true that was found."""
        return self.num_matched / self.num_true if self.num_true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.num_true + self.num_found
        return 2 * self.num_matched / total if total else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryAgreement(Agreement):
    """Agreement of boundaries; `num_same_kind` of the matched ones also have the right kind.

    `by_kind` maps each true kind to (matched, true): its recall. `by_found_kind` maps each
    found kind to (matched, found): its precision. A match counts in both, whatever the two
    kinds are.
    """

    num_same_kind: int
    by_kind: dict[str, tuple[int, int]]
    by_found_kind: dict[str, tuple[int, int]]

    def kinds(self) -> list[KindAgreement]:
        """Return precision by found kind beside recall by true kind, for every kind there is."""
        return [
            KindAgreement(
                kind=kind,
                num_true=self.by_kind.get(kind, (0, 0))[1],
                num_true_matched=self.by_kind.get(kind, (0, 0))[0],
                num_found=self.by_found_kind.get(kind, (0, 0))[1],
                num_found_matched=self.by_found_kind.get(kind, (0, 0))[0],
            )
            for kind in sorted({*self.by_kind, *self.by_found_kind})
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindAgreement:
    """One kind of thing: what is true of it and was found, what was found of it and is true."""

    kind: str
    num_true: int
    num_true_matched: int
    num_found: int
    num_found_matched: int

    @property
    def precision(self) -> float:
        """Share of what was found of this kind that is true, of any kind."""
        return self.num_found_matched / self.num_found if self.num_found else 1.0

    @property
    def recall(self) -> float:
        """Share of what is true of this kind that was found, as any kind."""
        return self.num_true_matched / self.num_true if self.num_true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def compare_boundaries(
    found: Mapping[str, Sequence[Boundary]],
    true: Mapping[str, Sequence[Boundary]],
    *,
    tolerance_frames: int = 2,
) -> BoundaryAgreement:
    """Compare boundaries file by file.

    A found one matches a true one when its interval, widened by `tolerance_frames` at both
    ends, touches the true transition's. Each matches at most one other, and as many match
    as can. A file that only one side names counts as all wrong, or all missed.
    """
    num_matched = num_same_kind = 0
    by_kind: dict[str, tuple[int, int]] = {}
    by_found_kind: dict[str, tuple[int, int]] = {}
    for file in sorted(set(found) | set(true)):
        ours, theirs = found.get(file, ()), true.get(file, ())
        pairs = _match(ours, theirs, tolerance_frames)
        num_matched += len(pairs)
        matched = set(pairs.values())
        for counts, side, hit in ((by_kind, theirs, pairs), (by_found_kind, ours, matched)):
            for index, boundary in enumerate(side):
                hits, total = counts.get(boundary.kind, (0, 0))
                counts[boundary.kind] = (hits + (index in hit), total + 1)
        num_same_kind += sum(ours[i].kind == theirs[j].kind for j, i in pairs.items())
    return BoundaryAgreement(
        num_true=sum(len(boundaries) for boundaries in true.values()),
        num_found=sum(len(boundaries) for boundaries in found.values()),
        num_matched=num_matched,
        num_same_kind=num_same_kind,
        by_kind=by_kind,
        by_found_kind=by_found_kind,
    )


def compare_pairs(found: Iterable[tuple[str, str]], true: Iterable[tuple[str, str]]) -> Agreement:
    """Compare pairs of duplicate files; the order within a pair and repeats do not matter."""
    ours = {frozenset(pair) for pair in found}
    theirs = {frozenset(pair) for pair in true}
    if any(len(pair) != 2 for pair in ours | theirs):
        raise ValueError("a file cannot be paired with itself")
    return Agreement(num_true=len(theirs), num_found=len(ours), num_matched=len(ours & theirs))


def _match(
    found: Sequence[Boundary], true: Sequence[Boundary], tolerance_frames: int
) -> dict[int, int]:
    """Return the largest one-to-one matching: index of a true boundary -> index of a found one.

    Augmenting paths (Kuhn); boundaries of the same kind are tried first.
    """
    matched: dict[int, int] = {}

    def settle(i: int, seen: set[int]) -> bool:
        touching = [j for j, other in enumerate(true) if _touch(found[i], other, tolerance_frames)]
        for j in sorted(touching, key=lambda j: found[i].kind != true[j].kind):
            if j not in seen:
                seen.add(j)
                if j not in matched or settle(matched[j], seen):
                    matched[j] = i
                    return True
        return False

    for i in range(len(found)):
        settle(i, set())
    return matched


def _touch(found: Boundary, true: Boundary, tolerance_frames: int) -> bool:
    return (
        found.start_frame - tolerance_frames <= true.end_frame
        and true.start_frame <= found.end_frame + tolerance_frames
    )
