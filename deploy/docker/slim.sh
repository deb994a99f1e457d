#!/usr/bin/env bash
# Remove from an environment what a server never loads, and say what that was.
# Usage: slim.sh ENVIRONMENT [no-gpu]; no-gpu also removes OpenVINO's plug-ins for GPU and NPU.
set -euo pipefail
shopt -s nullglob globstar
cd "$1"/lib/python3.*/site-packages

remove() {
    local what=$1 path here=()
    shift
    for path in "$@"; do
        [ ! -e "$path" ] || here+=("$path")
    done
    [ ${#here[@]} -gt 0 ] || return 0
    du -sc --apparent-size -B1000 "${here[@]}" \
        | awk -v what="$what" 'END { printf "%7.1f MB  %s\n", $1 / 1000, what }'
    rm -rf "${here[@]}"
}

if [ "${2-}" = no-gpu ]; then
    remove 'OpenVINO: GPU and NPU plug-ins, the GPU kernels'"'"' tuning' \
        openvino/libs/libopenvino_intel_[gn]pu_plugin.so openvino/libs/cache.json
fi
remove 'OpenVINO: readers of formats other than ONNX and its own' \
    openvino/libs/libopenvino_{tensorflow,tensorflow_lite,pytorch,paddle,gguf,jax}_frontend.so*
remove 'OpenVINO: C headers, CMake files, command-line tools' openvino/{include,cmake,tools}
remove 'ONNX Runtime: tools that make models' \
    onnxruntime/{transformers,tools,quantization,datasets,backend}
remove 'ONNX Runtime: a second copy of the library, for programs in C' \
    onnxruntime/capi/libonnxruntime.so.*
remove 'numpy: Fortran wrapper, C headers' numpy/f2py numpy/_core/{include,lib}
remove 'sympy and mpmath, which only those tools use' sympy mpmath
remove 'type stubs' ./**/*.pyi
remove 'tests of libraries' ./**/tests
du -s --apparent-size -BMB . | awk '{ printf "%7d MB  left\n", $1 }'
