"""Trial documents of a few numbers, as the reports need them."""

USUAL = {
    "endpoint": "writer",
    "profile": "quick",
    "valid": True,
    "writer_before": "instance-1",
    "writer_after": "instance-2",
    "resolution_s": 0.004,
    "outages": [],
    "attempted": 100,
    "acked": 90,
    "refused": 8,
    "unknown": 2,
    "not_issued": 0,
    "lost": [],
    "duplicated": [],
    "recovered": ["k-1"],
    "unexpected": [],
    "stale_writes": 0,
    "stuck_writers": 0,
    "errors": [],
    "latency_s": {"before": None, "during": None, "after": None},
    "milestones": [],
}


def document(downtime, scenario="cluster", *, test="test_article.py::test_it", **changes):
    name = {"test": f"{test}[{scenario}]", "scenario": scenario, "downtime_s": downtime}
    return name | USUAL | changes


def article():
    """Return the article's experiment: 15 trials without the proxy, 15 with it."""
    direct = [document(10 + n / 7) for n in range(15)]
    proxy = [document(1.0 if n % 3 == 0 else 0.0, "proxy", endpoint="proxy") for n in range(15)]
    return direct + proxy
