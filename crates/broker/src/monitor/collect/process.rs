//! What the process uses, as the system counts it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Resident memory in bytes; 0 where the system does not say.
pub(super) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    resident(&status).unwrap_or(0)
}

/// The `VmRSS` line of `/proc/<pid>/status` (proc(5)).
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// CPU time of all threads since the process began.
pub(super) fn cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or(0))
}

/// CPU use over the last second or so, for `/varz`.
#[derive(Debug, Default)]
pub(in crate::monitor) struct CpuSampler {
    /// Tenths of a percent of one core.
    permille: AtomicU64,
}

impl CpuSampler {
    /// What was measured last, in percent of one core.
    #[must_use]
    pub(super) fn percent(&self) -> f64 {
        let permille = self.permille.load(Ordering::Relaxed);
        f64::from(u32::try_from(permille).unwrap_or(u32::MAX)) / 10.0
    }

    /// Measures every `interval`, for as long as it is polled.
    pub(in crate::monitor) async fn run(&self, interval: Duration) {
        let (mut when, mut before) = (Instant::now(), cpu_time());
        loop {
            tokio::time::sleep(interval).await;
            let (now, spent) = (Instant::now(), cpu_time());
            let permille = permille(spent.saturating_sub(before), now.duration_since(when));
            self.permille.store(permille, Ordering::Relaxed);
            (when, before) = (now, spent);
        }
    }
}

/// CPU time `spent` during `elapsed`, in tenths of a percent.
fn permille(spent: Duration, elapsed: Duration) -> u64 {
    let share = spent.as_nanos() * 1000 / elapsed.as_nanos().max(1);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// When the first certificate of a PEM file expires; none where that cannot be read, which
/// whoever serves with it reports.
pub(in crate::monitor) fn not_after(file: &Path) -> Option<SystemTime> {
    let certificate = CertificateDer::from_pem_file(file).ok()?;
    let (_, certificate) = X509Certificate::from_der(&certificate).ok()?;
    let seconds = u64::try_from(certificate.validity().not_after.timestamp()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_resident_memory() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1500 kB\n"), Some(1_536_000));
        for garbage in ["", "VmRSS:", "VmRSS:\tx kB", "VmRSS: 99999999999999999999 kB"] {
            assert_eq!(resident(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn measures_cpu_in_tenths_of_a_percent() {
        let ms = Duration::from_millis;
        assert_eq!(permille(ms(500), ms(1000)), 500);
        assert_eq!(permille(ms(3000), ms(1500)), 2000);
        assert_eq!(permille(ms(1), Duration::ZERO), 1_000_000_000);
    }
}
