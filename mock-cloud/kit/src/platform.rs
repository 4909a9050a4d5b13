//! What differs between operating systems: how a program is told to end.
//!
//! The half for systems that are not Unix also compiles on Unix with `--cfg portable`, so that it is checked wherever the
//! workspace is.

#[cfg(all(unix, not(portable)))]
pub(crate) use self::unix::termination;

#[cfg(not(all(unix, not(portable))))]
pub(crate) use self::portable::termination;

#[cfg(all(unix, not(portable)))]
mod unix {
    use tokio::signal::unix::{SignalKind, signal};

    /// Ends with the first SIGTERM or SIGINT after the call.
    pub(crate) fn termination() -> impl Future<Output = ()> {
        let listen = |kind| signal(kind).expect("a signal handler can be installed");
        let mut terminate = listen(SignalKind::terminate());
        let mut interrupt = listen(SignalKind::interrupt());
        async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    }
}

#[cfg(not(all(unix, not(portable))))]
mod portable {
    /// Ends with the first Ctrl-C after the first poll.
    pub(crate) async fn termination() {
        tokio::signal::ctrl_c().await.expect("a handler of Ctrl-C can be installed");
    }
}
