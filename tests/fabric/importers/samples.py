"""Made-up outputs of other tools in their printed forms; every number comes from the law below, none from a machine."""

import numpy as np

SIZES = [2**k for k in range(10, 31, 2)]


def microseconds(size, seed=0, noise=0.01):
    rng = np.random.default_rng(seed + int(size))
    return (20 + size / 1.5e5) * (1 + noise * rng.standard_normal())


def printed(value):
    """A time as nccl-tests prints it: seven characters."""
    return f"{value:.2f}" if value < 1e5 else f"{value:.0f}"


def half(size, time, factor, wrong="0"):
    algbw = size / float(printed(time)) / 1e3
    return f"  {printed(time):>7}  {algbw:6.2f}  {algbw * factor:6.2f}  {wrong:>6}"


def nccl_rows(factor, sizes=SIZES, *, root=-1, op="sum", dtype="float", wrong="0", in_place=None, seed=0):
    lines = []
    for size in sizes:
        out = microseconds(size, seed)
        inside = in_place(out) if in_place else microseconds(size, seed + 1)
        head = f"{size:12d}  {size // 4:12d}  {dtype:>8}  {op:>6}  {root:6d}"
        lines.append(head + half(size, out, factor, wrong) + half(size, inside, factor, wrong))
    return lines


