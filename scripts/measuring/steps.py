"""What each step of a token's way costs outside the gateway: Tests/TokenCost, built for release."""
import json, subprocess

from .harness import PROJECT


def measure():
    subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "token-cost"],
                   cwd=PROJECT, check=True, capture_output=True)
    ran = subprocess.run(["taskset", "-c", "1", PROJECT / ".build" / "release" / "token-cost"],
                         check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)
