//! The program: everything is in the library.

fn main() -> std::process::ExitCode {
    backend_team::cli::main()
}
