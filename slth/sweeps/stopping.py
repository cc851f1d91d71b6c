"""When a task has been tried enough, and the estimator that belongs to each way of stopping.

A rule is asked after every block, in the order of the blocks, so that it stops at the same one whoever ran them and in what order.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

from slth.sweeps import intervals
from slth.sweeps.estimates import Estimate, unbiased_rates
from slth.sweeps.tally import Tally
from slth.sweeps.task import Task
from slth.validation import one_of, positive_float, positive_int


@dataclass(frozen=True)
class Stop(ABC):
    """A rule for stopping; `Trials`, `HalfWidth` or `Successes`.

    Attributes
    ----------
    monotone : bool
        Whether it stays met on longer prefixes, so that stored sums of prefixes can be searched by halves.
    """

    name: ClassVar[str]
    monotone: ClassVar[bool] = True

    @abstractmethod
    def wanted(self, task: Task) -> int | None:
        """Blocks after which it certainly stops, or None if that depends on what is found.

        Raises
        ------
        ValueError
            If the rule counts successes, and the task has none.
        """

    @abstractmethod
    def met(self, task: Task, prefix: Tally) -> bool:
        """Whether blocks 0, 1, ... up to here, together `prefix`, are enough."""

    @abstractmethod
    def intervals(
        self, task: Task, prefix: Tally, last: Tally | None, confidence: float = 0.95
    ) -> tuple[Estimate, ...]:
        """One estimate a point of the task, from the blocks up to the one, `last`, after which the rule was first met.

        Before that, the same formulas, of which only those of `HalfWidth` hold for a look at any time.
        """

    def to_json(self) -> str:
        """Canonical: equal rules have equal text."""
        return json.dumps({"stop": self.name, **asdict(self)}, sort_keys=True, separators=(",", ":"))

    def __str__(self) -> str:
        """As in a specification: ``{ trials = 1000 }``."""
        shown = {self.name if i == 0 else entry.name: getattr(self, entry.name) for i, entry in enumerate(fields(self))}
        return "{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in shown.items() if v is not None) + " }"


@dataclass(frozen=True)
class Trials(Stop):
    """A fixed number of trials, rounded up to whole blocks: successes / trials, with an interval exact for that number.

    Parameters
    ----------
    trials : int
    interval : {"clopper-pearson", "jeffreys"}
    """

    name: ClassVar[str] = "trials"
    trials: int
    interval: str = "clopper-pearson"

    def __post_init__(self) -> None:
        positive_int(self.trials, "trials")
        one_of(self.interval, _FIXED, "interval")

    def wanted(self, task: Task) -> int:
        """That many trials, in blocks."""
        return -(-self.trials // task.trials_a_block)

    def met(self, task: Task, prefix: Tally) -> bool:
        """After that many trials."""
        return prefix.trials >= self.trials

    def intervals(
        self, task: Task, prefix: Tally, last: Tally | None, confidence: float = 0.95
    ) -> tuple[Estimate, ...]:
        """Clopper and Pearson's, or Jeffreys'."""
        return _plain(task, prefix, confidence, self.interval)


@dataclass(frozen=True)
class HalfWidth(Stop):
    """Until every point's interval is at most this wide to either side of its middle, by a confidence sequence, whose coverage does not
    suffer from looking after every block.

    Parameters
    ----------
    half_width : float
        Half of the width of the interval, in (0, 1/2).
    confidence : float
        Of the interval that is looked at.
    most : int, optional
        Trials after which it stops anyway.
    """

    name: ClassVar[str] = "half_width"
    monotone: ClassVar[bool] = False
    half_width: float
    confidence: float = 0.95
    most: int | None = None

    def __post_init__(self) -> None:
        if not 0 < positive_float(self.half_width, "half_width") < 0.5:
            raise ValueError(f"half_width must be in (0, 1/2), got {self.half_width!r}")
        checked_confidence(self.confidence)
        if self.most is not None:
            positive_int(self.most, "most")

    def wanted(self, task: Task) -> int | None:
        """Known if there is a limit."""
        return _limit(task, self.most, self)

    def met(self, task: Task, prefix: Tally) -> bool:
        """Every interval narrow enough, or the limit reached."""
        if prefix.trials == 0:
            return False
        if self.most is not None and prefix.trials >= self.most:
            return True
        counted, trials = task.successes(prefix), prefix.trials
        if any(intervals.surely_wider(s, trials, self.confidence, self.half_width) for s in counted):
            return False
        ends = (intervals.at_any_time(s, trials, self.confidence) for s in counted)
        return all(high - low <= 2 * self.half_width for low, high in ends)

    def intervals(
        self, task: Task, prefix: Tally, last: Tally | None, confidence: float = 0.95
    ) -> tuple[Estimate, ...]:
        """Successes / trials (its bias is at most of the order of the half width squared), and the confidence sequence."""
        return _plain(task, prefix, confidence, "any time")


@dataclass(frozen=True)
class Successes(Stop):
    """Until every point has so many successes (or failures): a relative error of about 1 / sqrt(successes), however rare they are.

    Successes / trials would be biased, by about + 1 / successes of itself. The rate is an unbiased one (`unbiased_rates`). The interval
    of a task of one point is exact (`stopped_at_successes`); with several, one of which stops all, they are those of a confidence sequence.
    Several points are taken to be nested, as they are where one trial answers for a ladder of them; if their counts show that they are
    not, the rates are plain ones and say so.

    Parameters
    ----------
    successes : int
        At least 2.
    most : int, optional
        Trials after which it stops anyway. Without, a point of probability 0 is tried for ever.
    of : {"successes", "failures"}
        What is counted.
    """

    name: ClassVar[str] = "successes"
    successes: int
    most: int | None = None
    of: str = "successes"

    def __post_init__(self) -> None:
        if positive_int(self.successes, "successes") < 2:
            raise ValueError("successes must be >= 2: after the first success there is no unbiased estimate; got 1")
        if self.most is not None:
            positive_int(self.most, "most")
        one_of(self.of, ("successes", "failures"), "of")

    def wanted(self, task: Task) -> int | None:
        """Known if there is a limit."""
        return _limit(task, self.most, self)

    def met(self, task: Task, prefix: Tally) -> bool:
        """Every point often enough, or the limit reached."""
        if self.most is not None and prefix.trials >= self.most:
            return True
        return prefix.trials > 0 and min(self._counted(task, prefix)) >= self.successes

    def intervals(
        self, task: Task, prefix: Tally, last: Tally | None, confidence: float = 0.95
    ) -> tuple[Estimate, ...]:
        """Unbiased rates."""
        if last is None or prefix.trials == 0:
            return _plain(task, prefix, confidence, "any time")
        counted, within = self._counted(task, prefix), self._counted(task, last)
        before = tuple(s - t for s, t in zip(counted, within, strict=True))
        rates = unbiased_rates(before, within, prefix.trials - last.trials, last.trials, self.successes)
        method = f"stopped at {self.successes} {self.of}" + ("" if rates else ", plain rate")
        plain = _plain(task, prefix, confidence, "any time", method)
        shown = [e.complement if self.of == "failures" else e for e in plain]
        if len(shown) == 1:
            ends = intervals.stopped_at_successes(
                counted[0], prefix.trials, last.trials, self.successes, checked_confidence(confidence)
            )
            shown = [_with(shown[0], shown[0].rate, *ends)]
        if rates:
            # rate and interval come from two estimators: where the one leaves the other it is the interval that gives way
            shown = [_with(e, r, min(e.lower, r), max(e.upper, r)) for e, r in zip(shown, rates, strict=True)]
        return tuple(e.complement if self.of == "failures" else e for e in shown)

    def _counted(self, task: Task, tally: Tally) -> tuple[int, ...]:
        found = task.successes(tally)
        return found if self.of == "successes" else tuple(tally.trials - s for s in found)


RULES: dict[str, type[Stop]] = {rule.name: rule for rule in (Trials, HalfWidth, Successes)}
_FIXED = {"clopper-pearson": intervals.clopper_pearson, "jeffreys": intervals.jeffreys}
_ENDS = {**_FIXED, "any time": intervals.at_any_time}


def stop_from_json(text: str) -> Stop:
    """Read what `Stop.to_json` wrote.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    try:
        found: dict[str, Any] = dict(json.loads(text))
        return RULES[found.pop("stop")](**found)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a stopping rule: {text[:80]} ({error})") from None


