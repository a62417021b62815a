# Steps of scripts/test and scripts/soak: run one after the other, none hides another's failure. Sourced, not run.

broken_steps=()
last_status=0

# step NAME COMMAND...: runs the command under a heading and remembers whether it failed.
step() {
    local name=$1 began=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@"
    last_status=$?
    if [ "$last_status" -ne 0 ]; then
        broken_steps+=("$name")
        printf '== %s: FAILED (status %d)\n' "$name" "$last_status"
    else
        printf '== %s: ok, %d s\n' "$name" $((SECONDS - began))
    fi
}

# Whether the last step did.
succeeded() { [ "$last_status" -eq 0 ]; }

# Of what `swift test` says, what a person wants to read: what tests print, what was skipped or failed, the sum. The
# note that a test has started may take many lines, for it shows the test's arguments.
readable() {
    awk '
        inside { inside = !/ started\.$/; next }
        /^◇/ { inside = !/ started\.$/; next }
        /^✔ (Test (".*"|[^ ]+\(.*) (with|passed)|Suite )|^↳/ { next }
        /^\[[0-9]+\/[0-9]+\] |^Test Suite |Executed 0 tests/ { next }
        { print; fflush() }
    '
}

# swift_tests FILE.xml ARGUMENT...: runs `swift test`, leaving its results in FILE.xml.
swift_tests() {
    local file=$1 status
    shift
    timeout -k 10 900 swift test "$@" --xunit-output "$file" 2>&1 | readable
    status=${PIPESTATUS[0]}
    # Swift Testing adds to the name it is given. No results at all: the run died, however it ended.
    mv "${file%.xml}-swift-testing.xml" "$file" || return 1
    return "$status"
}

# end_to_end_tests FILE ARGUMENT...: runs the tests in Tests/EndToEnd against .build/release/freshet.
end_to_end_tests() {
    local file=$1
    shift
    .venv/bin/python -m pytest Tests/EndToEnd -q -o cache_dir=.build/pytest ${TEST_TIMEOUT:+--timeout "$TEST_TIMEOUT"} --junit-xml "$file" "$@"
}

# report FILE...: prints the sum of the result files as the last line; fails when anything failed or nothing ran.
report() {
    if [ ${#broken_steps[@]} -gt 0 ]; then
        printf '\nFailed: %s\n' "$(printf '%s, ' "${broken_steps[@]}" | sed 's/, $//')"
    fi
    printf '\n'
    python3 - "${broken_steps[@]}" -- "$@" <<'PYTHON'
import os, sys, xml.etree.ElementTree as tree
split = sys.argv.index("--")
broken, files = sys.argv[1:split], [file for file in sys.argv[split + 1:] if os.path.exists(file)]
passed = failed = skipped = 0
for case in (case for file in files for case in tree.parse(file).iter("testcase")):
    if case.find("failure") is not None or case.find("error") is not None: failed += 1
    elif case.find("skipped") is not None: skipped += 1
    else: passed += 1
# A step of tests that failed shows in its tests; any other broken step, or a crash, counts as one.
failed = max(failed, len(broken))
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed > 0 or passed == 0)
PYTHON
}
