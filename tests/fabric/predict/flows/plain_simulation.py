"""The second solver of programs: every repeat has its own messages, exact fractions, no arrays, nothing skipped."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import inf

import numpy as np

from fabric.network.routing.ways import Paths, Ways
from fabric.predict.flows.simulate import Phase, Program


def rates_of(routes, capacity):
    """Progressive filling; routes: flow -> ((link, share), ...)."""
    rate, free, rising = {}, list(capacity), set(routes)
    while rising:
        weight = [sum(part for f in rising for k, part in routes[f] if k == link) for link in range(len(free))]
        level = min(free[k] / w for k, w in enumerate(weight) if w)
        full = {k for k, w in enumerate(weight) if w and free[k] / w == level}
        for f in [f for f in rising if full & {k for k, _ in routes[f]}]:
            rate[f] = level
            rising.discard(f)
            for k, part in routes[f]:
                free[k] -= part * level
    return rate


@dataclass
class World:
    """programs: (ranks, start, phases); a phase: (messages, repeats, mask); a message: (source, target, route, size, wait)."""

    capacity: list
    programs: list
    now: Fraction = Fraction(0)
    at: dict = field(default_factory=dict)
    ready: dict = field(default_factory=dict)
    left: dict = field(default_factory=dict)
    done: set = field(default_factory=set)
    begun: set = field(default_factory=set)
    finish: dict = field(default_factory=dict)

    def __post_init__(self):
        self.at = {(p, r): 0 for p, (ranks, _, _) in enumerate(self.programs) for r in range(ranks)}
        self.steps = [
            [
                [m for m, on in zip(messages, mask[k] if mask else [True] * len(messages), strict=True) if on]
                for messages, repeats, mask in phases
                for k in range(repeats)
            ]
            for _, _, phases in self.programs
        ]

    def message(self, key):
        program, step, i = key
        return self.steps[program][step][i]

    def begin_moving(self):
        due = [key for key, t in self.ready.items() if t <= self.now]
        for key in due:
            del self.ready[key]
            _, _, route, size, _ = self.message(key)
            if size and route:
                self.left[key] = size
            else:
                self.done.add(key)
        return bool(due)

    def end(self):
        ended = [key for key, size in self.left.items() if size == 0]
        for key in ended:
            del self.left[key]
            self.done.add(key)
        return bool(ended)

    def step_on(self, who):
        program, rank = who
        step = self.at[who]
        if self.now < self.programs[program][1] or who in self.finish:
            return False
        if step == len(self.steps[program]):
            self.finish[who] = self.now
            return True
        changed = (who, step) not in self.begun
        if changed:
            self.begun.add((who, step))
            for i, (source, _, _, _, wait) in enumerate(self.steps[program][step]):
                if source == rank:
                    self.ready[program, step, i] = self.now + wait
        if all((program, step, i) in self.done for i, m in enumerate(self.steps[program][step]) if rank in m[:2]):
            self.at[who] += 1
            return True
        return changed

    def settle(self):
        while any([self.begin_moving(), self.end(), *[self.step_on(who) for who in self.at]]):
            pass

    def pass_time(self):
        rate = rates_of({key: self.message(key)[2] for key in self.left}, self.capacity)
        ends = [self.left[key] / rate[key] for key in self.left]
        starts = [start - self.now for _, start, _ in self.programs if start > self.now]
        seconds = min(ends + starts + [t - self.now for t in self.ready.values()], default=inf)
        for key in self.left:
            self.left[key] -= rate[key] * seconds
        self.now += seconds


def plain(capacity, programs):
    world = World(capacity, programs)
    world.settle()
    while len(world.finish) < len(world.at):
        world.pass_time()
        world.settle()
    return [[world.finish[p, r] for r in range(ranks)] for p, (ranks, _, _) in enumerate(programs)]


def ways(routes, capacity, latency=None):
    """routes: per message ((link, share), ...)."""
    first = np.concatenate(([0], np.cumsum([len(r) for r in routes]))).astype(np.int64)
    links = np.array([k for r in routes for k, _ in r], dtype=np.int64)
    share = np.array([float(s) for r in routes for _, s in r])
    names = np.arange(len(capacity)) * 2
    delays = np.zeros(len(routes)) if latency is None else np.array(latency, float)
    return Ways(Paths(first, links), np.array(capacity, float), names, delays, None if (share == 1).all() else share)


def as_phase(capacity, messages, repeats, mask):
    """Half of every wait is latency, the rest is fixed."""
    source, target, route, size, wait = list(zip(*messages, strict=True)) or [[]] * 5
    half = np.array([float(w / 2) for w in wait])
    flags = None if mask is None else (lambda k: np.array(mask[k], dtype=bool))
    who, to = np.array(source, np.int64), np.array(target, np.int64)
    return Phase(who, to, ways(route, capacity, half), np.array(size, float), half, repeats, flags)


def as_programs(capacity, programs):
    return [Program(ranks, [as_phase(capacity, *phase) for phase in phases], float(start)) for ranks, start, phases in programs]
