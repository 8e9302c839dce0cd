"""Tests of what the harness computes. They start nothing."""
import math
import unittest

import figures
import nats_cli
import run
import scenarios
import stores
import table
import targets
import upkeep


def pair(peer, ours, **more):
    return {"cpu": peer, **more}, {"cpu": ours, **more}


class Figures(unittest.TestCase):
    def test_takes_the_median_of_the_ratios_within_pairs(self):
        c = figures.compare([pair(1, 0.5), pair(10, 1), pair(2, 0.6)], "cpu")
        self.assertEqual((c.peer, c.ours), (2, 0.6))
        self.assertAlmostEqual(c.ratio, 0.3)
        self.assertEqual((c.least, c.most), (0.1, 0.5))

    def test_knows_no_figure_that_a_scenario_lacks(self):
        self.assertIsNone(figures.compare([pair(1, 1)], "rate"))

    def test_gives_no_ratio_to_a_figure_of_nothing(self):
        self.assertTrue(math.isnan(figures.compare([pair(0, 1)], "cpu").ratio))

    def test_shows_what_only_one_side_has(self):
        c = figures.compare([({}, {"slow_turns": 0}), ({}, {"slow_turns": 3})], "slow_turns")
        self.assertTrue(math.isnan(c.peer) and math.isnan(c.ratio))
        self.assertEqual(c.ours, 3, "the worst run counts")

    def test_tells_whose_cpu_a_load_is_made_of(self):
        self.assertEqual(figures.bound([pair(1, 1, server_share=0.7)]), "server 70%")
        self.assertEqual(figures.bound([pair(1, 1)]), "")


class Targets(unittest.TestCase):
    def test_each_speaks_of_a_scenario_and_of_a_figure_that_exist(self):
        names = [s.name for s in scenarios.SCENARIOS]
        keys = {f.key for f in figures.FIGURES}
        for target in targets.TARGETS:
            self.assertIn(target.figure, keys)
            found = targets.re.compile(target.scenarios)
            self.assertTrue(any(found.fullmatch(n) for n in names), target.what)

    def test_marks_what_is_missed(self):
        text = targets.table({"pub.16B.1c": [pair(1, 0.3)], "pub.128B.1c": [pair(1, 0.3)]})
        self.assertIn("| publish 16 B: CPU ≤ 1/4 | `pub.16B.1c` | 0.30 | **missed** |", text)
        self.assertIn("| publish 128 B: CPU ≤ 1/3 | `pub.128B.1c` | 0.30 | reached |", text)
        self.assertTrue(text.endswith("1 missed."))

    def test_asks_a_rate_only_where_the_server_is_the_bottleneck(self):
        slow = pair(1, 1, rate=5, server_share=0.3)
        self.assertNotIn("rate", targets.table({"pub.16B.1c": [slow]}))


class Streams(unittest.TestCase):
    def test_counts_the_turns_above_the_limit(self):
        name = "anabranch_shard_turn_seconds"
        metrics = {f'{name}_bucket{{le="0.005"}}': 7.0, f"{name}_count": 9.0}
        self.assertEqual(upkeep.slow_turns(metrics), 2)
        self.assertIsNone(upkeep.slow_turns({"other": 1.0}))

    def test_knows_how_many_subjects_a_filter_matches(self):
        for subjects in (200, 203, 204, 2009):
            matching = sum(n % 10 == 3 for n in range(subjects))
            self.assertEqual(upkeep.tenth(subjects, 3), matching)

    def test_growth_is_that_of_the_dearest_size(self):
        costs = [{"cpu": cpu, "rate": 1, "rss_mib": 1} for cpu in (2.0, 3.0, 2.5)]
        grown = stores.grown("cpu_m", costs)
        self.assertEqual((grown["cpu_m2"], grown["growth_pct"]), (3.0, 50.0))


class Tables(unittest.TestCase):
    def test_names_failures_and_goes_on(self):
        text = table.table({"pub.16B.1c": [pair(1, 2)], "idle": []}, [("idle", "gone\nat once")])
        self.assertIn("| `pub.16B.1c` | server CPU s/M ↓ | 1.000 | 2.000 | 2.00 |", text)
        self.assertIn("- failed: `idle`: gone at once", text)


class Outputs(unittest.TestCase):
    def test_takes_complete_lines_only(self):
        self.assertEqual(run.json_lines('x\n{"a":1}\n{"b":'), [{"a": 1}])

    def test_reads_what_nats_bench_prints(self):
        text = "stats: 1,000 msgs/sec ~ 1 MB/sec\nP50: 12.5us\naggregated stats: 2,000 msgs/sec"
        found = nats_cli.parsed(text, 7)
        self.assertEqual(found, {"msgs": 7, "rate": 2000.0, "lat_us": {"p50": 12.5}})


if __name__ == "__main__":
    unittest.main()
