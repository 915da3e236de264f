//! The program: everything is in the library.

/// Deliveries are large buffers that come and go on several threads, reviews are trees of small
/// ones: both take less time than with the C library's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    backend_team::cli::main()
}
