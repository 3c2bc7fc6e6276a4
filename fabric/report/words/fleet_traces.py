"""What readers of traces say of their rows in Chinese, by key. It reads no trace."""
# ruff: noqa: RUF001  # Chinese punctuation; a sentence is one line

from __future__ import annotations

from fabric.fleet.traces.said import ENGLISH

CHINESE = {
    # how rows were read
    "span_work": "把从开始到结束的时间当作全速时的工作量",
    "from_docs": "按文档所述的格式读入",
    "still_run_latest": "{} 个作业仍在运行：到文件中最晚时刻为止的运行时间当作其全部",
    "still_run": "{} 个作业仍在运行：至今的运行时间当作其全部",
    "pod_work": "把 Pod 从调度到删除的时间当作其工作量",
    "processors": "节点写明处理器和内存时，计入 Pod 所要的处理器与内存",
    "utc": "未注明时区的时刻按 UTC 计",
    "duration_work": "把作业的时长当作全速时的工作量：当时使它变慢的因素也在其中",
    "no_communication": "轨迹中没有作业的通信量",
    "stamps_zone": "时间戳未注明时区：照原样读入",
    "elapsed_work": "把已用时间当作全速时的工作量",
    "moments_zone": "时刻未注明时区：照原样读入",
    "slurm_priority": "优先级是 Slurm 自己最后算出的：这里的每种策略都让高者先行",
    "processor_device": "轨迹中的一个处理器算一张卡",
    "run_work": "把运行时间当作全速时的工作量",
    "unordered": "{} 行排在更早的一行之前；作业按提交时间排序",
    # why rows were left out
    "state": "状态未知",
    "no_device": "不要卡",
    "too_many": "要的卡数超出 32 位",
    "not_run": "未运行过：会运行多久不得而知",
    "no_creation": "没有创建时间",
    "columns": "列数与表头不符",
    "columns_or_id": "列数与表头不符，或没有作业号",
    "not_scheduled": "从未被调度：会运行多久不得而知",
    "no_times": "没有创建或删除时间",
    "no_share": "没有卡数或卡的份额",
    "no_submit": "没有提交时间",
    "mixed_times": "时刻与秒数混用",
    "no_work": "没有工作量或卡数",
    "outside": "{} 超出范围",
    "no_duration": "没有时长",
    "no_number": "没有卡数",
    "no_elapsed": "没有已用时间",
    "fields": "字段数不是 {}",
    "field": "有字段不是数字",
    "part": "是某个作业的一部分，该作业另有整行",
    "run_unknown": "运行了多久不得而知",
    "same_id": "编号重复；保留第一个",
    "no_time": "运行时间为零或为负",
    "too_long": "运行超过 {} 天",
    "too_early": "提交时间早于时间起点",
}
TEXTS = {"en": ENGLISH, "zh": CHINESE}
"""Language -> key -> text, {} for a value."""
