# Sourced by the parts; not one itself. Run in the repository's root.

set -u
export RUST_BACKTRACE="${RUST_BACKTRACE_IN_TESTS:-0}"
cache="${ANABRANCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/anabranch}"
target="${CARGO_TARGET_DIR:-$PWD/target}"
environment="$target/test-logs/environment"
passed=0
failed=0
skipped=0

# Where 00-tools and 15-build left what the other parts need.
# shellcheck disable=SC1090
if [ -f "$environment" ]; then . "$environment"; fi

# check NAME COMMAND...: runs it, prints what it says, counts it.
check() {
    check_name="$1"
    shift
    echo "--- $check_name"
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $check_name"
        failed=$((failed + 1))
    fi
}

# skip NAME WHY
skip() {
    echo "skipped: $1: $2"
    skipped=$((skipped + 1))
}

# Adds what `cargo test` counted in this file.
count_cargo_tests() {
    counts=$(awk '/^test result:/ { p += $4; f += $6; i += $8 } END { print p+0, f+0, i+0 }' "$1")
    # shellcheck disable=SC2086
    set -- $counts
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

# cargo_tests ARGUMENTS...: runs `cargo test` and counts its tests; a build error is a failure.
cargo_tests() {
    output="$target/test-logs/cargo-test.$$"
    cargo test --locked "$@" >"$output" 2>&1
    code=$?
    cat "$output"
    before=$failed
    count_cargo_tests "$output"
    if [ "$code" -ne 0 ] && [ "$failed" -eq "$before" ]; then failed=$((failed + 1)); fi
    rm -f "$output"
}

# The last line of every part.
finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}
