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


def beside(downtime=1.0, **changes):
    """Return a trial of a workload that tried again, read, and stored a transaction in part."""
    error = {"code": 2003, "kind": "refused", "count": 68, "first_s": 0.3, "last_s": 1.9}
    attempts = {"count": 168, "acked": 90, "refused": 70, "unknown": 8, "retried": 12,
                "downtime_s": 1.7, "resolution_s": 0.05, "errors": [error]}  # fmt: skip
    reads = {"count": 41, "failed": 3, "compared": 29, "stale": 5, "staleness_s": 0.651,
             "resolution_s": 0.002, "unseen": 4}  # fmt: skip
    return document(downtime, attempts=attempts, reads=reads, torn=["k-7", "k-8"]) | changes