def nccl_head(ranks=8, nodes=1, *, tool="nccl", device="NVIDIA H100 80GB HBM3", perf="all_reduce_perf", iters=20, group=None):
    per = max(ranks // nodes, 1)
    lines = [
        f"# {tool}-tests version 2.17.6 {tool}-headers=22803 {tool}-library=22803",
        f"# Collective test starting: {perf}",
        "# nThread 1 nGpus 1 minBytes 1024 maxBytes 1073741824 step: 4(factor) warmup iters: 1 "
        f"iters: {iters} agg iters: 1 validation: 1 graph: 0",
        "#",
        "# Using devices",
    ]
    lines += [
        f"#  Rank {r:2d} Group {(group or {}).get(r, 0):2d} Pid {4000 + r:6d} on node{r // per:06d} device {r % per:2d} "
        f"[0000:{r % per:02x}:00] {device}"
        for r in range(ranks)
    ]
    return [
        *lines,
        "#",
        "#                                                              out-of-place                       in-place",
        "#       size         count      type   redop    root     time   algbw   busbw  #wrong    time   algbw   busbw  #wrong",
        "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)",
    ]


NCCL_FOOT = ["# Out of bounds values : 0 OK", "# Avg bus bandwidth    : 70.1 ", "#", "# Collective test concluded"]


def nccl(ranks=8, nodes=1, *, perf="all_reduce_perf", factor=None, tool="nccl", device="NVIDIA H100", **rows):
    factor = 2 * (ranks - 1) / ranks if factor is None else factor
    return "\n".join(
        [*nccl_head(ranks, nodes, tool=tool, device=device, perf=perf), *nccl_rows(factor, **rows), *NCCL_FOOT, ""]
    )


def osu(title="Allreduce Latency", version="v7.4", *, full=False, datatype="MPI_CHAR", sizes=(4, 64, 1024, 1048576)):
    lines = ["", f"# OSU MPI {title} Test {version}"]
    lines += [f"# Datatype: {datatype}."] if datatype else []
    if full:
        lines.append(
            "# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations  P50 Tail Lat(us)  P99 Tail Lat(us)"
        )
        lines += [f"{s:<8d}{t:18.2f}{t * 0.9:18.2f}{t * 1.2:18.2f}{1000:12d}{t:18.2f}{t * 2:18.2f}" for s, t in timed(sizes)]
    else:
        lines.append("# Size       Avg Latency(us)")
        lines += [f"{s:<8d}{t:22.2f}" for s, t in timed(sizes)]
    return "\n".join([*lines, ""])


def osu_rate(title="Bandwidth", pairs=None, window=64, *, version="v7.4", rate=(8.0, 4000.0), sizes=(1, 1048576)):
    """osu_bw, osu_bibw; with pairs osu_mbw_mr. rate: MB/s."""
    lines = ["", f"# OSU MPI {title} Test {version}"]
    lines += [f"# [ pairs: {pairs} ] [ window size: {window} ]"] if pairs else []
    lines += ["# Datatype: MPI_CHAR.", f"# Size      {'            MB/s        Messages/s' if pairs else 'Bandwidth (MB/s)'}"]
    for size, mb in zip(sizes, rate, strict=True):
        lines.append(f"{size:<8d}{mb:22.2f}" + (f"{mb * 1e6 / size:18.2f}" if pairs else ""))
    return "\n".join([*lines, ""])


def timed(sizes):
    return [(size, microseconds(size)) for size in sizes]


def imb(*blocks, head=True):
    """blocks: (benchmark, processes, sizes)."""
    lines = []
    if head:
        lines += [
            "#----------------------------------------------------------------",
            "#    Intel(R) MPI Benchmarks 2021.7, MPI-1 part",
            "# Date                  : Thu Jul 20 16:27:27 2023",
            "# Machine               : x86_64",
            "# MPI_Datatype                   :   MPI_BYTE ",
            "# MPI_Datatype for reductions    :   MPI_FLOAT",
            "# MPI_Op                         :   MPI_SUM  ",
            "# List of Benchmarks to run:",
            "# Allreduce",
        ]
    for name, processes, sizes in blocks:
        lines += [
            "",
            "#----------------------------------------------------------------",
            f"# Benchmarking {name} ",
            f"# #processes = {processes} ",
            "#----------------------------------------------------------------",
        ]
        if name == "Barrier":
            lines += [
                " #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]",
                "         1000         3.10         3.30         3.20",
            ]
            continue
        lines.append("       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]")
        lines.append(f"{0:13d}{1000:13d}{0.03:13.2f}{0.04:13.2f}{0.03:13.2f}")
        lines += [f"{s:13d}{1000:13d}{t * 0.9:13.2f}{t * 1.1:13.2f}{t:13.2f}" for s, t in timed(sizes)]
    return "\n".join([*lines, "", "# All processes entering MPI_Finalize", ""])


def perftest(test="RDMA_Write BW", unit="Gb/sec", *, depth=None, sizes=(2, 65536, 8388608), qps=1):
    """ib_write_bw and its kind; of a latency test, its seven columns."""
    lines = ["-" * 87, f"                    {test} Test", " Dual-port       : OFF\t\tDevice         : mlx5_0"]
    lines += [f" Number of qps   : {qps}\t\tTransport type : IB"] + ([f" TX depth        : {depth}"] if depth else [])
    lines += [" Link type       : Ethernet", "-" * 87]
    if test.endswith("Latency"):
        lines.append(
            " #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]    t_stdev[usec]   "
            "99% percentile[usec]   99.9% percentile[usec] "
        )
        for s, t in timed(sizes):
            cells = (0.9 * t, 3 * t, t, 1.01 * t, 0.1 * t, 1.5 * t, 2.5 * t)
            lines.append(f" {s:<7d} 1000          " + "".join(f"{cell:<14.2f}" for cell in cells))
    else:
        lines.append(f" #bytes     #iterations    BW peak[{unit}]    BW average[{unit}]   MsgRate[Mpps]")
        scale = {"Gb/sec": 1e9 / 8, "MB/sec": 2**20, "MiB/sec": 2**20}[unit]
        for s, t in timed(sizes):
            rate = s / (t * 1e-6)
            lines.append(f" {s:<7d}    5000             {0:<7.2f}            {rate / scale:<7.2f}\t\t   {rate / s / 1e6:<7.6f}")
    return "\n".join([*lines, "-" * 87, ""])


def bench(ranks=16, *, said=True, sizes=(32768, 1048576, 2**30), unit="iB"):
    """ml-engineering's all_reduce_bench."""
    lines = [f"The average bandwidth of all_reduce over {ranks} ranks (5 warmups / 20 trials):", ""] if said else []
    lines += ["| payload |    busbw   |    algbw   |", "| ------: | ---------: | ---------: |"]
    for s, t in timed(sizes):
        rate, k = s / t / 1e3, min(s.bit_length() // 10, 3)
        size = f"{s // 2 ** (10 * k)}{'_KMG'[k]}{unit}"
        lines.append(f"| {size:>7} | {rate * 2 * (ranks - 1) / ranks:6.2f}GBps | {rate:6.2f}GBps |")
    return "\n".join([*lines, ""])


def deepspeed():
    """DeepSpeed's log_summary."""
    lines = [
        f"{'Comm. Op': <20}{'Message Size': <20}{'Count': <20}{'Total Latency(ms)': <20}{'Avg Latency(ms)': <20}"
        f"{'tput_avg (Gbps)': <20}{'busbw_avg (Gbps)': <20}"
    ]
    rows = {
        "all_reduce": ["50.0 MB", "2.0 KB"],
        "broadcast | [Caller Func: _broadcast_model]": ["98.25 MB"],
        "all_gather_into_tensor": ["1.0 MB"],
    }
    for name, sizes in rows.items():
        lines += [
            name,
            *(f"{' ': <20}{size: <20}{3: <20}{19.83: <20.2f}{6.61: <20.2f}{63.47: <20.2f}{63.47: <20.2f}" for size in sizes),
        ]
    return "\n".join([*lines, ""])


def inspector(calls=12, ranks=8, nodes=2, seen=(3,)):
    """NCCL Inspector's records of two collectives; ReduceScatter prints one rank's part."""
    lines = []
    for number in range(calls):
        for name, size, whole in (("AllReduce", 2**24, 2**24), ("ReduceScatter", 2**21, 2**21 * ranks)):
            for rank in seen:
                t = round(microseconds(whole, number) + rank)
                head = f'{{"header":{{"id":"0x7f","rank":{rank},"n_ranks":{ranks},"nnodes":{nodes}}},"metadata":{{"pid":7}},'
                perf = f'"coll_perf":{{"coll":"{name}","coll_sn":{number},"coll_msg_size_bytes":{size},"coll_exec_time_us":{t},'
                lines.append(head + perf + f'"coll_algobw_gbs":{whole / t / 1e3:.6f},"coll_busbw_gbs":1.0}}}}')
    return "\n".join([*lines, ""])


def hccl(sizes=(8192, 65536, 1048576), *, command="mpirun -n 8 ./bin/all_reduce_test -b 8K -e 1M -d fp16 -o sum -p 8"):
    lines = [command] if command else []
    lines += ["the minbytes is 8192, maxbytes is 1048576, iters is 20, warmup_iters is 5"]
    lines += ["data_size(Bytes): | aveg_time(us): | alg_bandwidth(GB/s): | check_result:"]
    lines += [f"{s:<17d} | {t:<14.2f} | {s / t / 1e3:<20.5f} | success" for s, t in timed(sizes)]
    return "\n".join([*lines, ""])
