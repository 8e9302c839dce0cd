"""Facts about the machine that figures cannot be read without."""
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path


def processor():
    """The processor's name as the kernel gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def fdatasync_us(directory, times=200):
    """Median time of an fdatasync after 4 KiB were written into a file that has its blocks already,
    as a log that is filled in advance has, in microseconds."""
    took, block = [], b"x" * 4096
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        os.write(file.fileno(), bytes(len(block) * times))
        os.fsync(file.fileno())
        for i in range(times):
            os.pwrite(file.fileno(), block, i * len(block))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - start) * 1e6)
    return statistics.median(took)


def facts(directory):
    """One line."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} cores ({processor()}), {memory:.0f} GiB, kernel {platform.release()}, "
        f"fdatasync p50 {fdatasync_us(directory):.0f} us, load average {os.getloadavg()[0]:.1f}"
    )
