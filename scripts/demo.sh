#!/usr/bin/env bash
# CoDeepNEAT with MorphNet compression and random search, with equally many trials, on the embedded data set; then one
# page that compares them.
set -euo pipefail
cd "$(dirname "$0")/.."
nas=.venv/bin/nas
out="results/runs/demo-$(date +%Y%m%d-%H%M%S)"
"$nas" search --experiment demo --strategy codeepneat --estimator morph estimator.weights=surviving \
    estimator.morph.reduction=0.5 estimator.morph.learning_rate=0.001 --out "$out/codeepneat" "$@"
"$nas" search --experiment demo --strategy random --out "$out/random" "$@"
"$nas" report "$out/codeepneat" "$out/random" --out "$out/comparison"
echo
echo "Search report:  $out/codeepneat/report.html"
echo "Beside random:  $out/comparison/comparison.html"
