"""`serving`: a replica of a model that reads prompts and makes tokens, by how many sequences it serves at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import NUMBER, OBJECT, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.cells import percent
from fabric.units import short_size, show_duration
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.workload.inference import Passed
    from fabric.workload.model import LanguageModel
    from fabric.workload.serving import Asked, ServingReplica

GIB = 2.0**30
BATCHES = (1, 8, 64, 512)
"""Sequences of a data-parallel rank where none are asked for, as far as there is room; then as many as there is room for."""
CHOSEN = (
    "plan, of which tp, pp, ep, etp and dp were not said: of the cuts inside a scale-up domain the one of most tokens/s a "
    "device with as many sequences as fit; where none holds a sequence, the fewest devices that do"
)


def serving(
    model: LanguageModel,
    fabric: Fabric,
    plan: str = "",
    *,
    batch: Sequence[int] = (),
    prompt: int = 2048,
    output: int = 256,
    kv: str = "bf16",
    constants: Constants | None = None,
) -> Answer[ServingReplica]:
    """Return a replica at every number of sequences at once.

    plan: a plan's text; one without tp, pp, ep, etp and dp is cut so that a device makes most tokens/s
    (usual_plan); dp, if left out, is what its experts need.
    batch: sequences at once, of all data-parallel ranks; none: some, and as many as fit. prompt: tokens of a prompt; output:
    tokens made of each; kv: precision of keys and values, bf16 or fp8.

    Raises:
        InputError: a plan that does not divide the model or the batch, sequences beyond the model's, a fabric that is too
            small or whose device is not known.
    """
    from fabric.workload.auto import pinned_of
    from fabric.workload.plan import plan_of
    from fabric.workload.serving import CUTS, KV_BYTES, Asked, costs_of, serving_replica, usual_plan, whole_plan

    if kv not in KV_BYTES:
        raise InputError(f"kv: must be one of {', '.join(KV_BYTES)}, got {kv!r}")
    said, asked = plan_of(plan), Asked(prompt, output, kv)
    chosen_here = not {*CUTS} & {*pinned_of(plan)}
    whole = whole_plan(model, usual_plan(model, said, fabric, asked, constants) if chosen_here else said)
    costs = costs_of(fabric, whole, constants)
    dp = whole.dp or 1
    chosen = tuple(batch)
    if not chosen:
        room = serving_replica(model, whole, fabric, batch=dp, asked=asked, costs=costs).memory.room or 1
        chosen = tuple(sorted({dp * each for each in (*BATCHES, room) if each <= room}))
    each_of = (serving_replica(model, whole, fabric, batch=each, asked=asked, costs=costs) for each in chosen)
    found = tuple(replace(one, assumptions=(CHOSEN, *one.assumptions)) if chosen_here else one for one in each_of)
    return Answer(VIEW, found, parts=tuple(_tables(found)))


def _plan(one: ServingReplica) -> str:
    """Return the plan without what every replica has."""
    return replace(one.plan, sp=True, dp=one.plan.dp if one.plan.dp != 1 else None).text()


def _fits(one: ServingReplica) -> str:
    """Return bytes of the fullest stage's device, of how many, and whether they fit."""
    memory = one.memory
    if memory.capacity is None:
        return f"{memory.total / GIB:.1f} GiB"
    return f"{memory.total / GIB:.1f} of {memory.capacity / GIB:.1f} GiB" + ("" if memory.feasible else ", does not fit")


def _passed(one: Passed) -> dict[str, Any]:
    """Return a pass as plain values."""
    return {
        "seconds": one.seconds,
        "pace_seconds": one.pace,
        "parts": [{"part": part.what, "seconds": part.seconds, "rule": part.rule} for part in one.parts],
        "communications": [_sent(sent) for sent in one.communications],
    }


def _sent(one: Any) -> dict[str, Any]:
    case = one.case
    return {
        "what": one.what,
        "collective": case.collective,
        "nbytes": case.nbytes,
        "ranks": case.world_size,
        "nodes": case.nodes,
        "calls": one.count,
        "algorithm": one.algorithm,
        "seconds_each": one.each,
        "seconds": one.seconds,
        "exposed_seconds": one.exposed,
        "rule": one.rule,
    }


def _memory(one: ServingReplica) -> dict[str, Any]:
    memory = one.memory
    names = ("weights", "kv_cache", "activations", "reserve", "total", "capacity", "sequence")
    return {f"{name}_bytes": getattr(memory, name) for name in names}