def checked_confidence(confidence: float) -> float:
    """A confidence in (0, 1), else an error."""
    if not 0 < positive_float(confidence, "confidence") < 1:
        raise ValueError(f"confidence must be in (0, 1), such as 0.95, got {confidence!r}")
    return float(confidence)


def _limit(task: Task, most: int | None, rule: Stop) -> int | None:
    if not task.points:
        raise ValueError(
            f"{rule} counts successes, and a task of kind {task.kind!r} has none; stop after a number of trials"
        )
    return None if most is None else -(-most // task.trials_a_block)


def _plain(task: Task, prefix: Tally, confidence: float, ends: str, method: str | None = None) -> tuple[Estimate, ...]:
    """Successes / trials, with the ends of an interval by name."""
    checked_confidence(confidence)
    if not task.points:
        return ()
    found, trials = (task.successes(prefix), prefix.trials) if prefix.trials else ((0,) * len(task.points), 0)
    rows = []
    for point, s in zip(task.points, found, strict=True):
        low, high = _ENDS[ends](s, trials, confidence) if trials else (0.0, 1.0)
        rate = s / trials if trials else float("nan")
        rows.append(Estimate(point, trials, s, rate, low, high, confidence, method or ends))
    return tuple(rows)


def _with(estimate: Estimate, rate: float, lower: float, upper: float) -> Estimate:
    return replace(estimate, rate=rate, lower=lower, upper=upper)
