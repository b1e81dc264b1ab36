//! Threads that give way: what can wait a moment runs on them, and never takes the processor from media and signalling.

use rustix::process::setpriority_process;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

/// How much nicer these threads are: against a media thread that wants a processor they get a ninth of it.
const NICER: i32 = 10;

/// A small runtime whose threads have a lower priority than all others.
pub(crate) struct Background {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Background {
    /// Starts it; `blocking` pieces of work that block go on at once at most, the others wait for them.
    ///
    /// # Errors
    /// What the system says where it gives no threads.
    pub fn start(name: &str, blocking: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(blocking)
            .thread_name(name)
            .on_thread_start(give_way)
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Lets something run there.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.handle.spawn(work)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Waiting here could block a thread of another runtime; what is left of the work is made to be taken up again.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lowers the calling thread's priority. Linux keeps one for each thread.
fn give_way() {
    if let Err(error) = setpriority_process(None, NICER) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[tokio::test]
    async fn its_threads_give_way_and_others_do_not() {
        let before = getpriority_process(None).unwrap();
        let background = Background::start("test", 1).unwrap();
        let priorities = async {
            let blocking = tokio::task::spawn_blocking(|| getpriority_process(None).unwrap());
            (getpriority_process(None).unwrap(), blocking.await.unwrap())
        };
        let (worker, blocking) = background.spawn(priorities).await.unwrap();
        assert_eq!((worker, blocking), (NICER, NICER));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
