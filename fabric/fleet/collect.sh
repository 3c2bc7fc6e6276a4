#!/bin/sh
# Collects what `fabricbench fleet audit FOLDER` reads: the jobs of the last days with their nodes, and the network as the scheduler
# knows it. It needs no privileges, changes nothing and sends nothing. Usage: sh collect.sh FOLDER [DAYS]
# On Slurm it asks sacct, sinfo and scontrol; where there is no sacct it asks kubectl for pods and nodes.
set -eu
folder=${1:?"usage: sh collect.sh FOLDER [DAYS]"}
days=${2:-7}
mkdir -p "$folder"
date -u +%s > "$folder/at.txt"
if command -v sacct > /dev/null 2>&1; then
  SLURM_TIME_FORMAT=%s sacct --parsable2 --allusers --allocations --starttime "now-${days}days" \
    --format JobIDRaw,Account,User,Submit,Start,End,State,AllocTRES,ReqTRES,NodeList > "$folder/sacct.txt"
  scontrol show topology > "$folder/topology.txt" 2> /dev/null || echo "collect: Slurm has no topology; give --topo" >&2
  sinfo --noheader --Node --format "%N|%T|%G" > "$folder/sinfo.txt"
elif command -v kubectl > /dev/null 2>&1; then
  kubectl get pods --all-namespaces -o json > "$folder/pods.json"
  kubectl get nodes -o json > "$folder/nodes.json"
else
  echo "collect: neither sacct nor kubectl is here; run this where jobs are submitted" >&2
  exit 3
fi
echo "collect: wrote $folder; now: fabricbench fleet audit $folder" >&2