def _handover(one: ServingReplica) -> dict[str, float] | None:
    return None if one.handover is None else {"nbytes": one.handover.nbytes, "seconds": one.handover.seconds}


def _published() -> dict[str, dict[str, float]]:
    from fabric.workload.serving import PUBLISHED

    return {what: {"least": low, "most": high, "figures": count} for what, (low, high, count) in PUBLISHED.items()}


def _rate(value: float) -> str:
    return f"{value:,.0f}"


COLUMNS = (
    Column("model", TEXT, "the model's name", lambda one: one.model.name),
    Column("fabric", TEXT, "the fabric's name"),
    Column("device", TEXT, "what computes"),
    Column("plan", TEXT, "how the replica is cut", _plan),
    Column("ranks", WHOLE, "devices of the replica"),
    Column("prompt", WHOLE, "tokens of a prompt", lambda one: one.asked.prompt),
    Column("output", WHOLE, "tokens made of each", lambda one: one.asked.output),
    Column("kv", TEXT, "precision of keys and values", lambda one: one.asked.kv),
    Column("batch", WHOLE, "sequences at once", head="batch"),
    Column("first_token_seconds", NUMBER, "from a prompt to its first token, nobody before it", lambda one: one.first_token,
           head="first token", cell=lambda one: show_duration(one.first_token)),
    Column("next_token_seconds", NUMBER, "from token to token, others' prompts in between", lambda one: one.next_token,
           head="next token", cell=lambda one: show_duration(one.next_token)),
    Column("request_seconds", NUMBER, "of a request, all tokens", lambda one: one.request, head="request",
           cell=lambda one: show_duration(one.request)),
    Column("tokens_per_second", NUMBER, "made by the replica", head="tokens/s", cell=lambda one: _rate(one.tokens_per_second)),
    Column("tokens_per_second_per_device", NUMBER, "of one device", lambda one: one.tokens_per_second / one.ranks,
           head="tokens/s/device", cell=lambda one: _rate(one.tokens_per_second / one.ranks)),
    Column("decode_seconds", NUMBER, "from token to token where the replica only decodes", lambda one: one.token,
           head="decode alone", cell=lambda one: show_duration(one.token)),
    Column("decode_tokens_per_second", NUMBER, "made by a replica that only decodes", head="tokens/s alone",
           cell=lambda one: _rate(one.decode_tokens_per_second)),
    Column("prompt_tokens_per_second", NUMBER, "read by a replica that only reads prompts"),
    Column("prefill_replicas", NUMBER, "that read prompts for one that only decodes", head="prefill replicas",
           cell=lambda one: f"{one.prefill_replicas:.2f}"),
    Column("handover", maybe(OBJECT), "of a prompt's keys and values to the next replica: bytes of a rank, seconds", _handover),
    Column("memory_bytes", NUMBER, "of the fullest stage's device", lambda one: one.memory.total, head="memory", cell=_fits),
    Column("feasible", maybe(YES_NO), "whether it fits; null: the device's memory is not known",
           lambda one: one.memory.feasible),
    Column("room", maybe(WHOLE), "sequences at once for which there is room",
           lambda one: None if one.memory.room is None else one.memory.room * (one.plan.dp or 1)),
    Column("memory", OBJECT, "bytes by what they hold", _memory),
    Column("prefill", OBJECT, "one prompt's pass: parts, communications", lambda one: _passed(one.prefill)),
    Column("decode", OBJECT, "a pass of all sequences, halfway through their tokens", lambda one: _passed(one.decode)),
    Column("published_over_predicted", OBJECT, "of published figures: least, most, how many (docs/serving.md)",
           lambda _: _published()),
    Column("assumptions", TEXTS, "what it rests on", lambda one: list(one.assumptions)),
)  # fmt: skip
VIEW = View("serving", COLUMNS)


def _seconds(key: str, head: str) -> Column:
    return Column(key, NUMBER, head, head=head, cell=lambda row: show_duration(row[key]) if row[key] else "-")


