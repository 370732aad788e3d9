#!/usr/bin/env bash
# Try the script on a GPU, in about a quarter of an hour, and print what it does there.
#
#     bash tests/gpu.sh                      all of it, on the GPU, with GPT-2 small and medium
#     bash tests/gpu.sh --device cpu         the same steps with the toy, to see that they run
#
# The weights are random numbers in the layout of the released ones; --bpe DIR names the folder of GPT-2's vocab.bpe and
# encoder.json. A step that fails does not stop the others; the last line says how many did.
set -uo pipefail
cd "$(dirname "$0")/.."

device=cuda
bpe=../shared/gpt2-bpe
while [ $# -gt 1 ]; do
    case $1 in
        --device) device=$2 ;;
        --bpe) bpe=$2 ;;
        *) echo "unknown: $1" >&2; exit 2 ;;
    esac
    shift 2
done
sizes="124M 355M"
few="--steps 20 --repeats 3"
job="--epochs 2"
if [ "$device" = cpu ]; then
    sizes=tiny
    few="--steps 2 --repeats 1 --prompts 1"
    job="--epochs 1 --limit 60 --max-new-tokens 8"
fi
first=${sizes%% *}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

step() {  # a title, and a command
    echo
    echo "## $1"
    shift
    local start=$SECONDS
    "$@" || { echo "FAILED with status $?: $*"; failed=$((failed + 1)); }
    echo "($((SECONDS - start)) s)"
}

killed() {  # start the job, and kill it hard when a save is there
    python finetune_gpt2.py "$@" > "$work/killed.txt" 2>&1 &
    local pid=$!
    for _ in $(seq 600); do
        [ -e "$work/killed/unfinished.pth" ] && break
        kill -0 $pid 2> /dev/null || break
        sleep 0.1
    done
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ -e "$work/killed/unfinished.pth" ]
}

if [ "$device" != cpu ]; then
    step "The card" nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv
fi
step "PyTorch" python -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())"
if [ "$device" != cpu ]; then
    step "Tests that need a GPU" python -m pytest tests -q -k "cuda or gpu"
fi
for size in $sizes; do
    step "Benchmark of $size" python tests/benchmark.py --model "$size" --device "$device" --bpe "$bpe" $few \
        --only step,memory,answers,load --weights "$work/weights"
done
args="--model $first --weights $work/weights --device $device"
step "The whole job" python finetune_gpt2.py $args $job --out "$work/whole"
step "A run that is killed" killed $args --epochs 2 --limit 60 --max-new-tokens 8 --out "$work/killed"
step "It goes on" python finetune_gpt2.py --resume --out "$work/killed"
step "It answers" python finetune_gpt2.py $args --out "$work/whole" --ask "What is the capital of Kenya?"
step "One process of torchrun" python -m torch.distributed.run --nproc_per_node=1 finetune_gpt2.py $args \
    --epochs 1 --limit 60 --max-new-tokens 8 --out "$work/torchrun"
if [ "$device" = cuda ]; then
    step "Too little memory is said in one line" python - $args --epochs 1 --limit 60 --out "$work/large" <<'END'
import sys
import torch
import finetune_gpt2
torch.cuda.set_per_process_memory_fraction(2e9 / torch.cuda.get_device_properties(0).total_memory)
try:
    finetune_gpt2.main(sys.argv[1:])
except SystemExit as end:
    print(end)
    sys.exit("error: out of memory" not in str(end))
sys.exit("it fitted")
END
fi
step "Figures of the whole job" python -c "import json, sys; m = json.load(open(sys.argv[1])); m.pop('losses')
print(json.dumps(m, indent=1))" "$work/whole/metrics.json"
echo
echo "$failed steps failed"
exit $((failed > 0))
