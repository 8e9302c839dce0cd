//! The tasks of a server: each is joined in the end, and aborted before if it does not end by
//! itself. Not the work of threads for blocking calls, which nothing can abort.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

/// The tasks of a server.
#[derive(Debug)]
pub struct Tasks {
    /// `None` once they were ended: nothing starts any more.
    running: Mutex<Option<JoinSet<()>>>,
}

impl Tasks {
    /// No task yet.
    #[must_use]
    pub fn new() -> Self {
        Self { running: Mutex::new(Some(JoinSet::new())) }
    }

    /// Runs `task` on the current runtime; drops it if the tasks were ended.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.lock();
        match &mut *running {
            Some(tasks) => {
                tasks.spawn(task);
                // More than one, so that ended tasks never pile up.
                let _ = (tasks.try_join_next(), tasks.try_join_next());
            }
            // Not under the lock: what goes with a task may take others.
            None => drop((running, task)),
        }
    }

    /// Frees what is left of tasks that have ended.
    pub fn reap(&self) {
        if let Some(tasks) = &mut *self.lock() {
            // How a task ended concerns nobody: a panic was logged where it happened.
            while tasks.try_join_next().is_some() {}
        }
    }

    /// Waits until all have ended, for `patience`, then aborts those that have not, and waits
    /// for them as long again. Gives how many were aborted.
    pub async fn end(&self, patience: Duration) -> usize {
        let Some(mut tasks) = self.lock().take() else { return 0 };
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(patience, all).await.is_ok() {
            return 0;
        }
        let left = tasks.len();
        if timeout(patience, tasks.shutdown()).await.is_err() {
            log::error!("{} tasks do not let themselves be aborted", tasks.len());
        }
        left
    }

    fn lock(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts its end, however it comes.
    struct Ended(Arc<AtomicUsize>);

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn aborts_and_joins_what_does_not_end() {
        let (tasks, ended) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
        for stays in [false, true, true] {
            let end = Ended(Arc::clone(&ended));
            tasks.spawn(async move {
                let _end = end;
                if stays {
                    std::future::pending::<()>().await;
                }
            });
        }
        let aborted = tasks.end(Duration::from_millis(100)).await;
        assert_eq!((aborted, ended.load(Ordering::SeqCst)), (2, 3));
    }

    #[tokio::test]
    async fn starts_nothing_after_the_end() {
        let (tasks, ended) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
        assert_eq!(tasks.end(Duration::from_secs(20)).await, 0);
        let end = Ended(Arc::clone(&ended));
        tasks.spawn(async move { drop(end) });
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn keeps_nothing_of_tasks_that_have_ended() {
        let tasks = Tasks::new();
        for _ in 0..100 {
            tasks.spawn(async {});
        }
        while tasks.lock().as_ref().is_some_and(|running| !running.is_empty()) {
            tokio::task::yield_now().await;
            tasks.reap();
        }
    }
}
