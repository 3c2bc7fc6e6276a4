import json

import pytest

from fabric.predict.flows.file import read
from fabric.predict.flows.given import finish_times
from topologies.errors import InputError


def good():
    link = {"id": 0, "capacity_Bps": 1e9, "latency_s": 1e-6}
    flow = {"id": "a", "links": [0], "size_B": 1e6, "start_s": 0.0, "after": []}
    return {"cases": [{"name": "x", "links": [link], "flows": [flow, flow | {"id": "b", "after": ["a"]}]}]}


def changed(where, value):
    """Return the good file with one value put in, or taken out where the value is `...`."""
    content = good()
    *way, last = ("cases", 0, *where)
    at = content
    for key in way:
        at = at[key]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return json.dumps(content)


FLOW, LINK = ("flows", 1), ("links", 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be JSON, got line 1: Expecting"),
        ("[1]", r"must be an object with cases, got \[1\]"),
        ("{}", r"cases must be there, got only \[\]"),
        ('{"cases": [3]}', r"cases must be a list of objects, got \[3\]"),
        (changed(("name",), ...), r"case 0: name must be there, got only \['flows', 'links'\]"),
        (changed(("name",), 7), "case 0: name must be a text, got 7"),
        (changed(("flows",), {}), r"case 0 \('x'\): flows must be a list of objects, got {}"),
        (changed((*LINK, "capacity_Bps"), 0), r"case 0 \('x'\): link 0: capacity_Bps must be a finite number > 0, got 0"),
        (changed((*LINK, "capacity_Bps"), True), "capacity_Bps must be a finite number > 0, got True"),
        (changed((*LINK, "capacity_Bps"), float("inf")), "must be JSON, got line 1: Infinity, which is no number"),
        (changed((*LINK, "latency_s"), -1), "link 0: latency_s must be a finite number >= 0, got -1"),
        (changed((*LINK, "latency_s"), ...), "link 0: latency_s must be there, got only"),
        (changed((*LINK, "id"), 1.5), "link 0: id must be a whole number or a text that no other has, got 1.5"),
        (changed((*FLOW, "id"), "a"), "flow 1: id must be a whole number or a text that no other has, got 'a'"),
        (changed((*FLOW, "size_B"), -5), r"case 0 \('x'\): flow 1: size_B must be a finite number >= 0, got -5"),
        (changed((*FLOW, "size_B"), float("nan")), "must be JSON, got line 1: NaN, which is no number"),
        (changed((*FLOW, "size_B"), "1MiB"), "flow 1: size_B must be a finite number >= 0, got '1MiB'"),
        (changed((*FLOW, "size_B"), 10**400), "must be JSON, got line 1: the whole number '1000"),
        (changed((*FLOW, "size_B"), ...), "flow 1: size_B must be there, got only"),
        (changed((*FLOW, "start_s"), None), "flow 1: start_s must be a finite number >= 0, got None"),
        (changed((*FLOW, "links"), [0, 9]), "flow 1: links must be ids of links of this case, got 9"),
        (changed((*FLOW, "links"), [[0]]), r"flow 1: links must be ids of links of this case, got \[0\]"),
        (changed((*FLOW, "links"), 0), "flow 1: links must be a list of ids, got 0"),
        (changed((*FLOW, "after"), ["c"]), "flow 1: after must be ids of flows of this case, got 'c'"),
        (changed((*FLOW, "after"), ["b"]), "flow 1: after must not lead back to the flow itself, got 'b' after 'b'"),
        (changed(("flows", 0, "after"), ["b"]), "flow 0: after must not lead back .*, got 'a' after 'b' after 'a'"),
    ],
)
def test_files_that_cannot_be_are_refused_in_one_line(tmp_path, text, message):
    file = tmp_path / "flows.json"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read(file)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(file))


def test_a_missing_file_and_a_misspelt_key(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*: No such file"):
        read(tmp_path / "none.json")
    content = good()
    content["cases"][0]["flows"][1]["start"] = content["cases"][0]["flows"][1].pop("start_s")
    (tmp_path / "flows.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="flow 1: start_s must be spelt so, got 'start'"):
        read(tmp_path / "flows.json")


def test_start_and_after_may_be_left_out_and_other_keys_are_left_alone(tmp_path):
    content = good()
    for key in ("start_s", "after"):
        del content["cases"][0]["flows"][0][key]
    content["cases"][0]["flows"][0]["src"] = None
    content["meta"] = "anything"
    (tmp_path / "flows.json").write_text(json.dumps(content))
    (case,) = read(tmp_path / "flows.json")
    assert finish_times(case).tolist() == pytest.approx([0.001001, 0.002002])
