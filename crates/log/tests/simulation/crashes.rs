//! Power cuts and restarts at any operation.

use anabranch_log::disk::{SimDisk, sim::Random};

use crate::oracle::Oracle;
use crate::seeds;
use crate::shard::{Shard, options};

/// How often the power goes off with one seed.
const ROUNDS: u64 = 6;

#[test]
fn everything_acknowledged_survives_crashes_in_order_and_once() {
    seeds(2_000, crash_and_recover);
}

/// The power goes off again and again.
pub fn crash_and_recover(seed: u64) {
    let mut random = Random::new(seed);
    let disk = SimDisk::new(seed);
    let options = options(&mut random);
    let mut oracle = Oracle::default();
    for _ in 0..ROUNDS {
        // The power may go off while what was left by the last time is being recovered.
        if random.happens(30) {
            disk.power_off_after(random.below(60));
        }
        let opened = Shard::open(&disk, options, &oracle);
        let Ok((mut shard, findings)) = opened else {
            go_off(&disk, &mut random);
            continue;
        };
        assert!(findings.rejected.is_empty(), "{findings:?}");
        assert!(findings.damages.is_empty(), "{findings:?}");
        oracle.recovered(shard.count());
        if shard.verify(&oracle).is_ok() {
            disk.power_off_after(random.below(400));
            let _ = shard.work(200, &mut random, &mut oracle);
        }
        drop(shard);
        go_off(&disk, &mut random);
    }
    let (mut shard, _) = Shard::open(&disk, options, &oracle).unwrap();
    oracle.recovered(shard.count());
    shard.verify(&oracle).unwrap();
}

/// Mostly the power goes off; sometimes only the program ends.
fn go_off(disk: &SimDisk, random: &mut Random) {
    if random.happens(20) {
        disk.restart();
    } else {
        disk.crash();
    }
}
