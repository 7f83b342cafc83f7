def test_the_downtime_is_known_closely(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint, load="precise", writers=16, engine="fast")

    assert trial.lost == []
    assert trial.clock.problem == ""  # else it would say why its downtime is no figure
    assert trial.downtime < 2.0