PARTS_TABLE = (
    Column("part", TEXT, "part of a pass", head="part"),
    _seconds("prefill", "a prompt"),
    Column("prefill_share", NUMBER, "of it", head="share", cell=lambda row: percent(row["prefill_share"])),
    _seconds("decode", "a token of all"),
    Column("decode_share", NUMBER, "of it", head="share", cell=lambda row: percent(row["decode_share"])),
    Column("rule", TEXT, "how it comes about", head="how"),
)
COMMUNICATION_TABLE = (
    Column("pass", TEXT, "of a prompt or of tokens", head="pass"),
    Column("what", TEXT, "what is sent", head="communication"),
    Column("collective", TEXT, "the case", head="case", cell=lambda row: f"{row['collective']} {short_size(row['nbytes'])}"),
    Column("ranks", WHOLE, "of a group", head="ranks", cell=lambda row: f"{row['ranks']:,} on {row['nodes']:,}"),
    Column("calls", WHOLE, "a pass", head="calls"),
    _seconds("seconds_each", "each"),
    _seconds("seconds", "in all"),
    _seconds("exposed_seconds", "exposed"),
    Column("rule", TEXT, "what hides it", head="what hides it"),
)


def _gib(key: str, head: str) -> Column:
    return Column(f"{key}_bytes", maybe(NUMBER), head, head=head, cell=lambda row: _in_gib(row[f"{key}_bytes"]))


def _in_gib(nbytes: float | None) -> str:
    return "-" if nbytes is None else f"{nbytes / GIB:.2f}"


MEMORY_TABLE = (
    _gib("weights", "weights"),
    _gib("kv_cache", "keys and values"),
    _gib("activations", "activations"),
    _gib("reserve", "reserve"),
    _gib("total", "total"),
    _gib("capacity", "capacity"),
    _gib("sequence", "of a sequence"),
)


def _tables(found: Sequence[ServingReplica]) -> Iterator[Part]:
    """Yield the replica at every batch; of the last one what a pass is made of, what it sends and what it holds."""
    last = found[-1]
    asked: Asked = last.asked
    what = f"{_plan(last)}, {asked.prompt:,} tokens in, {asked.output:,} out, keys and values in {asked.kv}"
    head = f"a replica of {last.model.name} on {last.ranks:,} x {last.device} of {last.fabric}: {what}"
    yield Part(head, tuple(found), notes=tuple(_notes(last)))
    yield Part(f"where the time goes at {last.batch:,} sequences", tuple(_parts(last)), PARTS_TABLE)
    passes = (("prompt", last.prefill), ("token", last.decode))
    sent = tuple({"pass": name, **_sent(one)} for name, passed in passes for one in passed.communications)
    if sent:
        yield Part("communication of a pass", sent, COMMUNICATION_TABLE)
    room = last.memory.room
    notes = () if room is None else (f"room for {room * (last.plan.dp or 1):,} sequences at once, each at its longest",)
    assumed = tuple(f"assumed: {line}" for line in last.assumptions)
    yield Part("memory of a device, GiB", (_memory(last),), MEMORY_TABLE, notes=(*notes, *assumed))


def _parts(one: ServingReplica) -> Iterator[dict[str, Any]]:
    """Yield every part's seconds in a prompt's pass and in a token's; what a full pipeline adds to the latter is a bubble."""
    from fabric.workload.inference import PARTS

    read, made = ({part.what: part.seconds for part in passed.parts} for passed in (one.prefill, one.decode))
    made["bubble"] = one.token - one.decode.seconds
    for what, rule in PARTS.items():
        if read.get(what) or made.get(what):
            prefill, decode = read.get(what, 0.0), made.get(what, 0.0)
            shares = prefill / one.first_token, decode / one.token
            yield {"part": what, "prefill": prefill, "prefill_share": shares[0], "decode": decode, "decode_share": shares[1],
                   "rule": rule}  # fmt: skip


def _notes(one: ServingReplica) -> Iterator[str]:
    yield "first token: nobody before it; next token: other sequences' prompts in between; alone: a replica that only decodes"
    limits = (f"{_longest(passed)} {what}" for passed, what in ((one.prefill, "of a prompt"), (one.decode, "of a token")))
    yield f"limited by {', '.join(limits)}"
    over = (f"{what} {one['least']:g} to {one['most']:g} x ({one['figures']} figures)" for what, one in _published().items())
    yield f"published figures over such predictions: {', '.join(over)}; docs/serving.md"
    yield f"a replica that only reads prompts reads {one.prompt_tokens_per_second:,.0f} tokens/s"
    if one.handover is not None:
        size, seconds = short_size(round(one.handover.nbytes)), show_duration(one.handover.seconds)
        yield f"apart, a prompt's keys and values ({size} a device) take {seconds} to the next replica, all devices at once"


def _longest(passed: Passed) -> str:
    """Return the part of a pass that takes longest, with its share."""
    part = max(passed.parts, key=lambda part: part.seconds)
    return f"{part.what}: {percent(part.seconds / passed.seconds)}"
