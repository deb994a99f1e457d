#!/usr/bin/env bash
# The wheel with all extras but `cuda` in an environment of the locked versions: what is in it
# (CycloneDX) and under which licences, into dist/. Ends with 1 when a licence is not allowed.
# `cuda` brings NVIDIA's own libraries under NVIDIA's terms; they ship with nothing of ours.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=.venv-release/bin
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wheel=$(echo dist/edgeserve-*.whl)
name=$(basename "$wheel" -py3-none-any.whl)
extras=$(unzip -p "$wheel" '*.dist-info/METADATA' 2> /dev/null \
    | sed -n 's/^Provides-Extra: //p' | grep -vx cuda | paste -sd,)

"$tools/uv" venv -q --python "${PYTHON:-python3}" "$folder/venv"
sed -n 's/^\([a-z].*==.*\) \\$/\1/p' requirements-dev.lock > "$folder/versions.txt"
"$tools/uv" pip install -q --python "$folder/venv/bin/python" --no-build \
    -c "$folder/versions.txt" "edgeserve[$extras] @ file://$PWD/$wheel"
"$tools/cyclonedx-py" environment --pyproject pyproject.toml --output-reproducible \
    --of JSON -o "dist/$name.cdx.json" "$folder/venv/bin/python"
"$tools/pip-licenses" --python "$folder/venv/bin/python" --from mixed --format json \
    --ignore-packages edgeserve > "$folder/licences.json"
"$tools/python" tests/release/licences.py "$folder" > "dist/$name-licences.md" \
    || { cat "dist/$name-licences.md"; exit 1; }
echo "dist/$name.cdx.json and dist/$name-licences.md: no licence that is not allowed"
