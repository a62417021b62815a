"""The tables of docs/performance.md, in Markdown."""
from .long import exponent
from .medians import Samples

NAMES = ["nginx", "haproxy", "freshet"]


def table(columns, rows, left=1):
    """Markdown; the first `left` columns are words, the rest numbers."""
    marks = ["---"] * left + ["---:"] * (len(columns) - left)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [columns, marks, *rows]).replace(
        "| --- |", "|---|").replace(" --- |", "---|").replace(" ---: |", "---:|").replace("| ---:", "|---:")


def comparison(found, names=None):
    samples = Samples(found["samples"])
    names = names or NAMES
    cpu = [("paced10k", "paced, 10,000/s", "{:.1f}"), ("paced1k", "paced, 1,000/s", "{:.1f}"),
           ("sat", "saturated", "{:.2f}"), ("batch", "batched", "{:.2f}")]
    rows = [[name, *(samples.cpu_per_token(name, scenario).text(form) for scenario, _, form in cpu),
             *(samples.cpu_per_request(name, scenario).text("{:,.1f}") for scenario in ("req", "reqns"))]
            for name in names]
    yield "CPU of the gateway, µs a token and µs a request", table(
        ["", *(f"token, {title}" for _, title, _ in cpu), "request, streamed", "request, whole"], rows)
    yield "Latency added to no gateway at all, µs", latencies(samples, names)
    yield "What came out, the gateway on one core", throughput(samples, names)


def latencies(samples, names):
    columns = [("ttft", "ttft_us", "first token"), ("paced1k", "token_us", "token at 1,000/s"),
               ("paced10k", "token_us", "token at 10,000/s"), ("paced30k", "token_us", "token at 30,000/s")]
    rows = [[name, *(samples.added(name, scenario, what, quantile).text("{:,.0f}")
                     for scenario, what, _ in columns for quantile in ("p50", "p99"))] for name in names]
    direct = ["no gateway", *(samples.latency("direct", scenario, what, quantile).text("{:,.0f}")
                              for scenario, what, _ in columns for quantile in ("p50", "p99"))]
    return table(["", *(f"{title} {quantile}" for *_, title in columns for quantile in ("p50", "p99"))],
                 [*rows, direct])


def throughput(samples, names):
    def core(name, scenario): return samples.of(name, scenario, lambda sample: 100 * sample["gw_core"]).text("{:.0f} %")
    rows = [[name,
             samples.of(name, "sat", lambda sample: sample["tokens_per_s"]).text("{:,.0f}"), core(name, "sat"),
             samples.of(name, "batch", lambda sample: sample["tokens_per_s"]).text("{:,.0f}"), core(name, "batch"),
             samples.of(name, "req", lambda sample: sample["streams_per_s"]).text("{:,.0f}"), core(name, "req")]
            for name in names]
    return table(
        ["", "tokens/s saturated", "of its core", "tokens/s batched", "of its core", "requests/s", "of its core"], rows)


def streams(found):
    rows = [[row["gateway"], f"{row['streams']:,}", f"{row['tokens_per_s']:,.0f}",
             marked(row, f"{row['us_per_token']:.1f}"), f"{row['bytes_per_stream'] / 1024:.1f}",
             *(marked(row, f"{row['latency_us'][quantile]:,.0f}") for quantile in ("p50", "p99")), row["errors"]]
            for row in found]
    return table(["", "streams", "tokens/s in all", "CPU µs a token", "memory a stream, KiB", "latency p50, µs",
                  "p99, µs", "errors"], rows)


def idle(found):
    return table(["", "streams", "at rest, MiB", "a stream, KiB"], [
        [row["gateway"], f"{row['streams']:,}", f"{row['at_rest'] / (1 << 20):.1f}",
         f"{row['bytes_per_stream'] / 1024:.1f}"] for row in found])


def logged(found):
    def pair(row, key, form): return [marked(row[way], form.format(row[way][key])) for way in ("plain", "logged")]
    rows = [[row["load"], *pair(row, "us_per_token", "{:.2f}"), *pair(row, "p50", "{:,.0f}"), *pair(row, "p99", "{:,.0f}")]
            for row in found]
    return table(["", "CPU µs a token, plain", "logged", "latency p50 µs, plain", "logged", "p99 µs, plain", "logged"],
                 rows)


def pairs(found):
    rows = [[row["client"], row["provider"], marked(row, f"{row['user_us']:.2f}"), f"{row['us_per_token']:.2f}",
             f"{row['times']:.2f} ×"] for row in found]
    return table(["client", "provider", "user µs a token", "CPU µs a token", "user time beside one dialect"], rows, left=2)


def marked(row, text): return text + ("" if row["quiet"] else "*")


def aborts(found):
    rows = [[row["gateway"], row["phase"], f"{row['cancelled']} of {row['times']}",
             *(marked(row, f"{row[key]:.2f}") if key in row else "-" for key in ("p50_ms", "p99_ms", "max_ms"))]
            for row in found]
    return table(["", "the client leaves", "cancelled", "p50, ms", "p99, ms", "longest, ms"], rows, left=2)


def slow(found):
    moments = found[0]["moments"]
    rows = [[row["gateway"], *(f"{growth / (1 << 20):.1f}" for growth in row["growth"])] for row in found]
    return table(["", *(f"after {moment} s, MiB" for moment in moments)], rows)


def loops(found):
    rows = [[row["load"], f"{row['us_one']:.2f}", f"{row['us_two']:.2f}", f"{row['balance']:.2f}",
             marked(row, f"{row['capacity']:.2f} ×"),
             *(f"{row[key]:,.0f}" for key in ("tokens_one", "tokens_two", "most"))]
            for row in found]
    return table(["", "CPU µs a token, one loop", "two loops", "evenness", "capacity", "tokens/s, one loop",
                  "two loops", "the most two cores carry with the load on them"], rows)


def long(found):
    lengths = found["lengths"]
    rows = [[title, *(form.format(cost) for cost in found[key]), f"{exponent(lengths, found[key]):.3f}"]
            for key, title, form in (("instructions", "instructions a token, batched", "{:,.0f}"),
                                     ("cpu_us", "CPU µs a token, saturated", "{:.2f}"))]
    return table(["answer of", *(f"{length:,} tokens" for length in lengths), "exponent of the whole"], rows)


def mallocs(found):
    rows = [[row["way"], f"{length:,}", f"{cost:.4f}", f"{bytes_:,.0f}"]
            for row in found["rows"] for length, cost, bytes_ in zip(row["lengths"], row["mallocs"], row["bytes"])]
    return table(["tokens arrive", "answer of tokens", "mallocs a token", "bytes a token"], rows) + (
        f"\n\nAn open stream without tokens: {found['idle_a_second']:.1f} mallocs a second.")


def instructions(found):
    titles = list(next(iter(found.values())))
    return table(["user-mode instructions a", *found], [
        [title, *(f"{counts[title]:,.0f}" for counts in found.values())] for title in titles])


def steps(found):
    rows = [[name, *(f"{cost:.0f}" for cost in costs), f"{exponent(found['tokens'], costs):.2f}"]
            for name, costs in found["steps"].items()]
    return table(["ns a token", *(f"{tokens:,} tokens" for tokens in found["tokens"]), "exponent of the whole"], rows)
