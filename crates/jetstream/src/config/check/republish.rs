//! Subject transform and republishing.

use anabranch_subject::SubjectTransform;
use anabranch_subject::grammar::is_valid_subject;
use anabranch_subject::matching::collide;
use anabranch_subject::transform;

use super::{Mode, invalid, require};
use crate::config::{Republish, StreamConfig};
use crate::error::{self, ApiError};

const ALL: &str = ">";

pub(super) fn check(config: &mut StreamConfig, mode: Mode) -> Result<(), ApiError> {
    subject_transform(config)?;
    let Some(mut republish) = config.republish.take() else {
        return Ok(());
    };
    if republish.source.is_empty() {
        mode.refuse("republish source can not be empty")?;
        republish.source = ALL.to_owned();
    }
    follow_transform(config, &mut republish, mode)?;
    let destination = republish.destination.as_bytes();
    let cycle = config.subjects.iter().any(|subject| collide(destination, subject.as_bytes()));
    require(!cycle, "stream configuration for republish destination forms a cycle")?;
    let no_transform = !republish.destination.is_empty()
        && SubjectTransform::new(republish.source.as_bytes(), destination).is_err();
    if no_transform {
        return Err(invalid(&format!(
            "stream configuration for republish with transform from '{}' to '{}' not valid",
            republish.source, republish.destination
        )));
    }
    config.republish = Some(republish);
    Ok(())
}

fn subject_transform(config: &StreamConfig) -> Result<(), ApiError> {
    let Some(one) = &config.subject_transform else {
        return Ok(());
    };
    if !one.source.is_empty() && !is_valid_subject(one.source.as_bytes()) {
        return Err(error::transform_source_invalid(format!("invalid subject {}", one.source)));
    }
    transform::validate(one.source.as_bytes(), one.destination.as_bytes())
        .map_err(error::transform_invalid)
}

/// Republishing everything as it is would be a circle, unless all of it was transformed: then
/// what is meant are the transformed subjects.
fn follow_transform(
    config: &StreamConfig,
    republish: &mut Republish,
    mode: Mode,
) -> Result<(), ApiError> {
    let Some(one) = &config.subject_transform else {
        return Ok(());
    };
    let all = republish.source == ALL && republish.destination == ALL;
    if all && config.subjects == [one.source.as_str()] {
        mode.refuse("implicit republish based on subject transform")?;
        republish.source.clone_from(&one.destination);
        republish.destination.clone_from(&one.destination);
    }
    Ok(())
}
