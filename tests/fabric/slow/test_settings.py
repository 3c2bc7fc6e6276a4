"""Whose settings differ: the usual value, who has another one, and when that may be the reason."""

from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.host.settings import MACHINE, settings_here
from fabric.slow.settings import UNSET, differences, lines, reasons
from fabric.slow.told import with_reasons
from fabric.slow.tree import flat

SAME = {"kernel": "6.1", "NCCL_ALGO": "Ring", "processor": "A"}


def row(node, kind="node", state="slow"):
    return {"state": state, "kind": kind, "suspects": [node], "name": f"node{node}"}


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3), min_size=1, max_size=9))
def test_every_rank_has_the_usual_value_or_is_named_with_its_own(settings):
    found = differences(settings)
    for name in {name for own in settings for name in own}:
        values = [own.get(name, UNSET) for own in settings]
        one = next((d for d in found if d.name == name), None)
        if one is None:
            assert len(set(values)) == 1
            continue
        assert [next((v for v, ranks in one.odd.items() if r in ranks), one.usual) for r in range(len(values))] == values
        assert one.usual is None or 2 * values.count(one.usual) > len(values)


def test_a_slow_node_whose_setting_no_other_has_is_software():
    settings = [SAME, SAME, {**SAME, "NCCL_ALGO": "Tree"}, SAME]
    (found,) = with_reasons(flat(4), [row(2)], differences(settings, MACHINE))
    assert (found["kind"], found["differs"]) == ("software", ["NCCL_ALGO is Tree, Ring on the others"])


def test_what_a_healthy_node_has_too_is_no_reason():
    settings = [SAME, {**SAME, "NCCL_ALGO": "Tree"}, {**SAME, "NCCL_ALGO": "Tree"}, SAME, SAME]
    differ = differences(settings)
    assert [one["kind"] for one in with_reasons(flat(5), [row(2)], differ)] == ["node"]
    both = with_reasons(flat(5), [row(1), row(2)], differ)
    assert [one["kind"] for one in both] == ["software", "software"]
    assert lines(differ, flat(5)) == ["NCCL_ALGO: Tree on node1, node2; Ring on the others"]


def test_another_machine_is_told_and_is_no_software():
    settings = [SAME, SAME, {**SAME, "processor": "B"}]
    differ = differences(settings, MACHINE)
    assert lines(differ, flat(3)) == ["processor: B on node2; A on the others"]
    assert with_reasons(flat(3), [row(2)], differ)[0]["kind"] == "node"


def test_without_a_majority_nobody_is_the_odd_one():
    differ = differences([{"a": "1"}, {"a": "2"}])
    assert lines(differ, flat(2)) == ["a: 1 on node0; 2 on node1"]
    assert reasons(differ, {0}, {0}) == []


def test_a_boundary_or_a_silent_node_is_no_software():
    settings = [SAME, SAME, {**SAME, "kernel": "5.4"}]
    rows = [row(2, "hung"), row(2, "boundary"), row(2, state="open")]
    assert [one["kind"] for one in with_reasons(flat(3), rows, differences(settings))] == ["hung", "boundary", "node"]


def test_settings_have_what_libraries_read_and_nothing_of_the_launcher_or_the_user():
    variables = {"NCCL_ALGO": "Ring", "OMPI_MCA_pml": "ob1", "OMPI_MCA_ess_base_vpid": "3", "HOME": "/x", "SLURM_PROCID": "1"}
    found = settings_here({"torch": "2.13", "devices": ["GPU"]}, variables)
    assert found["NCCL_ALGO"] == "Ring"
    assert found["OMPI_MCA_pml"] == "ob1"
    assert found["torch"] == "2.13"
    assert not {"OMPI_MCA_ess_base_vpid", "HOME", "SLURM_PROCID", "devices"} & {*found}
    assert {"kernel", "Python", "processor"} <= {*found}
