//! The program: everything is in the library.

/// Deliveries are large buffers that come and go on several threads, reviews are trees of small
/// ones. Without huge pages (`no_thp`): they would take 12 MB more of an idle server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    backend_team::cli::main()
}
