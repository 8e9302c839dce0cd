//! The power goes under load: what was acknowledged before is there afterwards, and stays done.
//!
//! The same harness finds losses in nats-server at its defaults, and none where it syncs always,
//! although that is given easier terms: names are durable with any sync, nothing is torn, and
//! everything before the load is durable.

#![expect(clippy::print_stdout, reason = "figures are shown with the test")]

#[path = "powercut/load.rs"]
mod load;
#[path = "powercut/promises.rs"]
mod promises;

use std::sync::mpsc;
use std::thread;

use anabranch_powercut::mount::Mounted;
use anabranch_powercut::storage::{Cut, Keep, Names, Storage};
use anabranch_testkit::client::{Client, TIMEOUT};
use anabranch_testkit::server::{Binary, Server};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};

use promises::{Figures, Promises};

/// What the server does when its storage is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is off with it.
    Dies,
    /// Only the storage fails: the server runs on, and acknowledges nothing any more.
    Stays,
}

/// What is durable when the load of a round begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// What the server has synced.
    Synced,
    /// Everything: only messages of the last moments are at stake.
    Everything,
}

/// What is put to the test.
struct Trial {
    name: &'static str,
    binary: Binary,
    /// Further keys of `jetstream {}`.
    config: &'static str,
    names: Names,
    before: Before,
    rounds: u32,
    /// Steps before a cut, as exponents of two.
    steps: std::ops::Range<u32>,
    keeps: &'static [Keep],
    fates: &'static [Fate],
}

#[test]
#[ignore = "power cuts"]
fn nothing_acknowledged_is_lost_in_a_power_cut() {
    let figures = Trial {
        name: "anabranch",
        binary: Binary::anabranch().expect("the binary is built"),
        config: "",
        names: Names::OwnSync,
        before: Before::Synced,
        rounds: rounds(8),
        steps: 5..13,
        keeps: &[Keep::Nothing, Keep::Some, Keep::Some],
        fates: &[Fate::Dies, Fate::Dies, Fate::Dies, Fate::Stays],
    }
    .run();
    assert!(figures.acked > 0, "there was something to lose");
    assert!(figures.wrongs.is_empty(), "{} things are wrong", figures.wrongs.len());
}

#[test]
#[ignore = "power cuts"]
fn nats_server_loses_acknowledged_messages_at_its_defaults() {
    let Some(figures) = cut_nats_server("nats-server", "") else { return };
    assert!(figures.lost > 0, "the harness sees a missing sync");
}

#[test]
#[ignore = "power cuts"]
fn nats_server_that_always_syncs_loses_no_message() {
    let always = "sync_interval: always";
    let Some(figures) = cut_nats_server("nats-server, sync_interval: always", always) else {
        return;
    };
    assert!(figures.acked > 0, "there was something to lose");
    assert_eq!(figures.lost, 0, "the harness sees no loss where there is none: {figures:?}");
}

/// What power cuts cost the real server, if there is one.
fn cut_nats_server(name: &'static str, config: &'static str) -> Option<Figures> {
    let binary = Binary::nats_server().expect("it exists if it is named")?;
    let trial = Trial {
        name,
        binary,
        config,
        names: Names::AnySync,
        before: Before::Everything,
        rounds: 3,
        steps: 10..12,
        keeps: &[Keep::Nothing],
        fates: &[Fate::Dies],
    };
    Some(trial.run())
}

/// How many power cuts, where nothing says otherwise.
fn rounds(usual: u32) -> u32 {
    let named = std::env::var("ANABRANCH_POWERCUT_ROUNDS").ok();
    named.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn seed() -> u64 {
    let named = std::env::var("ANABRANCH_POWERCUT_SEED").ok();
    named.and_then(|text| text.parse().ok()).unwrap_or_else(rand::random)
}

impl Trial {
    fn run(&self) -> Figures {
        let seed = seed();
        let mut chance = StdRng::seed_from_u64(seed);
        let storage = Storage::new(self.names, seed);
        let folder = tempfile::tempdir().expect("there is room");
        let mut promises = Promises::default();
        let mut figures = Figures::default();
        for round in 0..=self.rounds {
            let mounted = Mounted::new(&storage, folder.path()).expect("it may be mounted");
            match self.start(folder.path()) {
                Ok(server) => {
                    let before = figures.wrongs.len();
                    promises.check(server.address(), &mut figures);
                    if figures.wrongs.len() > before {
                        let last = figures.wrongs.len().min(before + 5);
                        println!("wrong: {:#?}\n{}", &figures.wrongs[before..last], server.log());
                    }
                    if round < self.rounds {
                        self.cut(server, &storage, round, &mut chance, &mut promises);
                    }
                }
                Err(error) => {
                    promises.break_all(&error.to_string(), &mut figures);
                    storage.cut();
                }
            }
            mounted.unmount().expect("nobody uses it");
            storage.restore();
        }
        self.tell(seed, &storage, &figures);
        figures
    }

    fn start(&self, store: &std::path::Path) -> Result<Server, anabranch_testkit::server::Error> {
        // Directories of several levels are made, whose names have to last too.
        let (store, more) = (store.join("made/anew").display().to_string(), self.config);
        Server::start(&self.binary, &format!("jetstream {{ store_dir: \"{store}\"\n{more}\n}}"))
    }

    /// One power cut under load; the server is gone after it.
    fn cut(
        &self,
        mut server: Server,
        storage: &Storage,
        round: u32,
        chance: &mut StdRng,
        promises: &mut Promises,
    ) {
        let turn = usize::try_from(round).expect("few rounds");
        let keep = self.keeps[turn % self.keeps.len()];
        let fate = self.fates[turn % self.fates.len()];
        let pid = Pid::from_raw(server.process_id().cast_signed()).expect("a process id");
        let address = server.address();
        let load = load::Load::open(address, round, promises);
        if self.before == Before::Everything {
            storage.settle();
        }
        let after = 1_u64 << chance.random_range(self.steps.clone());
        let after = chance.random_range(after / 2..after);
        println!("{} round {round}: {keep:?} kept, {fate:?}, after {after}", self.name);
        thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            scope.spawn(move || {
                let told = told.recv_timeout(6 * TIMEOUT);
                if told != Err(mpsc::RecvTimeoutError::Disconnected) {
                    // Whatever it would still acknowledge wrongly has its chance.
                    let mut client = Client::open(address);
                    for _ in 0..3 {
                        client.barrier();
                    }
                    let _ = kill_process(pid, Signal::KILL);
                }
            });
            let then: Box<dyn FnOnce() + Send> = match fate {
                Fate::Stays => Box::new(move || tell.send(()).expect("somebody waits")),
                Fate::Dies => Box::new(move || {
                    let _ = kill_process(pid, Signal::KILL);
                }),
            };
            storage.plan(Cut { after, keep, then });
            load.run(promises);
        });
        server.await_end(TIMEOUT).expect("it was killed");
    }

    fn tell(&self, seed: u64, storage: &Storage, figures: &Figures) {
        let counts = storage.counts();
        println!(
            "powercut: {}: {} rounds, {} acknowledged, {} lost, {} wrong otherwise; {} syncs of \
             files, {} of directories, {} MiB in {} writes; ANABRANCH_POWERCUT_SEED={seed}",
            self.name,
            self.rounds,
            figures.acked,
            figures.lost,
            figures.wrongs.len().saturating_sub(figures.lost),
            counts.file_syncs,
            counts.directory_syncs,
            counts.bytes >> 20,
            counts.writes,
        );
    }
}
