//! How much is tested.

/// Each tier has the steps of those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// While one works: five minutes at most.
    Quick,
    /// Before a change lands: every path and runtime.
    Default,
    /// Before a release.
    All,
}
