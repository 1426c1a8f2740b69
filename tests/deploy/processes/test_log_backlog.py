"""What a running service says about its public log."""

from prometheus_client import CollectorRegistry

from deploy.processes.log_backlog import LogBacklog
from tests.deploy.processes.test_children import Clock


def test_a_log_that_stands_still_is_trouble():
    """While statements wait and nothing is published for a minute; what moves, or waits for nothing, is not."""
    clock, metrics = Clock(), CollectorRegistry()
    watch = LogBacklog(metrics, now_s=clock)
    for waiting, published, after_s, trouble in (
        (0, 0, 300, False),
        (5, 0, 59, False),
        (5, 0, 2, True),
        (9, 5, 0, False),
        (9, 5, 60, True),
        (0, 14, 0, False),
        (0, 14, 300, False),
    ):
        watch.see(waiting, published)
        clock.now_s += after_s
        assert trouble == bool(watch.trouble), (waiting, published)
        assert waiting == metrics.get_sample_value("kilnwood_log_unpublished_statements")
