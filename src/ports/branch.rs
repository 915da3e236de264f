//! Writing branches of repositories on this machine.

use async_trait::async_trait;

use super::forge::TreeFile;
use crate::domain::ids::CommitSha;
use crate::domain::job::Timestamp;

/// What callers branch on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BranchError {
    #[error("not found: {0}")]
    NotFound(String),
    /// A branch of that name is there and holds something else.
    #[error("the branch {0} is there already and holds something else")]
    Exists(String),
    /// Not a name for a branch, or not a path for a file.
    #[error("refused: {0}")]
    Invalid(String),
    #[error("internal: {0}")]
    Internal(String),
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCommit {
    pub message: String,
    pub files: Vec<TreeFile>,
}

/// Writes objects and one branch; neither working tree, index nor `HEAD` are touched, and nothing
/// is executed.
#[async_trait]
pub trait LocalBranches: Send + Sync {
    /// A branch with these commits on `base`. Where a branch of that name holds the same files
    /// already, nothing is written.
    async fn write(
        &self,
        repository: &std::path::Path,
        base: &CommitSha,
        name: &str,
        commits: &[LocalCommit],
        at: Timestamp,
    ) -> Result<CommitSha, BranchError>;
}
