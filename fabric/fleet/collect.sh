#!/bin/sh
# Collects what `fabricbench fleet audit FOLDER` reads: the jobs of the last days with their nodes, and the network as the scheduler
# knows it. It needs no privileges, changes nothing and sends nothing. Usage: sh collect.sh FOLDER [DAYS]
# On Slurm it asks sacct (squeue where it keeps no books), sinfo and scontrol; where there is no Slurm it asks kubectl for pods and
# nodes. sacct.txt is a trace too: `fabricbench fleet trace FOLDER/sacct.txt`.
set -eu
folder=${1:?"usage: sh collect.sh FOLDER [DAYS]"}
days=${2:-7}
case $days in '' | *[!0-9]*) echo "collect: DAYS must be a whole number, got $days" >&2; exit 2 ;; esac
mkdir -p "$folder"
date -u +%s > "$folder/at.txt"
if command -v squeue > /dev/null 2>&1; then
  SLURM_TIME_FORMAT=%s
  export SLURM_TIME_FORMAT
  if command -v sacct > /dev/null 2>&1 && sacct --parsable2 --allusers --allocations --starttime "now-${days}days" \
    --format JobIDRaw,Account,User,Submit,Start,End,State,ElapsedRaw,NNodes,Priority,AllocTRES,ReqTRES,NodeList \
    > "$folder/sacct.txt" 2> "$folder/sacct.err"; then
    rm -f "$folder/sacct.err"
  else
    rm -f "$folder/sacct.txt"
    squeue --all --format '%A|%a|%u|%V|%S|%e|%T|%b|%D|%N|%Q' > "$folder/squeue.txt"
    echo "collect: sacct has no books here (see $folder/sacct.err): jobs that run or wait now, from squeue" >&2
  fi
  scontrol show topology > "$folder/topology.txt" 2> /dev/null || true
  grep -q Name= "$folder/topology.txt" || echo "collect: Slurm has no topology; give audit --fleet TOPO" >&2
  sinfo --all --noheader --Node --format '%N|%T|%G' > "$folder/sinfo.txt"
elif command -v kubectl > /dev/null 2>&1; then
  kubectl get pods --all-namespaces -o json > "$folder/pods.json"
  kubectl get nodes -o json > "$folder/nodes.json"
else
  echo "collect: neither Slurm's squeue nor kubectl is here; run this where jobs are submitted" >&2
  exit 3
fi
echo "collect: wrote $folder; now: fabricbench fleet audit $folder" >&2
