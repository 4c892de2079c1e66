"""Each benchmark runs through on few records and says what it promises; what it measures is no test's matter."""

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import main

PULL = {
    "records_per_s",
    "limit_grpc_per_s",
    "ratio_limit_grpc",
    "cpu_us",
    "ratio_limit_cpu",
    "origin_cpu_us",
    "receiver_cpu_us",
    "bytes_per_record",
    "receiver_disk_bytes_per_record",
    "ratio_limit_disk",
}
SIGNED = {"per_record_signature_per_s", "ratio_per_record_signature", "origin_disk_bytes_per_record"}
KEYS = {
    "sync": PULL | SIGNED,
    "sync_acts": PULL | SIGNED,
    "fan_out": PULL | {"origin_rss_mb"},
    "catch_up": PULL,
    "intake": {"rows_per_s", "node_only_per_s", "adapter_only_per_s"},
    "lookup": {"requests_per_s", "p50_ms", "p99_ms", "echo_per_s", "ratio_echo", "server_cpu_us", "echo_cpu_us",
               "ratio_echo_cpu", "roster_per_s", "p99_sync_ratio"},
    "screen": {"entries_per_s", "sqlite_per_s", "ratio_sqlite", "hits"},
    "act": {"acts_per_s", "state_1000_acts_ms", "state_1000_acts_warm_ms", "ratio_parse", "recorded_per_s",
            "ratio_commits", "inbox_first_ms", "inbox_ms"},
    "witness": {"round_cpu_ms", "idle_round_cpu_ms", "signatures_per_round", "told_bytes"},
    "growth": {"sync_cost_ratio", "lookup_cost_ratio", "receiver_rss_mb", "stages"},
}  # fmt: skip


@pytest.mark.parametrize("bench", KEYS)
def test_a_benchmark_prints_one_line_with_its_keys(bench: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--n", "500", "--runs", "1", "--only", bench])
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert result["bench"] == bench
    assert result["runs"] == 1
    assert result["n"] == 500
    promised = KEYS[bench] | {"peak_rss_mb"}
    assert promised <= result.keys()
    assert all(result[key] for key in promised)


def test_a_benchmark_in_turns_prints_both_checkouts_and_their_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    here = Path(__file__).parents[2]
    main(["--n", "100", "--runs", "1", "--only", "witness", "--against", str(here)])
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert result["ratios"].keys() == result["here"].keys() == result["there"].keys() >= {"round_cpu_ms"}
    assert all(result["ratios"].values())
