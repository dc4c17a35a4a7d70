//! What is printed: for people lines, for machines one JSON object per line.

pub(crate) mod about;
pub(crate) mod figures;
pub(crate) mod live;
pub(crate) mod messages;
pub(crate) mod metadata;
pub(crate) mod output;
pub(crate) mod summary;
pub(crate) mod text;
