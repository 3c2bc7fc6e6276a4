import pytest

from fabric.formats.nccl_links import nvlink, pcie, together, xgmi


@pytest.mark.parametrize(
    ("sm", "links", "total"),
    [("60", 4, 80), ("70", 6, 150), ("80", 12, 300), ("86", 4, 56.25), ("90", 18, 450), ("100", 18, 900)],
)
def test_nvlinks_add_up_to_what_makers_print_of_a_gpu(sm, links, total):
    assert links * nvlink(sm).speed == total * 1e9
    assert nvlink(sm).told.endswith(f"a link by sm {sm}")


@pytest.mark.parametrize(
    ("gcn", "links", "total"),
    [
        ("gfx908", 3, 138),
        ("gfx90a", 7, 350),
        ("910", 7, 350),
        ("gfx942", 7, 448),
        ("gfx942:sramecc+:xnack-", 7, 448),
        ("gfx950", 7, 535.5),
    ],
)
def test_xgmi_links_add_up_to_what_amd_prints_of_a_gpu(gcn, links, total):
    assert links * xgmi(gcn).speed == total * 1e9
    assert "assumed" not in xgmi(gcn).told


@pytest.mark.parametrize(
    ("told", "total"),
    [
        ("2.5 GT/s", 4.0),
        ("5.0 GT/s PCIe", 8.0),
        ("8 GT/s", 15.75),
        ("16.0 GT/s PCIe", 31.5),
        ("32 GT/s", 63.0),
        ("64.0 GT/s PCIe", 121.0),
    ],
)
def test_sixteen_pcie_lanes_carry_what_is_known_of_them(told, total):
    assert 16 * pcie(told).speed == pytest.approx(total * 1e9, rel=1e-3)


def test_what_a_file_does_not_tell_is_assumed_and_said():
    assert nvlink("").told == "NVLink 25 GB/s a link by sm 90, assumed: sm of the GPU is not known"
    assert nvlink("x").told == "NVLink 25 GB/s a link by sm 90, assumed: sm 'x' of the GPU is not known"
    assert xgmi("gfx1100").told == "xGMI 64 GB/s a link by gfx942, assumed: gcn 'gfx1100' of the GPU is not known"
    for told in ("", "Unknown", "0 GT/s", "1.2.3 GT/s", "9" * 400 + " GT/s"):
        assert pcie(told).told == "PCIe 8 GT/s assumed where the file does not tell it, as NCCL does"
    assert together([nvlink("90"), pcie("8 GT/s"), nvlink("90")]) == "NVLink 25 GB/s a link by sm 90, PCIe 8 GT/s"
