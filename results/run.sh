#!/usr/bin/env bash
# Runs what is missing of every table and collects it. Interrupt it as you like; called again it goes on.
# Usage: results/run.sh DATA [RUNS]   DATA: a folder with omics-rosmap and omics-brca as published; RUNS: default runs/
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1
runs=${2:-runs}
relata=build/release/apps/relata/relata
mkdir -p "$runs/data"

dataset() { # dataset NAME FOLDER VIEW-NAMES
  [ -d "$runs/data/$1" ] || "$relata" import data mogonet "$2" --names "$3" --out "$runs/data/$1"
}
row() { # row TABLE ROW RECIPE DATASET
  "$relata" train "m3col/$3" --data "$runs/data/$4" --out "$runs/$3" --resume
  python3 results/collect.py "$1" "$2" "m3col/$3" "$runs/$3"
}

dataset rosmap "$data/omics-rosmap" mrna,methylation,mirna
dataset jive "$data/omics-brca/jive" expression,methylation,mirna
dataset mixomics "$data/omics-brca/mixomics" mrna,protein,mirna
row m3col_rosmap P0a rosmap_p0a rosmap
row m3col_rosmap P0b rosmap_p0b rosmap
row m3col_rosmap P1b rosmap_p1b rosmap
row m3col_rosmap P2 rosmap_honest rosmap
row m3col_brca_jive P0b brca_jive_p0b jive
row m3col_brca_jive P2 brca_jive_honest jive
row m3col_brca_mixomics P0b brca_mixomics_p0b mixomics
row m3col_brca_mixomics P2 brca_mixomics_honest mixomics
row m3col_brca_mixomics missing brca_mixomics_missing mixomics
row m3col_brca_mixomics missing_fusion brca_mixomics_missing_fusion mixomics
