//! Work off the main thread: a closure in the kernels' own rayon pool, its result as a Promise.

use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName};
use napi::{Env, Error, Result, Status, Task};
use rayon::ThreadPool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Work<T> = Box<dyn FnOnce() -> Result<T> + Send>;

/// A libuv task, because Node waits for these when a worker is ended; it only waits for the pool.
pub struct Job<T> {
    pool: Arc<ThreadPool>,
    work: Option<Work<T>>,
}

impl<T: Send + 'static> Job<T> {
    pub fn start(pool: &Arc<ThreadPool>, work: impl FnOnce() -> Result<T> + Send + 'static) -> AsyncTask<Self>
    where
        T: ToNapiValue + TypeName,
    {
        AsyncTask::new(Self { pool: Arc::clone(pool), work: Some(Box::new(work)) })
    }
}

impl<T: Send + 'static + ToNapiValue + TypeName> Task for Job<T> {
    type Output = T;
    type JsValue = T;

    fn compute(&mut self) -> Result<T> {
        let work = self.work.take().ok_or_else(|| Error::from_reason("a job ran twice"))?;
        // A panic must not cross into C.
        catch_unwind(AssertUnwindSafe(|| self.pool.install(work))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(Error::new(Status::GenericFailure, format!("kernel panicked: {}", text.unwrap_or("no message"))))
        })
    }

    fn resolve(&mut self, _env: Env, output: T) -> Result<T> {
        Ok(output)
    }
}
