"""What a token costs in each pair of a client's and a provider's dialect: the same answers, pair by pair, in turns.

User time is what our own code takes, most of all in answers whose tokens come in batches; the system's share is the same. A pair that crosses is judged against the
mean of the two pairs of one dialect that it lies between.
"""
import itertools, pathlib, statistics, tempfile

from .window import Window

PROVIDERS = {"openai": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}
CLIENTS = {
    "openai": "--format openai --path /v1/chat/completions",
    "anthropic": "--format anthropic --path /v1/messages",
    "gemini": "--format gemini --path /v1beta/models/{model}:streamGenerateContent?alt=sse",
}
MODEL, SECONDS, ROUNDS = "mock-n10000-i0", 2.5, 3


def measure(harness):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "pairs.yaml"
        path.write_text(configuration())
        command = f"env MOCK_PORT={{mock}} {{freshet}} serve --listen 127.0.0.1:{{port}} --config {path}"
        taken = {pair: [] for pair in itertools.product(CLIENTS, PROVIDERS)}
        for number in range(ROUNDS):
            for pair in list(taken)[:: -1 if number % 2 else 1]:
                with harness.running("freshet", command) as gateway: taken[pair].append(one(gateway, *pair))
    rows = [{"client": client, "provider": provider, **middle(samples)} for (client, provider), samples in taken.items()]
    own = {row["client"]: row["user_us"] for row in rows if row["client"] == row["provider"]}
    for row in rows:
        row["times"] = row["user_us"] / statistics.mean([own[row["client"]], own[row["provider"]]])
        print(f"   {row['client']} from {row['provider']}: {row['user_us']:.2f} µs user, {row['times']:.2f} ×", flush=True)
    return rows


def configuration():
    lines = ["data: off", "providers:"]
    for kind, path in PROVIDERS.items():
        lines.append(f'  {kind}: {{ kind: {kind}, base_url: "http://127.0.0.1:${{MOCK_PORT}}{path}" }}')
    return "\n".join(lines) + "\n"


def one(gateway, client, provider):
    model = f"{provider}/{MODEL}"
    arguments = f"--model {model} {CLIENTS[client].format(model=model)} -c 8"
    gateway.load(MODEL, arguments.replace("-c 8", "-c 2 -n 4"))
    with gateway.loading(MODEL, f"{arguments} -d 60") as load:
        Window(gateway).wait(1)
        window, before = Window(gateway), user_time(gateway.pid)
        window.wait(SECONDS)
        spent, found = user_time(gateway.pid) - before, window.close()
    if load.result["out_of_order"] or load.result["bad_lines"]: raise RuntimeError(f"damaged answers: {load.result}")
    return {"user_us": spent * 1e6 / found["tokens"], "quiet": found["quiet"], "us_per_token": found["us_per_token"]}


def user_time(pid):
    """Seconds, in ticks of 10 ms."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) / 100


def middle(samples):
    chosen = [sample for sample in samples if sample["quiet"]] or samples
    return {key: statistics.median(sample[key] for sample in chosen) for key in ("user_us", "us_per_token")} | {
        "quiet": any(sample["quiet"] for sample in samples)}
